//! The loop of an agent, which works on one run at a time.

use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use tokio::task::JoinError;
use tokio::time::sleep;
use tonic::Code;
use tracing::{info, warn};

use super::Shared;
use super::shutdown::Urgency;
use crate::api::registry::v1::Run as RunMessage;
use crate::api::registry::v1::{
    ErrorReason, FinishRunRequest, FinishRunResponse, Sweep, finish_run_result,
};
use crate::api::suggestion::v1::{ExhaustedReason, SuggestRequest, SuggestResponse};
use crate::protocol::{
    Backoff, MAX_BROUGHT_BYTES, POLL_FIRST_PAUSE, POLL_LONGEST_PAUSE, STAY_LONGEST_PAUSE,
};
use crate::run::{Assignment, Order, Orders, Run, Sender, outcome_of};
use crate::{BoxError, Error, random};

/// Works on one run at a time. The Suggest for the next run brings the end of the run before, which
/// saves a call.
pub(crate) struct Loop {
    shared: Arc<Shared>,
    name: String,
    sweep: Arc<Sweep>,
    /// Whether to begin with the runs that this name holds.
    resume: bool,
    /// Whether the suggestion service has answered.
    known: bool,
    claimed: bool,
    /// The answer to the Suggest that brought the last run's end.
    ahead: Option<SuggestResponse>,
    /// The request id of such a Suggest that got no answer.
    unanswered: Option<String>,
}

/// What follows from an answer to a Suggest.
enum Next {
    Runs(Box<SuggestResponse>),
    Poll(Duration),
    End(String),
}

impl Loop {
    pub(super) fn new(shared: Arc<Shared>, name: String, sweep: Arc<Sweep>) -> Self {
        Self {
            resume: shared.options.resume,
            shared,
            name,
            sweep,
            known: false,
            claimed: false,
            ahead: None,
            unanswered: None,
        }
    }

    /// Works on runs until the sweep has no more, or the loop may take no more.
    pub(super) async fn work(mut self) -> Result<(), Error> {
        let worked = self.work_on_all().await;
        if let Some(suggestion) = self.ahead.take() {
            self.give_back_all(suggestion.runs).await;
        }
        worked
    }

    async fn work_on_all(&mut self) -> Result<(), Error> {
        while self.ahead.is_some() || self.goes_on() && self.claims() {
            self.claimed = false;
            let Some(mut suggestion) = self.next().await? else {
                break;
            };
            let mut runs = std::mem::take(&mut suggestion.runs).into_iter();
            while let Some(run) = runs.next() {
                if let Err(error) = self.work_on(run, &suggestion).await {
                    self.give_back_all(runs.collect()).await;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn goes_on(&self) -> bool {
        !self.shared.shutdown.is(Urgency::Drain)
    }

    /// Reserves one more run, which stays reserved until a run begins.
    fn claims(&mut self) -> bool {
        self.claimed = self.claimed || self.shared.claim();
        self.claimed
    }

    /// Works on one run, and reports how it ended.
    async fn work_on(
        &mut self,
        assigned: RunMessage,
        suggestion: &SuggestResponse,
    ) -> Result<(), Error> {
        let lease: Duration = suggestion
            .lease_duration
            .unwrap_or_default()
            .try_into()
            .unwrap_or_default();
        let assignment = Assignment {
            sweep: self.sweep.clone(),
            run: assigned.clone(),
            next_check: suggestion.next_check_iteration,
            resumed: suggestion.resumed,
            continues: suggestion.resumed,
            lease: Some(lease),
        };
        let run = match Run::begin(&self.shared.client, assignment) {
            Ok(run) => run,
            Err(error) => {
                self.give_back_all(vec![assigned]).await;
                return Err(error);
            }
        };
        self.shared.began(&run);
        if !self.goes_on() {
            // The run was assigned after the agent stopped taking runs.
            self.give_back(&run, "the agent was interrupted").await;
            return Ok(());
        }
        let (sweep, number) = (run.sweep_id(), run.number());
        info!(sweep, run = number, parameters = ?run.parameters(), resumed = run.resumed(), "run");
        let result = self.train(&run).await;
        if let Some(stopped) = run
            .orders()
            .current()
            .filter(|it| it.order == Order::GiveBack)
        {
            self.give_back(&run, stopped.reason()).await;
            return Ok(());
        }
        let outcome = outcome_of(&result, run.orders());
        let patience = self.shared.client.settings().patience;
        let waiter = self.shared.waiter(Urgency::GiveBack, patience);
        let shared = self.shared.clone();
        match run.complete(&waiter, outcome, Some(self)).await {
            Ok(ended) => {
                let state = ended.as_ref().map(|ended| ended.state().as_str_name());
                info!(sweep, run = number, state, "run ended");
                shared.finished(&run, ended.as_ref(), result)
            }
            Err(error) => {
                shared.gave_back(&run);
                let what = format!(
                    "the end of run {number} could not be delivered; the run is queued again when \
                     its lease runs out"
                );
                Err(Error::Agent {
                    what,
                    source: Box::new(error),
                })
            }
        }
    }

    /// Runs the program's code in the program's runtime. A panic is an error.
    async fn train(&self, run: &Run) -> Result<(), BoxError> {
        let train = self.shared.train.clone();
        let given = run.clone();
        let mut code = self.shared.program.spawn(async move { train(given).await });
        let ended = tokio::select! {
            ended = &mut code => ended,
            () = self.shared.shutdown.reached(Urgency::GiveBack) => {
                run.orders().stop(Order::GiveBack, "the agent was interrupted");
                code.await
            }
        };
        ended.unwrap_or_else(|error| Err(panicked(error, run.orders())))
    }

    async fn give_back(&self, run: &Run, reason: &str) {
        let result = run.give_back(reason).await;
        self.shared.gave_back(run);
        let (sweep, number) = (run.sweep_id(), run.number());
        match result {
            Ok(()) => info!(sweep, run = number, "the run was given back"),
            Err(error) => warn!(
                sweep,
                run = number,
                %error,
                "the run could not be given back; it is queued again when its lease runs out"
            ),
        }
    }

    /// Gives back runs that the loop has not begun.
    async fn give_back_all(&self, runs: Vec<RunMessage>) {
        for run in runs {
            let orders = Arc::new(Orders::new());
            let sender = Sender::new(&self.shared.client, &self.sweep, &run, orders);
            if let Err(error) = sender.release("the agent was ended by an error").await {
                warn!(sweep = run.sweep_id, run = run.number, %error, "a run could not be given back");
            }
        }
    }

    /// Sends a run's end with the Suggest for the next run; none if FinishRun must send the end.
    /// Without an answer the next Suggest repeats this one, without the end.
    pub(crate) async fn bring(&mut self, end: &FinishRunRequest) -> Option<FinishRunResponse> {
        let is_large = end.encoded_len() > MAX_BROUGHT_BYTES;
        if self.resume || is_large || !self.goes_on() || !self.claims() {
            return None;
        }
        let id = random::request_id();
        let request = SuggestRequest {
            ended_runs: vec![end.clone()],
            ..self.request(&id)
        };
        match self.shared.client.suggestion().suggest(request).await {
            Ok(mut response) => {
                let results = std::mem::take(&mut response.ended_runs);
                self.ahead = Some(response);
                // FinishRun sends a rejected end again, which returns the error, and one without a
                // result.
                match results.into_iter().next()?.result? {
                    finish_run_result::Result::Response(response) => Some(response),
                    finish_run_result::Result::Error(_) => None,
                }
            }
            Err(_) => {
                self.unanswered = Some(id);
                None
            }
        }
    }

    fn request(&self, id: &str) -> SuggestRequest {
        SuggestRequest {
            sweep_id: self.sweep.sweep_id.clone(),
            count: 1,
            agent_id: self.name.clone(),
            request_id: id.to_owned(),
            resume: self.resume,
            ended_runs: Vec::new(),
        }
    }

    /// Returns the next runs; none when there are no more.
    async fn next(&mut self) -> Result<Option<SuggestResponse>, Error> {
        let mut id = self.unanswered.take();
        let mut pauses = Backoff::new(POLL_FIRST_PAUSE, POLL_LONGEST_PAUSE);
        loop {
            let suggested = self
                .suggest(&id.take().unwrap_or_else(random::request_id))
                .await;
            let next = match suggested {
                Ok(suggestion) => self.follow(suggestion),
                Err(error) => self.follow_error(error).await?,
            };
            match next {
                Next::Runs(suggestion) => return Ok(Some(*suggestion)),
                Next::Poll(longest) => pauses.limit(longest),
                Next::End(why) => {
                    self.shared.end_by(why);
                    return Ok(None);
                }
            }
            tokio::select! {
                () = sleep(pauses.next()) => {}
                () = self.shared.shutdown.reached(Urgency::Drain) => return Ok(None),
            }
        }
    }

    /// Asks for the next run, and waits for a service that is unavailable.
    async fn suggest(&mut self, id: &str) -> Result<SuggestResponse, Error> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(ahead);
        }
        // A service that never answered may have a wrong address, which is reported soon.
        let patience = match self.known {
            true => self.shared.client.settings().patience,
            false => self.shared.first_patience(),
        };
        let waiter = self.shared.waiter(Urgency::Drain, patience);
        let suggestion = self.shared.client.suggestion();
        let request = self.request(id);
        let response = waiter.retry(|| suggestion.suggest(request.clone())).await?;
        self.known = true;
        // The agent may hold several runs: the next one is requested after this one.
        self.resume = self.resume && response.resumed;
        Ok(response)
    }

    fn follow(&self, suggestion: SuggestResponse) -> Next {
        if !suggestion.runs.is_empty() {
            return Next::Runs(Box::new(suggestion));
        }
        let why = match suggestion.exhausted() {
            // Numbers that this release does not know are reasons, too.
            ExhaustedReason::Unspecified if suggestion.exhausted == 0 => {
                return Next::Poll(POLL_LONGEST_PAUSE);
            }
            // Runs of other agents may be lost and queued again.
            ExhaustedReason::RunCap | ExhaustedReason::SpaceExhausted
                if self.shared.options.stay && suggestion.running_runs > 0 =>
            {
                return Next::Poll(STAY_LONGEST_PAUSE);
            }
            ExhaustedReason::Unspecified => String::new(),
            ExhaustedReason::RunCap => ": its run_cap was reached".to_owned(),
            ExhaustedReason::SpaceExhausted => {
                ": every point of its search space was assigned".to_owned()
            }
            ExhaustedReason::TargetReached => ": its target was reached".to_owned(),
            ExhaustedReason::Terminated => {
                format!(": its terminator ended it: {}", suggestion.message)
            }
        };
        Next::End(format!("the sweep has no more runs{why}"))
    }

    async fn follow_error(&self, error: Error) -> Result<Next, Error> {
        if error.code() == Some(Code::NotFound) {
            return self.sweep_not_found(error).await;
        }
        if error.is(ErrorReason::SweepNotRunning) {
            let metadata = error.service().map(|error| &error.metadata);
            let state = metadata.and_then(|metadata| metadata.get("state")).cloned();
            let state = state.unwrap_or_default();
            if state != "PAUSED" {
                return Ok(Next::End(format!("the sweep is {state}")));
            }
            info!(
                sweep = self.sweep.sweep_id,
                "the sweep is paused: waiting until it is resumed"
            );
            return Ok(Next::Poll(POLL_LONGEST_PAUSE));
        }
        // An agent that ends does not wait for services.
        if self.goes_on() {
            Err(error)
        } else {
            Ok(Next::End("an interrupt".to_owned()))
        }
    }

    /// Ends the loop well if the sweep was deleted; it is an error if the registry of this agent
    /// still has the sweep.
    async fn sweep_not_found(&self, error: Error) -> Result<Next, Error> {
        let client = &self.shared.client;
        let id = &self.sweep.sweep_id;
        match client.sweep(id).await {
            Err(error) if error.code() == Some(Code::NotFound) => {
                Ok(Next::End("the sweep was deleted".to_owned()))
            }
            Err(error) => Err(error),
            Ok(_) => {
                let settings = client.settings();
                let what = format!(
                    "the suggestion service at {} does not know sweep {id}, which the registry at \
                     {} has: that service was started for another registry",
                    settings.suggestion.address, settings.registry.address
                );
                Err(Error::Agent {
                    what,
                    source: Box::new(error),
                })
            }
        }
    }
}

/// Returns the error of code that panicked.
fn panicked(error: JoinError, orders: &Orders) -> BoxError {
    let Ok(panic) = error.try_into_panic() else {
        // The program's runtime ends.
        orders.stop(Order::GiveBack, "the program ends");
        return "the program ends".into();
    };
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panic: {}", text.unwrap_or_else(|| "no message".to_owned())).into()
}
