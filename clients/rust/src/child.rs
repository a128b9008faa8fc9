//! The program of a command agent.

use std::future::Future;
use std::sync::Arc;

use tracing::debug;

use crate::agent::Waiter;
use crate::api::registry::v1::RunState;
use crate::api::suggestion::v1::ShouldStopRequest;
use crate::protocol::{CHECK_DEADLINE, RUN_CALL_DEADLINE};
use crate::run::{Assignment, Order, Outcome, Run, outcome_of, stopped_in};
use crate::settings::Environment;
use crate::sweeps::run_request;
use crate::{BoxError, Client, Error};

/// The run that a command agent gave to this process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Assigned {
    /// The id of the run's sweep.
    pub sweep_id: String,
    /// The run's number in its sweep.
    pub number: i64,
    /// The attempt that this process works on.
    pub attempt: i32,
    /// Whether the agent held the run before it was ended.
    pub resumed: bool,
}

impl Assigned {
    /// Returns the run that the environment names; none if a command agent did not start this
    /// process.
    ///
    /// # Errors
    ///
    /// [`Error::NoRun`] says which variable is wrong.
    pub fn from_env() -> Result<Option<Self>, Error> {
        Self::find(&Environment::default())
    }

    /// Returns the run that other variables name, which a function reads.
    ///
    /// # Errors
    ///
    /// [`Error::NoRun`] says which variable is wrong.
    pub fn from_variables(
        read: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Result<Option<Self>, Error> {
        Self::find(&Environment::new(read))
    }

    pub(crate) fn find(environment: &Environment) -> Result<Option<Self>, Error> {
        let Some(sweep_id) = environment.get("WANLLMDB_SWEEP_ID") else {
            return Ok(None);
        };
        Ok(Some(Self {
            sweep_id,
            number: decimal(environment, "WANLLMDB_RUN_NUMBER")?,
            attempt: decimal(environment, "WANLLMDB_RUN_ATTEMPT")?,
            resumed: environment.flag("WANLLMDB_RUN_RESUMED"),
        }))
    }
}

fn decimal<T: std::str::FromStr>(environment: &Environment, name: &str) -> Result<T, Error> {
    let text = environment.get(name).unwrap_or_default();
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_decimal).ok_or_else(|| {
        Error::NoRun(format!(
            "{name} is {text:?} and must be a decimal number: the agent sets it"
        ))
    })
}

impl Client {
    /// Calls code with the run that a command agent gave to this process, which the agent ends by
    /// the exit code. The values have arrived when it returns.
    ///
    /// It returns `Ok` also for a run that was to stop: the registry then has its end, which an exit
    /// code can't say.
    ///
    /// # Errors
    ///
    /// [`Error::Code`] has the error of the code, with which the program exits by another code than
    /// 0. [`Error::NoRun`] says that this process has no run, or no longer has it.
    pub async fn child<F, T, E>(&self, train: F) -> Result<(), Error>
    where
        F: FnOnce(Run) -> T,
        T: Future<Output = Result<(), E>>,
        E: Into<BoxError>,
    {
        let Some(assigned) = Assigned::find(&self.options().environment)? else {
            return Err(Error::NoRun(
                "no command agent started this process: start it with `wanllmdb agent SWEEP -- \
                 PROGRAM`"
                    .to_owned(),
            ));
        };
        // A command agent that started this process knows the services.
        let waiter = Waiter::new(self.settings().patience);
        let run = Run::begin(self, self.find_assigned(&waiter, &assigned).await?)?;
        let ended = train(run.clone()).await.map_err(Into::into);
        leave(&run, &waiter, ended).await
    }

    /// Returns the run as it is now, with the first check that is due.
    async fn find_assigned(
        &self,
        waiter: &Waiter,
        assigned: &Assigned,
    ) -> Result<Assignment, Error> {
        let Assigned {
            sweep_id,
            number,
            attempt,
            resumed,
        } = assigned;
        let registry = self.registry().within(RUN_CALL_DEADLINE);
        let sweep = waiter.retry(|| self.sweep(sweep_id)).await?;
        let response = waiter
            .retry(|| registry.get_run(run_request(sweep_id, *number)))
            .await?;
        let run = response.run.unwrap_or_default();
        if run.attempt != *attempt || run.state() != RunState::Running {
            return Err(Error::NoRun(format!(
                "run {number} of sweep {sweep_id} is no longer this process's: its attempt is {} and \
                 its state {}",
                run.attempt,
                run.state().as_str_name()
            )));
        }
        let mut next_check = None;
        if sweep
            .spec
            .as_ref()
            .is_some_and(|spec| spec.early_termination.is_some())
        {
            let request = ShouldStopRequest {
                sweep_id: sweep_id.clone(),
                number: Some(*number),
            };
            next_check = match self
                .suggestion()
                .within(CHECK_DEADLINE)
                .should_stop(request)
                .await
            {
                Ok(answer) => answer.next_check_iteration,
                // Without an answer the first check is due at the first value.
                Err(error) => {
                    debug!(%error, "the first check is due at the first value");
                    Some(run.metric_values.unwrap_or_default() + 1)
                }
            };
        }
        Ok(Assignment {
            sweep: Arc::new(sweep),
            run,
            next_check,
            resumed: *resumed,
            continues: true,
            lease: None,
        })
    }
}

/// Ends the part of a child: its values arrive, and the registry gets an end that the exit code
/// can't say.
async fn leave(run: &Run, waiter: &Waiter, ended: Result<(), BoxError>) -> Result<(), Error> {
    let order = run.orders().current().map(|stopped| stopped.order);
    let asked = ended.as_ref().err().and_then(stopped_in).cloned();
    let stops = match order {
        Some(Order::LeaseLost) => {
            run.close().await;
            run.end();
            let stopped = run.orders().current();
            return Err(Error::NoRun(
                stopped.map_or_else(String::new, |it| it.to_string()),
            ));
        }
        Some(Order::Prune | Order::Cancel) => outcome_of(&ended, run.orders()),
        _ => asked
            .filter(|stopped| stopped.order == Order::Own)
            .map(|stopped| Outcome::Canceled(stopped.reason().to_owned())),
    };
    if let Some(outcome @ (Outcome::Pruned(_) | Outcome::Canceled(_))) = stops {
        return run.complete(waiter, Some(outcome), None).await.map(drop);
    }
    let delivered = run.deliver(waiter).await;
    ended.map_err(Error::Code)?;
    delivered
}
