//! The name and labels of runs.

use tracing::warn;

use super::outcome::sendable;
use super::{Run, sender};
use crate::Error;
use crate::agent::Waiter;

impl Run {
    /// Sets the run's name for people. While the registry is unavailable it returns at once, and the
    /// name is stored before the run's end.
    ///
    /// # Errors
    ///
    /// The error of a registry that rejects the name.
    pub async fn set_name(&self, name: &str) -> Result<(), Error> {
        self.describe(Some(name), Vec::new()).await
    }

    /// Adds labels. While the registry is unavailable it returns at once, and they are stored before
    /// the run's end.
    ///
    /// # Errors
    ///
    /// The error of a registry that rejects the labels.
    pub async fn add_labels<N: Into<String>, T: Into<String>>(
        &self,
        labels: impl IntoIterator<Item = (N, T)>,
    ) -> Result<(), Error> {
        let labels = labels
            .into_iter()
            .map(|(name, text)| (name.into(), text.into()))
            .collect();
        self.describe(None, labels).await
    }

    async fn describe(
        &self,
        name: Option<&str>,
        labels: Vec<(String, String)>,
    ) -> Result<(), Error> {
        let _logging = self.0.logging.lock().await;
        let sender = &self.0.sender;
        let mut run = sender.key();
        {
            let state = self.state();
            run.name = name.map_or_else(|| state.name.clone(), sendable);
            run.labels = state.labels.clone();
        }
        let labels = labels
            .into_iter()
            .map(|(name, text)| (sendable(&name), sendable(&text)));
        run.labels.extend(labels);
        let request = sender::update_of(run.clone(), &["name", "labels"]);
        let result = sender.registry().update_run(request.clone()).await;
        let is_away = match result {
            Ok(_) => false,
            Err(error) if error.may_pass() => true,
            Err(error) => return Err(error),
        };
        let mut state = self.state();
        (state.name, state.labels) = (run.name, run.labels);
        state.undescribed = is_away.then_some(request);
        Ok(())
    }

    /// Stores the name and labels that an outage left. The run ends without those that the registry
    /// rejects.
    pub(super) async fn describe_at_last(&self, waiter: &Waiter) -> Result<(), Error> {
        let Some(request) = self.state().undescribed.take() else {
            return Ok(());
        };
        let registry = self.0.sender.registry();
        match waiter.retry(|| registry.update_run(request.clone())).await {
            Err(error) if !error.may_pass() && !error.ends_run() => {
                let (sweep, run) = (self.sweep_id(), self.number());
                warn!(sweep, run, %error, "the name and labels could not be stored");
                Ok(())
            }
            result => result.map(drop),
        }
    }
}
