//! Following sweeps.

use std::time::Duration;

use tonic::Code;

use crate::api::registry::v1::{
    WatchSweepRequest, WatchSweepResponse, WatchSweepsRequest, WatchSweepsResponse,
};
use crate::peer::Peer;
use crate::protocol::{self, Backoff};
use crate::{Client, Error, Streaming, random};

impl Client {
    /// Returns the changes of a sweep and its runs as they happen, after all earlier ones. A stream
    /// that breaks goes on after the last change. The changes end when the sweep is deleted.
    #[must_use]
    pub fn watch(&self, sweep_id: &str) -> Watch {
        self.watch_from(WatchSweepRequest {
            sweep_id: sweep_id.to_owned(),
            ..Default::default()
        })
    }

    /// Returns the changes that a request asks for: those after a revision of a database, with an
    /// interval between them, with columns of runs.
    ///
    /// The reason `REVISION_UNKNOWN`, also in the middle, means that the database has another
    /// history, for example because a backup was restored: discard what was read, and begin again
    /// from revision 0.
    #[must_use]
    pub fn watch_from(&self, request: WatchSweepRequest) -> Watch {
        Watch {
            stream: self.registry().watch_sweep(request.clone()),
            request,
            reopening: Reopening::new(self.registry_peer()),
            has_begun: false,
            has_ended: false,
        }
    }

    /// Returns the changes of a list of sweeps. After a break of the stream the list begins again:
    /// the messages up to the one with `is_current` replace it.
    #[must_use]
    pub fn watch_sweeps(&self, request: WatchSweepsRequest) -> WatchSweeps {
        WatchSweeps {
            stream: self.registry().watch_sweeps(request.clone()),
            request,
            reopening: Reopening::new(self.registry_peer()),
        }
    }
}

/// The changes of a sweep; see [`Client::watch`].
#[derive(Debug)]
pub struct Watch {
    stream: Streaming<WatchSweepRequest, WatchSweepResponse>,
    request: WatchSweepRequest,
    reopening: Reopening,
    has_begun: bool,
    has_ended: bool,
}

impl Watch {
    /// Returns the next change; none after the last one. After an error there is none.
    pub async fn next(&mut self) -> Option<Result<WatchSweepResponse, Error>> {
        while !self.has_ended {
            let error = match self.stream.next().await {
                Some(Ok(change)) => {
                    self.has_begun = true;
                    self.reopening.received();
                    self.request.since_revision = change.revision;
                    self.request.database_id.clone_from(&change.database_id);
                    return Some(Ok(change));
                }
                Some(Err(error)) => error,
                None => break,
            };
            if self.has_begun && error.code() == Some(Code::NotFound) {
                break;
            }
            let Some(delay) = self.reopening.delay(&error) else {
                self.has_ended = true;
                return Some(Err(error));
            };
            tokio::time::sleep(delay).await;
            self.stream.reopen(self.request.clone());
        }
        self.has_ended = true;
        None
    }
}

/// The changes of a list of sweeps; see [`Client::watch_sweeps`].
#[derive(Debug)]
pub struct WatchSweeps {
    stream: Streaming<WatchSweepsRequest, WatchSweepsResponse>,
    request: WatchSweepsRequest,
    reopening: Reopening,
}

impl WatchSweeps {
    /// Returns the next change; none at the end of the stream.
    pub async fn next(&mut self) -> Option<Result<WatchSweepsResponse, Error>> {
        loop {
            let error = match self.stream.next().await? {
                Ok(change) => {
                    self.reopening.received();
                    return Some(Ok(change));
                }
                Err(error) => error,
            };
            let Some(delay) = self.reopening.delay(&error) else {
                return Some(Err(error));
            };
            tokio::time::sleep(delay).await;
            self.stream.reopen(self.request.clone());
        }
    }
}

/// When a stream that broke is opened again.
#[derive(Debug)]
struct Reopening {
    peer: Peer,
    pauses: Backoff,
}

impl Reopening {
    fn new(peer: &Peer) -> Self {
        Self {
            peer: peer.clone(),
            pauses: Self::first(),
        }
    }

    fn first() -> Backoff {
        Backoff::new(protocol::STREAM_FIRST_PAUSE, protocol::STREAM_LONGEST_PAUSE)
    }

    /// Begins with the first pause again, after a message.
    fn received(&mut self) {
        self.pauses = Self::first();
    }

    /// Returns the pause before the stream is opened again, if it is.
    fn delay(&mut self, error: &Error) -> Option<Duration> {
        let failure = error.service()?;
        match failure.code {
            Code::Unavailable | Code::Cancelled if self.peer.has_answered() => Some(
                random::jittered(self.pauses.next(), protocol::STREAM_JITTER),
            ),
            Code::ResourceExhausted => crate::peer::retry_after(failure),
            _ => None,
        }
    }
}
