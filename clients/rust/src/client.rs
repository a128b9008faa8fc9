//! The client of both services.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::api::registry::v1::{
    KeyServiceClient, SweepRegistryServiceClient, TemplateServiceClient,
};
use crate::api::suggestion::v1::{AnalysisServiceClient, SuggestionServiceClient};
use crate::background::Background;
use crate::peer::{self, Peer};
use crate::settings::{Environment, Options, Settings};
use crate::tls::TlsConfig;
use crate::{Error, Tls};

/// Reaches both services. Clones share the connections.
///
/// The methods of a client are what programs usually need. All RPCs are at [`Client::registry`],
/// [`Client::suggestion`] and the like, which send requests as the protocol of clients says: with
/// deadlines, repetitions, a request id for each that takes one, and typed errors.
///
/// A client has a thread of its own, so that heartbeats and reports go on while the program
/// computes. The thread ends when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: Options,
    settings: Settings,
    registry: Peer,
    suggestion: Peer,
    background: Background,
}

impl Client {
    /// Returns a client with the settings of the environment (`WANLLMDB_REGISTRY`,
    /// `WANLLMDB_SUGGESTION`, `WANLLMDB_API_KEY` and others), else those for services on this
    /// machine. It makes no call.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] says which setting is at fault.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().connect()
    }

    /// Returns a builder, whose options win over the environment.
    #[must_use]
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Returns what the client was configured with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Returns the replica of the suggestion service to which the calls of a sweep go first; none
    /// for any, as with a single replica.
    #[must_use]
    pub fn replica(&self, sweep_id: &str) -> Option<&str> {
        self.0.suggestion.replica_of(sweep_id)
    }

    /// Returns the RPCs about sweeps and runs.
    #[must_use]
    pub fn registry(&self) -> SweepRegistryServiceClient {
        SweepRegistryServiceClient::new(self.0.registry.clone())
    }

    /// Returns the RPCs about named configs.
    #[must_use]
    pub fn templates(&self) -> TemplateServiceClient {
        TemplateServiceClient::new(self.0.registry.clone())
    }

    /// Returns the RPCs about API keys.
    #[must_use]
    pub fn keys(&self) -> KeyServiceClient {
        KeyServiceClient::new(self.0.registry.clone())
    }

    /// Returns the RPCs that choose parameters and stop runs.
    #[must_use]
    pub fn suggestion(&self) -> SuggestionServiceClient {
        SuggestionServiceClient::new(self.0.suggestion.clone())
    }

    /// Returns the RPCs about importance, Pareto fronts and the like.
    #[must_use]
    pub fn analysis(&self) -> AnalysisServiceClient {
        AnalysisServiceClient::new(self.0.suggestion.clone())
    }

    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    pub(crate) fn registry_peer(&self) -> &Peer {
        &self.0.registry
    }

    /// Returns the runtime of the client's own thread.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.0.background.handle
    }
}

/// Builds a client; see [`Client::builder`].
#[derive(Clone, Debug, Default)]
pub struct ClientBuilder(Options);

impl ClientBuilder {
    /// Sets the registry's address: `host:port`, or several of them with commas between.
    #[must_use]
    pub fn registry(mut self, address: impl Into<String>) -> Self {
        self.0.registry = Some(address.into());
        self
    }

    /// Sets the suggestion service's address, in the same form.
    #[must_use]
    pub fn suggestion(mut self, address: impl Into<String>) -> Self {
        self.0.suggestion = Some(address.into());
        self
    }

    /// Sets the API key.
    #[must_use]
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.0.api_key = Some(key.into());
        self
    }

    /// Reads the API key from a file, and again when a service refuses the key.
    #[must_use]
    pub fn api_key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.0.api_key_file = Some(path.into());
        self
    }

    /// Uses TLS.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.0.tls = Some(tls);
        self
    }

    /// Uses no TLS, whatever the environment says.
    #[must_use]
    pub fn plain_text(mut self) -> Self {
        self.0.plain_text = true;
        self
    }

    /// Allows the API key to go to another machine in plain text, in a trusted network.
    #[must_use]
    pub fn insecure(mut self) -> Self {
        self.0.insecure = true;
        self
    }

    /// Sets how long agents wait for services that are unavailable, also at first.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.0.patience = Some(patience);
        self
    }

    /// Reads variables by a function in place of the process's environment.
    #[must_use]
    pub fn environment(
        mut self,
        read: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.0.environment = Environment::new(read);
        self
    }

    /// Returns the client. It makes no call.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] says which setting is at fault.
    pub fn connect(self) -> Result<Client, Error> {
        let (settings, keys) = self.0.settings()?;
        let tls = settings.tls.as_ref().map(TlsConfig::read).transpose()?;
        let keys = Arc::new(keys);
        let background = Background::start().map_err(|error| {
            Error::invalid("the client", format!("can't start its thread: {error}"))
        })?;
        let peer = |service, endpoint, is_routed| {
            let runtime = background.handle.clone();
            Peer::new(
                service,
                endpoint,
                tls.clone(),
                keys.clone(),
                runtime,
                is_routed,
            )
        };
        let registry = peer(peer::REGISTRY, &settings.registry, false)?;
        let suggestion = peer(peer::SUGGESTION, &settings.suggestion, true)?;
        Ok(Client(Arc::new(Inner {
            options: self.0,
            settings,
            registry,
            suggestion,
            background,
        })))
    }
}
