//! The lease of a run.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tonic::Code;

use super::orders::{Order, Orders};
use super::sender::Sender;
use crate::api::registry::v1::{HeartbeatRequest, RunLease};
use crate::protocol::{HEARTBEAT_DEADLINE, HEARTBEAT_FAILURE_PAUSE, heartbeat_pause};

/// Renews the lease of a run until it is aborted or the lease is lost. Any other failure is tried
/// again, while training and the lease go on.
pub(super) async fn keep(sender: Arc<Sender>, orders: Arc<Orders>, lease: Duration) {
    let request = HeartbeatRequest {
        leases: vec![RunLease {
            sweep_id: sender.sweep_id.clone(),
            number: Some(sender.number),
            attempt: sender.attempt,
        }],
    };
    let registry = sender.client.registry().within(HEARTBEAT_DEADLINE);
    let mut interval = heartbeat_pause(lease);
    let mut next = interval;
    loop {
        sleep(next).await;
        match registry.heartbeat(request.clone()).await {
            Ok(response) => {
                let lease = response.lease_duration.unwrap_or_default();
                interval = heartbeat_pause(lease.try_into().unwrap_or_default());
                next = interval;
                for status in response.statuses {
                    orders.obey(status.command());
                }
            }
            Err(error) => {
                if let Some(Code::NotFound | Code::FailedPrecondition) = error.code() {
                    orders.stop(Order::LeaseLost, error.to_string());
                    return;
                }
                next = interval.min(HEARTBEAT_FAILURE_PAUSE);
            }
        }
    }
}
