//! API keys.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::Error;

/// More than the one line of a key file.
const MAX_FILE_BYTES: u64 = 4096;

/// A text that logs do not show. [`Secret::reveal`] returns it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Returns the text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Returns the key in a text.
pub(crate) fn checked(text: &str, source: &str) -> Result<Secret, Error> {
    let text = text.trim();
    if is_key(text) {
        return Ok(Secret(text.to_owned()));
    }
    // Any other text may be a secret of another system, which must not be sent.
    Err(Error::invalid(
        source,
        "holds no API key: one looks like wsk_<id>_<secret>, on one line",
    ))
}

fn is_key(text: &str) -> bool {
    let Some((id, secret)) = text
        .strip_prefix("wsk_")
        .and_then(|rest| rest.split_once('_'))
    else {
        return false;
    };
    !id.is_empty()
        && id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && !secret.is_empty()
        && secret.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Returns the key in a file.
pub(crate) fn in_file(path: &Path, source: &str) -> Result<Secret, Error> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES).read_to_string(&mut text))
        .map_err(|error| Error::invalid(source, format!("can't be read: {error}")))?;
    checked(&text, source)
}

/// The key that calls carry. A key from a file may be replaced there.
#[derive(Debug)]
pub(crate) struct Keyring {
    key: Mutex<Option<Secret>>,
    file: Option<PathBuf>,
    /// Where the key is from, for people.
    pub(crate) source: String,
}

impl Keyring {
    pub(crate) fn new(key: Option<Secret>, file: Option<PathBuf>, source: String) -> Self {
        Self {
            key: Mutex::new(key),
            file,
            source,
        }
    }

    pub(crate) fn current(&self) -> Option<Secret> {
        self.key
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Reads the file again, and returns whether the key is another than the refused one.
    pub(crate) fn has_other_than(&self, refused: Option<&Secret>) -> bool {
        let mut key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &self.file {
            // The service's error is more useful than a problem with the file.
            if let Ok(found) = in_file(file, &self.source) {
                *key = Some(found);
            }
        }
        key.as_ref() != refused
    }
}
