//! The early-termination checks of one run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;
use tokio::time::sleep;
use tracing::warn;

use super::orders::{Order, Orders};
use super::reporter::Reporter;
use super::sender::Sender;
use crate::Error;
use crate::api::suggestion::v1::{ShouldStopRequest, ShouldStopResponse};
use crate::protocol::{Backoff, CHECK_DEADLINE, CHECK_FIRST_PAUSE, CHECK_LONGEST_PAUSE};

/// Asks whether a run is to stop. Training waits for an answer, so that a run stops at the value
/// that decides it. Without one, training goes on and the check is repeated in the background; its
/// answer takes effect at the next value.
#[derive(Debug)]
pub(super) struct Checks {
    sender: Arc<Sender>,
    reporter: Arc<Reporter>,
    orders: Arc<Orders>,
    /// The metric of a sweep with exactly one.
    metric: Option<String>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The count at which the next check is due; none for never.
    next: Option<i64>,
    count: i64,
    last_step: i64,
    /// Whether there was a value that is not finite.
    is_odd: bool,
    late: Option<ShouldStopResponse>,
    repeating: Option<AbortHandle>,
}

/// What became of a check.
enum Asked {
    Answer(ShouldStopResponse),
    /// There is no answer yet.
    Again,
    /// No answer will come.
    Never,
}

impl Checks {
    pub(super) fn new(
        sender: Arc<Sender>,
        reporter: Arc<Reporter>,
        orders: Arc<Orders>,
        metric: Option<String>,
        next: Option<i64>,
        count: i64,
        last_step: i64,
    ) -> Arc<Self> {
        let state = State {
            next,
            count,
            last_step,
            is_odd: false,
            late: None,
            repeating: None,
        };
        Arc::new(Self {
            sender,
            reporter,
            orders,
            metric,
            state: Mutex::new(state),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the finite values of the metric, at most one for each step.
    pub(super) fn observe(&self, step: i64, values: &[(String, f64)]) {
        let Some(metric) = &self.metric else { return };
        // Of several values of a name the last one counts.
        let Some((_, value)) = values.iter().rfind(|(name, _)| name == metric) else {
            return;
        };
        let mut state = self.state();
        if !value.is_finite() {
            state.is_odd = true;
        } else if step > state.last_step {
            state.count += 1;
            state.last_step = step;
        }
    }

    /// Checks whether to stop, if a check is due.
    pub(super) async fn ask_if_due(self: &Arc<Self>) {
        let (late, is_due) = {
            let mut state = self.state();
            let reached = state
                .next
                .is_some_and(|next| state.is_odd || state.count >= next);
            (state.late.take(), reached && state.repeating.is_none())
        };
        if let Some(answer) = late {
            self.decide(&answer);
        } else if is_due {
            match self.ask().await {
                Asked::Answer(answer) => self.decide(&answer),
                Asked::Never => {}
                Asked::Again => {
                    let mut state = self.state();
                    let repeating = self.sender.client.runtime().spawn(repeat(self.clone()));
                    state.repeating = Some(repeating.abort_handle());
                }
            }
        }
    }

    /// Ends what goes on beside training.
    pub(super) fn end(&self) {
        if let Some(repeating) = &self.state().repeating {
            repeating.abort();
        }
    }

    async fn ask(&self) -> Asked {
        match self.asked().await {
            Ok(answer) => return Asked::Answer(answer),
            Err(error) if error.may_pass() => return Asked::Again,
            Err(error) if error.ends_run() => self.orders.broken(&error),
            Err(error) => {
                self.postpone(None);
                let (sweep, run) = (&self.sender.sweep_id, self.sender.number);
                warn!(sweep, run, %error, "early termination is off for this run");
            }
        }
        Asked::Never
    }

    async fn asked(&self) -> Result<ShouldStopResponse, Error> {
        // The decision depends on the values that were logged before.
        self.reporter.flush(CHECK_DEADLINE).await?;
        let suggestion = self.sender.client.suggestion().within(CHECK_DEADLINE);
        let sweep_id = self.sender.sweep_id.clone();
        suggestion
            .should_stop(ShouldStopRequest {
                sweep_id,
                number: Some(self.sender.number),
            })
            .await
    }

    fn decide(&self, answer: &ShouldStopResponse) {
        self.postpone(answer.next_check_iteration);
        if answer.should_stop {
            self.orders.stop(Order::Prune, answer.reason.clone());
        }
    }

    /// Makes the next check due at this number of values; never for none.
    fn postpone(&self, next: Option<i64>) {
        let mut state = self.state();
        state.is_odd = false;
        state.next = next.map(|next| next.max(state.count + 1));
    }
}

async fn repeat(checks: Arc<Checks>) {
    let mut pauses = Backoff::new(CHECK_FIRST_PAUSE, CHECK_LONGEST_PAUSE);
    let late = loop {
        sleep(pauses.next()).await;
        match checks.ask().await {
            Asked::Answer(answer) => break Some(answer),
            Asked::Never => break None,
            Asked::Again => {}
        }
    };
    let mut state = checks.state();
    state.late = late;
    state.repeating = None;
}
