//! What the loops of a running agent share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;
use tracing::info;

use super::failures::FailureCounter;
use super::shutdown::{Shutdown, Urgency};
use super::signals::{Signal, Signals};
use super::{AgentOptions, AgentResult, Failures, Loop, Train, Waiter};
use crate::api::registry::v1::Run as RunMessage;
use crate::api::registry::v1::{RunState, Sweep};
use crate::protocol::{IDLE_END, INTERRUPTS_TO_GIVE_BACK};
use crate::run::Run;
use crate::{BoxError, Client, Error};

/// How often an ending agent looks whether it still holds runs.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// A running agent: what its loops share.
pub(crate) struct Shared {
    pub(super) client: Client,
    pub(super) options: AgentOptions,
    name: String,
    pub(super) train: Train,
    /// The program's runtime, in which its code runs.
    pub(super) program: Handle,
    pub(super) shutdown: Shutdown,
    state: Mutex<State>,
}

struct State {
    active: Vec<Run>,
    claimed: u64,
    runs: u64,
    failed: u64,
    ended_by: Option<String>,
    error: Option<Error>,
    signal: Option<Signal>,
    failures: FailureCounter,
}

impl Shared {
    pub(super) fn new(
        client: Client,
        options: AgentOptions,
        name: String,
        failures: Failures,
        train: Train,
        program: Handle,
    ) -> Self {
        let state = State {
            active: Vec::new(),
            claimed: 0,
            runs: 0,
            failed: 0,
            ended_by: None,
            error: None,
            signal: None,
            failures: FailureCounter::new(failures),
        };
        let shutdown = Shutdown::default();
        Self {
            client,
            options,
            name,
            train,
            program,
            shutdown,
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how the agent waits for services, until this urgency.
    pub(super) fn waiter(&self, until: Urgency, patience: Duration) -> Waiter {
        Waiter::new(patience).until(&self.shutdown, until)
    }

    /// Returns how long the agent waits for services that have not answered yet.
    pub(super) fn first_patience(&self) -> Duration {
        let settings = self.client.settings();
        if self.options.resume {
            settings.patience
        } else {
            settings.first_patience
        }
    }

    /// Runs the loops until they have ended, or hold no run for too long.
    pub(super) async fn work(self: Arc<Self>, sweep_id: String) -> Result<(), Error> {
        let waiter = self.waiter(Urgency::Drain, self.first_patience());
        let sweep = match waiter.retry(|| self.client.sweep(&sweep_id)).await {
            Ok(sweep) => Arc::new(sweep),
            Err(_) if self.shutdown.is(Urgency::Drain) => {
                self.end_by("ended while it waited for the registry");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let mut loops = JoinSet::new();
        for slot in 0..self.options.parallel {
            let name = match slot {
                0 => self.name.clone(),
                slot => format!("{}/{slot}", self.name),
            };
            loops.spawn(self.clone().run_loop(name, sweep.clone()));
        }
        tokio::select! {
            () = async { while loops.join_next().await.is_some() {} } => {}
            () = self.idle() => {}
            () = self.shutdown.reached(Urgency::Leave) => {
                for run in &self.state().active {
                    run.end();
                }
                return Err(Error::Interrupted);
            }
        }
        self.state().error.take().map_or(Ok(()), Err)
    }

    async fn run_loop(self: Arc<Self>, name: String, sweep: Arc<Sweep>) {
        if let Err(error) = Loop::new(self.clone(), name, sweep).work().await {
            self.fail(error);
        }
    }

    /// Waits until the agent ends and has held no run for too long.
    async fn idle(&self) {
        self.shutdown.reached(Urgency::Drain).await;
        let mut since = Instant::now();
        while since.elapsed() <= IDLE_END {
            if !self.state().active.is_empty() {
                since = Instant::now();
            }
            sleep(LOOK_PAUSE).await;
        }
    }

    /// Reserves one more run, unless the agent has done as many as it should.
    pub(super) fn claim(&self) -> bool {
        let mut state = self.state();
        if self.options.count == Some(state.claimed) {
            state.end_by("it has done as many runs as requested");
            return false;
        }
        state.claimed += 1;
        true
    }

    pub(super) fn began(&self, run: &Run) {
        self.state().active.push(run.clone());
    }

    /// Counts a run that has ended; too many failed ones are an error.
    pub(super) fn finished(
        &self,
        run: &Run,
        ended: Option<&RunMessage>,
        result: Result<(), BoxError>,
    ) -> Result<(), Error> {
        let mut state = self.state();
        state.active.retain(|other| !other.is(run));
        state.runs += 1;
        // A run whose lease was lost is not counted.
        let Some(ended) = ended else { return Ok(()) };
        if ended.state() != RunState::Failed {
            state.failures.passed();
            return Ok(());
        }
        state.failed += 1;
        state.failures.failed(Instant::now()).map_or(Ok(()), |why| {
            let message = || ended.error.clone().unwrap_or_default().message.into();
            Err(Error::GaveUp {
                why,
                last: result.err().unwrap_or_else(message),
            })
        })
    }

    pub(super) fn gave_back(&self, run: &Run) {
        self.state().active.retain(|other| !other.is(run));
    }

    /// Records the error that ends the agent; the other loops let their runs end.
    fn fail(&self, error: Error) {
        let mut state = self.state();
        state.error.get_or_insert(error);
        state.end_by("an error");
        drop(state);
        self.shutdown.demand(Urgency::Drain);
    }

    /// Stops the runs and gives them back, because the program asks for that.
    pub(super) fn cancel(&self) {
        self.end_by("it was canceled");
        self.shutdown.demand(Urgency::GiveBack);
    }

    pub(super) fn end_by(&self, why: impl Into<String>) {
        self.state().end_by(why);
    }

    /// Does what SIGINT and SIGTERM ask for, until the answer is dropped.
    pub(super) fn follow_signals(self: &Arc<Self>) -> Result<Option<Following>, Error> {
        if !self.options.handles_signals {
            return Ok(None);
        }
        let signals = Signals::install().map_err(|error| {
            Error::invalid("the agent", format!("can't handle signals: {error}"))
        })?;
        let follow = self.client.runtime().spawn(follow(self.clone(), signals));
        Ok(Some(Following(follow.abort_handle())))
    }

    pub(super) fn result(&self) -> AgentResult {
        let state = self.state();
        let result = AgentResult {
            runs: state.runs,
            failed: state.failed,
            ended_by: state.ended_by.clone().unwrap_or_default(),
            signal: state.signal,
        };
        let (agent, runs, failed) = (&self.name, result.runs, result.failed);
        info!(
            agent,
            runs,
            failed,
            because = result.ended_by,
            "the agent has ended"
        );
        result
    }
}

impl State {
    fn end_by(&mut self, why: impl Into<String>) {
        self.ended_by.get_or_insert_with(|| why.into());
    }
}

async fn follow(shared: Arc<Shared>, mut signals: Signals) {
    let mut interrupts = 0;
    loop {
        let signal = signals.next().await;
        {
            let mut state = shared.state();
            state.signal.get_or_insert(signal);
            state.end_by(signal.name());
        }
        interrupts += u32::from(signal == Signal::Interrupt);
        shared.shutdown.demand(match signal {
            Signal::Terminate => Urgency::GiveBack,
            Signal::Interrupt if interrupts < INTERRUPTS_TO_GIVE_BACK => Urgency::Drain,
            Signal::Interrupt if interrupts == INTERRUPTS_TO_GIVE_BACK => Urgency::GiveBack,
            Signal::Interrupt => Urgency::Leave,
        });
    }
}

/// Follows signals until it is dropped.
pub(super) struct Following(AbortHandle);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}
