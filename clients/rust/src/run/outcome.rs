//! How runs end.

use std::error::Error as StdError;

use super::orders::{Order, Orders, Stopped};
use crate::BoxError;
use crate::api::registry::v1::{
    RunCanceled, RunError, RunFailed, RunPruned, RunSucceeded, finish_run_request,
};
use crate::protocol::{MAX_MESSAGE_CHARACTERS, MAX_TRACEBACK_CHARACTERS};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Succeeded,
    Failed { message: String, trace: String },
    Pruned(String),
    Canceled(String),
}

impl Outcome {
    /// Returns the outcome in an end, with texts that the registry accepts.
    pub(crate) fn message(&self) -> finish_run_request::Outcome {
        use finish_run_request::Outcome as Message;
        match self {
            Self::Succeeded => Message::Succeeded(RunSucceeded::default()),
            Self::Failed { message, trace } => Message::Failed(RunFailed {
                error: Some(RunError {
                    message: cut_message(message),
                    traceback: cut_trace(trace),
                }),
            }),
            Self::Pruned(reason) => Message::Pruned(RunPruned {
                reason: cut_message(reason),
            }),
            Self::Canceled(reason) => Message::Canceled(RunCanceled {
                reason: cut_message(reason),
            }),
        }
    }
}

/// Returns how a run ends: as ordered, unless its code ended before it saw the order. There is none
/// for a run of which no end is sent.
pub(crate) fn outcome_of(ended: &Result<(), BoxError>, orders: &Orders) -> Option<Outcome> {
    let own = own_outcome(ended);
    let Some(stopped) = orders.current() else {
        return Some(own);
    };
    let saw_order = ended.is_err() && orders.was_seen();
    let reason = stopped.reason().to_owned();
    match stopped.order {
        Order::Prune => Some(Outcome::Pruned(reason)),
        Order::LeaseLost => (!saw_order && !matches!(own, Outcome::Canceled(_))).then_some(own),
        Order::Rejected | Order::Own | Order::Over => Some(own),
        Order::Cancel | Order::GiveBack if own == Outcome::Succeeded => Some(own),
        Order::Cancel | Order::GiveBack => Some(Outcome::Canceled(reason)),
    }
}

fn own_outcome(ended: &Result<(), BoxError>) -> Outcome {
    let Err(error) = ended else {
        return Outcome::Succeeded;
    };
    match stopped_in(error) {
        Some(stopped) if stopped.order != Order::Rejected => {
            Outcome::Canceled(stopped.reason().to_owned())
        }
        _ => Outcome::Failed {
            message: error.to_string(),
            trace: causes(error),
        },
    }
}

/// Returns the order to stop that is within an error of the code.
pub(crate) fn stopped_in(error: &BoxError) -> Option<&Stopped> {
    chain(error).find_map(|error| error.downcast_ref())
}

fn chain(error: &BoxError) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let first: &(dyn StdError + 'static) = &**error;
    std::iter::successors(Some(first), |&error| error.source())
}

/// Returns the causes of an error, in place of a stack trace, which errors of Rust do not have.
fn causes(error: &BoxError) -> String {
    chain(error)
        .skip(1)
        .map(|cause| format!("caused by: {cause}\n"))
        .collect()
}

/// Returns a text that can be stored.
pub(crate) fn sendable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Returns the beginning of a text, cut to the length of a message.
pub(crate) fn cut_message(text: &str) -> String {
    let text = sendable(text);
    let excess = text.chars().count().saturating_sub(MAX_MESSAGE_CHARACTERS);
    if excess == 0 {
        return text;
    }
    let mark = format!(" ... ({excess} more characters were cut)");
    text.chars()
        .take(MAX_MESSAGE_CHARACTERS - mark.len())
        .collect::<String>()
        + &mark
}

/// Returns the end of a text, cut to the length of a stack trace.
fn cut_trace(text: &str) -> String {
    let text = sendable(text);
    let excess = text
        .chars()
        .count()
        .saturating_sub(MAX_TRACEBACK_CHARACTERS);
    if excess == 0 {
        return text;
    }
    let mark = format!("({excess} characters were cut here) ...\n");
    let kept: String = text.chars().skip(excess + mark.len()).collect();
    mark + &kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(order: Option<Order>, saw: bool, result: Result<(), BoxError>) -> Option<Outcome> {
        let orders = Orders::new();
        if let Some(order) = order {
            orders.stop(order, "why");
        }
        if saw {
            orders.check().expect_err("an order");
        }
        outcome_of(&result, &orders)
    }

    fn failure() -> Result<(), BoxError> {
        Err("broken".into())
    }

    #[test]
    fn an_outcome_follows_from_the_order_and_the_code() {
        let failed = Outcome::Failed {
            message: "broken".to_owned(),
            trace: String::new(),
        };
        let canceled = Outcome::Canceled("why".to_owned());
        let pruned = Outcome::Pruned("why".to_owned());
        let asked = || Err(Stopped::canceled("why").into());
        let cases = [
            (None, false, Ok(()), Some(Outcome::Succeeded)),
            (None, false, failure(), Some(failed.clone())),
            (None, false, asked(), Some(canceled.clone())),
            (Some(Order::Prune), true, Ok(()), Some(pruned.clone())),
            (Some(Order::Prune), true, failure(), Some(pruned)),
            (Some(Order::Cancel), true, Ok(()), Some(Outcome::Succeeded)),
            (Some(Order::Cancel), true, failure(), Some(canceled)),
            (
                Some(Order::LeaseLost),
                false,
                Ok(()),
                Some(Outcome::Succeeded),
            ),
            (Some(Order::LeaseLost), false, failure(), Some(failed)),
            (Some(Order::LeaseLost), true, failure(), None),
        ];
        for (i, (order, saw, result, outcome)) in cases.into_iter().enumerate() {
            assert_eq!(ended(order, saw, result), outcome, "case {i}");
        }
    }

    #[test]
    fn the_loss_of_the_lease_replaces_any_order() {
        let orders = Orders::new();
        orders.stop(Order::Cancel, "canceled");
        orders.stop(Order::Prune, "pruned");
        assert_eq!(
            orders.current().map(|stopped| stopped.order),
            Some(Order::Cancel)
        );
        orders.stop(Order::LeaseLost, "lost");
        assert_eq!(
            orders.current().map(|stopped| stopped.order),
            Some(Order::LeaseLost)
        );
    }

    #[test]
    fn long_texts_are_cut() {
        let message = cut_message(&"ä".repeat(MAX_MESSAGE_CHARACTERS + 9));
        assert_eq!(message.chars().count(), MAX_MESSAGE_CHARACTERS);
        assert!(
            message.ends_with("(9 more characters were cut)"),
            "{message}"
        );
        let trace = cut_trace(&("a".repeat(MAX_TRACEBACK_CHARACTERS) + "end\0"));
        assert_eq!(trace.chars().count(), MAX_TRACEBACK_CHARACTERS);
        assert!(trace.ends_with("end\u{fffd}"));
    }
}
