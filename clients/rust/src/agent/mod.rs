//! Agents: they take runs of a sweep, and call the program's code for each.

mod failures;
mod outage;
mod shared;
mod shutdown;
mod signals;
mod work;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::runtime::Handle;

use crate::run::Run;
use crate::{BoxError, Client, Error, random};

pub use failures::Failures;
pub(crate) use outage::Waiter;
use shared::Shared;
use shutdown::{Shutdown, Urgency};
pub use signals::Signal;
pub(crate) use work::Loop;

pub(crate) type Ended = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// The code that works on one run.
pub(crate) type Train = Arc<dyn Fn(Run) -> Ended + Send + Sync>;

/// An agent, which [`Agent::run`] starts; see [`Client::agent`].
#[must_use = "an agent does nothing until it is run"]
pub struct Agent {
    client: Client,
    sweep_id: String,
    options: AgentOptions,
    cancel: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

#[derive(Clone, Debug)]
pub(crate) struct AgentOptions {
    count: Option<u64>,
    parallel: usize,
    name: Option<String>,
    resume: bool,
    stay: bool,
    handles_signals: bool,
    failures: Option<Failures>,
}

/// What an agent did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AgentResult {
    /// How many runs ended.
    pub runs: u64,
    /// How many of them failed.
    pub failed: u64,
    /// Why the agent ended, for people.
    pub ended_by: String,
    /// The signal that ended it.
    pub signal: Option<Signal>,
}

impl Client {
    /// Returns an agent, which takes runs of a sweep and calls code for each, until the sweep has
    /// no more. It renews leases, sends values in batches, asks whether runs are to stop early, and
    /// waits for services that are unavailable.
    pub fn agent(&self, sweep_id: impl Into<String>) -> Agent {
        let environment = &self.options().environment;
        let options = AgentOptions {
            count: None,
            parallel: 1,
            name: environment.get("WANLLMDB_AGENT_ID"),
            resume: environment.flag("WANLLMDB_RESUME"),
            stay: environment.flag("WANLLMDB_STAY"),
            handles_signals: true,
            failures: None,
        };
        Agent {
            client: self.clone(),
            sweep_id: sweep_id.into(),
            options,
            cancel: None,
        }
    }
}

impl Agent {
    /// Limits the number of runs that the agent works on.
    pub fn count(mut self, runs: u64) -> Self {
        self.options.count = Some(runs);
        self
    }

    /// Has the agent work on this many runs at a time, each in a task of its own.
    pub fn parallel(mut self, runs: usize) -> Self {
        self.options.parallel = runs.max(1);
        self
    }

    /// Sets the agent's name, unique among running agents.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.options.name = Some(name.into());
        self
    }

    /// Has the agent begin with the runs that it held before it was ended, by its name.
    pub fn resume(mut self) -> Self {
        self.options.resume = true;
        self
    }

    /// Has the agent wait as long as runs of other agents may be lost and queued again.
    pub fn stay(mut self) -> Self {
        self.options.stay = true;
        self
    }

    /// Sets how many failed runs the agent accepts.
    pub fn failures(mut self, limits: Failures) -> Self {
        self.options.failures = Some(limits);
        self
    }

    /// Leaves SIGINT and SIGTERM to the program, which ends the agent by [`Agent::cancel_on`].
    pub fn without_signals(mut self) -> Self {
        self.options.handles_signals = false;
        self
    }

    /// Stops the runs and gives them back when a future ends.
    pub fn cancel_on(mut self, future: impl Future<Output = ()> + Send + 'static) -> Self {
        self.cancel = Some(Box::pin(future));
        self
    }

    /// Works on runs until the sweep has no more.
    ///
    /// The code runs in tasks of the runtime that calls. A run succeeds if its code returns `Ok`,
    /// and fails with an error, or if the code panics. Once the run is to stop, [`Run::log`] returns
    /// [`Stopped`](crate::Stopped), which the code returns, too.
    ///
    /// The first SIGINT lets the runs in progress end; the second one, SIGTERM and the future of
    /// [`Agent::cancel_on`] stop them and give them back, so that other agents get them. Dropping
    /// the future of this function does so as well, in the background.
    ///
    /// # Errors
    ///
    /// [`Error::GaveUp`] after too many failed runs, [`Error::Service`] for services that were
    /// unavailable for too long, and [`Error::Interrupted`] after a further SIGINT. A signal is no
    /// error: the result has it.
    ///
    /// # Panics
    ///
    /// Outside of a runtime of tokio.
    pub async fn run<F, T, E>(self, train: F) -> Result<AgentResult, Error>
    where
        F: Fn(Run) -> T + Send + Sync + 'static,
        T: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let train: Train = Arc::new(move |run: Run| -> Ended {
            let ended = train(run);
            Box::pin(async move { ended.await.map_err(Into::into) })
        });
        self.run_boxed(train).await
    }

    /// Is [`Agent::run`] for code that is not asynchronous: it runs in threads of its own, and calls
    /// [`Run::log_blocking`].
    ///
    /// # Errors
    ///
    /// Those of [`Agent::run`].
    ///
    /// # Panics
    ///
    /// Outside of a runtime of tokio.
    pub async fn run_blocking<F, E>(self, train: F) -> Result<AgentResult, Error>
    where
        F: Fn(Run) -> Result<(), E> + Send + Sync + 'static,
        E: Into<BoxError>,
    {
        let train = Arc::new(train);
        self.run(move |run| {
            let train = train.clone();
            let ended = tokio::task::spawn_blocking(move || {
                train(run).map_err(|error| -> BoxError { error.into() })
            });
            async move {
                match ended.await {
                    Ok(ended) => ended,
                    Err(error) => match error.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(error) => Err(BoxError::from(error)),
                    },
                }
            }
        })
        .await
    }

    async fn run_boxed(self, train: Train) -> Result<AgentResult, Error> {
        let Self {
            client,
            sweep_id,
            options,
            cancel,
        } = self;
        let failures = match options.failures {
            Some(failures) => failures,
            None => client.options().failures()?,
        };
        let name = options.named()?;
        let program = Handle::current();
        let shared = Arc::new(Shared::new(client, options, name, failures, train, program));
        let runtime = shared.client.runtime().clone();
        // A dropped agent gives its runs back.
        let dropped = GivesBack(shared.shutdown.clone());
        let signals = shared.follow_signals()?;
        let mut work = runtime.spawn(shared.clone().work(sweep_id));
        let canceled = async {
            match cancel {
                Some(cancel) => cancel.await,
                None => std::future::pending().await,
            }
        };
        let ended = tokio::select! {
            ended = &mut work => ended,
            () = canceled => {
                shared.cancel();
                work.await
            }
        };
        drop(signals);
        drop(dropped);
        // The work is not aborted, and has no panic of the program's code.
        let ended = ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        if let Err(error) = &ended {
            shared.end_by(error.to_string());
        }
        let result = shared.result();
        ended.map(|()| result)
    }
}

impl AgentOptions {
    /// Returns the agent's name, made up if there is none.
    fn named(&self) -> Result<String, Error> {
        match &self.name {
            Some(name) => Ok(name.clone()),
            None if self.resume => Err(Error::invalid(
                "resume",
                "needs the agent's earlier name, which stays the same when the job restarts: use \
                 Agent::name, or set WANLLMDB_AGENT_ID",
            )),
            None => {
                let id = random::request_id();
                Ok(format!("{}-{}-{}", host(), std::process::id(), &id[..6]))
            }
        }
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agent")
            .field("sweep_id", &self.sweep_id)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Gives the runs of an agent back when it is dropped.
struct GivesBack(Shutdown);

impl Drop for GivesBack {
    fn drop(&mut self) {
        self.0.demand(Urgency::GiveBack);
    }
}

/// Returns the name of this machine.
fn host() -> String {
    let named = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok());
    named.map_or_else(|| "unknown".to_owned(), |name| name.trim().to_owned())
}
