//! One request, and how it is sent.

use std::any::Any;
use std::error::Error as StdError;
use std::time::Duration;

use http::uri::PathAndQuery;
use prost::Message;
use tokio::time::{Instant, timeout_at};
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};
use tonic_prost::ProstCodec;

use super::pool::{Member, Pool};
use crate::api::registry::v1::{CreateSweepRequest, ImportRunsRequest};
use crate::api::suggestion::v1::SuggestRequest;
use crate::key::Secret;
use crate::protocol::{self, Backoff};
use crate::{ServiceError, random};

/// The jitter of gRPC libraries.
pub(super) const TRANSPORT_JITTER: (f64, f64) = (0.8, 1.2);

/// A request of an RPC.
pub trait Request: Message + Clone + 'static {
    /// Returns the sweep that the request is about; empty for none.
    fn sweep_id(&self) -> &str {
        ""
    }

    /// Returns the request id, if the request takes one.
    fn request_id_mut(&mut self) -> Option<&mut String> {
        None
    }
}

/// How one request is sent.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(super) path: &'static str,
    pub(super) deadline: Duration,
    /// How often it is sent at most while the service is unavailable.
    pub(super) attempts: u32,
    /// Whether it waits for a connection to a service that has answered before.
    pub(super) waits: bool,
}

impl Call {
    pub(super) fn new<Q: Request>(
        path: &'static str,
        request: &Q,
        deadline: Option<Duration>,
    ) -> Self {
        let request: &dyn Any = request;
        let brings_end = request
            .downcast_ref::<SuggestRequest>()
            .is_some_and(|request| !request.ended_runs.is_empty());
        let imports = request.is::<ImportRunsRequest>()
            || request
                .downcast_ref::<CreateSweepRequest>()
                .is_some_and(|request| request.prior_run_source.is_some());
        let is_should_stop = path.ends_with("/ShouldStop");
        let default = if imports {
            protocol::IMPORT_DEADLINE
        } else {
            protocol::CALL_DEADLINE
        };
        Self {
            path,
            deadline: deadline.unwrap_or(default),
            attempts: if is_should_stop {
                protocol::SHOULD_STOP_ATTEMPTS
            } else {
                protocol::TRANSPORT_ATTEMPTS
            },
            waits: !is_should_stop && !brings_end,
        }
    }

    /// Returns the name of the RPC.
    pub(super) fn rpc(&self) -> &'static str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Returns the pauses between the attempts.
    pub(super) fn transport_pauses(&self) -> Backoff {
        if self.attempts == protocol::SHOULD_STOP_ATTEMPTS {
            Backoff::new(protocol::SHOULD_STOP_PAUSE, protocol::SHOULD_STOP_PAUSE)
        } else {
            Backoff::new(
                protocol::TRANSPORT_FIRST_PAUSE,
                protocol::TRANSPORT_LONGEST_PAUSE,
            )
        }
    }
}

/// Sends a request once, to one replica.
pub(super) async fn once<Q: Request, A: Message + Default + 'static>(
    pool: &Pool,
    call: &Call,
    deadline: Instant,
    key: Option<&Secret>,
    request: &Q,
) -> Result<A, Status> {
    let member = pool.next().await?;
    let mut sent = tonic::Request::new(request.clone());
    sent.set_timeout(deadline.saturating_duration_since(Instant::now()));
    add_key(&mut sent, key);
    let result = timeout_at(deadline, async {
        let mut grpc = client(&member);
        grpc.ready()
            .await
            .map_err(|error| Status::from_error(error.into()))?;
        let path = PathAndQuery::from_static(call.path);
        grpc.unary(sent, path, ProstCodec::<Q, A>::default()).await
    })
    .await;
    match result {
        Ok(Ok(answer)) => Ok(answer.into_inner()),
        Ok(Err(status)) if Instant::now() < deadline => {
            if is_broken(&status) {
                member.failed();
            }
            Err(typed(status))
        }
        // tonic ends a call at its deadline, too, as CANCELLED.
        Ok(Err(status)) if !is_broken(&status) && status.code() != Code::Cancelled => Err(status),
        Ok(Err(_)) | Err(_) => Err(Status::deadline_exceeded("no answer within the deadline")),
    }
}

/// Returns the client of gRPC for a replica.
pub(super) fn client(member: &Member) -> tonic::client::Grpc<tonic::transport::Channel> {
    tonic::client::Grpc::new(member.channel.clone())
        .max_decoding_message_size(protocol::MAX_RECEIVE_BYTES)
}

/// Adds the API key to a request.
pub(super) fn add_key<Q>(request: &mut tonic::Request<Q>, key: Option<&Secret>) {
    let Some(key) = key else { return };
    // A key has printable characters of ASCII alone.
    if let Ok(mut value) = MetadataValue::try_from(format!("Bearer {}", key.reveal())) {
        value.set_sensitive(true);
        request.metadata_mut().insert("authorization", value);
    }
}

/// Returns whether a connection broke. A status that a service sent has no source.
pub(super) fn is_broken(status: &Status) -> bool {
    status.source().is_some()
}

/// Returns the status of a broken connection as UNAVAILABLE: tonic reports most as UNKNOWN.
pub(super) fn typed(status: Status) -> Status {
    if !is_broken(&status) {
        return status;
    }
    let mut broken = Status::unavailable(innermost(&status));
    if let Some(source) = status.source().filter(|source| is_connecting(*source)) {
        broken.set_source(std::sync::Arc::new(Unsent(source.to_string())));
    }
    broken
}

/// Returns whether the service is unavailable, as far as this status says.
pub(super) fn is_away(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Cancelled)
}

/// The source of a status whose request was not sent, because there is no connection.
#[derive(Debug)]
pub(super) struct Unsent(pub(super) String);

impl std::fmt::Display for Unsent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Unsent {}

/// Returns whether the request was not sent, because there is no connection.
pub(super) fn is_unsent(status: &Status) -> bool {
    status.source().is_some_and(|source| source.is::<Unsent>())
}

fn is_connecting(source: &(dyn StdError + 'static)) -> bool {
    chain(source).any(|error| error.is::<tonic::ConnectError>())
}

/// Returns the text of the innermost cause, which says most.
fn innermost(status: &Status) -> String {
    status
        .source()
        .and_then(|source| chain(source).last())
        .map_or_else(|| status.message().to_owned(), ToString::to_string)
}

fn chain<'a>(
    first: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(first), |&error| error.source())
}

/// Returns when an overloaded service accepts a request again, with jitter.
pub(crate) fn retry_after(failure: &ServiceError) -> Option<Duration> {
    let delay = failure.retry_after.filter(|_| failure.may_pass())?;
    let delay = delay.min(protocol::LONGEST_RETRY_AFTER);
    Some(random::jittered(delay, protocol::RETRY_AFTER_JITTER))
}
