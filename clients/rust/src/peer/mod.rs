//! The services as a client reaches them: deadlines, request ids, repetitions, the replica of a
//! sweep, typed errors.

mod call;
mod health;
mod message;
mod pool;
mod routing;
mod stream;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prost::Message;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tonic::{Code, Status};

use crate::address::Endpoint;
use crate::api::registry::v1::{ErrorReason, SweepRegistryServiceClient};
use crate::api::suggestion::v1::SuggestionServiceClient;
use crate::key::{Keyring, Secret};
use crate::protocol::{self, Backoff};
use crate::tls::TlsConfig;
use crate::{Error, ServiceError, random};

use call::Call;
pub use call::Request;
pub(crate) use call::retry_after;
use pool::Pool;
use routing::Routing;
pub use stream::Streaming;

/// One of the two services.
#[derive(Debug)]
pub(crate) struct Service {
    name: &'static str,
    full_name: &'static str,
    variable: &'static str,
}

pub(crate) const REGISTRY: Service = Service {
    name: "registry",
    full_name: SweepRegistryServiceClient::NAME,
    variable: "WANLLMDB_REGISTRY",
};

pub(crate) const SUGGESTION: Service = Service {
    name: "suggestion service",
    full_name: SuggestionServiceClient::NAME,
    variable: "WANLLMDB_SUGGESTION",
};

/// A service as a client reaches it.
#[derive(Clone, Debug)]
pub(crate) struct Peer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    service: Service,
    endpoint: Endpoint,
    tls: Option<TlsConfig>,
    keys: Arc<Keyring>,
    runtime: Handle,
    routing: Routing,
    all: Pool,
    replicas: Mutex<HashMap<String, Arc<Pool>>>,
    /// Whether the service has ever answered. Calls to a service that has wait for its return;
    /// otherwise a wrong address is reported within seconds.
    answered: AtomicBool,
}

impl Peer {
    pub(crate) fn new(
        service: Service,
        endpoint: &Endpoint,
        tls: Option<TlsConfig>,
        keys: Arc<Keyring>,
        runtime: Handle,
        is_routed: bool,
    ) -> Result<Self, Error> {
        let all = Pool::new(endpoint, service.full_name, tls.clone(), runtime.clone())
            .map_err(|problem| Error::invalid(service.variable, problem))?;
        Ok(Self(Arc::new(Inner {
            service,
            endpoint: endpoint.clone(),
            tls,
            keys,
            runtime,
            routing: if is_routed {
                Routing::new(endpoint)
            } else {
                Routing::default()
            },
            all,
            replicas: Mutex::default(),
            answered: AtomicBool::new(false),
        })))
    }

    /// Returns whether the service has ever answered.
    pub(crate) fn has_answered(&self) -> bool {
        self.0.answered.load(Ordering::Relaxed)
    }

    /// Returns the replica to which the calls of a sweep go first.
    pub(crate) fn replica_of(&self, sweep_id: &str) -> Option<&str> {
        self.0.routing.replica_of(sweep_id)
    }

    /// Sends one request, again where the protocol says so. The deadline is that of each repetition;
    /// none for the usual one.
    pub(crate) async fn unary<Q: Request, A: Message + Default + 'static>(
        &self,
        path: &'static str,
        mut request: Q,
        deadline: Option<Duration>,
    ) -> Result<A, Error> {
        if let Some(id) = request.request_id_mut().filter(|id| id.is_empty()) {
            *id = random::request_id();
        }
        let call = Call::new(path, &request, deadline);
        for resends in 0.. {
            let key = self.0.keys.current();
            let status = match self.send(&call, key.as_ref(), &request).await {
                Ok(answer) => {
                    self.0.answered.store(true, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(status) => status,
            };
            let failure = self.failure(&call, &status);
            match self.resend_delay(&failure, resends, key.as_ref()) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(failure.into()),
            }
        }
        unreachable!("each request is sent a limited number of times")
    }

    /// Sends a request to the replica of its sweep, else to any.
    async fn send<Q: Request, A: Message + Default + 'static>(
        &self,
        call: &Call,
        key: Option<&Secret>,
        request: &Q,
    ) -> Result<A, Status> {
        let deadline = Instant::now() + call.deadline;
        if let Some(replica) = self.replica_of(request.sweep_id()) {
            let pool = self.pool_of(replica)?;
            match call::once(&pool, call, deadline, key, request).await {
                Err(status) if self.tries_others(replica, &status) => {}
                result => return result,
            }
        }
        self.repeated(call, deadline, key, request).await
    }

    /// Sends a request, again while the service is unavailable.
    async fn repeated<Q: Request, A: Message + Default + 'static>(
        &self,
        call: &Call,
        deadline: Instant,
        key: Option<&Secret>,
        request: &Q,
    ) -> Result<A, Status> {
        let waits = call.waits && self.0.answered.load(Ordering::Relaxed);
        let mut pauses = call.transport_pauses();
        let mut reconnects = Backoff::new(
            protocol::FIRST_RECONNECT_MILLISECONDS,
            protocol::LONGEST_RECONNECT_MILLISECONDS,
        );
        let mut attempts = 1;
        let mut passed_over = 1;
        loop {
            let status = match call::once(&self.0.all, call, deadline, key, request).await {
                Err(status) if call::is_away(&status) => status,
                result => return result,
            };
            let is_unsent = call::is_unsent(&status);
            if is_unsent && passed_over < self.0.all.len() {
                passed_over += 1;
                continue;
            }
            passed_over = 1;
            let pause = if is_unsent && waits {
                reconnects.next()
            } else if attempts < call.attempts {
                attempts += 1;
                random::jittered(pauses.next(), call::TRANSPORT_JITTER)
            } else {
                return Err(status);
            };
            if Instant::now() + pause >= deadline {
                return Err(status);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Returns whether a request that one replica did not answer goes to the others.
    fn tries_others(&self, replica: &str, status: &Status) -> bool {
        let failure = ServiceError::from(status);
        let is_unavailable = failure.code == Code::Unavailable;
        // A replica whose writes conflicted with others is there.
        if is_unavailable && !failure.is(ErrorReason::WriteConflict)
            || failure.code == Code::DeadlineExceeded
        {
            self.0.routing.mark_away(replica);
        }
        is_unavailable || failure.code == Code::Cancelled
    }

    /// Returns the error of a failed call.
    fn failure(&self, call: &Call, status: &Status) -> ServiceError {
        let mut failure = ServiceError::from(status);
        if !failure.reason.is_empty() {
            self.0.answered.store(true, Ordering::Relaxed);
        }
        failure.message = self.message(&failure, call);
        failure
    }

    /// Returns when the client sends a failed request again, if it does.
    fn resend_delay(
        &self,
        failure: &ServiceError,
        resends: u32,
        key: Option<&Secret>,
    ) -> Option<Duration> {
        if resends >= protocol::MAX_RESENDS {
            return None;
        }
        if failure.code == Code::Unauthenticated {
            return self.0.keys.has_other_than(key).then_some(Duration::ZERO);
        }
        call::retry_after(failure)
    }

    /// Returns the connection to one replica, which is made at the first call.
    fn pool_of(&self, replica: &str) -> Result<Arc<Pool>, Status> {
        let mut replicas = self
            .0
            .replicas
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = replicas.get(replica) {
            return Ok(pool.clone());
        }
        let endpoint = self.0.endpoint.of_replica(replica);
        let pool = Pool::new(
            &endpoint,
            self.0.service.full_name,
            self.0.tls.clone(),
            self.0.runtime.clone(),
        )
        .map_err(Status::invalid_argument)?;
        Ok(replicas
            .entry(replica.to_owned())
            .or_insert(Arc::new(pool))
            .clone())
    }
}
