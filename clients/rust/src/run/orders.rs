//! What stops one run.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use crate::Error;
use crate::api::registry::v1::RunCommand;

/// Why a run stops: the error of [`Run::log`](crate::Run::log), which its code returns, too.
///
/// Code returns one of its own, [`Stopped::canceled`], to end its run as canceled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    reason: String,
    pub(crate) order: Order,
}

/// What stops a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The code stopped by itself.
    Own,
    Prune,
    Cancel,
    /// The run is no longer this agent's.
    LeaseLost,
    GiveBack,
    /// The registry rejects the run's values for good.
    Rejected,
    /// The run has ended already.
    Over,
}

impl Stopped {
    pub(crate) fn new(order: Order, reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            order,
        }
    }

    /// Returns an error with which code ends its run as canceled, for example because a point of
    /// the search space makes no sense.
    pub fn canceled(reason: impl Into<String>) -> Self {
        Self::new(Order::Own, reason)
    }

    /// Returns why, for people.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns whether early termination stops the run.
    #[must_use]
    pub fn is_pruned(&self) -> bool {
        self.order == Order::Prune
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the run stops: {}", self.reason)
    }
}

impl std::error::Error for Stopped {}

/// The order to stop one run. The first one counts, but the loss of the lease replaces any other.
#[derive(Debug)]
pub(crate) struct Orders {
    current: watch::Sender<Option<Stopped>>,
    /// Whether the code of the run has seen an order.
    seen: AtomicBool,
}

impl Orders {
    pub(crate) fn new() -> Self {
        Self {
            current: watch::Sender::new(None),
            seen: AtomicBool::new(false),
        }
    }

    /// Returns the order; none while the run goes on.
    pub(crate) fn current(&self) -> Option<Stopped> {
        self.current.borrow().clone()
    }

    /// Returns an order to the code of the run.
    pub(crate) fn check(&self) -> Result<(), Stopped> {
        self.current().map_or(Ok(()), |stopped| {
            self.seen.store(true, Ordering::Relaxed);
            Err(stopped)
        })
    }

    /// Waits for an order to the code of the run.
    pub(crate) async fn stopped(&self) -> Stopped {
        let mut changes = self.current.subscribe();
        let found = changes
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|found| found.clone());
        self.seen.store(true, Ordering::Relaxed);
        found.unwrap_or_else(|| Stopped::new(Order::Over, "it has ended"))
    }

    pub(crate) fn was_seen(&self) -> bool {
        self.seen.load(Ordering::Relaxed)
    }

    pub(crate) fn stop(&self, order: Order, reason: impl Into<String>) {
        self.current.send_if_modified(|current| {
            // What the registry rejects for good is no order, and any order replaces it.
            let replaces = match current {
                None => true,
                Some(stopped) => order == Order::LeaseLost || stopped.order == Order::Rejected,
            };
            if replaces {
                *current = Some(Stopped::new(order, reason));
            }
            replaces
        });
    }

    /// Handles the command in an answer to a heartbeat or a report.
    pub(crate) fn obey(&self, command: RunCommand) {
        match command {
            RunCommand::Stop => self.stop(Order::Cancel, "it was canceled"),
            RunCommand::Abandon => {
                self.stop(Order::LeaseLost, "its lease is no longer this agent's");
            }
            RunCommand::Unspecified | RunCommand::Continue => {}
        }
    }

    /// Handles an error after which waiting is of no use.
    pub(crate) fn broken(&self, error: &Error) {
        let order = if error.ends_run() {
            Order::LeaseLost
        } else {
            Order::Rejected
        };
        self.stop(order, error.to_string());
    }
}
