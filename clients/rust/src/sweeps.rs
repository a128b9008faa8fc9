//! Creating and reading sweeps and runs.

use tracing::warn;

use crate::api::registry::v1::Run as RunMessage;
use crate::api::registry::v1::{
    ConfigText, CreateSweepRequest, GetRunRequest, GetSweepRequest, ListRunsRequest,
    ListSweepsRequest, RunState, Sweep, create_sweep_request, get_run_request,
};
use crate::api::suggestion::v1::GetBestRunsRequest;
use crate::{Client, Error, Pages, Spec};

/// Describes a new sweep: a [`Spec`] or a [`Config`].
pub trait SweepSource {
    /// Returns the request that creates the sweep.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] names what can't be sent.
    fn into_request(self) -> Result<CreateSweepRequest, Error>;
}

/// A sweep's config as text, YAML or JSON in the form of W&B's sweep files.
#[derive(Clone, Debug)]
pub struct Config(pub String);

impl SweepSource for Config {
    fn into_request(self) -> Result<CreateSweepRequest, Error> {
        // Texts are from people or from other programs, whose JSON may have lost 1.0.
        let text = ConfigText {
            text: self.0,
            keeps_floats: false,
        };
        Ok(CreateSweepRequest {
            source: Some(create_sweep_request::Source::ConfigText(text)),
            ..Default::default()
        })
    }
}

impl SweepSource for Spec {
    fn into_request(self) -> Result<CreateSweepRequest, Error> {
        self.create_request()
    }
}

impl Client {
    /// Creates a sweep, and returns its id. Decisions of the registry that the source left open are
    /// logged as warnings.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for what can't be sent, and the error of the call.
    pub async fn create_sweep(&self, source: impl SweepSource) -> Result<String, Error> {
        let response = self.registry().create_sweep(source.into_request()?).await?;
        let id = response.sweep.unwrap_or_default().sweep_id;
        for warning in response.warnings {
            warn!(sweep = id, "{warning}");
        }
        Ok(id)
    }

    /// Returns a sweep.
    ///
    /// # Errors
    ///
    /// The error of the call.
    pub async fn sweep(&self, sweep_id: &str) -> Result<Sweep, Error> {
        let request = GetSweepRequest {
            sweep_id: sweep_id.to_owned(),
        };
        Ok(self
            .registry()
            .get_sweep(request)
            .await?
            .sweep
            .unwrap_or_default())
    }

    /// Returns the sweeps that a request asks for; the default one asks for all.
    #[must_use]
    pub fn sweeps(&self, request: ListSweepsRequest) -> Pages<Sweep> {
        let registry = self.registry();
        Pages::new(move |page_token| {
            let (registry, request) = (
                registry.clone(),
                ListSweepsRequest {
                    page_token,
                    ..request.clone()
                },
            );
            async move {
                let page = registry.list_sweeps(request).await?;
                Ok((page.sweeps, page.next_page_token))
            }
        })
    }

    /// Returns a run of a sweep, as the registry has it.
    ///
    /// # Errors
    ///
    /// The error of the call.
    pub async fn run(&self, sweep_id: &str, number: i64) -> Result<RunMessage, Error> {
        Ok(self
            .registry()
            .get_run(run_request(sweep_id, number))
            .await?
            .run
            .unwrap_or_default())
    }

    /// Returns the runs of a sweep by number.
    #[must_use]
    pub fn runs(&self, sweep_id: &str) -> Pages<RunMessage> {
        self.runs_in(sweep_id, &[])
    }

    /// Returns the runs of a sweep that are in one of some states, by number.
    #[must_use]
    pub fn runs_in(&self, sweep_id: &str, states: &[RunState]) -> Pages<RunMessage> {
        let registry = self.registry();
        let request = ListRunsRequest {
            sweep_id: sweep_id.to_owned(),
            states: states.iter().map(|&state| state.into()).collect(),
            ..Default::default()
        };
        Pages::new(move |page_token| {
            let (registry, request) = (
                registry.clone(),
                ListRunsRequest {
                    page_token,
                    ..request.clone()
                },
            );
            async move {
                let page = registry.list_runs(request).await?;
                Ok((page.runs, page.next_page_token))
            }
        })
    }

    /// Returns the best finished runs, at most this many and best first; with several metrics, the
    /// Pareto front.
    ///
    /// # Errors
    ///
    /// The error of the call.
    pub async fn best_runs(&self, sweep_id: &str, count: i32) -> Result<Vec<RunMessage>, Error> {
        let request = GetBestRunsRequest {
            sweep_id: sweep_id.to_owned(),
            count,
        };
        Ok(self.suggestion().get_best_runs(request).await?.runs)
    }

    /// Returns the best finished run; none while there is none.
    ///
    /// # Errors
    ///
    /// The error of the call.
    pub async fn best_run(&self, sweep_id: &str) -> Result<Option<RunMessage>, Error> {
        Ok(self.best_runs(sweep_id, 1).await?.into_iter().next())
    }
}

/// Returns the request for a run by its number.
pub(crate) fn run_request(sweep_id: &str, number: i64) -> GetRunRequest {
    GetRunRequest {
        sweep_id: sweep_id.to_owned(),
        run: Some(get_run_request::Run::Number(number)),
    }
}
