//! The reports of one attempt of a run.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prost_types::FieldMask;
use tokio::time::Instant;
use tracing::warn;

use super::batches::{batches, with_values};
use super::orders::Orders;
use super::outcome::{Outcome, cut_message};
use super::rejected::{reduced_end, reduced_report};
use crate::agent::{Loop, Waiter};
use crate::api::registry::v1::Run as RunMessage;
use crate::api::registry::v1::{
    FinishRunRequest, FinishRunResponse, MetricRow, ParameterValue, ReleaseRunRequest,
    ReportMetricsRequest, RunState, Sweep, SweepRegistryServiceClient, UpdateRunRequest,
};
use crate::protocol::RUN_CALL_DEADLINE;
use crate::sweeps::run_request;
use crate::{Client, Error, ServiceError, random};

/// Sends the reports of one attempt of a run. Values that the registry rejects are left out with a
/// warning, and the rest of the run is still reported.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(super) client: Client,
    pub(super) sweep_id: String,
    pub(super) number: i64,
    pub(super) attempt: i32,
    orders: Arc<Orders>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The metrics that the registry has accepted.
    known: HashSet<String>,
    /// Whether a limit of metrics was reached, so that new ones are not sent again.
    only_known: bool,
    warned: HashSet<String>,
    replied_at: Instant,
}

impl Sender {
    pub(crate) fn new(
        client: &Client,
        sweep: &Sweep,
        run: &RunMessage,
        orders: Arc<Orders>,
    ) -> Self {
        let metrics = sweep.spec.as_ref().map_or(&[][..], |spec| &spec.metrics);
        let state = State {
            known: metrics.iter().map(|metric| metric.name.clone()).collect(),
            only_known: false,
            warned: HashSet::new(),
            replied_at: Instant::now(),
        };
        Self {
            client: client.clone(),
            sweep_id: run.sweep_id.clone(),
            number: run.number.unwrap_or_default(),
            attempt: run.attempt,
            orders,
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn registry(&self) -> SweepRegistryServiceClient {
        self.client.registry().within(RUN_CALL_DEADLINE)
    }

    /// Sends rows that fit one request.
    pub(super) async fn report(
        &self,
        mut rows: Vec<MetricRow>,
        deadline: Duration,
    ) -> Result<(), Error> {
        {
            let state = self.state();
            if state.only_known {
                rows = with_values(&rows, |_, name| state.known.contains(name));
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        let mut next = Some(ReportMetricsRequest {
            sweep_id: self.sweep_id.clone(),
            number: Some(self.number),
            attempt: self.attempt,
            rows,
            request_id: random::request_id(),
        });
        let registry = self.client.registry().within(deadline);
        while let Some(request) = next {
            match registry.report_metrics(request.clone()).await {
                Ok(response) => {
                    self.accepted(&request.rows);
                    self.orders.obey(response.command());
                    return Ok(());
                }
                Err(error) => {
                    let rejected = rejected(error)?;
                    self.warn(&rejected);
                    next = reduced_report(&request, &rejected, &self.state().known);
                }
            }
        }
        Ok(())
    }

    /// Sends rows, and waits for a registry that is unavailable.
    pub(super) async fn report_all(
        &self,
        waiter: &Waiter,
        rows: Vec<MetricRow>,
    ) -> Result<(), Error> {
        for rows in batches(rows) {
            waiter
                .retry(|| self.report(rows.clone(), RUN_CALL_DEADLINE))
                .await?;
        }
        Ok(())
    }

    /// Sends the end of the run, with the last batch of rows in it, after the other batches. It
    /// first has the Suggest for the next run bring it, if there is one.
    pub(super) async fn finish(
        &self,
        waiter: &Waiter,
        outcome: &Outcome,
        rows: Vec<MetricRow>,
        config: BTreeMap<String, ParameterValue>,
        brings: Option<&mut Loop>,
    ) -> Result<FinishRunResponse, Error> {
        let mut all = batches(rows);
        let last = all.pop().unwrap_or_default();
        for earlier in all {
            self.report_all(waiter, earlier).await?;
        }
        let mut end = FinishRunRequest {
            sweep_id: self.sweep_id.clone(),
            number: Some(self.number),
            attempt: self.attempt,
            rows: last,
            outcome: Some(outcome.message()),
            request_id: random::request_id(),
            config,
        };
        if let Some(brings) = brings
            && let Some(response) = brings.bring(&end).await
        {
            return Ok(response);
        }
        let registry = self.registry();
        loop {
            let sent = waiter.retry(|| registry.finish_run(end.clone())).await;
            let rejected = match sent {
                Ok(response) => return Ok(response),
                Err(error) => rejected(error)?,
            };
            self.warn(&rejected);
            let rest = reduced_end(&end, &rejected, &self.state().known);
            end = rest.ok_or(rejected)?;
        }
    }

    /// Stores the config of a run that another process finishes.
    pub(super) async fn store_config(
        &self,
        waiter: &Waiter,
        config: BTreeMap<String, ParameterValue>,
    ) -> Result<(), Error> {
        if config.is_empty() {
            return Ok(());
        }
        let run = RunMessage {
            config,
            ..self.key()
        };
        let request = update_of(run, &["config"]);
        let registry = self.registry();
        waiter
            .retry(|| registry.update_run(request.clone()))
            .await
            .map(drop)
    }

    /// Returns a message that names the run, and has nothing else.
    pub(super) fn key(&self) -> RunMessage {
        RunMessage {
            sweep_id: self.sweep_id.clone(),
            number: Some(self.number),
            ..Default::default()
        }
    }

    /// Returns the run if this attempt of it has ended, for example by a child.
    pub(super) async fn end_of_this_attempt(
        &self,
        waiter: &Waiter,
    ) -> Result<Option<RunMessage>, Error> {
        let registry = self.registry();
        let request = run_request(&self.sweep_id, self.number);
        let response = waiter.retry(|| registry.get_run(request.clone())).await?;
        Ok(response
            .run
            .filter(|run| run.attempt == self.attempt && is_final(run.state())))
    }

    /// Gives the run back, so that any agent can get it.
    pub(crate) async fn release(&self, reason: &str) -> Result<(), Error> {
        let request = ReleaseRunRequest {
            sweep_id: self.sweep_id.clone(),
            number: Some(self.number),
            attempt: self.attempt,
            reason: cut_message(reason),
            request_id: String::new(),
        };
        self.registry().release_run(request).await.map(drop)
    }

    /// Returns how long the registry has not answered a report.
    pub(super) fn silence(&self) -> Duration {
        self.state().replied_at.elapsed()
    }

    fn accepted(&self, rows: &[MetricRow]) {
        let mut state = self.state();
        state.replied_at = Instant::now();
        // With a limit, what is known includes values that were rejected.
        if !state.only_known {
            for name in rows.iter().flat_map(|row| row.values.keys()) {
                if !state.known.contains(name) {
                    state.known.insert(name.clone());
                }
            }
        }
    }

    fn warn(&self, error: &ServiceError) {
        let names_rows = error
            .fields
            .iter()
            .any(|problem| !matches!(problem.field.as_str(), "" | "rows"));
        let mut state = self.state();
        state.only_known |= !names_rows;
        if state
            .warned
            .insert(format!("{} {:?}", error.reason, error.code))
        {
            warn!(
                sweep = self.sweep_id,
                run = self.number,
                %error,
                "the registry rejects a part of the run, which continues"
            );
        }
    }
}

/// Returns the request that changes some fields of a run.
pub(super) fn update_of(run: RunMessage, paths: &[&str]) -> UpdateRunRequest {
    UpdateRunRequest {
        run: Some(run),
        update_mask: Some(FieldMask {
            paths: paths.iter().map(ToString::to_string).collect(),
        }),
        request_id: random::request_id(),
        if_revision: None,
    }
}

/// Returns an error that is about what a request contains; any other one is returned as such.
fn rejected(error: Error) -> Result<ServiceError, Error> {
    match error {
        Error::Service(rejected) if rejected.rejects_content() => Ok(*rejected),
        error => Err(error),
    }
}

fn is_final(state: RunState) -> bool {
    !matches!(
        state,
        RunState::Unspecified | RunState::Queued | RunState::Running
    )
}
