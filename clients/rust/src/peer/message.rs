//! What people read about a failed call.

use tonic::Code;

use super::{Call, Peer};
use crate::ServiceError;
use crate::settings::{API_KEY, API_KEY_FILE};

impl Peer {
    /// Returns what people read about a failed call: what failed, where, and what to do next.
    pub(super) fn message(&self, failure: &ServiceError, call: &Call) -> String {
        let service = &self.0.service;
        let address = &self.0.endpoint.address;
        let at = format!("the {} at {address}", service.name);
        let (rpc, message) = (call.rpc(), &failure.message);
        match failure.reason.as_str() {
            "" => {}
            "KEY_MISSING" => {
                return format!(
                    "{at} asks for an API key: set {API_KEY}, or {API_KEY_FILE} to a file that \
                     holds it"
                );
            }
            "KEY_INVALID" | "KEY_EXPIRED" | "KEY_REVOKED" => {
                return format!("{message} (it is from {})", self.0.keys.source);
            }
            _ => return message.clone(),
        }
        match failure.code {
            Code::Unavailable => format!(
                "no {} answers at {address}: start one with `wanllmdb up`, or set {} to its address \
                 ({message})",
                service.name, service.variable
            ),
            Code::Cancelled => {
                format!("{at} ended {rpc} without an answer; it may be stopping or overloaded")
            }
            Code::DeadlineExceeded => {
                format!("{at} did not answer {rpc} within {:?}", call.deadline)
            }
            Code::Unimplemented => format!(
                "{at} does not know {rpc}: it is older than this client, or another program listens \
                 there"
            ),
            _ => format!("{at} could not carry out {rpc}: {message}"),
        }
    }
}
