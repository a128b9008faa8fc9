//! The details of errors: the messages of google.rpc, as far as services send them.

use std::collections::BTreeMap;
use std::time::Duration;

use prost::Message;

use crate::api::registry::v1::ProblemPositions;
use crate::error::FieldProblem;

#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(btree_map = "string, string", tag = "3")]
    metadata: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, Message)]
struct BadRequest {
    #[prost(message, repeated, tag = "1")]
    field_violations: Vec<FieldViolation>,
}

#[derive(Clone, PartialEq, Message)]
struct FieldViolation {
    #[prost(string, tag = "1")]
    field: String,
    #[prost(string, tag = "2")]
    description: String,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<prost_types::Duration>,
}

/// What the details of an error say.
#[derive(Default)]
pub(crate) struct Details {
    pub(crate) reason: String,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) fields: Vec<FieldProblem>,
    pub(crate) retry_after: Option<Duration>,
}

impl Details {
    /// Reads a google.rpc.Status. What does not parse counts as absent.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        let mut positions = Vec::new();
        for detail in RpcStatus::decode(bytes).unwrap_or_default().details {
            let name = detail.type_url.rsplit('/').next().unwrap_or_default();
            let value = detail.value.as_slice();
            match name {
                "google.rpc.ErrorInfo" => {
                    if let Ok(info) = ErrorInfo::decode(value) {
                        (found.reason, found.metadata) = (info.reason, info.metadata);
                    }
                }
                "google.rpc.BadRequest" => {
                    let request = BadRequest::decode(value).unwrap_or_default();
                    found
                        .fields
                        .extend(request.field_violations.into_iter().map(|violation| {
                            FieldProblem {
                                field: violation.field,
                                description: violation.description,
                                position: None,
                            }
                        }));
                }
                "google.rpc.RetryInfo" => {
                    if let Ok(info) = RetryInfo::decode(value) {
                        // A delay below 0 is none.
                        let delay = info.retry_delay.unwrap_or_default();
                        found.retry_after = Some(Duration::try_from(delay).unwrap_or_default());
                    }
                }
                "wanllmdb.api.registry.v1.ProblemPositions" => {
                    positions = ProblemPositions::decode(value)
                        .unwrap_or_default()
                        .positions;
                }
                _ => {}
            }
        }
        for (field, position) in found.fields.iter_mut().zip(positions) {
            let at = (
                position.line.max(0).unsigned_abs(),
                position.column.max(0).unsigned_abs(),
            );
            field.position = (at.0 > 0).then_some(at);
        }
        found
    }
}
