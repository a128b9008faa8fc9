//! Waiting for services that are unavailable.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use super::shutdown::{Shutdown, Urgency};
use crate::Error;
use crate::protocol::{Backoff, OUTAGE_FIRST_PAUSE, OUTAGE_LONGEST_PAUSE};

/// Repeats a call while the services are unavailable.
#[derive(Clone, Debug)]
pub(crate) struct Waiter {
    patience: Duration,
    /// The urgency that ends the wait.
    until: Option<(Shutdown, Urgency)>,
}

impl Waiter {
    /// Returns what waits as long as the patience lasts.
    pub(crate) fn new(patience: Duration) -> Self {
        Self {
            patience,
            until: None,
        }
    }

    pub(super) fn until(self, shutdown: &Shutdown, urgency: Urgency) -> Self {
        Self {
            until: Some((shutdown.clone(), urgency)),
            ..self
        }
    }

    /// Calls until that succeeds, fails with an error after which waiting is of no use, or the
    /// patience is over. The call must be safe to repeat: its request has a request id.
    pub(crate) async fn retry<T, F>(&self, mut call: impl FnMut() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let began = Instant::now();
        let mut pauses = Backoff::new(OUTAGE_FIRST_PAUSE, OUTAGE_LONGEST_PAUSE);
        let mut is_waiting = false;
        loop {
            let error = match call().await {
                Ok(answer) => {
                    if is_waiting {
                        info!(after = ?began.elapsed(), "the services are back");
                    }
                    return Ok(answer);
                }
                Err(error) if !error.may_pass() || began.elapsed() > self.patience => {
                    return Err(error);
                }
                Err(error) => error,
            };
            if !is_waiting {
                is_waiting = true;
                warn!(patience = ?self.patience, %error, "waiting for the services");
            }
            tokio::select! {
                () = sleep(pauses.next()) => {}
                () = self.interrupted() => return Err(error),
            }
        }
    }

    async fn interrupted(&self) {
        match &self.until {
            Some((shutdown, urgency)) => shutdown.reached(*urgency).await,
            None => std::future::pending().await,
        }
    }
}
