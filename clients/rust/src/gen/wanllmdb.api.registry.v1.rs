#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListAgentsRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(bool, tag = "2")]
    pub include_idle: bool,
    #[prost(int32, tag = "3")]
    pub page_size: i32,
    #[prost(string, tag = "4")]
    pub page_token: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Agent {
    #[prost(string, tag = "1")]
    pub agent_id: ::prost::alloc::string::String,
    #[prost(int64, repeated, tag = "2")]
    pub running_numbers: ::prost::alloc::vec::Vec<i64>,
    #[prost(int64, tag = "3")]
    pub running_run_count: i64,
    #[prost(int64, tag = "4")]
    pub ended_run_count: i64,
    #[prost(int64, tag = "5")]
    pub failed_run_count: i64,
    #[prost(message, optional, tag = "6")]
    pub last_seen_time: ::core::option::Option<::prost_types::Timestamp>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListAgentsResponse {
    #[prost(message, repeated, tag = "1")]
    pub agents: ::prost::alloc::vec::Vec<Agent>,
    #[prost(string, tag = "2")]
    pub next_page_token: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct SweepEvent {
    #[prost(int64, tag = "1")]
    pub revision: i64,
    #[prost(message, optional, tag = "2")]
    pub time: ::core::option::Option<::prost_types::Timestamp>,
    #[prost(enumeration = "SweepEventKind", tag = "3")]
    pub kind: i32,
    #[prost(string, tag = "4")]
    pub detail: ::prost::alloc::string::String,
    #[prost(string, tag = "5")]
    pub key_id: ::prost::alloc::string::String,
    #[prost(string, tag = "6")]
    pub address: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListSweepEventsRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int32, tag = "2")]
    pub page_size: i32,
    #[prost(string, tag = "3")]
    pub page_token: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListSweepEventsResponse {
    #[prost(message, repeated, tag = "1")]
    pub events: ::prost::alloc::vec::Vec<SweepEvent>,
    #[prost(string, tag = "2")]
    pub next_page_token: ::prost::alloc::string::String,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum SweepEventKind {
    Unspecified = 0,
    Created = 1,
    Started = 2,
    Paused = 3,
    Resumed = 4,
    Finished = 5,
    Failed = 6,
    Canceled = 7,
    Updated = 8,
    RunsImported = 9,
    RunsEnqueued = 10,
    RunsRetried = 11,
    RunsCanceled = 12,
}
impl SweepEventKind {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "SWEEP_EVENT_KIND_UNSPECIFIED",
            Self::Created => "SWEEP_EVENT_KIND_CREATED",
            Self::Started => "SWEEP_EVENT_KIND_STARTED",
            Self::Paused => "SWEEP_EVENT_KIND_PAUSED",
            Self::Resumed => "SWEEP_EVENT_KIND_RESUMED",
            Self::Finished => "SWEEP_EVENT_KIND_FINISHED",
            Self::Failed => "SWEEP_EVENT_KIND_FAILED",
            Self::Canceled => "SWEEP_EVENT_KIND_CANCELED",
            Self::Updated => "SWEEP_EVENT_KIND_UPDATED",
            Self::RunsImported => "SWEEP_EVENT_KIND_RUNS_IMPORTED",
            Self::RunsEnqueued => "SWEEP_EVENT_KIND_RUNS_ENQUEUED",
            Self::RunsRetried => "SWEEP_EVENT_KIND_RUNS_RETRIED",
            Self::RunsCanceled => "SWEEP_EVENT_KIND_RUNS_CANCELED",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "SWEEP_EVENT_KIND_UNSPECIFIED" => Some(Self::Unspecified),
            "SWEEP_EVENT_KIND_CREATED" => Some(Self::Created),
            "SWEEP_EVENT_KIND_STARTED" => Some(Self::Started),
            "SWEEP_EVENT_KIND_PAUSED" => Some(Self::Paused),
            "SWEEP_EVENT_KIND_RESUMED" => Some(Self::Resumed),
            "SWEEP_EVENT_KIND_FINISHED" => Some(Self::Finished),
            "SWEEP_EVENT_KIND_FAILED" => Some(Self::Failed),
            "SWEEP_EVENT_KIND_CANCELED" => Some(Self::Canceled),
            "SWEEP_EVENT_KIND_UPDATED" => Some(Self::Updated),
            "SWEEP_EVENT_KIND_RUNS_IMPORTED" => Some(Self::RunsImported),
            "SWEEP_EVENT_KIND_RUNS_ENQUEUED" => Some(Self::RunsEnqueued),
            "SWEEP_EVENT_KIND_RUNS_RETRIED" => Some(Self::RunsRetried),
            "SWEEP_EVENT_KIND_RUNS_CANCELED" => Some(Self::RunsCanceled),
            _ => None,
        }
    }
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct TextPosition {
    #[prost(int32, tag = "1")]
    pub line: i32,
    #[prost(int32, tag = "2")]
    pub column: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ProblemPositions {
    #[prost(message, repeated, tag = "1")]
    pub positions: ::prost::alloc::vec::Vec<TextPosition>,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum ErrorReason {
    Unspecified = 0,
    InvalidSweepConfig = 1,
    InvalidRequest = 2,
    InvalidPageToken = 3,
    RequestIdReused = 4,
    SweepNotFound = 5,
    RunNotFound = 6,
    SweepNotRunning = 7,
    SweepStateConflict = 8,
    RunNotRunning = 9,
    RunLeaseLost = 10,
    EtagMismatch = 11,
    WriteConflict = 12,
    ExternalRunIdTaken = 13,
    NotEnoughRuns = 14,
    NoMetric = 15,
    DatabaseUnavailable = 16,
    RegistryUnavailable = 17,
    Overloaded = 18,
    ShuttingDown = 19,
    Internal = 20,
    RunCapReached = 21,
    SeveralMetrics = 22,
    AlgorithmNotInstalled = 23,
    ConstraintsNotMet = 24,
    TemplateNotFound = 25,
    TemplateNameTaken = 26,
    TemplateBuiltIn = 27,
    KeyMissing = 28,
    KeyInvalid = 29,
    KeyExpired = 30,
    KeyRevoked = 31,
    PermissionDenied = 32,
    KeyNotFound = 33,
    RateLimited = 34,
    TooManyMetrics = 35,
    RunNotRetryable = 36,
    RevisionUnknown = 37,
    RevisionMismatch = 38,
    SuggestionUnavailable = 39,
}
impl ErrorReason {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "ERROR_REASON_UNSPECIFIED",
            Self::InvalidSweepConfig => "ERROR_REASON_INVALID_SWEEP_CONFIG",
            Self::InvalidRequest => "ERROR_REASON_INVALID_REQUEST",
            Self::InvalidPageToken => "ERROR_REASON_INVALID_PAGE_TOKEN",
            Self::RequestIdReused => "ERROR_REASON_REQUEST_ID_REUSED",
            Self::SweepNotFound => "ERROR_REASON_SWEEP_NOT_FOUND",
            Self::RunNotFound => "ERROR_REASON_RUN_NOT_FOUND",
            Self::SweepNotRunning => "ERROR_REASON_SWEEP_NOT_RUNNING",
            Self::SweepStateConflict => "ERROR_REASON_SWEEP_STATE_CONFLICT",
            Self::RunNotRunning => "ERROR_REASON_RUN_NOT_RUNNING",
            Self::RunLeaseLost => "ERROR_REASON_RUN_LEASE_LOST",
            Self::EtagMismatch => "ERROR_REASON_ETAG_MISMATCH",
            Self::WriteConflict => "ERROR_REASON_WRITE_CONFLICT",
            Self::ExternalRunIdTaken => "ERROR_REASON_EXTERNAL_RUN_ID_TAKEN",
            Self::NotEnoughRuns => "ERROR_REASON_NOT_ENOUGH_RUNS",
            Self::NoMetric => "ERROR_REASON_NO_METRIC",
            Self::DatabaseUnavailable => "ERROR_REASON_DATABASE_UNAVAILABLE",
            Self::RegistryUnavailable => "ERROR_REASON_REGISTRY_UNAVAILABLE",
            Self::Overloaded => "ERROR_REASON_OVERLOADED",
            Self::ShuttingDown => "ERROR_REASON_SHUTTING_DOWN",
            Self::Internal => "ERROR_REASON_INTERNAL",
            Self::RunCapReached => "ERROR_REASON_RUN_CAP_REACHED",
            Self::SeveralMetrics => "ERROR_REASON_SEVERAL_METRICS",
            Self::AlgorithmNotInstalled => "ERROR_REASON_ALGORITHM_NOT_INSTALLED",
            Self::ConstraintsNotMet => "ERROR_REASON_CONSTRAINTS_NOT_MET",
            Self::TemplateNotFound => "ERROR_REASON_TEMPLATE_NOT_FOUND",
            Self::TemplateNameTaken => "ERROR_REASON_TEMPLATE_NAME_TAKEN",
            Self::TemplateBuiltIn => "ERROR_REASON_TEMPLATE_BUILT_IN",
            Self::KeyMissing => "ERROR_REASON_KEY_MISSING",
            Self::KeyInvalid => "ERROR_REASON_KEY_INVALID",
            Self::KeyExpired => "ERROR_REASON_KEY_EXPIRED",
            Self::KeyRevoked => "ERROR_REASON_KEY_REVOKED",
            Self::PermissionDenied => "ERROR_REASON_PERMISSION_DENIED",
            Self::KeyNotFound => "ERROR_REASON_KEY_NOT_FOUND",
            Self::RateLimited => "ERROR_REASON_RATE_LIMITED",
            Self::TooManyMetrics => "ERROR_REASON_TOO_MANY_METRICS",
            Self::RunNotRetryable => "ERROR_REASON_RUN_NOT_RETRYABLE",
            Self::RevisionUnknown => "ERROR_REASON_REVISION_UNKNOWN",
            Self::RevisionMismatch => "ERROR_REASON_REVISION_MISMATCH",
            Self::SuggestionUnavailable => "ERROR_REASON_SUGGESTION_UNAVAILABLE",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "ERROR_REASON_UNSPECIFIED" => Some(Self::Unspecified),
            "ERROR_REASON_INVALID_SWEEP_CONFIG" => Some(Self::InvalidSweepConfig),
            "ERROR_REASON_INVALID_REQUEST" => Some(Self::InvalidRequest),
            "ERROR_REASON_INVALID_PAGE_TOKEN" => Some(Self::InvalidPageToken),
            "ERROR_REASON_REQUEST_ID_REUSED" => Some(Self::RequestIdReused),
            "ERROR_REASON_SWEEP_NOT_FOUND" => Some(Self::SweepNotFound),
            "ERROR_REASON_RUN_NOT_FOUND" => Some(Self::RunNotFound),
            "ERROR_REASON_SWEEP_NOT_RUNNING" => Some(Self::SweepNotRunning),
            "ERROR_REASON_SWEEP_STATE_CONFLICT" => Some(Self::SweepStateConflict),
            "ERROR_REASON_RUN_NOT_RUNNING" => Some(Self::RunNotRunning),
            "ERROR_REASON_RUN_LEASE_LOST" => Some(Self::RunLeaseLost),
            "ERROR_REASON_ETAG_MISMATCH" => Some(Self::EtagMismatch),
            "ERROR_REASON_WRITE_CONFLICT" => Some(Self::WriteConflict),
            "ERROR_REASON_EXTERNAL_RUN_ID_TAKEN" => Some(Self::ExternalRunIdTaken),
            "ERROR_REASON_NOT_ENOUGH_RUNS" => Some(Self::NotEnoughRuns),
            "ERROR_REASON_NO_METRIC" => Some(Self::NoMetric),
            "ERROR_REASON_DATABASE_UNAVAILABLE" => Some(Self::DatabaseUnavailable),
            "ERROR_REASON_REGISTRY_UNAVAILABLE" => Some(Self::RegistryUnavailable),
            "ERROR_REASON_OVERLOADED" => Some(Self::Overloaded),
            "ERROR_REASON_SHUTTING_DOWN" => Some(Self::ShuttingDown),
            "ERROR_REASON_INTERNAL" => Some(Self::Internal),
            "ERROR_REASON_RUN_CAP_REACHED" => Some(Self::RunCapReached),
            "ERROR_REASON_SEVERAL_METRICS" => Some(Self::SeveralMetrics),
            "ERROR_REASON_ALGORITHM_NOT_INSTALLED" => Some(Self::AlgorithmNotInstalled),
            "ERROR_REASON_CONSTRAINTS_NOT_MET" => Some(Self::ConstraintsNotMet),
            "ERROR_REASON_TEMPLATE_NOT_FOUND" => Some(Self::TemplateNotFound),
            "ERROR_REASON_TEMPLATE_NAME_TAKEN" => Some(Self::TemplateNameTaken),
            "ERROR_REASON_TEMPLATE_BUILT_IN" => Some(Self::TemplateBuiltIn),
            "ERROR_REASON_KEY_MISSING" => Some(Self::KeyMissing),
            "ERROR_REASON_KEY_INVALID" => Some(Self::KeyInvalid),
            "ERROR_REASON_KEY_EXPIRED" => Some(Self::KeyExpired),
            "ERROR_REASON_KEY_REVOKED" => Some(Self::KeyRevoked),
            "ERROR_REASON_PERMISSION_DENIED" => Some(Self::PermissionDenied),
            "ERROR_REASON_KEY_NOT_FOUND" => Some(Self::KeyNotFound),
            "ERROR_REASON_RATE_LIMITED" => Some(Self::RateLimited),
            "ERROR_REASON_TOO_MANY_METRICS" => Some(Self::TooManyMetrics),
            "ERROR_REASON_RUN_NOT_RETRYABLE" => Some(Self::RunNotRetryable),
            "ERROR_REASON_REVISION_UNKNOWN" => Some(Self::RevisionUnknown),
            "ERROR_REASON_REVISION_MISMATCH" => Some(Self::RevisionMismatch),
            "ERROR_REASON_SUGGESTION_UNAVAILABLE" => Some(Self::SuggestionUnavailable),
            _ => None,
        }
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ApiKey {
    #[prost(string, tag = "1")]
    pub key_id: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub name: ::prost::alloc::string::String,
    #[prost(enumeration = "Role", tag = "3")]
    pub role: i32,
    #[prost(string, repeated, tag = "4")]
    pub projects: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(message, optional, tag = "5")]
    pub create_time: ::core::option::Option<::prost_types::Timestamp>,
    #[prost(message, optional, tag = "6")]
    pub expire_time: ::core::option::Option<::prost_types::Timestamp>,
    #[prost(message, optional, tag = "7")]
    pub revoke_time: ::core::option::Option<::prost_types::Timestamp>,
    #[prost(string, tag = "8")]
    pub creator_key_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct CreateKeyRequest {
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
    #[prost(enumeration = "Role", tag = "2")]
    pub role: i32,
    #[prost(string, repeated, tag = "3")]
    pub projects: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(message, optional, tag = "4")]
    pub expire_time: ::core::option::Option<::prost_types::Timestamp>,
    #[prost(bytes = "vec", tag = "5")]
    pub secret_sha256: ::prost::alloc::vec::Vec<u8>,
    #[prost(string, tag = "6")]
    pub request_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct CreateKeyResponse {
    #[prost(message, optional, tag = "1")]
    pub key: ::core::option::Option<ApiKey>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListKeysRequest {
    #[prost(int32, tag = "1")]
    pub page_size: i32,
    #[prost(string, tag = "2")]
    pub page_token: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListKeysResponse {
    #[prost(message, repeated, tag = "1")]
    pub keys: ::prost::alloc::vec::Vec<ApiKey>,
    #[prost(string, tag = "2")]
    pub next_page_token: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RevokeKeyRequest {
    #[prost(string, tag = "1")]
    pub key_id: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub request_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RevokeKeyResponse {
    #[prost(message, optional, tag = "1")]
    pub key: ::core::option::Option<ApiKey>,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct GetCallerRequest {
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetCallerResponse {
    #[prost(bool, tag = "1")]
    pub keys_required: bool,
    #[prost(message, optional, tag = "2")]
    pub key: ::core::option::Option<ApiKey>,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum Role {
    Unspecified = 0,
    Reader = 1,
    Agent = 2,
    Editor = 3,
    Admin = 4,
}
impl Role {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "ROLE_UNSPECIFIED",
            Self::Reader => "ROLE_READER",
            Self::Agent => "ROLE_AGENT",
            Self::Editor => "ROLE_EDITOR",
            Self::Admin => "ROLE_ADMIN",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "ROLE_UNSPECIFIED" => Some(Self::Unspecified),
            "ROLE_READER" => Some(Self::Reader),
            "ROLE_AGENT" => Some(Self::Agent),
            "ROLE_EDITOR" => Some(Self::Editor),
            "ROLE_ADMIN" => Some(Self::Admin),
            _ => None,
        }
    }
}
#[derive(Clone, Debug)]
pub struct KeyServiceClient { peer: crate::peer::Peer, deadline: Option<std::time::Duration> }
impl KeyServiceClient {
    pub const NAME: &str = "wanllmdb.api.registry.v1.KeyService";
    pub(crate) fn new(peer: crate::peer::Peer) -> Self { Self { peer, deadline: None } }
    #[must_use]
    pub fn within(mut self, deadline: std::time::Duration) -> Self { self.deadline = Some(deadline); self }
    pub async fn create_key(&self, request: CreateKeyRequest) -> Result<CreateKeyResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.KeyService/CreateKey", request, self.deadline).await }
    pub async fn list_keys(&self, request: ListKeysRequest) -> Result<ListKeysResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.KeyService/ListKeys", request, self.deadline).await }
    pub async fn revoke_key(&self, request: RevokeKeyRequest) -> Result<RevokeKeyResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.KeyService/RevokeKey", request, self.deadline).await }
    pub async fn get_caller(&self, request: GetCallerRequest) -> Result<GetCallerResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.KeyService/GetCaller", request, self.deadline).await }
}
impl crate::peer::Request for CreateKeyRequest { fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for ListKeysRequest { }
impl crate::peer::Request for RevokeKeyRequest { fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for GetCallerRequest { }
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct SearchSpace {
    #[prost(message, repeated, tag = "1")]
    pub parameters: ::prost::alloc::vec::Vec<Parameter>,
    #[prost(string, repeated, tag = "2")]
    pub constraints: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Parameter {
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
    #[prost(oneof = "parameter::Distribution", tags = "2, 3, 4, 5, 6, 7, 8, 9, 10, 11")]
    pub distribution: ::core::option::Option<parameter::Distribution>,
    #[prost(message, repeated, tag = "12")]
    pub conditions: ::prost::alloc::vec::Vec<ParameterCondition>,
}
pub mod parameter {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum Distribution {
        #[prost(message, tag = "2")]
        Constant(super::ConstantDistribution),
        #[prost(message, tag = "3")]
        Categorical(super::CategoricalDistribution),
        #[prost(message, tag = "4")]
        Uniform(super::UniformDistribution),
        #[prost(message, tag = "5")]
        IntUniform(super::IntUniformDistribution),
        #[prost(message, tag = "6")]
        LogUniform(super::LogUniformDistribution),
        #[prost(message, tag = "7")]
        IntLogUniform(super::IntLogUniformDistribution),
        #[prost(message, tag = "8")]
        Normal(super::NormalDistribution),
        #[prost(message, tag = "9")]
        LogNormal(super::LogNormalDistribution),
        #[prost(message, tag = "10")]
        Beta(super::BetaDistribution),
        #[prost(message, tag = "11")]
        Quantized(super::QuantizedDistribution),
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ParameterCondition {
    #[prost(string, tag = "1")]
    pub parameter: ::prost::alloc::string::String,
    #[prost(message, repeated, tag = "2")]
    pub values: ::prost::alloc::vec::Vec<ParameterValue>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ConstantDistribution {
    #[prost(message, optional, tag = "1")]
    pub value: ::core::option::Option<ParameterValue>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct CategoricalDistribution {
    #[prost(message, repeated, tag = "1")]
    pub values: ::prost::alloc::vec::Vec<ParameterValue>,
    #[prost(double, repeated, tag = "2")]
    pub probabilities: ::prost::alloc::vec::Vec<f64>,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct UniformDistribution {
    #[prost(double, tag = "1")]
    pub min: f64,
    #[prost(double, tag = "2")]
    pub max: f64,
    #[prost(double, optional, tag = "3")]
    pub q: ::core::option::Option<f64>,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct IntUniformDistribution {
    #[prost(int64, tag = "1")]
    pub min: i64,
    #[prost(int64, tag = "2")]
    pub max: i64,
    #[prost(int64, optional, tag = "3")]
    pub q: ::core::option::Option<i64>,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct LogUniformDistribution {
    #[prost(double, tag = "1")]
    pub min: f64,
    #[prost(double, tag = "2")]
    pub max: f64,
    #[prost(double, optional, tag = "3")]
    pub q: ::core::option::Option<f64>,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct IntLogUniformDistribution {
    #[prost(int64, tag = "1")]
    pub min: i64,
    #[prost(int64, tag = "2")]
    pub max: i64,
    #[prost(int64, optional, tag = "3")]
    pub q: ::core::option::Option<i64>,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct NormalDistribution {
    #[prost(double, tag = "1")]
    pub mu: f64,
    #[prost(double, tag = "2")]
    pub sigma: f64,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct LogNormalDistribution {
    #[prost(double, tag = "1")]
    pub mu: f64,
    #[prost(double, tag = "2")]
    pub sigma: f64,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct BetaDistribution {
    #[prost(double, tag = "1")]
    pub a: f64,
    #[prost(double, tag = "2")]
    pub b: f64,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct QuantizedDistribution {
    #[prost(oneof = "quantized_distribution::Distribution", tags = "1, 2, 3, 4, 5")]
    pub distribution: ::core::option::Option<quantized_distribution::Distribution>,
    #[prost(oneof = "quantized_distribution::Step", tags = "6, 7")]
    pub step: ::core::option::Option<quantized_distribution::Step>,
}
pub mod quantized_distribution {
    #[derive(Clone, Copy, PartialEq, ::prost::Oneof)]
    pub enum Distribution {
        #[prost(message, tag = "1")]
        Uniform(super::UniformDistribution),
        #[prost(message, tag = "2")]
        LogUniform(super::LogUniformDistribution),
        #[prost(message, tag = "3")]
        Normal(super::NormalDistribution),
        #[prost(message, tag = "4")]
        LogNormal(super::LogNormalDistribution),
        #[prost(message, tag = "5")]
        Beta(super::BetaDistribution),
    }
    #[derive(Clone, Copy, PartialEq, ::prost::Oneof)]
    pub enum Step {
        #[prost(double, tag = "6")]
        Q(f64),
        #[prost(int64, tag = "7")]
        IntQ(i64),
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ParameterValue {
    #[prost(oneof = "parameter_value::Kind", tags = "1, 2, 3, 4, 5, 6")]
    pub kind: ::core::option::Option<parameter_value::Kind>,
}
pub mod parameter_value {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum Kind {
        #[prost(enumeration = "::prost_types::NullValue", tag = "1")]
        NullValue(i32),
        #[prost(double, tag = "2")]
        DoubleValue(f64),
        #[prost(int64, tag = "3")]
        IntValue(i64),
        #[prost(string, tag = "4")]
        StringValue(::prost::alloc::string::String),
        #[prost(bool, tag = "5")]
        BoolValue(bool),
        #[prost(string, tag = "6")]
        JsonValue(::prost::alloc::string::String),
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Run {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int64, optional, tag = "2")]
    pub number: ::core::option::Option<i64>,
    #[prost(enumeration = "RunState", tag = "3")]
    pub state: i32,
    #[prost(btree_map = "string, message", tag = "4")]
    pub parameters: ::prost::alloc::collections::BTreeMap<::prost::alloc::string::String, ParameterValue>,
    #[prost(double, optional, tag = "5")]
    pub objective: ::core::option::Option<f64>,
    #[prost(int32, tag = "6")]
    pub attempt: i32,
    #[prost(enumeration = "RunOrigin", tag = "7")]
    pub origin: i32,
    #[prost(string, tag = "8")]
    pub agent_id: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "9")]
    pub error: ::core::option::Option<RunError>,
    #[prost(string, tag = "10")]
    pub external_run_id: ::prost::alloc::string::String,
    #[prost(btree_map = "string, string", tag = "11")]
    pub labels: ::prost::alloc::collections::BTreeMap<::prost::alloc::string::String, ::prost::alloc::string::String>,
    #[prost(btree_map = "string, double", tag = "12")]
    pub summary: ::prost::alloc::collections::BTreeMap<::prost::alloc::string::String, f64>,
    #[prost(int64, optional, tag = "13")]
    pub last_step: ::core::option::Option<i64>,
    #[prost(int64, tag = "14")]
    pub revision: i64,
    #[prost(message, optional, tag = "15")]
    pub create_time: ::core::option::Option<::prost_types::Timestamp>,
    #[prost(message, optional, tag = "16")]
    pub start_time: ::core::option::Option<::prost_types::Timestamp>,
    #[prost(message, optional, tag = "17")]
    pub end_time: ::core::option::Option<::prost_types::Timestamp>,
    #[prost(message, optional, tag = "18")]
    pub lease_expire_time: ::core::option::Option<::prost_types::Timestamp>,
    #[prost(double, repeated, tag = "19")]
    pub objectives: ::prost::alloc::vec::Vec<f64>,
    #[prost(string, tag = "20")]
    pub name: ::prost::alloc::string::String,
    #[prost(btree_map = "string, message", tag = "21")]
    pub config: ::prost::alloc::collections::BTreeMap<::prost::alloc::string::String, ParameterValue>,
    #[prost(int64, optional, tag = "22")]
    pub metric_values: ::core::option::Option<i64>,
    #[prost(bool, tag = "23")]
    pub stop_requested: bool,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct PriorRun {
    #[prost(btree_map = "string, message", tag = "1")]
    pub parameters: ::prost::alloc::collections::BTreeMap<::prost::alloc::string::String, ParameterValue>,
    #[prost(enumeration = "RunState", tag = "2")]
    pub state: i32,
    #[prost(double, repeated, tag = "3")]
    pub objectives: ::prost::alloc::vec::Vec<f64>,
    #[prost(int64, optional, tag = "4")]
    pub last_step: ::core::option::Option<i64>,
    #[prost(string, tag = "5")]
    pub source: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RunError {
    #[prost(string, tag = "1")]
    pub message: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub traceback: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct MetricRow {
    #[prost(int64, tag = "1")]
    pub step: i64,
    #[prost(btree_map = "string, double", tag = "2")]
    pub values: ::prost::alloc::collections::BTreeMap<::prost::alloc::string::String, f64>,
    #[prost(message, optional, tag = "3")]
    pub time: ::core::option::Option<::prost_types::Timestamp>,
    #[prost(bool, tag = "4")]
    pub is_summary: bool,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct MetricPoint {
    #[prost(int64, tag = "1")]
    pub step: i64,
    #[prost(double, tag = "2")]
    pub value: f64,
    #[prost(message, optional, tag = "3")]
    pub time: ::core::option::Option<::prost_types::Timestamp>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct MetricHistory {
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
    #[prost(message, repeated, tag = "2")]
    pub points: ::prost::alloc::vec::Vec<MetricPoint>,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum RunState {
    Unspecified = 0,
    Queued = 1,
    Running = 2,
    Finished = 3,
    Pruned = 4,
    Failed = 5,
    Lost = 6,
    Canceled = 7,
}
impl RunState {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "RUN_STATE_UNSPECIFIED",
            Self::Queued => "RUN_STATE_QUEUED",
            Self::Running => "RUN_STATE_RUNNING",
            Self::Finished => "RUN_STATE_FINISHED",
            Self::Pruned => "RUN_STATE_PRUNED",
            Self::Failed => "RUN_STATE_FAILED",
            Self::Lost => "RUN_STATE_LOST",
            Self::Canceled => "RUN_STATE_CANCELED",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "RUN_STATE_UNSPECIFIED" => Some(Self::Unspecified),
            "RUN_STATE_QUEUED" => Some(Self::Queued),
            "RUN_STATE_RUNNING" => Some(Self::Running),
            "RUN_STATE_FINISHED" => Some(Self::Finished),
            "RUN_STATE_PRUNED" => Some(Self::Pruned),
            "RUN_STATE_FAILED" => Some(Self::Failed),
            "RUN_STATE_LOST" => Some(Self::Lost),
            "RUN_STATE_CANCELED" => Some(Self::Canceled),
            _ => None,
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum RunOrigin {
    Unspecified = 0,
    Suggested = 1,
    Enqueued = 2,
}
impl RunOrigin {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "RUN_ORIGIN_UNSPECIFIED",
            Self::Suggested => "RUN_ORIGIN_SUGGESTED",
            Self::Enqueued => "RUN_ORIGIN_ENQUEUED",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "RUN_ORIGIN_UNSPECIFIED" => Some(Self::Unspecified),
            "RUN_ORIGIN_SUGGESTED" => Some(Self::Suggested),
            "RUN_ORIGIN_ENQUEUED" => Some(Self::Enqueued),
            _ => None,
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum RunCommand {
    Unspecified = 0,
    Continue = 1,
    Stop = 2,
    Abandon = 3,
}
impl RunCommand {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "RUN_COMMAND_UNSPECIFIED",
            Self::Continue => "RUN_COMMAND_CONTINUE",
            Self::Stop => "RUN_COMMAND_STOP",
            Self::Abandon => "RUN_COMMAND_ABANDON",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "RUN_COMMAND_UNSPECIFIED" => Some(Self::Unspecified),
            "RUN_COMMAND_CONTINUE" => Some(Self::Continue),
            "RUN_COMMAND_STOP" => Some(Self::Stop),
            "RUN_COMMAND_ABANDON" => Some(Self::Abandon),
            _ => None,
        }
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetParallelCoordinatesRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int32, tag = "2")]
    pub max_rows: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ParallelDimension {
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
    #[prost(enumeration = "AxisKind", tag = "2")]
    pub kind: i32,
    #[prost(enumeration = "AxisScale", tag = "3")]
    pub scale: i32,
    #[prost(double, tag = "4")]
    pub min: f64,
    #[prost(double, tag = "5")]
    pub max: f64,
    #[prost(message, repeated, tag = "6")]
    pub categories: ::prost::alloc::vec::Vec<ParameterValue>,
    #[prost(double, repeated, tag = "7")]
    pub values: ::prost::alloc::vec::Vec<f64>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetParallelCoordinatesResponse {
    #[prost(message, repeated, tag = "1")]
    pub dimensions: ::prost::alloc::vec::Vec<ParallelDimension>,
    #[prost(int64, repeated, tag = "2")]
    pub run_numbers: ::prost::alloc::vec::Vec<i64>,
    #[prost(int32, optional, tag = "3")]
    pub best_index: ::core::option::Option<i32>,
    #[prost(int64, tag = "4")]
    pub total_finished_runs: i64,
    #[prost(int64, tag = "5")]
    pub revision: i64,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetTimelineRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int32, tag = "2")]
    pub max_runs: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetTimelineResponse {
    #[prost(message, optional, tag = "1")]
    pub start_time: ::core::option::Option<::prost_types::Timestamp>,
    #[prost(int64, repeated, tag = "2")]
    pub run_numbers: ::prost::alloc::vec::Vec<i64>,
    #[prost(enumeration = "RunState", repeated, tag = "3")]
    pub states: ::prost::alloc::vec::Vec<i32>,
    #[prost(double, repeated, tag = "4")]
    pub start_seconds: ::prost::alloc::vec::Vec<f64>,
    #[prost(double, repeated, tag = "5")]
    pub end_seconds: ::prost::alloc::vec::Vec<f64>,
    #[prost(double, repeated, tag = "6")]
    pub objectives: ::prost::alloc::vec::Vec<f64>,
    #[prost(int32, repeated, tag = "7")]
    pub agent_indices: ::prost::alloc::vec::Vec<i32>,
    #[prost(string, repeated, tag = "8")]
    pub agents: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(double, tag = "9")]
    pub now_seconds: f64,
    #[prost(int64, tag = "10")]
    pub total_runs: i64,
    #[prost(int64, tag = "11")]
    pub revision: i64,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetMetricHistoriesRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int64, repeated, tag = "2")]
    pub numbers: ::prost::alloc::vec::Vec<i64>,
    #[prost(string, tag = "3")]
    pub name: ::prost::alloc::string::String,
    #[prost(int32, tag = "4")]
    pub max_points: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct MetricCurve {
    #[prost(int64, tag = "1")]
    pub number: i64,
    #[prost(int32, tag = "2")]
    pub attempt: i32,
    #[prost(int64, repeated, tag = "3")]
    pub steps: ::prost::alloc::vec::Vec<i64>,
    #[prost(double, repeated, tag = "4")]
    pub values: ::prost::alloc::vec::Vec<f64>,
    #[prost(double, repeated, tag = "5")]
    pub min_values: ::prost::alloc::vec::Vec<f64>,
    #[prost(double, repeated, tag = "6")]
    pub max_values: ::prost::alloc::vec::Vec<f64>,
    #[prost(int64, tag = "7")]
    pub point_count: i64,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetMetricHistoriesResponse {
    #[prost(message, repeated, tag = "1")]
    pub curves: ::prost::alloc::vec::Vec<MetricCurve>,
    #[prost(int64, tag = "2")]
    pub revision: i64,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum AxisScale {
    Unspecified = 0,
    Linear = 1,
    Log = 2,
    Category = 3,
}
impl AxisScale {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "AXIS_SCALE_UNSPECIFIED",
            Self::Linear => "AXIS_SCALE_LINEAR",
            Self::Log => "AXIS_SCALE_LOG",
            Self::Category => "AXIS_SCALE_CATEGORY",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "AXIS_SCALE_UNSPECIFIED" => Some(Self::Unspecified),
            "AXIS_SCALE_LINEAR" => Some(Self::Linear),
            "AXIS_SCALE_LOG" => Some(Self::Log),
            "AXIS_SCALE_CATEGORY" => Some(Self::Category),
            _ => None,
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum AxisKind {
    Unspecified = 0,
    Parameter = 1,
    Metric = 2,
}
impl AxisKind {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "AXIS_KIND_UNSPECIFIED",
            Self::Parameter => "AXIS_KIND_PARAMETER",
            Self::Metric => "AXIS_KIND_METRIC",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "AXIS_KIND_UNSPECIFIED" => Some(Self::Unspecified),
            "AXIS_KIND_PARAMETER" => Some(Self::Parameter),
            "AXIS_KIND_METRIC" => Some(Self::Metric),
            _ => None,
        }
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RunColumnKey {
    #[prost(oneof = "run_column_key::Key", tags = "1, 2, 3, 4, 5")]
    pub key: ::core::option::Option<run_column_key::Key>,
}
pub mod run_column_key {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum Key {
        #[prost(string, tag = "1")]
        Parameter(::prost::alloc::string::String),
        #[prost(string, tag = "2")]
        Objective(::prost::alloc::string::String),
        #[prost(string, tag = "3")]
        Summary(::prost::alloc::string::String),
        #[prost(string, tag = "4")]
        Label(::prost::alloc::string::String),
        #[prost(enumeration = "super::RunField", tag = "5")]
        Field(i32),
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RunColumn {
    #[prost(message, optional, tag = "1")]
    pub key: ::core::option::Option<RunColumnKey>,
    #[prost(enumeration = "AxisScale", tag = "2")]
    pub scale: i32,
    #[prost(double, optional, tag = "3")]
    pub min: ::core::option::Option<f64>,
    #[prost(double, optional, tag = "4")]
    pub max: ::core::option::Option<f64>,
    #[prost(message, repeated, tag = "5")]
    pub categories: ::prost::alloc::vec::Vec<ParameterValue>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RunColumnsSchema {
    #[prost(message, repeated, tag = "1")]
    pub columns: ::prost::alloc::vec::Vec<RunColumn>,
    #[prost(int64, tag = "2")]
    pub run_count: i64,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RunColumnValues {
    #[prost(double, repeated, tag = "1")]
    pub numbers: ::prost::alloc::vec::Vec<f64>,
    #[prost(uint32, repeated, tag = "2")]
    pub categories: ::prost::alloc::vec::Vec<u32>,
    #[prost(bytes = "vec", tag = "3")]
    pub present: ::prost::alloc::vec::Vec<u8>,
    #[prost(message, repeated, tag = "4")]
    pub new_categories: ::prost::alloc::vec::Vec<ParameterValue>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RunColumnsChunk {
    #[prost(int64, repeated, tag = "1")]
    pub run_numbers: ::prost::alloc::vec::Vec<i64>,
    #[prost(enumeration = "RunState", repeated, tag = "2")]
    pub states: ::prost::alloc::vec::Vec<i32>,
    #[prost(message, repeated, tag = "3")]
    pub columns: ::prost::alloc::vec::Vec<RunColumnValues>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ReadRunColumnsRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(message, repeated, tag = "2")]
    pub columns: ::prost::alloc::vec::Vec<RunColumnKey>,
    #[prost(enumeration = "RunState", repeated, tag = "3")]
    pub states: ::prost::alloc::vec::Vec<i32>,
    #[prost(int64, tag = "4")]
    pub since_revision: i64,
    #[prost(string, tag = "5")]
    pub database_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RunColumnsEnd {
    #[prost(int64, tag = "1")]
    pub revision: i64,
    #[prost(string, tag = "2")]
    pub database_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ReadRunColumnsResponse {
    #[prost(oneof = "read_run_columns_response::Part", tags = "1, 2, 3")]
    pub part: ::core::option::Option<read_run_columns_response::Part>,
}
pub mod read_run_columns_response {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum Part {
        #[prost(message, tag = "1")]
        Schema(super::RunColumnsSchema),
        #[prost(message, tag = "2")]
        Chunk(super::RunColumnsChunk),
        #[prost(message, tag = "3")]
        End(super::RunColumnsEnd),
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum RunField {
    Unspecified = 0,
    Attempt = 1,
    AgentId = 2,
    Name = 3,
    Origin = 4,
    LastStep = 5,
    CreateTime = 6,
    StartTime = 7,
    EndTime = 8,
    Duration = 9,
    Revision = 10,
    ErrorMessage = 11,
}
impl RunField {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "RUN_FIELD_UNSPECIFIED",
            Self::Attempt => "RUN_FIELD_ATTEMPT",
            Self::AgentId => "RUN_FIELD_AGENT_ID",
            Self::Name => "RUN_FIELD_NAME",
            Self::Origin => "RUN_FIELD_ORIGIN",
            Self::LastStep => "RUN_FIELD_LAST_STEP",
            Self::CreateTime => "RUN_FIELD_CREATE_TIME",
            Self::StartTime => "RUN_FIELD_START_TIME",
            Self::EndTime => "RUN_FIELD_END_TIME",
            Self::Duration => "RUN_FIELD_DURATION",
            Self::Revision => "RUN_FIELD_REVISION",
            Self::ErrorMessage => "RUN_FIELD_ERROR_MESSAGE",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "RUN_FIELD_UNSPECIFIED" => Some(Self::Unspecified),
            "RUN_FIELD_ATTEMPT" => Some(Self::Attempt),
            "RUN_FIELD_AGENT_ID" => Some(Self::AgentId),
            "RUN_FIELD_NAME" => Some(Self::Name),
            "RUN_FIELD_ORIGIN" => Some(Self::Origin),
            "RUN_FIELD_LAST_STEP" => Some(Self::LastStep),
            "RUN_FIELD_CREATE_TIME" => Some(Self::CreateTime),
            "RUN_FIELD_START_TIME" => Some(Self::StartTime),
            "RUN_FIELD_END_TIME" => Some(Self::EndTime),
            "RUN_FIELD_DURATION" => Some(Self::Duration),
            "RUN_FIELD_REVISION" => Some(Self::Revision),
            "RUN_FIELD_ERROR_MESSAGE" => Some(Self::ErrorMessage),
            _ => None,
        }
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Metric {
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
    #[prost(enumeration = "Goal", tag = "2")]
    pub goal: i32,
    #[prost(double, optional, tag = "3")]
    pub target: ::core::option::Option<f64>,
    #[prost(enumeration = "ObjectiveValue", tag = "4")]
    pub value: i32,
    #[prost(int32, tag = "5")]
    pub mean_over: i32,
    #[prost(enumeration = "Impute", tag = "6")]
    pub impute: i32,
    #[prost(enumeration = "Impute", tag = "7")]
    pub impute_while_running: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct AlgorithmChoice {
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
    #[prost(btree_map = "string, message", tag = "2")]
    pub options: ::prost::alloc::collections::BTreeMap<::prost::alloc::string::String, ParameterValue>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct EarlyTermination {
    #[prost(oneof = "early_termination::Rule", tags = "1, 2")]
    pub rule: ::core::option::Option<early_termination::Rule>,
}
pub mod early_termination {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum Rule {
        #[prost(message, tag = "1")]
        Hyperband(super::Hyperband),
        #[prost(message, tag = "2")]
        Pruner(super::AlgorithmChoice),
    }
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct Hyperband {
    #[prost(int64, tag = "1")]
    pub min_iter: i64,
    #[prost(double, tag = "2")]
    pub eta: f64,
    #[prost(bool, optional, tag = "3")]
    pub strict: ::core::option::Option<bool>,
    #[prost(int64, tag = "4")]
    pub max_iter: i64,
    #[prost(int32, tag = "5")]
    pub s: i32,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct RetryPolicy {
    #[prost(int32, optional, tag = "1")]
    pub lost: ::core::option::Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub failed: ::core::option::Option<i32>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct SweepSpec {
    #[prost(enumeration = "Method", tag = "1")]
    pub method: i32,
    #[prost(message, repeated, tag = "2")]
    pub metrics: ::prost::alloc::vec::Vec<Metric>,
    #[prost(message, optional, tag = "3")]
    pub search_space: ::core::option::Option<SearchSpace>,
    #[prost(message, optional, tag = "4")]
    pub early_termination: ::core::option::Option<EarlyTermination>,
    #[prost(int64, optional, tag = "5")]
    pub run_cap: ::core::option::Option<i64>,
    #[prost(int64, optional, tag = "6")]
    pub seed: ::core::option::Option<i64>,
    #[prost(message, optional, tag = "7")]
    pub retries: ::core::option::Option<RetryPolicy>,
    #[prost(message, optional, tag = "8")]
    pub sampler: ::core::option::Option<AlgorithmChoice>,
    #[prost(message, optional, tag = "9")]
    pub terminator: ::core::option::Option<AlgorithmChoice>,
    #[prost(int64, optional, tag = "10")]
    pub max_failed_runs: ::core::option::Option<i64>,
    #[prost(string, tag = "11")]
    pub program: ::prost::alloc::string::String,
    #[prost(string, repeated, tag = "12")]
    pub command: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(enumeration = "ArgsStyle", tag = "13")]
    pub args_style: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Sweep {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub project: ::prost::alloc::string::String,
    #[prost(string, tag = "3")]
    pub name: ::prost::alloc::string::String,
    #[prost(string, tag = "4")]
    pub description: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "5")]
    pub spec: ::core::option::Option<SweepSpec>,
    #[prost(enumeration = "SweepState", tag = "6")]
    pub state: i32,
    #[prost(enumeration = "FinishReason", tag = "7")]
    pub finish_reason: i32,
    #[prost(message, optional, tag = "8")]
    pub stats: ::core::option::Option<SweepStats>,
    #[prost(int64, tag = "9")]
    pub revision: i64,
    #[prost(string, tag = "10")]
    pub etag: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "11")]
    pub create_time: ::core::option::Option<::prost_types::Timestamp>,
    #[prost(message, optional, tag = "12")]
    pub start_time: ::core::option::Option<::prost_types::Timestamp>,
    #[prost(message, optional, tag = "13")]
    pub end_time: ::core::option::Option<::prost_types::Timestamp>,
    #[prost(string, tag = "14")]
    pub end_message: ::prost::alloc::string::String,
    #[prost(int64, tag = "15")]
    pub prior_run_count: i64,
    #[prost(message, optional, tag = "16")]
    pub update_time: ::core::option::Option<::prost_types::Timestamp>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct SweepStats {
    #[prost(int64, tag = "1")]
    pub total_runs: i64,
    #[prost(int64, tag = "2")]
    pub queued_runs: i64,
    #[prost(int64, tag = "3")]
    pub running_runs: i64,
    #[prost(int64, tag = "4")]
    pub finished_runs: i64,
    #[prost(int64, tag = "5")]
    pub pruned_runs: i64,
    #[prost(int64, tag = "6")]
    pub failed_runs: i64,
    #[prost(int64, tag = "7")]
    pub lost_runs: i64,
    #[prost(int64, tag = "8")]
    pub canceled_runs: i64,
    #[prost(message, optional, tag = "9")]
    pub best_run: ::core::option::Option<BestRun>,
    #[prost(double, tag = "10")]
    pub ended_runs_per_hour: f64,
    #[prost(double, tag = "11")]
    pub failure_rate: f64,
    #[prost(double, tag = "12")]
    pub prune_rate: f64,
    #[prost(message, optional, tag = "13")]
    pub mean_run_duration: ::core::option::Option<::prost_types::Duration>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct BestRun {
    #[prost(int64, optional, tag = "1")]
    pub number: ::core::option::Option<i64>,
    #[prost(double, tag = "2")]
    pub objective: f64,
    #[prost(btree_map = "string, message", tag = "3")]
    pub parameters: ::prost::alloc::collections::BTreeMap<::prost::alloc::string::String, ParameterValue>,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum SweepState {
    Unspecified = 0,
    Pending = 1,
    Running = 2,
    Paused = 3,
    Finished = 4,
    Failed = 5,
    Canceled = 6,
}
impl SweepState {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "SWEEP_STATE_UNSPECIFIED",
            Self::Pending => "SWEEP_STATE_PENDING",
            Self::Running => "SWEEP_STATE_RUNNING",
            Self::Paused => "SWEEP_STATE_PAUSED",
            Self::Finished => "SWEEP_STATE_FINISHED",
            Self::Failed => "SWEEP_STATE_FAILED",
            Self::Canceled => "SWEEP_STATE_CANCELED",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "SWEEP_STATE_UNSPECIFIED" => Some(Self::Unspecified),
            "SWEEP_STATE_PENDING" => Some(Self::Pending),
            "SWEEP_STATE_RUNNING" => Some(Self::Running),
            "SWEEP_STATE_PAUSED" => Some(Self::Paused),
            "SWEEP_STATE_FINISHED" => Some(Self::Finished),
            "SWEEP_STATE_FAILED" => Some(Self::Failed),
            "SWEEP_STATE_CANCELED" => Some(Self::Canceled),
            _ => None,
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum FinishReason {
    Unspecified = 0,
    Requested = 1,
    RunCap = 2,
    SpaceExhausted = 3,
    TargetReached = 4,
    Terminated = 5,
}
impl FinishReason {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "FINISH_REASON_UNSPECIFIED",
            Self::Requested => "FINISH_REASON_REQUESTED",
            Self::RunCap => "FINISH_REASON_RUN_CAP",
            Self::SpaceExhausted => "FINISH_REASON_SPACE_EXHAUSTED",
            Self::TargetReached => "FINISH_REASON_TARGET_REACHED",
            Self::Terminated => "FINISH_REASON_TERMINATED",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "FINISH_REASON_UNSPECIFIED" => Some(Self::Unspecified),
            "FINISH_REASON_REQUESTED" => Some(Self::Requested),
            "FINISH_REASON_RUN_CAP" => Some(Self::RunCap),
            "FINISH_REASON_SPACE_EXHAUSTED" => Some(Self::SpaceExhausted),
            "FINISH_REASON_TARGET_REACHED" => Some(Self::TargetReached),
            "FINISH_REASON_TERMINATED" => Some(Self::Terminated),
            _ => None,
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum Method {
    Unspecified = 0,
    Random = 1,
    Grid = 2,
    Bayes = 3,
}
impl Method {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "METHOD_UNSPECIFIED",
            Self::Random => "METHOD_RANDOM",
            Self::Grid => "METHOD_GRID",
            Self::Bayes => "METHOD_BAYES",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "METHOD_UNSPECIFIED" => Some(Self::Unspecified),
            "METHOD_RANDOM" => Some(Self::Random),
            "METHOD_GRID" => Some(Self::Grid),
            "METHOD_BAYES" => Some(Self::Bayes),
            _ => None,
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum Goal {
    Unspecified = 0,
    Minimize = 1,
    Maximize = 2,
}
impl Goal {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "GOAL_UNSPECIFIED",
            Self::Minimize => "GOAL_MINIMIZE",
            Self::Maximize => "GOAL_MAXIMIZE",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "GOAL_UNSPECIFIED" => Some(Self::Unspecified),
            "GOAL_MINIMIZE" => Some(Self::Minimize),
            "GOAL_MAXIMIZE" => Some(Self::Maximize),
            _ => None,
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum ObjectiveValue {
    Unspecified = 0,
    Last = 1,
    Best = 2,
    MeanLast = 3,
}
impl ObjectiveValue {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "OBJECTIVE_VALUE_UNSPECIFIED",
            Self::Last => "OBJECTIVE_VALUE_LAST",
            Self::Best => "OBJECTIVE_VALUE_BEST",
            Self::MeanLast => "OBJECTIVE_VALUE_MEAN_LAST",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "OBJECTIVE_VALUE_UNSPECIFIED" => Some(Self::Unspecified),
            "OBJECTIVE_VALUE_LAST" => Some(Self::Last),
            "OBJECTIVE_VALUE_BEST" => Some(Self::Best),
            "OBJECTIVE_VALUE_MEAN_LAST" => Some(Self::MeanLast),
            _ => None,
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum Impute {
    Unspecified = 0,
    Worst = 1,
    Best = 2,
    Latest = 3,
}
impl Impute {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "IMPUTE_UNSPECIFIED",
            Self::Worst => "IMPUTE_WORST",
            Self::Best => "IMPUTE_BEST",
            Self::Latest => "IMPUTE_LATEST",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "IMPUTE_UNSPECIFIED" => Some(Self::Unspecified),
            "IMPUTE_WORST" => Some(Self::Worst),
            "IMPUTE_BEST" => Some(Self::Best),
            "IMPUTE_LATEST" => Some(Self::Latest),
            _ => None,
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum ArgsStyle {
    Unspecified = 0,
    Flat = 1,
    Wandb = 2,
}
impl ArgsStyle {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "ARGS_STYLE_UNSPECIFIED",
            Self::Flat => "ARGS_STYLE_FLAT",
            Self::Wandb => "ARGS_STYLE_WANDB",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "ARGS_STYLE_UNSPECIFIED" => Some(Self::Unspecified),
            "ARGS_STYLE_FLAT" => Some(Self::Flat),
            "ARGS_STYLE_WANDB" => Some(Self::Wandb),
            _ => None,
        }
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct SweepFilter {
    #[prost(string, tag = "1")]
    pub project: ::prost::alloc::string::String,
    #[prost(enumeration = "SweepState", repeated, tag = "2")]
    pub states: ::prost::alloc::vec::Vec<i32>,
    #[prost(enumeration = "Method", repeated, tag = "3")]
    pub methods: ::prost::alloc::vec::Vec<i32>,
    #[prost(string, tag = "4")]
    pub query: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "5")]
    pub created_after: ::core::option::Option<::prost_types::Timestamp>,
    #[prost(message, optional, tag = "6")]
    pub created_before: ::core::option::Option<::prost_types::Timestamp>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListSweepsRequest {
    #[prost(message, optional, tag = "1")]
    pub filter: ::core::option::Option<SweepFilter>,
    #[prost(enumeration = "SweepOrder", tag = "2")]
    pub order: i32,
    #[prost(int32, tag = "3")]
    pub page_size: i32,
    #[prost(string, tag = "4")]
    pub page_token: ::prost::alloc::string::String,
    #[prost(enumeration = "SweepView", tag = "5")]
    pub view: i32,
    #[prost(bool, tag = "6")]
    pub include_total_count: bool,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListSweepsResponse {
    #[prost(message, repeated, tag = "1")]
    pub sweeps: ::prost::alloc::vec::Vec<Sweep>,
    #[prost(string, tag = "2")]
    pub next_page_token: ::prost::alloc::string::String,
    #[prost(int64, optional, tag = "3")]
    pub total_count: ::core::option::Option<i64>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListProjectsRequest {
    #[prost(int32, tag = "1")]
    pub page_size: i32,
    #[prost(string, tag = "2")]
    pub page_token: ::prost::alloc::string::String,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct SweepCount {
    #[prost(enumeration = "SweepState", tag = "1")]
    pub state: i32,
    #[prost(int64, tag = "2")]
    pub count: i64,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Project {
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
    #[prost(message, repeated, tag = "2")]
    pub sweep_counts: ::prost::alloc::vec::Vec<SweepCount>,
    #[prost(message, optional, tag = "3")]
    pub update_time: ::core::option::Option<::prost_types::Timestamp>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListProjectsResponse {
    #[prost(message, repeated, tag = "1")]
    pub projects: ::prost::alloc::vec::Vec<Project>,
    #[prost(string, tag = "2")]
    pub next_page_token: ::prost::alloc::string::String,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum SweepOrder {
    Unspecified = 0,
    CreateTimeDesc = 1,
    CreateTimeAsc = 2,
    NameAsc = 3,
    UpdateTimeDesc = 4,
    RunsDesc = 5,
    StateAsc = 6,
}
impl SweepOrder {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "SWEEP_ORDER_UNSPECIFIED",
            Self::CreateTimeDesc => "SWEEP_ORDER_CREATE_TIME_DESC",
            Self::CreateTimeAsc => "SWEEP_ORDER_CREATE_TIME_ASC",
            Self::NameAsc => "SWEEP_ORDER_NAME_ASC",
            Self::UpdateTimeDesc => "SWEEP_ORDER_UPDATE_TIME_DESC",
            Self::RunsDesc => "SWEEP_ORDER_RUNS_DESC",
            Self::StateAsc => "SWEEP_ORDER_STATE_ASC",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "SWEEP_ORDER_UNSPECIFIED" => Some(Self::Unspecified),
            "SWEEP_ORDER_CREATE_TIME_DESC" => Some(Self::CreateTimeDesc),
            "SWEEP_ORDER_CREATE_TIME_ASC" => Some(Self::CreateTimeAsc),
            "SWEEP_ORDER_NAME_ASC" => Some(Self::NameAsc),
            "SWEEP_ORDER_UPDATE_TIME_DESC" => Some(Self::UpdateTimeDesc),
            "SWEEP_ORDER_RUNS_DESC" => Some(Self::RunsDesc),
            "SWEEP_ORDER_STATE_ASC" => Some(Self::StateAsc),
            _ => None,
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum SweepView {
    Unspecified = 0,
    Full = 1,
    Basic = 2,
}
impl SweepView {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "SWEEP_VIEW_UNSPECIFIED",
            Self::Full => "SWEEP_VIEW_FULL",
            Self::Basic => "SWEEP_VIEW_BASIC",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "SWEEP_VIEW_UNSPECIFIED" => Some(Self::Unspecified),
            "SWEEP_VIEW_FULL" => Some(Self::Full),
            "SWEEP_VIEW_BASIC" => Some(Self::Basic),
            _ => None,
        }
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct WatchSweepRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int64, tag = "2")]
    pub since_revision: i64,
    #[prost(string, tag = "3")]
    pub database_id: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "4")]
    pub min_interval: ::core::option::Option<::prost_types::Duration>,
    #[prost(message, repeated, tag = "5")]
    pub columns: ::prost::alloc::vec::Vec<RunColumnKey>,
    #[prost(bool, tag = "6")]
    pub without_runs: bool,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct WatchCheckpoint {
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct WatchSweepResponse {
    #[prost(int64, tag = "1")]
    pub revision: i64,
    #[prost(oneof = "watch_sweep_response::Change", tags = "2, 3, 4, 5, 6")]
    pub change: ::core::option::Option<watch_sweep_response::Change>,
    #[prost(string, tag = "7")]
    pub database_id: ::prost::alloc::string::String,
}
pub mod watch_sweep_response {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum Change {
        #[prost(message, tag = "2")]
        Sweep(super::Sweep),
        #[prost(message, tag = "3")]
        Run(super::Run),
        #[prost(message, tag = "4")]
        Checkpoint(super::WatchCheckpoint),
        #[prost(message, tag = "5")]
        Schema(super::RunColumnsSchema),
        #[prost(message, tag = "6")]
        Chunk(super::RunColumnsChunk),
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct WatchSweepsRequest {
    #[prost(message, optional, tag = "1")]
    pub filter: ::core::option::Option<SweepFilter>,
    #[prost(enumeration = "SweepOrder", tag = "2")]
    pub order: i32,
    #[prost(int32, tag = "3")]
    pub max_sweeps: i32,
    #[prost(message, optional, tag = "4")]
    pub min_interval: ::core::option::Option<::prost_types::Duration>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct WatchSweepsResponse {
    #[prost(message, repeated, tag = "1")]
    pub sweeps: ::prost::alloc::vec::Vec<Sweep>,
    #[prost(string, repeated, tag = "2")]
    pub removed_sweep_ids: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(string, repeated, tag = "3")]
    pub ordered_sweep_ids: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(int64, tag = "4")]
    pub total_count: i64,
    #[prost(bool, tag = "5")]
    pub is_current: bool,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ConfigText {
    #[prost(string, tag = "1")]
    pub text: ::prost::alloc::string::String,
    #[prost(bool, tag = "2")]
    pub keeps_floats: bool,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct TemplateUse {
    #[prost(string, tag = "1")]
    pub template: ::prost::alloc::string::String,
    #[prost(btree_map = "string, message", tag = "2")]
    pub values: ::prost::alloc::collections::BTreeMap<::prost::alloc::string::String, ParameterValue>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct CreateSweepRequest {
    #[prost(string, tag = "1")]
    pub project: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub name: ::prost::alloc::string::String,
    #[prost(string, tag = "3")]
    pub description: ::prost::alloc::string::String,
    #[prost(oneof = "create_sweep_request::Source", tags = "4, 5, 6")]
    pub source: ::core::option::Option<create_sweep_request::Source>,
    #[prost(string, tag = "7")]
    pub request_id: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "8")]
    pub prior_run_source: ::core::option::Option<PriorRunSource>,
}
pub mod create_sweep_request {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum Source {
        #[prost(message, tag = "4")]
        Spec(super::SweepSpec),
        #[prost(message, tag = "5")]
        ConfigText(super::ConfigText),
        #[prost(message, tag = "6")]
        Template(super::TemplateUse),
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct PriorRunSource {
    #[prost(oneof = "prior_run_source::Source", tags = "1, 2, 3, 4")]
    pub source: ::core::option::Option<prior_run_source::Source>,
    #[prost(bool, tag = "5")]
    pub skip_unfit: bool,
}
pub mod prior_run_source {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum Source {
        #[prost(string, tag = "1")]
        SweepId(::prost::alloc::string::String),
        #[prost(message, tag = "2")]
        Runs(super::PriorRunList),
        #[prost(string, tag = "3")]
        Csv(::prost::alloc::string::String),
        #[prost(string, tag = "4")]
        JsonLines(::prost::alloc::string::String),
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct PriorRunList {
    #[prost(message, repeated, tag = "1")]
    pub runs: ::prost::alloc::vec::Vec<PriorRun>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct CreateSweepResponse {
    #[prost(message, optional, tag = "1")]
    pub sweep: ::core::option::Option<Sweep>,
    #[prost(string, repeated, tag = "2")]
    pub warnings: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(int64, optional, tag = "3")]
    pub grid_size: ::core::option::Option<i64>,
    #[prost(int64, tag = "4")]
    pub imported_runs: i64,
    #[prost(int64, tag = "5")]
    pub skipped_runs: i64,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetSweepRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetSweepResponse {
    #[prost(message, optional, tag = "1")]
    pub sweep: ::core::option::Option<Sweep>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct UpdateSweepRequest {
    #[prost(message, optional, tag = "1")]
    pub sweep: ::core::option::Option<Sweep>,
    #[prost(message, optional, tag = "2")]
    pub update_mask: ::core::option::Option<::prost_types::FieldMask>,
    #[prost(string, tag = "3")]
    pub request_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct UpdateSweepResponse {
    #[prost(message, optional, tag = "1")]
    pub sweep: ::core::option::Option<Sweep>,
    #[prost(string, repeated, tag = "2")]
    pub warnings: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct DeleteSweepRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub etag: ::prost::alloc::string::String,
    #[prost(string, tag = "3")]
    pub request_id: ::prost::alloc::string::String,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct DeleteSweepResponse {
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ParseSweepConfigRequest {
    #[prost(oneof = "parse_sweep_config_request::Source", tags = "1, 2, 3")]
    pub source: ::core::option::Option<parse_sweep_config_request::Source>,
}
pub mod parse_sweep_config_request {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum Source {
        #[prost(message, tag = "1")]
        Spec(super::SweepSpec),
        #[prost(message, tag = "2")]
        ConfigText(super::ConfigText),
        #[prost(message, tag = "3")]
        Template(super::TemplateUse),
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ParseSweepConfigResponse {
    #[prost(message, optional, tag = "1")]
    pub spec: ::core::option::Option<SweepSpec>,
    #[prost(string, repeated, tag = "2")]
    pub warnings: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(int64, optional, tag = "3")]
    pub grid_size: ::core::option::Option<i64>,
    #[prost(string, tag = "4")]
    pub project: ::prost::alloc::string::String,
    #[prost(string, tag = "5")]
    pub name: ::prost::alloc::string::String,
    #[prost(string, tag = "6")]
    pub description: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ExportSweepRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(enumeration = "ConfigFormat", tag = "2")]
    pub format: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ExportSweepResponse {
    #[prost(string, tag = "1")]
    pub text: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct StartSweepRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub etag: ::prost::alloc::string::String,
    #[prost(string, tag = "3")]
    pub request_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct StartSweepResponse {
    #[prost(message, optional, tag = "1")]
    pub sweep: ::core::option::Option<Sweep>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct PauseSweepRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub etag: ::prost::alloc::string::String,
    #[prost(string, tag = "3")]
    pub request_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct PauseSweepResponse {
    #[prost(message, optional, tag = "1")]
    pub sweep: ::core::option::Option<Sweep>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ResumeSweepRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub etag: ::prost::alloc::string::String,
    #[prost(string, tag = "3")]
    pub request_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ResumeSweepResponse {
    #[prost(message, optional, tag = "1")]
    pub sweep: ::core::option::Option<Sweep>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct FinishSweepRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub etag: ::prost::alloc::string::String,
    #[prost(string, tag = "3")]
    pub request_id: ::prost::alloc::string::String,
    #[prost(string, tag = "4")]
    pub message: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct FinishSweepResponse {
    #[prost(message, optional, tag = "1")]
    pub sweep: ::core::option::Option<Sweep>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct CancelSweepRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub etag: ::prost::alloc::string::String,
    #[prost(string, tag = "3")]
    pub request_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct CancelSweepResponse {
    #[prost(message, optional, tag = "1")]
    pub sweep: ::core::option::Option<Sweep>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetRunRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(oneof = "get_run_request::Run", tags = "2, 3")]
    pub run: ::core::option::Option<get_run_request::Run>,
}
pub mod get_run_request {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum Run {
        #[prost(int64, tag = "2")]
        Number(i64),
        #[prost(string, tag = "3")]
        ExternalRunId(::prost::alloc::string::String),
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetRunResponse {
    #[prost(message, optional, tag = "1")]
    pub run: ::core::option::Option<Run>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct BatchGetRunsRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int64, repeated, tag = "2")]
    pub numbers: ::prost::alloc::vec::Vec<i64>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct BatchGetRunsResponse {
    #[prost(message, repeated, tag = "1")]
    pub runs: ::prost::alloc::vec::Vec<Run>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListRunsRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(enumeration = "RunState", repeated, tag = "2")]
    pub states: ::prost::alloc::vec::Vec<i32>,
    #[prost(enumeration = "RunOrder", tag = "3")]
    pub order: i32,
    #[prost(int32, tag = "4")]
    pub page_size: i32,
    #[prost(string, tag = "5")]
    pub page_token: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListRunsResponse {
    #[prost(message, repeated, tag = "1")]
    pub runs: ::prost::alloc::vec::Vec<Run>,
    #[prost(string, tag = "2")]
    pub next_page_token: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct UpdateRunRequest {
    #[prost(message, optional, tag = "1")]
    pub run: ::core::option::Option<Run>,
    #[prost(message, optional, tag = "2")]
    pub update_mask: ::core::option::Option<::prost_types::FieldMask>,
    #[prost(string, tag = "3")]
    pub request_id: ::prost::alloc::string::String,
    #[prost(int64, optional, tag = "4")]
    pub if_revision: ::core::option::Option<i64>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct UpdateRunResponse {
    #[prost(message, optional, tag = "1")]
    pub run: ::core::option::Option<Run>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ImportRunsRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "2")]
    pub source: ::core::option::Option<PriorRunSource>,
    #[prost(string, tag = "3")]
    pub request_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ImportRunsResponse {
    #[prost(int64, tag = "1")]
    pub imported_runs: i64,
    #[prost(int64, tag = "2")]
    pub skipped_runs: i64,
    #[prost(string, repeated, tag = "3")]
    pub skip_reasons: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListPriorRunsRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int32, tag = "2")]
    pub page_size: i32,
    #[prost(string, tag = "3")]
    pub page_token: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListPriorRunsResponse {
    #[prost(message, repeated, tag = "1")]
    pub runs: ::prost::alloc::vec::Vec<PriorRun>,
    #[prost(string, tag = "2")]
    pub next_page_token: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ExportRunsRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(enumeration = "RunFormat", tag = "2")]
    pub format: i32,
    #[prost(enumeration = "RunState", repeated, tag = "3")]
    pub states: ::prost::alloc::vec::Vec<i32>,
    #[prost(bool, tag = "4")]
    pub raw_cells: bool,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ExportRunsResponse {
    #[prost(bytes = "vec", tag = "1")]
    pub data: ::prost::alloc::vec::Vec<u8>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct EnqueuedRun {
    #[prost(btree_map = "string, message", tag = "1")]
    pub parameters: ::prost::alloc::collections::BTreeMap<::prost::alloc::string::String, ParameterValue>,
    #[prost(btree_map = "string, string", tag = "2")]
    pub labels: ::prost::alloc::collections::BTreeMap<::prost::alloc::string::String, ::prost::alloc::string::String>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct EnqueueRunsRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(message, repeated, tag = "2")]
    pub runs: ::prost::alloc::vec::Vec<EnqueuedRun>,
    #[prost(string, tag = "3")]
    pub request_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct EnqueueRunsResponse {
    #[prost(message, repeated, tag = "1")]
    pub runs: ::prost::alloc::vec::Vec<Run>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RetryRunsRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int64, repeated, tag = "2")]
    pub numbers: ::prost::alloc::vec::Vec<i64>,
    #[prost(enumeration = "RunState", repeated, tag = "3")]
    pub states: ::prost::alloc::vec::Vec<i32>,
    #[prost(string, tag = "4")]
    pub etag: ::prost::alloc::string::String,
    #[prost(string, tag = "5")]
    pub request_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RetryRunsResponse {
    #[prost(message, optional, tag = "1")]
    pub sweep: ::core::option::Option<Sweep>,
    #[prost(int64, repeated, tag = "2")]
    pub numbers: ::prost::alloc::vec::Vec<i64>,
    #[prost(int64, tag = "3")]
    pub remaining_runs: i64,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct CancelRunsRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int64, repeated, tag = "2")]
    pub numbers: ::prost::alloc::vec::Vec<i64>,
    #[prost(string, tag = "3")]
    pub reason: ::prost::alloc::string::String,
    #[prost(string, tag = "4")]
    pub request_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct CancelRunsResponse {
    #[prost(message, optional, tag = "1")]
    pub sweep: ::core::option::Option<Sweep>,
    #[prost(int64, repeated, tag = "2")]
    pub canceled_numbers: ::prost::alloc::vec::Vec<i64>,
    #[prost(int64, repeated, tag = "3")]
    pub stopping_numbers: ::prost::alloc::vec::Vec<i64>,
    #[prost(int64, repeated, tag = "4")]
    pub ended_numbers: ::prost::alloc::vec::Vec<i64>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ReportMetricsRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int64, optional, tag = "2")]
    pub number: ::core::option::Option<i64>,
    #[prost(int32, tag = "3")]
    pub attempt: i32,
    #[prost(message, repeated, tag = "4")]
    pub rows: ::prost::alloc::vec::Vec<MetricRow>,
    #[prost(string, tag = "5")]
    pub request_id: ::prost::alloc::string::String,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct ReportMetricsResponse {
    #[prost(enumeration = "RunCommand", tag = "1")]
    pub command: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RunSucceeded {
    #[prost(double, optional, tag = "1")]
    pub objective: ::core::option::Option<f64>,
    #[prost(btree_map = "string, double", tag = "2")]
    pub objectives: ::prost::alloc::collections::BTreeMap<::prost::alloc::string::String, f64>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RunFailed {
    #[prost(message, optional, tag = "1")]
    pub error: ::core::option::Option<RunError>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RunPruned {
    #[prost(string, tag = "1")]
    pub reason: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RunCanceled {
    #[prost(string, tag = "1")]
    pub reason: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct FinishRunRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int64, optional, tag = "2")]
    pub number: ::core::option::Option<i64>,
    #[prost(int32, tag = "3")]
    pub attempt: i32,
    #[prost(message, repeated, tag = "4")]
    pub rows: ::prost::alloc::vec::Vec<MetricRow>,
    #[prost(oneof = "finish_run_request::Outcome", tags = "5, 6, 7, 8")]
    pub outcome: ::core::option::Option<finish_run_request::Outcome>,
    #[prost(string, tag = "9")]
    pub request_id: ::prost::alloc::string::String,
    #[prost(btree_map = "string, message", tag = "10")]
    pub config: ::prost::alloc::collections::BTreeMap<::prost::alloc::string::String, ParameterValue>,
}
pub mod finish_run_request {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum Outcome {
        #[prost(message, tag = "5")]
        Succeeded(super::RunSucceeded),
        #[prost(message, tag = "6")]
        Failed(super::RunFailed),
        #[prost(message, tag = "7")]
        Pruned(super::RunPruned),
        #[prost(message, tag = "8")]
        Canceled(super::RunCanceled),
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct FinishRunResponse {
    #[prost(message, optional, tag = "1")]
    pub run: ::core::option::Option<Run>,
    #[prost(enumeration = "SweepState", tag = "2")]
    pub sweep_state: i32,
    #[prost(message, optional, tag = "3")]
    pub best_run: ::core::option::Option<BestRun>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct FinishRunError {
    #[prost(int32, tag = "1")]
    pub code: i32,
    #[prost(string, tag = "2")]
    pub message: ::prost::alloc::string::String,
    #[prost(string, tag = "3")]
    pub reason: ::prost::alloc::string::String,
    #[prost(btree_map = "string, string", tag = "4")]
    pub metadata: ::prost::alloc::collections::BTreeMap<::prost::alloc::string::String, ::prost::alloc::string::String>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct FinishRunResult {
    #[prost(oneof = "finish_run_result::Result", tags = "1, 2")]
    pub result: ::core::option::Option<finish_run_result::Result>,
}
pub mod finish_run_result {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum Result {
        #[prost(message, tag = "1")]
        Response(super::FinishRunResponse),
        #[prost(message, tag = "2")]
        Error(super::FinishRunError),
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ReleaseRunRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int64, optional, tag = "2")]
    pub number: ::core::option::Option<i64>,
    #[prost(int32, tag = "3")]
    pub attempt: i32,
    #[prost(string, tag = "4")]
    pub reason: ::prost::alloc::string::String,
    #[prost(string, tag = "5")]
    pub request_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ReleaseRunResponse {
    #[prost(message, optional, tag = "1")]
    pub run: ::core::option::Option<Run>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RunLease {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int64, optional, tag = "2")]
    pub number: ::core::option::Option<i64>,
    #[prost(int32, tag = "3")]
    pub attempt: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct HeartbeatRequest {
    #[prost(message, repeated, tag = "1")]
    pub leases: ::prost::alloc::vec::Vec<RunLease>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct LeaseStatus {
    #[prost(message, optional, tag = "1")]
    pub lease: ::core::option::Option<RunLease>,
    #[prost(enumeration = "RunCommand", tag = "2")]
    pub command: i32,
    #[prost(message, optional, tag = "3")]
    pub expire_time: ::core::option::Option<::prost_types::Timestamp>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct HeartbeatResponse {
    #[prost(message, repeated, tag = "1")]
    pub statuses: ::prost::alloc::vec::Vec<LeaseStatus>,
    #[prost(message, optional, tag = "2")]
    pub lease_duration: ::core::option::Option<::prost_types::Duration>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetMetricHistoryRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int64, optional, tag = "2")]
    pub number: ::core::option::Option<i64>,
    #[prost(string, repeated, tag = "3")]
    pub names: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(int64, optional, tag = "4")]
    pub min_step: ::core::option::Option<i64>,
    #[prost(int32, tag = "5")]
    pub page_size: i32,
    #[prost(string, tag = "6")]
    pub page_token: ::prost::alloc::string::String,
    #[prost(int32, optional, tag = "7")]
    pub attempt: ::core::option::Option<i32>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetMetricHistoryResponse {
    #[prost(message, repeated, tag = "1")]
    pub histories: ::prost::alloc::vec::Vec<MetricHistory>,
    #[prost(string, tag = "2")]
    pub next_page_token: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetSweepStatsRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetSweepStatsResponse {
    #[prost(message, optional, tag = "1")]
    pub stats: ::core::option::Option<SweepStats>,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct GetServerInfoRequest {
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetServerInfoResponse {
    #[prost(string, tag = "1")]
    pub version: ::prost::alloc::string::String,
    #[prost(bool, tag = "2")]
    pub keys_required: bool,
    #[prost(message, optional, tag = "3")]
    pub lease_duration: ::core::option::Option<::prost_types::Duration>,
    #[prost(int64, tag = "4")]
    pub max_message_bytes: i64,
    #[prost(string, tag = "5")]
    pub database_id: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "6")]
    pub time: ::core::option::Option<::prost_types::Timestamp>,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum ConfigFormat {
    Unspecified = 0,
    Yaml = 1,
    Json = 2,
}
impl ConfigFormat {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "CONFIG_FORMAT_UNSPECIFIED",
            Self::Yaml => "CONFIG_FORMAT_YAML",
            Self::Json => "CONFIG_FORMAT_JSON",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "CONFIG_FORMAT_UNSPECIFIED" => Some(Self::Unspecified),
            "CONFIG_FORMAT_YAML" => Some(Self::Yaml),
            "CONFIG_FORMAT_JSON" => Some(Self::Json),
            _ => None,
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum RunOrder {
    Unspecified = 0,
    NumberAsc = 1,
    NumberDesc = 2,
    ObjectiveAsc = 3,
    ObjectiveDesc = 4,
}
impl RunOrder {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "RUN_ORDER_UNSPECIFIED",
            Self::NumberAsc => "RUN_ORDER_NUMBER_ASC",
            Self::NumberDesc => "RUN_ORDER_NUMBER_DESC",
            Self::ObjectiveAsc => "RUN_ORDER_OBJECTIVE_ASC",
            Self::ObjectiveDesc => "RUN_ORDER_OBJECTIVE_DESC",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "RUN_ORDER_UNSPECIFIED" => Some(Self::Unspecified),
            "RUN_ORDER_NUMBER_ASC" => Some(Self::NumberAsc),
            "RUN_ORDER_NUMBER_DESC" => Some(Self::NumberDesc),
            "RUN_ORDER_OBJECTIVE_ASC" => Some(Self::ObjectiveAsc),
            "RUN_ORDER_OBJECTIVE_DESC" => Some(Self::ObjectiveDesc),
            _ => None,
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum RunFormat {
    Unspecified = 0,
    Csv = 1,
    JsonLines = 2,
}
impl RunFormat {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "RUN_FORMAT_UNSPECIFIED",
            Self::Csv => "RUN_FORMAT_CSV",
            Self::JsonLines => "RUN_FORMAT_JSON_LINES",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "RUN_FORMAT_UNSPECIFIED" => Some(Self::Unspecified),
            "RUN_FORMAT_CSV" => Some(Self::Csv),
            "RUN_FORMAT_JSON_LINES" => Some(Self::JsonLines),
            _ => None,
        }
    }
}
#[derive(Clone, Debug)]
pub struct SweepRegistryServiceClient { peer: crate::peer::Peer, deadline: Option<std::time::Duration> }
impl SweepRegistryServiceClient {
    pub const NAME: &str = "wanllmdb.api.registry.v1.SweepRegistryService";
    pub(crate) fn new(peer: crate::peer::Peer) -> Self { Self { peer, deadline: None } }
    #[must_use]
    pub fn within(mut self, deadline: std::time::Duration) -> Self { self.deadline = Some(deadline); self }
    pub async fn create_sweep(&self, request: CreateSweepRequest) -> Result<CreateSweepResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/CreateSweep", request, self.deadline).await }
    pub async fn get_sweep(&self, request: GetSweepRequest) -> Result<GetSweepResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/GetSweep", request, self.deadline).await }
    pub async fn list_sweeps(&self, request: ListSweepsRequest) -> Result<ListSweepsResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/ListSweeps", request, self.deadline).await }
    pub async fn list_projects(&self, request: ListProjectsRequest) -> Result<ListProjectsResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/ListProjects", request, self.deadline).await }
    pub async fn update_sweep(&self, request: UpdateSweepRequest) -> Result<UpdateSweepResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/UpdateSweep", request, self.deadline).await }
    pub async fn delete_sweep(&self, request: DeleteSweepRequest) -> Result<DeleteSweepResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/DeleteSweep", request, self.deadline).await }
    pub async fn parse_sweep_config(&self, request: ParseSweepConfigRequest) -> Result<ParseSweepConfigResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/ParseSweepConfig", request, self.deadline).await }
    pub async fn export_sweep(&self, request: ExportSweepRequest) -> Result<ExportSweepResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/ExportSweep", request, self.deadline).await }
    pub async fn start_sweep(&self, request: StartSweepRequest) -> Result<StartSweepResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/StartSweep", request, self.deadline).await }
    pub async fn pause_sweep(&self, request: PauseSweepRequest) -> Result<PauseSweepResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/PauseSweep", request, self.deadline).await }
    pub async fn resume_sweep(&self, request: ResumeSweepRequest) -> Result<ResumeSweepResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/ResumeSweep", request, self.deadline).await }
    pub async fn finish_sweep(&self, request: FinishSweepRequest) -> Result<FinishSweepResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/FinishSweep", request, self.deadline).await }
    pub async fn cancel_sweep(&self, request: CancelSweepRequest) -> Result<CancelSweepResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/CancelSweep", request, self.deadline).await }
    pub async fn get_run(&self, request: GetRunRequest) -> Result<GetRunResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/GetRun", request, self.deadline).await }
    pub async fn batch_get_runs(&self, request: BatchGetRunsRequest) -> Result<BatchGetRunsResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/BatchGetRuns", request, self.deadline).await }
    pub async fn list_runs(&self, request: ListRunsRequest) -> Result<ListRunsResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/ListRuns", request, self.deadline).await }
    pub async fn update_run(&self, request: UpdateRunRequest) -> Result<UpdateRunResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/UpdateRun", request, self.deadline).await }
    pub async fn enqueue_runs(&self, request: EnqueueRunsRequest) -> Result<EnqueueRunsResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/EnqueueRuns", request, self.deadline).await }
    pub async fn retry_runs(&self, request: RetryRunsRequest) -> Result<RetryRunsResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/RetryRuns", request, self.deadline).await }
    pub async fn cancel_runs(&self, request: CancelRunsRequest) -> Result<CancelRunsResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/CancelRuns", request, self.deadline).await }
    pub async fn import_runs(&self, request: ImportRunsRequest) -> Result<ImportRunsResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/ImportRuns", request, self.deadline).await }
    pub async fn list_prior_runs(&self, request: ListPriorRunsRequest) -> Result<ListPriorRunsResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/ListPriorRuns", request, self.deadline).await }
    pub fn export_runs(&self, request: ExportRunsRequest) -> crate::Streaming<ExportRunsRequest, ExportRunsResponse> { self.peer.stream("/wanllmdb.api.registry.v1.SweepRegistryService/ExportRuns", request) }
    pub async fn report_metrics(&self, request: ReportMetricsRequest) -> Result<ReportMetricsResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/ReportMetrics", request, self.deadline).await }
    pub async fn finish_run(&self, request: FinishRunRequest) -> Result<FinishRunResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/FinishRun", request, self.deadline).await }
    pub async fn release_run(&self, request: ReleaseRunRequest) -> Result<ReleaseRunResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/ReleaseRun", request, self.deadline).await }
    pub async fn heartbeat(&self, request: HeartbeatRequest) -> Result<HeartbeatResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/Heartbeat", request, self.deadline).await }
    pub async fn get_metric_history(&self, request: GetMetricHistoryRequest) -> Result<GetMetricHistoryResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/GetMetricHistory", request, self.deadline).await }
    pub async fn get_metric_histories(&self, request: GetMetricHistoriesRequest) -> Result<GetMetricHistoriesResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/GetMetricHistories", request, self.deadline).await }
    pub fn read_run_columns(&self, request: ReadRunColumnsRequest) -> crate::Streaming<ReadRunColumnsRequest, ReadRunColumnsResponse> { self.peer.stream("/wanllmdb.api.registry.v1.SweepRegistryService/ReadRunColumns", request) }
    pub async fn get_sweep_stats(&self, request: GetSweepStatsRequest) -> Result<GetSweepStatsResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/GetSweepStats", request, self.deadline).await }
    pub async fn get_parallel_coordinates(&self, request: GetParallelCoordinatesRequest) -> Result<GetParallelCoordinatesResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/GetParallelCoordinates", request, self.deadline).await }
    pub async fn get_timeline(&self, request: GetTimelineRequest) -> Result<GetTimelineResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/GetTimeline", request, self.deadline).await }
    pub fn watch_sweep(&self, request: WatchSweepRequest) -> crate::Streaming<WatchSweepRequest, WatchSweepResponse> { self.peer.stream("/wanllmdb.api.registry.v1.SweepRegistryService/WatchSweep", request) }
    pub fn watch_sweeps(&self, request: WatchSweepsRequest) -> crate::Streaming<WatchSweepsRequest, WatchSweepsResponse> { self.peer.stream("/wanllmdb.api.registry.v1.SweepRegistryService/WatchSweeps", request) }
    pub async fn list_agents(&self, request: ListAgentsRequest) -> Result<ListAgentsResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/ListAgents", request, self.deadline).await }
    pub async fn list_sweep_events(&self, request: ListSweepEventsRequest) -> Result<ListSweepEventsResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/ListSweepEvents", request, self.deadline).await }
    pub async fn get_server_info(&self, request: GetServerInfoRequest) -> Result<GetServerInfoResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.SweepRegistryService/GetServerInfo", request, self.deadline).await }
}
impl crate::peer::Request for CreateSweepRequest { fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for GetSweepRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for ListSweepsRequest { }
impl crate::peer::Request for ListProjectsRequest { }
impl crate::peer::Request for UpdateSweepRequest { fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for DeleteSweepRequest { fn sweep_id(&self) -> &str { &self.sweep_id } fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for ParseSweepConfigRequest { }
impl crate::peer::Request for ExportSweepRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for StartSweepRequest { fn sweep_id(&self) -> &str { &self.sweep_id } fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for PauseSweepRequest { fn sweep_id(&self) -> &str { &self.sweep_id } fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for ResumeSweepRequest { fn sweep_id(&self) -> &str { &self.sweep_id } fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for FinishSweepRequest { fn sweep_id(&self) -> &str { &self.sweep_id } fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for CancelSweepRequest { fn sweep_id(&self) -> &str { &self.sweep_id } fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for GetRunRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for BatchGetRunsRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for ListRunsRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for UpdateRunRequest { fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for EnqueueRunsRequest { fn sweep_id(&self) -> &str { &self.sweep_id } fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for RetryRunsRequest { fn sweep_id(&self) -> &str { &self.sweep_id } fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for CancelRunsRequest { fn sweep_id(&self) -> &str { &self.sweep_id } fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for ImportRunsRequest { fn sweep_id(&self) -> &str { &self.sweep_id } fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for ListPriorRunsRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for ExportRunsRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for ReportMetricsRequest { fn sweep_id(&self) -> &str { &self.sweep_id } fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for FinishRunRequest { fn sweep_id(&self) -> &str { &self.sweep_id } fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for ReleaseRunRequest { fn sweep_id(&self) -> &str { &self.sweep_id } fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for HeartbeatRequest { }
impl crate::peer::Request for GetMetricHistoryRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for GetMetricHistoriesRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for ReadRunColumnsRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for GetSweepStatsRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for GetParallelCoordinatesRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for GetTimelineRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for WatchSweepRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for WatchSweepsRequest { }
impl crate::peer::Request for ListAgentsRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for ListSweepEventsRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for GetServerInfoRequest { }
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct TemplatePlaceholder {
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub description: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "3")]
    pub default: ::core::option::Option<ParameterValue>,
    #[prost(message, optional, tag = "4")]
    pub example: ::core::option::Option<ParameterValue>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Template {
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub description: ::prost::alloc::string::String,
    #[prost(string, tag = "3")]
    pub config_text: ::prost::alloc::string::String,
    #[prost(message, repeated, tag = "4")]
    pub placeholders: ::prost::alloc::vec::Vec<TemplatePlaceholder>,
    #[prost(bool, tag = "5")]
    pub built_in: bool,
    #[prost(string, tag = "6")]
    pub etag: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "7")]
    pub create_time: ::core::option::Option<::prost_types::Timestamp>,
    #[prost(message, optional, tag = "8")]
    pub update_time: ::core::option::Option<::prost_types::Timestamp>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct CreateTemplateRequest {
    #[prost(message, optional, tag = "1")]
    pub template: ::core::option::Option<Template>,
    #[prost(string, tag = "2")]
    pub request_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct CreateTemplateResponse {
    #[prost(message, optional, tag = "1")]
    pub template: ::core::option::Option<Template>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetTemplateRequest {
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetTemplateResponse {
    #[prost(message, optional, tag = "1")]
    pub template: ::core::option::Option<Template>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListTemplatesRequest {
    #[prost(int32, tag = "1")]
    pub page_size: i32,
    #[prost(string, tag = "2")]
    pub page_token: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListTemplatesResponse {
    #[prost(message, repeated, tag = "1")]
    pub templates: ::prost::alloc::vec::Vec<Template>,
    #[prost(string, tag = "2")]
    pub next_page_token: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct UpdateTemplateRequest {
    #[prost(message, optional, tag = "1")]
    pub template: ::core::option::Option<Template>,
    #[prost(message, optional, tag = "2")]
    pub update_mask: ::core::option::Option<::prost_types::FieldMask>,
    #[prost(string, tag = "3")]
    pub request_id: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct UpdateTemplateResponse {
    #[prost(message, optional, tag = "1")]
    pub template: ::core::option::Option<Template>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct DeleteTemplateRequest {
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub etag: ::prost::alloc::string::String,
    #[prost(string, tag = "3")]
    pub request_id: ::prost::alloc::string::String,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct DeleteTemplateResponse {
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RenderTemplateRequest {
    #[prost(message, optional, tag = "1")]
    pub template: ::core::option::Option<TemplateUse>,
    #[prost(enumeration = "ConfigFormat", tag = "2")]
    pub format: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct RenderTemplateResponse {
    #[prost(string, tag = "1")]
    pub text: ::prost::alloc::string::String,
}
#[derive(Clone, Debug)]
pub struct TemplateServiceClient { peer: crate::peer::Peer, deadline: Option<std::time::Duration> }
impl TemplateServiceClient {
    pub const NAME: &str = "wanllmdb.api.registry.v1.TemplateService";
    pub(crate) fn new(peer: crate::peer::Peer) -> Self { Self { peer, deadline: None } }
    #[must_use]
    pub fn within(mut self, deadline: std::time::Duration) -> Self { self.deadline = Some(deadline); self }
    pub async fn create_template(&self, request: CreateTemplateRequest) -> Result<CreateTemplateResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.TemplateService/CreateTemplate", request, self.deadline).await }
    pub async fn get_template(&self, request: GetTemplateRequest) -> Result<GetTemplateResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.TemplateService/GetTemplate", request, self.deadline).await }
    pub async fn list_templates(&self, request: ListTemplatesRequest) -> Result<ListTemplatesResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.TemplateService/ListTemplates", request, self.deadline).await }
    pub async fn update_template(&self, request: UpdateTemplateRequest) -> Result<UpdateTemplateResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.TemplateService/UpdateTemplate", request, self.deadline).await }
    pub async fn delete_template(&self, request: DeleteTemplateRequest) -> Result<DeleteTemplateResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.TemplateService/DeleteTemplate", request, self.deadline).await }
    pub async fn render_template(&self, request: RenderTemplateRequest) -> Result<RenderTemplateResponse, crate::Error> { self.peer.unary("/wanllmdb.api.registry.v1.TemplateService/RenderTemplate", request, self.deadline).await }
}
impl crate::peer::Request for CreateTemplateRequest { fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for GetTemplateRequest { }
impl crate::peer::Request for ListTemplatesRequest { }
impl crate::peer::Request for UpdateTemplateRequest { fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for DeleteTemplateRequest { fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for RenderTemplateRequest { }
