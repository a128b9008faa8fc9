//! Whether a replica serves, by grpc.health.v1.

use http::uri::PathAndQuery;
use prost::Message;
use tonic::{Code, Status};
use tonic_prost::ProstCodec;

use super::call;
use super::pool::Member;
use crate::protocol::{self, Backoff};

const WATCH: &str = "/grpc.health.v1.Health/Watch";
const SERVING: i32 = 1;

#[derive(Clone, PartialEq, Message)]
struct HealthCheckRequest {
    #[prost(string, tag = "1")]
    service: String,
}

#[derive(Clone, PartialEq, Message)]
struct HealthCheckResponse {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// Notes whether a replica serves, until the client is dropped.
pub(super) async fn watch(member: Member, service: &'static str) {
    let mut pauses = reconnects();
    loop {
        match follow(&member, service, &mut pauses).await {
            // A server without health checks serves, until a call to it fails.
            Err(status) if status.code() == Code::Unimplemented => member.set_serves(true),
            _ => member.set_serves(false),
        }
        tokio::time::sleep(pauses.next()).await;
    }
}

fn reconnects() -> Backoff {
    Backoff::new(
        protocol::FIRST_RECONNECT_MILLISECONDS,
        protocol::LONGEST_RECONNECT_MILLISECONDS,
    )
}

async fn follow(
    member: &Member,
    service: &'static str,
    pauses: &mut Backoff,
) -> Result<(), Status> {
    let mut grpc = call::client(member);
    grpc.ready()
        .await
        .map_err(|error| Status::from_error(error.into()))?;
    let request = tonic::Request::new(HealthCheckRequest {
        service: service.to_owned(),
    });
    let codec = ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();
    let answer = grpc
        .server_streaming(request, PathAndQuery::from_static(WATCH), codec)
        .await?;
    let mut changes = answer.into_inner();
    while let Some(change) = changes.message().await? {
        *pauses = reconnects();
        member.set_serves(change.status == SERVING);
    }
    Ok(())
}
