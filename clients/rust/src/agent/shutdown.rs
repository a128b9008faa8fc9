//! How an agent ends.

use std::sync::Arc;

use tokio::sync::watch;

/// How an agent ends. Each level includes the lower ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    #[default]
    GoOn,
    /// Lets the runs in progress end, and takes no further run.
    Drain,
    /// Stops the runs in progress, and gives them back.
    GiveBack,
    /// Ends the agent at once.
    Leave,
}

/// The urgency that all loops of an agent share. It only increases.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shutdown(Arc<watch::Sender<Urgency>>);

impl Shutdown {
    /// Raises the urgency at least to this level.
    pub(super) fn demand(&self, level: Urgency) {
        self.0.send_if_modified(|current| {
            let rises = *current < level;
            *current = level.max(*current);
            rises
        });
    }

    pub(super) fn is(&self, level: Urgency) -> bool {
        *self.0.borrow() >= level
    }

    /// Waits until the urgency is at least this level.
    pub(super) async fn reached(&self, level: Urgency) {
        // An error is impossible: the sender is in this shutdown.
        let _ = self
            .0
            .subscribe()
            .wait_for(|&current| current >= level)
            .await;
    }
}
