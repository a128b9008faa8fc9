#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetParameterImportanceRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(enumeration = "ImportanceEvaluator", tag = "2")]
    pub evaluator: i32,
    #[prost(string, tag = "3")]
    pub metric: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ParameterImportance {
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
    #[prost(double, tag = "2")]
    pub importance: f64,
    #[prost(double, optional, tag = "3")]
    pub linear_correlation: ::core::option::Option<f64>,
    #[prost(double, optional, tag = "4")]
    pub rank_correlation: ::core::option::Option<f64>,
    #[prost(int64, tag = "5")]
    pub runs: i64,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetParameterImportanceResponse {
    #[prost(message, repeated, tag = "1")]
    pub importances: ::prost::alloc::vec::Vec<ParameterImportance>,
    #[prost(int64, tag = "2")]
    pub runs_used: i64,
    #[prost(int64, tag = "3")]
    pub revision: i64,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetOptimizationHistoryRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int32, tag = "2")]
    pub max_points: i32,
    #[prost(string, tag = "3")]
    pub metric: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetOptimizationHistoryResponse {
    #[prost(int64, repeated, tag = "1")]
    pub run_numbers: ::prost::alloc::vec::Vec<i64>,
    #[prost(double, repeated, tag = "2")]
    pub objectives: ::prost::alloc::vec::Vec<f64>,
    #[prost(double, repeated, tag = "3")]
    pub best_objectives: ::prost::alloc::vec::Vec<f64>,
    #[prost(enumeration = "super::super::registry::v1::Goal", tag = "4")]
    pub goal: i32,
    #[prost(int64, tag = "5")]
    pub total_finished_runs: i64,
    #[prost(int64, tag = "6")]
    pub revision: i64,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetHypervolumeHistoryRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(btree_map = "string, double", tag = "2")]
    pub reference_point: ::prost::alloc::collections::BTreeMap<::prost::alloc::string::String, f64>,
    #[prost(int32, tag = "3")]
    pub max_points: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetHypervolumeHistoryResponse {
    #[prost(int64, repeated, tag = "1")]
    pub run_numbers: ::prost::alloc::vec::Vec<i64>,
    #[prost(double, repeated, tag = "2")]
    pub hypervolumes: ::prost::alloc::vec::Vec<f64>,
    #[prost(string, repeated, tag = "3")]
    pub metrics: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(double, repeated, tag = "4")]
    pub reference_point: ::prost::alloc::vec::Vec<f64>,
    #[prost(int64, tag = "5")]
    pub total_finished_runs: i64,
    #[prost(bool, tag = "6")]
    pub is_estimate: bool,
    #[prost(int64, tag = "7")]
    pub revision: i64,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ParameterAxis {
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
    #[prost(enumeration = "super::super::registry::v1::AxisScale", tag = "2")]
    pub scale: i32,
    #[prost(double, tag = "3")]
    pub min: f64,
    #[prost(double, tag = "4")]
    pub max: f64,
    #[prost(message, repeated, tag = "5")]
    pub categories: ::prost::alloc::vec::Vec<super::super::registry::v1::ParameterValue>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ParameterColumn {
    #[prost(message, optional, tag = "1")]
    pub axis: ::core::option::Option<ParameterAxis>,
    #[prost(double, repeated, tag = "2")]
    pub values: ::prost::alloc::vec::Vec<f64>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetSlicesRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(string, repeated, tag = "2")]
    pub parameters: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(string, tag = "3")]
    pub metric: ::prost::alloc::string::String,
    #[prost(int32, tag = "4")]
    pub max_points: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetSlicesResponse {
    #[prost(int64, repeated, tag = "1")]
    pub run_numbers: ::prost::alloc::vec::Vec<i64>,
    #[prost(double, repeated, tag = "2")]
    pub objectives: ::prost::alloc::vec::Vec<f64>,
    #[prost(double, repeated, tag = "3")]
    pub ranks: ::prost::alloc::vec::Vec<f64>,
    #[prost(message, repeated, tag = "4")]
    pub parameters: ::prost::alloc::vec::Vec<ParameterColumn>,
    #[prost(int64, tag = "5")]
    pub total_finished_runs: i64,
    #[prost(int64, tag = "6")]
    pub revision: i64,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetContourRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub x_parameter: ::prost::alloc::string::String,
    #[prost(string, tag = "3")]
    pub y_parameter: ::prost::alloc::string::String,
    #[prost(string, tag = "4")]
    pub metric: ::prost::alloc::string::String,
    #[prost(int32, tag = "5")]
    pub resolution: i32,
    #[prost(int32, tag = "6")]
    pub max_points: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetContourResponse {
    #[prost(message, optional, tag = "1")]
    pub x: ::core::option::Option<ParameterColumn>,
    #[prost(message, optional, tag = "2")]
    pub y: ::core::option::Option<ParameterColumn>,
    #[prost(int64, repeated, tag = "3")]
    pub run_numbers: ::prost::alloc::vec::Vec<i64>,
    #[prost(double, repeated, tag = "4")]
    pub objectives: ::prost::alloc::vec::Vec<f64>,
    #[prost(double, repeated, tag = "5")]
    pub x_positions: ::prost::alloc::vec::Vec<f64>,
    #[prost(double, repeated, tag = "6")]
    pub y_positions: ::prost::alloc::vec::Vec<f64>,
    #[prost(double, repeated, tag = "7")]
    pub surface: ::prost::alloc::vec::Vec<f64>,
    #[prost(int64, tag = "8")]
    pub revision: i64,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetEdfRequest {
    #[prost(string, repeated, tag = "1")]
    pub sweep_ids: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(string, tag = "2")]
    pub metric: ::prost::alloc::string::String,
    #[prost(int32, tag = "3")]
    pub max_points: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct EdfCurve {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub name: ::prost::alloc::string::String,
    #[prost(double, repeated, tag = "3")]
    pub shares: ::prost::alloc::vec::Vec<f64>,
    #[prost(int64, tag = "4")]
    pub finished_runs: i64,
    #[prost(int64, tag = "5")]
    pub revision: i64,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetEdfResponse {
    #[prost(double, repeated, tag = "1")]
    pub objectives: ::prost::alloc::vec::Vec<f64>,
    #[prost(message, repeated, tag = "2")]
    pub curves: ::prost::alloc::vec::Vec<EdfCurve>,
    #[prost(enumeration = "super::super::registry::v1::Goal", tag = "3")]
    pub goal: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetCorrelationsRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(enumeration = "CorrelationMethod", tag = "2")]
    pub method: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetCorrelationsResponse {
    #[prost(string, repeated, tag = "1")]
    pub names: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(double, repeated, tag = "2")]
    pub correlations: ::prost::alloc::vec::Vec<f64>,
    #[prost(int64, repeated, tag = "3")]
    pub runs: ::prost::alloc::vec::Vec<i64>,
    #[prost(int64, tag = "4")]
    pub revision: i64,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct CompareSweepsRequest {
    #[prost(string, repeated, tag = "1")]
    pub sweep_ids: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(string, tag = "2")]
    pub metric: ::prost::alloc::string::String,
    #[prost(int32, tag = "3")]
    pub max_points: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ProgressCurve {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(string, tag = "2")]
    pub name: ::prost::alloc::string::String,
    #[prost(enumeration = "super::super::registry::v1::SweepState", tag = "3")]
    pub state: i32,
    #[prost(int64, repeated, tag = "4")]
    pub ended_runs: ::prost::alloc::vec::Vec<i64>,
    #[prost(double, repeated, tag = "5")]
    pub seconds: ::prost::alloc::vec::Vec<f64>,
    #[prost(double, repeated, tag = "6")]
    pub best_objectives: ::prost::alloc::vec::Vec<f64>,
    #[prost(int64, repeated, tag = "7")]
    pub best_run_numbers: ::prost::alloc::vec::Vec<i64>,
    #[prost(int64, tag = "8")]
    pub finished_runs: i64,
    #[prost(int64, tag = "9")]
    pub total_runs: i64,
    #[prost(message, optional, tag = "10")]
    pub duration: ::core::option::Option<::prost_types::Duration>,
    #[prost(int64, tag = "11")]
    pub revision: i64,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct CompareSweepsResponse {
    #[prost(message, repeated, tag = "1")]
    pub curves: ::prost::alloc::vec::Vec<ProgressCurve>,
    #[prost(enumeration = "super::super::registry::v1::Goal", tag = "2")]
    pub goal: i32,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum ImportanceEvaluator {
    Unspecified = 0,
    Fanova = 1,
    MeanDecreaseImpurity = 2,
    PedAnova = 3,
}
impl ImportanceEvaluator {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "IMPORTANCE_EVALUATOR_UNSPECIFIED",
            Self::Fanova => "IMPORTANCE_EVALUATOR_FANOVA",
            Self::MeanDecreaseImpurity => "IMPORTANCE_EVALUATOR_MEAN_DECREASE_IMPURITY",
            Self::PedAnova => "IMPORTANCE_EVALUATOR_PED_ANOVA",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "IMPORTANCE_EVALUATOR_UNSPECIFIED" => Some(Self::Unspecified),
            "IMPORTANCE_EVALUATOR_FANOVA" => Some(Self::Fanova),
            "IMPORTANCE_EVALUATOR_MEAN_DECREASE_IMPURITY" => Some(Self::MeanDecreaseImpurity),
            "IMPORTANCE_EVALUATOR_PED_ANOVA" => Some(Self::PedAnova),
            _ => None,
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum CorrelationMethod {
    Unspecified = 0,
    Pearson = 1,
    Spearman = 2,
}
impl CorrelationMethod {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "CORRELATION_METHOD_UNSPECIFIED",
            Self::Pearson => "CORRELATION_METHOD_PEARSON",
            Self::Spearman => "CORRELATION_METHOD_SPEARMAN",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "CORRELATION_METHOD_UNSPECIFIED" => Some(Self::Unspecified),
            "CORRELATION_METHOD_PEARSON" => Some(Self::Pearson),
            "CORRELATION_METHOD_SPEARMAN" => Some(Self::Spearman),
            _ => None,
        }
    }
}
#[derive(Clone, Debug)]
pub struct AnalysisServiceClient { peer: crate::peer::Peer, deadline: Option<std::time::Duration> }
impl AnalysisServiceClient {
    pub const NAME: &str = "wanllmdb.api.suggestion.v1.AnalysisService";
    pub(crate) fn new(peer: crate::peer::Peer) -> Self { Self { peer, deadline: None } }
    #[must_use]
    pub fn within(mut self, deadline: std::time::Duration) -> Self { self.deadline = Some(deadline); self }
    pub async fn get_parameter_importance(&self, request: GetParameterImportanceRequest) -> Result<GetParameterImportanceResponse, crate::Error> { self.peer.unary("/wanllmdb.api.suggestion.v1.AnalysisService/GetParameterImportance", request, self.deadline).await }
    pub async fn get_optimization_history(&self, request: GetOptimizationHistoryRequest) -> Result<GetOptimizationHistoryResponse, crate::Error> { self.peer.unary("/wanllmdb.api.suggestion.v1.AnalysisService/GetOptimizationHistory", request, self.deadline).await }
    pub async fn get_hypervolume_history(&self, request: GetHypervolumeHistoryRequest) -> Result<GetHypervolumeHistoryResponse, crate::Error> { self.peer.unary("/wanllmdb.api.suggestion.v1.AnalysisService/GetHypervolumeHistory", request, self.deadline).await }
    pub async fn get_slices(&self, request: GetSlicesRequest) -> Result<GetSlicesResponse, crate::Error> { self.peer.unary("/wanllmdb.api.suggestion.v1.AnalysisService/GetSlices", request, self.deadline).await }
    pub async fn get_contour(&self, request: GetContourRequest) -> Result<GetContourResponse, crate::Error> { self.peer.unary("/wanllmdb.api.suggestion.v1.AnalysisService/GetContour", request, self.deadline).await }
    pub async fn get_edf(&self, request: GetEdfRequest) -> Result<GetEdfResponse, crate::Error> { self.peer.unary("/wanllmdb.api.suggestion.v1.AnalysisService/GetEdf", request, self.deadline).await }
    pub async fn get_correlations(&self, request: GetCorrelationsRequest) -> Result<GetCorrelationsResponse, crate::Error> { self.peer.unary("/wanllmdb.api.suggestion.v1.AnalysisService/GetCorrelations", request, self.deadline).await }
    pub async fn compare_sweeps(&self, request: CompareSweepsRequest) -> Result<CompareSweepsResponse, crate::Error> { self.peer.unary("/wanllmdb.api.suggestion.v1.AnalysisService/CompareSweeps", request, self.deadline).await }
}
impl crate::peer::Request for GetParameterImportanceRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for GetOptimizationHistoryRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for GetHypervolumeHistoryRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for GetSlicesRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for GetContourRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for GetEdfRequest { }
impl crate::peer::Request for GetCorrelationsRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for CompareSweepsRequest { }
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct SuggestRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int32, tag = "2")]
    pub count: i32,
    #[prost(string, tag = "3")]
    pub agent_id: ::prost::alloc::string::String,
    #[prost(string, tag = "4")]
    pub request_id: ::prost::alloc::string::String,
    #[prost(bool, tag = "5")]
    pub resume: bool,
    #[prost(message, repeated, tag = "6")]
    pub ended_runs: ::prost::alloc::vec::Vec<super::super::registry::v1::FinishRunRequest>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct SuggestResponse {
    #[prost(message, repeated, tag = "1")]
    pub runs: ::prost::alloc::vec::Vec<super::super::registry::v1::Run>,
    #[prost(enumeration = "ExhaustedReason", tag = "2")]
    pub exhausted: i32,
    #[prost(int64, optional, tag = "3")]
    pub next_check_iteration: ::core::option::Option<i64>,
    #[prost(string, tag = "4")]
    pub message: ::prost::alloc::string::String,
    #[prost(bool, tag = "5")]
    pub resumed: bool,
    #[prost(int64, tag = "6")]
    pub running_runs: i64,
    #[prost(message, optional, tag = "7")]
    pub lease_duration: ::core::option::Option<::prost_types::Duration>,
    #[prost(message, repeated, tag = "8")]
    pub ended_runs: ::prost::alloc::vec::Vec<super::super::registry::v1::FinishRunResult>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ShouldStopRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int64, optional, tag = "2")]
    pub number: ::core::option::Option<i64>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ShouldStopResponse {
    #[prost(bool, tag = "1")]
    pub should_stop: bool,
    #[prost(string, tag = "2")]
    pub reason: ::prost::alloc::string::String,
    #[prost(int64, optional, tag = "3")]
    pub rung: ::core::option::Option<i64>,
    #[prost(double, optional, tag = "4")]
    pub threshold: ::core::option::Option<f64>,
    #[prost(double, optional, tag = "5")]
    pub value: ::core::option::Option<f64>,
    #[prost(int64, tag = "6")]
    pub compared_runs: i64,
    #[prost(int64, optional, tag = "7")]
    pub next_check_iteration: ::core::option::Option<i64>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetBestRunsRequest {
    #[prost(string, tag = "1")]
    pub sweep_id: ::prost::alloc::string::String,
    #[prost(int32, tag = "2")]
    pub count: i32,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct GetBestRunsResponse {
    #[prost(message, repeated, tag = "1")]
    pub runs: ::prost::alloc::vec::Vec<super::super::registry::v1::Run>,
    #[prost(int64, tag = "2")]
    pub total_runs: i64,
    #[prost(int64, tag = "3")]
    pub revision: i64,
}
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct ListAlgorithmsRequest {
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct AlgorithmOption {
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
    #[prost(enumeration = "OptionType", tag = "2")]
    pub r#type: i32,
    #[prost(string, tag = "3")]
    pub description: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "4")]
    pub default: ::core::option::Option<super::super::registry::v1::ParameterValue>,
    #[prost(double, optional, tag = "5")]
    pub min: ::core::option::Option<f64>,
    #[prost(double, optional, tag = "6")]
    pub max: ::core::option::Option<f64>,
    #[prost(bool, tag = "7")]
    pub min_is_excluded: bool,
    #[prost(bool, tag = "8")]
    pub max_is_excluded: bool,
    #[prost(string, repeated, tag = "9")]
    pub choices: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Algorithm {
    #[prost(enumeration = "AlgorithmKind", tag = "1")]
    pub kind: i32,
    #[prost(string, tag = "2")]
    pub name: ::prost::alloc::string::String,
    #[prost(enumeration = "super::super::registry::v1::Method", tag = "3")]
    pub method: i32,
    #[prost(string, tag = "4")]
    pub title: ::prost::alloc::string::String,
    #[prost(string, tag = "5")]
    pub description: ::prost::alloc::string::String,
    #[prost(message, repeated, tag = "6")]
    pub options: ::prost::alloc::vec::Vec<AlgorithmOption>,
    #[prost(bool, tag = "7")]
    pub needs_metric: bool,
    #[prost(bool, tag = "8")]
    pub takes_several_metrics: bool,
    #[prost(bool, tag = "9")]
    pub takes_conditions: bool,
    #[prost(string, tag = "10")]
    pub space_notes: ::prost::alloc::string::String,
    #[prost(bool, tag = "11")]
    pub is_exhaustive: bool,
    #[prost(bool, tag = "12")]
    pub uses_prior_runs: bool,
    #[prost(bool, tag = "13")]
    pub is_replayable: bool,
    #[prost(string, tag = "14")]
    pub replay_notes: ::prost::alloc::string::String,
    #[prost(string, repeated, tag = "15")]
    pub requires: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
    #[prost(bool, tag = "16")]
    pub is_installed: bool,
    #[prost(string, tag = "17")]
    pub reference: ::prost::alloc::string::String,
}
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct ListAlgorithmsResponse {
    #[prost(message, repeated, tag = "1")]
    pub algorithms: ::prost::alloc::vec::Vec<Algorithm>,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum ExhaustedReason {
    Unspecified = 0,
    RunCap = 2,
    SpaceExhausted = 3,
    TargetReached = 4,
    Terminated = 5,
}
impl ExhaustedReason {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "EXHAUSTED_REASON_UNSPECIFIED",
            Self::RunCap => "EXHAUSTED_REASON_RUN_CAP",
            Self::SpaceExhausted => "EXHAUSTED_REASON_SPACE_EXHAUSTED",
            Self::TargetReached => "EXHAUSTED_REASON_TARGET_REACHED",
            Self::Terminated => "EXHAUSTED_REASON_TERMINATED",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "EXHAUSTED_REASON_UNSPECIFIED" => Some(Self::Unspecified),
            "EXHAUSTED_REASON_RUN_CAP" => Some(Self::RunCap),
            "EXHAUSTED_REASON_SPACE_EXHAUSTED" => Some(Self::SpaceExhausted),
            "EXHAUSTED_REASON_TARGET_REACHED" => Some(Self::TargetReached),
            "EXHAUSTED_REASON_TERMINATED" => Some(Self::Terminated),
            _ => None,
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum AlgorithmKind {
    Unspecified = 0,
    Sampler = 1,
    Pruner = 2,
    Terminator = 3,
    ImportanceEvaluator = 4,
}
impl AlgorithmKind {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "ALGORITHM_KIND_UNSPECIFIED",
            Self::Sampler => "ALGORITHM_KIND_SAMPLER",
            Self::Pruner => "ALGORITHM_KIND_PRUNER",
            Self::Terminator => "ALGORITHM_KIND_TERMINATOR",
            Self::ImportanceEvaluator => "ALGORITHM_KIND_IMPORTANCE_EVALUATOR",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "ALGORITHM_KIND_UNSPECIFIED" => Some(Self::Unspecified),
            "ALGORITHM_KIND_SAMPLER" => Some(Self::Sampler),
            "ALGORITHM_KIND_PRUNER" => Some(Self::Pruner),
            "ALGORITHM_KIND_TERMINATOR" => Some(Self::Terminator),
            "ALGORITHM_KIND_IMPORTANCE_EVALUATOR" => Some(Self::ImportanceEvaluator),
            _ => None,
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum OptionType {
    Unspecified = 0,
    Int = 1,
    Float = 2,
    Bool = 3,
    Choice = 4,
    Algorithm = 5,
}
impl OptionType {
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "OPTION_TYPE_UNSPECIFIED",
            Self::Int => "OPTION_TYPE_INT",
            Self::Float => "OPTION_TYPE_FLOAT",
            Self::Bool => "OPTION_TYPE_BOOL",
            Self::Choice => "OPTION_TYPE_CHOICE",
            Self::Algorithm => "OPTION_TYPE_ALGORITHM",
        }
    }
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "OPTION_TYPE_UNSPECIFIED" => Some(Self::Unspecified),
            "OPTION_TYPE_INT" => Some(Self::Int),
            "OPTION_TYPE_FLOAT" => Some(Self::Float),
            "OPTION_TYPE_BOOL" => Some(Self::Bool),
            "OPTION_TYPE_CHOICE" => Some(Self::Choice),
            "OPTION_TYPE_ALGORITHM" => Some(Self::Algorithm),
            _ => None,
        }
    }
}
#[derive(Clone, Debug)]
pub struct SuggestionServiceClient { peer: crate::peer::Peer, deadline: Option<std::time::Duration> }
impl SuggestionServiceClient {
    pub const NAME: &str = "wanllmdb.api.suggestion.v1.SuggestionService";
    pub(crate) fn new(peer: crate::peer::Peer) -> Self { Self { peer, deadline: None } }
    #[must_use]
    pub fn within(mut self, deadline: std::time::Duration) -> Self { self.deadline = Some(deadline); self }
    pub async fn suggest(&self, request: SuggestRequest) -> Result<SuggestResponse, crate::Error> { self.peer.unary("/wanllmdb.api.suggestion.v1.SuggestionService/Suggest", request, self.deadline).await }
    pub async fn should_stop(&self, request: ShouldStopRequest) -> Result<ShouldStopResponse, crate::Error> { self.peer.unary("/wanllmdb.api.suggestion.v1.SuggestionService/ShouldStop", request, self.deadline).await }
    pub async fn get_best_runs(&self, request: GetBestRunsRequest) -> Result<GetBestRunsResponse, crate::Error> { self.peer.unary("/wanllmdb.api.suggestion.v1.SuggestionService/GetBestRuns", request, self.deadline).await }
    pub async fn list_algorithms(&self, request: ListAlgorithmsRequest) -> Result<ListAlgorithmsResponse, crate::Error> { self.peer.unary("/wanllmdb.api.suggestion.v1.SuggestionService/ListAlgorithms", request, self.deadline).await }
}
impl crate::peer::Request for SuggestRequest { fn sweep_id(&self) -> &str { &self.sweep_id } fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) } }
impl crate::peer::Request for ShouldStopRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for GetBestRunsRequest { fn sweep_id(&self) -> &str { &self.sweep_id } }
impl crate::peer::Request for ListAlgorithmsRequest { }
