//! The end of runs.

use std::collections::BTreeMap;

use prost::Message;

use super::{Outcome, Run};
use crate::Error;
use crate::agent::{Loop, Waiter};
use crate::api::registry::v1::Run as RunMessage;
use crate::api::registry::v1::{MetricRow, ParameterValue};
use crate::protocol::{CONFIG_MAX_BYTES, CONFIG_MAX_ENTRIES};

impl Run {
    /// Ends the work in the background that reports, and returns the rows that are not sent yet;
    /// none if the run is over already.
    pub(crate) async fn close(&self) -> Option<Vec<MetricRow>> {
        if std::mem::replace(&mut self.state().over, true) {
            return None;
        }
        Some(self.0.reporter.close().await)
    }

    /// Ends what goes on until the end is confirmed.
    pub(crate) fn end(&self) {
        self.0.checks.end();
        if let Some(heartbeats) = &self.0.heartbeats {
            heartbeats.abort();
        }
    }

    /// Ends the run once, and sends everything that was not sent yet; none for an outcome sends no
    /// end. It returns the run as it ended, or none if it is another agent's.
    pub(crate) async fn complete(
        &self,
        waiter: &Waiter,
        outcome: Option<Outcome>,
        brings: Option<&mut Loop>,
    ) -> Result<Option<RunMessage>, Error> {
        let Some(rows) = self.close().await else {
            return Ok(None);
        };
        let sent = self.send_end(waiter, outcome, rows, brings).await;
        self.end();
        match sent {
            // The run is another agent's, or deleted.
            Err(error) if error.ends_run() => Ok(None),
            sent => sent,
        }
    }

    async fn send_end(
        &self,
        waiter: &Waiter,
        outcome: Option<Outcome>,
        rows: Vec<MetricRow>,
        brings: Option<&mut Loop>,
    ) -> Result<Option<RunMessage>, Error> {
        let sender = &self.0.sender;
        let Some(outcome) = outcome else {
            return sender.end_of_this_attempt(waiter).await;
        };
        // The agent may give up after a failure, and then takes no further run.
        let brings = brings.filter(|_| !matches!(outcome, Outcome::Failed { .. }));
        let described = self.describe_at_last(waiter).await;
        let finished = match described {
            Ok(()) => {
                sender
                    .finish(waiter, &outcome, rows, self.config(), brings)
                    .await
            }
            Err(error) => Err(error),
        };
        match finished {
            Ok(response) => Ok(response.run),
            Err(error) if error.ends_run() => sender.end_of_this_attempt(waiter).await,
            Err(error) => Err(error),
        }
    }

    /// Delivers what a child has logged; its agent ends the run by the exit code.
    pub(crate) async fn deliver(&self, waiter: &Waiter) -> Result<(), Error> {
        let Some(rows) = self.close().await else {
            return Ok(());
        };
        let sender = &self.0.sender;
        let delivered = async {
            sender.report_all(waiter, rows).await?;
            self.describe_at_last(waiter).await?;
            sender.store_config(waiter, self.config()).await
        };
        let delivered = delivered.await;
        self.end();
        match delivered {
            // The run is another agent's, or deleted.
            Err(error) if error.ends_run() => Ok(()),
            Err(error) => Err(Error::Agent {
                what: format!("the values of run {} could not be delivered", self.number()),
                source: Box::new(error),
            }),
            Ok(()) => Ok(()),
        }
    }

    /// Gives the run back, so that any agent can get it.
    pub(crate) async fn give_back(&self, reason: &str) -> Result<(), Error> {
        if self.close().await.is_none() {
            return Ok(());
        }
        let released = self.0.sender.release(reason).await;
        self.end();
        released
    }

    /// Returns the config as it is stored, without what is too much.
    fn config(&self) -> BTreeMap<String, ParameterValue> {
        let config = self.state().config.clone();
        let mut stored = BTreeMap::new();
        let mut bytes = 0;
        for (name, value) in config {
            // What can't be sent was rejected when it was set.
            let Ok(message) = value.to_message_at(&name) else {
                continue;
            };
            bytes += name.len() + message.encoded_len();
            if stored.len() == CONFIG_MAX_ENTRIES || bytes > CONFIG_MAX_BYTES {
                self.warn_once(
                    "entries of the config are left out: at most 1,000 of 256 KiB are stored",
                );
                break;
            }
            stored.insert(name, message);
        }
        stored
    }
}
