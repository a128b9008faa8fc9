//! The runs that a program's code works on.

mod batches;
mod checks;
mod describe;
mod end;
mod lease;
mod orders;
mod outcome;
mod rejected;
mod reporter;
mod sender;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::task::AbortHandle;
use tracing::warn;

use crate::api::registry::v1::Run as RunMessage;
use crate::api::registry::v1::{RunCommand, Sweep, UpdateRunRequest};
use crate::protocol::{MAX_METRIC_NAME_CHARACTERS, SILENCE, SILENCE_DEADLINE};
use crate::{Client, Error, Map, Value, value};

use checks::Checks;
pub use orders::Stopped;
pub(crate) use orders::{Order, Orders};
pub(crate) use outcome::{Outcome, outcome_of, stopped_in};
use reporter::Reporter;
pub(crate) use sender::Sender;

/// The run that a program's code works on. Clones are the same run.
#[derive(Clone, Debug)]
pub struct Run(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sweep: Arc<Sweep>,
    message: RunMessage,
    parameters: Map,
    resumed: bool,
    orders: Arc<Orders>,
    sender: Arc<Sender>,
    reporter: Arc<Reporter>,
    checks: Arc<Checks>,
    heartbeats: Option<AbortHandle>,
    /// Held while values are logged.
    logging: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next_step: i64,
    last_step: i64,
    config: Map,
    name: String,
    labels: BTreeMap<String, String>,
    /// The name and labels that an outage left.
    undescribed: Option<UpdateRunRequest>,
    over: bool,
    warned: HashSet<&'static str>,
}

/// A run that code is to work on.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) sweep: Arc<Sweep>,
    pub(crate) run: RunMessage,
    pub(crate) next_check: Option<i64>,
    pub(crate) resumed: bool,
    /// Whether the steps go on after those that the run has reported.
    pub(crate) continues: bool,
    /// How long the run's lease lasts; none if a parent process keeps it.
    pub(crate) lease: Option<Duration>,
}

impl Run {
    /// Begins to work on a run.
    pub(crate) fn begin(client: &Client, assignment: Assignment) -> Result<Self, Error> {
        let Assignment {
            sweep,
            run,
            next_check,
            resumed,
            continues,
            lease,
        } = assignment;
        let parameters = value::parameters(&run)?;
        let orders = Arc::new(Orders::new());
        let sender = Arc::new(Sender::new(client, &sweep, &run, orders.clone()));
        let reporter = Reporter::new(sender.clone(), orders.clone());
        let last_step = run.last_step.filter(|_| continues).unwrap_or(-1);
        let checks = Checks::new(
            sender.clone(),
            reporter.clone(),
            orders.clone(),
            only_metric(&sweep),
            next_check,
            run.metric_values.unwrap_or_default(),
            last_step,
        );
        if run.stop_requested {
            orders.obey(RunCommand::Stop);
        }
        let heartbeats = lease.map(|lease| {
            let keep = lease::keep(sender.clone(), orders.clone(), lease);
            client.runtime().spawn(keep).abort_handle()
        });
        let state = State {
            next_step: last_step + 1,
            last_step: last_step.max(0),
            name: run.name.clone(),
            labels: run.labels.clone(),
            ..Default::default()
        };
        Ok(Self(Arc::new(Inner {
            sweep,
            message: run,
            parameters,
            resumed,
            orders,
            sender,
            reporter,
            checks,
            heartbeats,
            logging: tokio::sync::Mutex::default(),
            state: Mutex::new(state),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn orders(&self) -> &Orders {
        &self.0.orders
    }

    /// Returns whether this is the same run, worked on once.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Returns the id of the run's sweep.
    #[must_use]
    pub fn sweep_id(&self) -> &str {
        &self.0.message.sweep_id
    }

    /// Returns the run's number in its sweep, from 0.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.0.message.number.unwrap_or_default()
    }

    /// Returns how often the run was assigned to an agent, from 1.
    #[must_use]
    pub fn attempt(&self) -> i32 {
        self.0.message.attempt
    }

    /// Returns whether the run goes on from an earlier process of its agent, so that the program
    /// looks for a checkpoint.
    #[must_use]
    pub fn resumed(&self) -> bool {
        self.0.resumed
    }

    /// Returns the run's sweep as the agent found it.
    #[must_use]
    pub fn sweep(&self) -> &Sweep {
        &self.0.sweep
    }

    /// Returns the run's parameters by name, with groups as maps.
    #[must_use]
    pub fn parameters(&self) -> &Map {
        &self.0.parameters
    }

    /// Returns the run's parameters as a type of the program, for example a struct with
    /// `#[derive(Deserialize)]`. A group is a struct within the struct, and a parameter that is
    /// absent in some runs an `Option`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] says what does not fit.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Error> {
        value::decode(&self.0.parameters)
    }

    /// Returns the step of the next [`Run::log`]: not 0 in a resumed run.
    #[must_use]
    pub fn step(&self) -> i64 {
        self.state().next_step
    }

    /// Waits until the run must stop, for example in `tokio::select!` beside training.
    pub async fn stopped(&self) -> Stopped {
        self.0.orders.stopped().await
    }

    /// Reports values of the next step. While the services are unavailable it returns at once, and
    /// the values are sent later.
    ///
    /// # Errors
    ///
    /// [`Stopped`] when the run must stop; its code returns it, too.
    pub async fn log<N: Into<String>>(
        &self,
        values: impl IntoIterator<Item = (N, f64)>,
    ) -> Result<(), Stopped> {
        self.log_rows(None, named(values)).await
    }

    /// Reports values of a step. The next [`Run::log`] is one step later.
    ///
    /// # Errors
    ///
    /// [`Stopped`] when the run must stop; its code returns it, too.
    pub async fn log_at<N: Into<String>>(
        &self,
        step: i64,
        values: impl IntoIterator<Item = (N, f64)>,
    ) -> Result<(), Stopped> {
        self.log_rows(Some(step), named(values)).await
    }

    /// Is [`Run::log`] for code that is not asynchronous; see
    /// [`Agent::run_blocking`](crate::Agent::run_blocking).
    ///
    /// # Errors
    ///
    /// [`Stopped`] when the run must stop; its code returns it, too.
    ///
    /// # Panics
    ///
    /// Within asynchronous code, whose thread it would block.
    pub fn log_blocking<N: Into<String>>(
        &self,
        values: impl IntoIterator<Item = (N, f64)>,
    ) -> Result<(), Stopped> {
        self.0
            .sender
            .client
            .runtime()
            .block_on(self.log_rows(None, named(values)))
    }

    async fn log_rows(&self, step: Option<i64>, values: Vec<(String, f64)>) -> Result<(), Stopped> {
        let _logging = self.0.logging.lock().await;
        self.may_go_on()?;
        // An order to stop ends the wait for an answer.
        tokio::select! {
            biased;
            () = self.report(step, values) => {}
            stopped = self.0.orders.stopped() => return Err(stopped),
        }
        self.may_go_on()
    }

    async fn report(&self, step: Option<i64>, values: Vec<(String, f64)>) {
        let values = self.accepted(values);
        {
            let mut state = self.state();
            let step = step.unwrap_or(state.next_step);
            if !(0..i64::MAX).contains(&step) {
                drop(state);
                self.warn_once("a step is left out: it must be from 0 to 2^63 - 2");
                return;
            }
            state.next_step = step + 1;
            state.last_step = step.max(state.last_step);
            self.0.checks.observe(step, &values);
            self.0.reporter.add((step, false), values);
        }
        self.0.checks.ask_if_due().await;
        // Code that logs seldom learns of an order to stop by the answer.
        if self.0.sender.silence() >= SILENCE
            && !self.0.reporter.is_failing()
            && let Err(error) = self.0.reporter.flush(SILENCE_DEADLINE).await
            && error.ends_run()
        {
            self.0.orders.broken(&error);
        }
    }

    /// Sets values that count as final ones, until the run logs a later value of the metric.
    pub fn set_summary<N: Into<String>>(&self, values: impl IntoIterator<Item = (N, f64)>) {
        let values = self.accepted(named(values));
        let state = self.state();
        if !state.over {
            self.0.reporter.add((state.last_step, true), values);
        }
    }

    /// Adds what the program changed or added to its parameters. It is stored at the end.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a value that can't be sent.
    pub fn set_config(
        &self,
        name: impl Into<String>,
        value: impl Into<Value>,
    ) -> Result<(), Error> {
        let (name, value) = (name.into(), value.into());
        value.to_message_at(&name)?;
        self.state().config.insert(name, value);
        Ok(())
    }

    fn may_go_on(&self) -> Result<(), Stopped> {
        self.0.orders.check()?;
        if self.state().over {
            Err(Stopped::new(Order::Over, "it has ended"))
        } else {
            Ok(())
        }
    }

    /// Returns the values whose names the registry accepts.
    fn accepted(&self, mut values: Vec<(String, f64)>) -> Vec<(String, f64)> {
        values.retain(|(name, _)| {
            let characters = name.chars().count();
            let fits =
                (1..=MAX_METRIC_NAME_CHARACTERS).contains(&characters) && !name.contains('\0');
            if !fits {
                self.warn_once(
                    "a metric is left out: its name must have 1 to 200 characters, without NUL",
                );
            }
            fits
        });
        values
    }

    fn warn_once(&self, text: &'static str) {
        if self.state().warned.insert(text) {
            warn!(sweep = self.sweep_id(), run = self.number(), "{text}");
        }
    }
}

fn named<N: Into<String>>(values: impl IntoIterator<Item = (N, f64)>) -> Vec<(String, f64)> {
    values
        .into_iter()
        .map(|(name, value)| (name.into(), value))
        .collect()
}

/// Returns the metric of a sweep with exactly one.
fn only_metric(sweep: &Sweep) -> Option<String> {
    match &sweep.spec.as_ref()?.metrics[..] {
        [metric] => Some(metric.name.clone()),
        _ => None,
    }
}
