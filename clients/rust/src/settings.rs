//! What a client is configured with.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::address::Endpoint;
use crate::agent::Failures;
use crate::key::{self, Keyring, Secret};
use crate::{Error, Tls, protocol};

const REGISTRY: &str = "WANLLMDB_REGISTRY";
const SUGGESTION: &str = "WANLLMDB_SUGGESTION";
pub(crate) const API_KEY: &str = "WANLLMDB_API_KEY";
pub(crate) const API_KEY_FILE: &str = "WANLLMDB_API_KEY_FILE";
const TLS: &str = "WANLLMDB_TLS";
const INSECURE: &str = "WANLLMDB_INSECURE";
const PATIENCE: &str = "WANLLMDB_PATIENCE";

/// What a client was configured with: options win over the environment, and the environment over
/// defaults.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Where the registry is.
    pub registry: Endpoint,
    /// Where the suggestion service is.
    pub suggestion: Endpoint,
    /// The key that every call carries.
    pub api_key: Option<Secret>,
    /// None for plain text.
    pub tls: Option<Tls>,
    /// Whether the key may go to another machine in plain text.
    pub insecure: bool,
    /// How long an agent waits for services that are unavailable.
    pub patience: Duration,
    /// The same for services that have not answered yet.
    pub first_patience: Duration,
}

/// Returns the value of a variable.
type Read = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Where variables of the environment are read.
#[derive(Clone)]
pub(crate) struct Environment(Arc<Read>);

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }
}

impl Environment {
    pub(crate) fn new(read: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// Returns a variable; one that is set to the empty text counts as not set.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|text| !text.is_empty())
    }

    /// Reads a switch, which must be on or off.
    fn switch(&self, name: &str) -> Result<Option<bool>, Error> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        match text.trim().to_lowercase().as_str() {
            "" => Ok(None),
            "1" | "true" | "yes" | "on" => Ok(Some(true)),
            "0" | "false" | "no" | "off" => Ok(Some(false)),
            _ => Err(Error::invalid(
                name,
                format!("is {text:?}: set it to 1 or 0"),
            )),
        }
    }

    /// Reads a flag, which is off for everything that does not turn it on.
    pub(crate) fn flag(&self, name: &str) -> bool {
        let text = self.get(name).unwrap_or_default().to_lowercase();
        matches!(text.as_str(), "1" | "true" | "yes" | "on")
    }

    /// Reads a number of at least 0.
    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>, Error> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        match text.trim().parse::<f64>() {
            Ok(number) if number >= 0.0 => Ok(Some(number)),
            Ok(number) if number < 0.0 => {
                let problem = format!(
                    "is {text}: a number of at least 0 is needed, such as 600 for the patience"
                );
                Err(Error::invalid(name, problem))
            }
            _ => Err(Error::invalid(
                name,
                format!("is {text:?}, which is no number"),
            )),
        }
    }

    /// Reads a number of seconds.
    pub(crate) fn seconds(&self, name: &str) -> Result<Option<Duration>, Error> {
        let longest = Duration::from_secs(u64::from(u32::MAX));
        Ok(self.number(name)?.map(|number| {
            Duration::try_from_secs_f64(number).map_or(longest, |found| found.min(longest))
        }))
    }
}

/// The options that a client is built with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) registry: Option<String>,
    pub(crate) suggestion: Option<String>,
    pub(crate) api_key: Option<String>,
    pub(crate) api_key_file: Option<PathBuf>,
    pub(crate) tls: Option<Tls>,
    pub(crate) plain_text: bool,
    pub(crate) insecure: bool,
    pub(crate) patience: Option<Duration>,
    pub(crate) environment: Environment,
}

impl Options {
    /// Reads the environment and checks everything, without a call.
    pub(crate) fn settings(&self) -> Result<(Settings, Keyring), Error> {
        let environment = &self.environment;
        let keys = self.keys()?;
        let mut settings = Settings {
            registry: self.endpoint(self.registry.as_deref(), REGISTRY, "localhost:50051")?,
            suggestion: self.endpoint(self.suggestion.as_deref(), SUGGESTION, "localhost:50052")?,
            api_key: keys.current(),
            tls: self.tls()?,
            insecure: environment.switch(INSECURE)?.unwrap_or_default() || self.insecure,
            patience: protocol::PATIENCE,
            first_patience: protocol::FIRST_PATIENCE,
        };
        if let Some(patience) = environment.seconds(PATIENCE)? {
            (settings.patience, settings.first_patience) = (patience, patience);
        }
        if let Some(patience) = self.patience {
            (settings.patience, settings.first_patience) = (patience, patience);
        }
        for endpoint in [&mut settings.registry, &mut settings.suggestion] {
            if let Some(tls) = &settings.tls {
                endpoint.server_name = tls
                    .server_name
                    .clone()
                    .or_else(|| endpoint.host_as_written());
            } else if settings.api_key.is_some() && !settings.insecure && !endpoint.is_loopback() {
                let problem = format!(
                    "would go to {} in plain text, readable on the network: use TLS ({TLS}=1), or, \
                     in a network that you trust, set {INSECURE}=1",
                    endpoint.address
                );
                return Err(Error::invalid("the API key", problem));
            }
        }
        Ok((settings, keys))
    }

    fn endpoint(
        &self,
        given: Option<&str>,
        variable: &str,
        default: &str,
    ) -> Result<Endpoint, Error> {
        match given {
            Some(given) => Endpoint::parse(given, &format!("the option for {variable}")),
            None => {
                let address = self.environment.get(variable);
                Endpoint::parse(address.as_deref().unwrap_or(default), variable)
            }
        }
    }

    fn keys(&self) -> Result<Keyring, Error> {
        let in_file = |path: PathBuf, source: String| -> Result<Keyring, Error> {
            let key = key::in_file(&path, &source)?;
            Ok(Keyring::new(Some(key), Some(path), source))
        };
        let in_text = |text: &str, source: &str| -> Result<Keyring, Error> {
            Ok(Keyring::new(
                Some(key::checked(text, source)?),
                None,
                source.to_owned(),
            ))
        };
        let environment = &self.environment;
        if let Some(path) = &self.api_key_file {
            return in_file(path.clone(), format!("the file {}", path.display()));
        }
        if let Some(key) = &self.api_key {
            return in_text(key, &format!("the option for {API_KEY}"));
        }
        if let Some(key) = environment
            .get(API_KEY)
            .filter(|key| !key.trim().is_empty())
        {
            return in_text(&key, API_KEY);
        }
        if let Some(path) = environment.get(API_KEY_FILE) {
            let source = format!("the file {path} ({API_KEY_FILE})");
            return in_file(path.into(), source);
        }
        Ok(Keyring::new(None, None, String::new()))
    }

    fn tls(&self) -> Result<Option<Tls>, Error> {
        let environment = &self.environment;
        let path = |name: &str| environment.get(name).map(PathBuf::from);
        let named = Tls {
            ca: path("WANLLMDB_TLS_CA"),
            cert: path("WANLLMDB_TLS_CERT"),
            key: path("WANLLMDB_TLS_KEY"),
            server_name: environment.get("WANLLMDB_TLS_SERVER_NAME"),
        };
        // A setting such as an authority implies TLS.
        let wanted = environment
            .switch(TLS)?
            .unwrap_or_else(|| named != Tls::default());
        match &self.tls {
            _ if self.plain_text => Ok(None),
            Some(tls) => Ok(Some(tls.clone())),
            None => Ok(wanted.then_some(named)),
        }
    }

    /// Returns how many failed runs an agent accepts.
    pub(crate) fn failures(&self) -> Result<Failures, Error> {
        let environment = &self.environment;
        // A number beyond the largest count is taken as the largest: no agent has that many runs.
        let count =
            |name: &str| Ok::<_, Error>(environment.number(name)?.map(|found| found as u32));
        let mut limits = Failures::default();
        if let Some(count) = count("WANLLMDB_AGENT_MAX_QUICK_FAILURES")? {
            limits.max_quick = count;
        }
        if let Some(quick) = environment.seconds("WANLLMDB_AGENT_QUICK_SECONDS")? {
            limits.quick = quick;
        }
        if let Some(count) = count("WANLLMDB_AGENT_MAX_INITIAL_FAILURES")? {
            limits.max_initial = count;
        }
        if environment.flag("WANLLMDB_AGENT_NEVER_GIVE_UP") {
            limits = Failures::unlimited();
        }
        Ok(limits)
    }
}
