# The public names, each with the module that defines it: stated here once. Type checkers and
# editors read this file; at run time `_names` reads it too and loads each name at its first use.

from wanllmdb._version import __version__ as __version__
from wanllmdb import (
    apis as apis,
    data_types as data_types,
    env as env,
    errors as errors,
    integration as integration,
    keras as keras,
    lightgbm as lightgbm,
    plot as plot,
    sdk as sdk,
    sklearn as sklearn,
    util as util,
    xgboost as xgboost,
)
from wanllmdb._agent.active_run import ActiveRun as ActiveRun
from wanllmdb._agent.config import Config as Config
from wanllmdb._agent.counts import AgentResult as AgentResult
from wanllmdb._async_client import AsyncClient as AsyncClient
from wanllmdb._client import Client as Client
from wanllmdb._errors import (
    AbortedError as AbortedError,
    AgentGaveUpError as AgentGaveUpError,
    AlreadyExistsError as AlreadyExistsError,
    AuthenticationError as AuthenticationError,
    CommError as CommError,
    DeadlineExceededError as DeadlineExceededError,
    FailedPreconditionError as FailedPreconditionError,
    FieldProblem as FieldProblem,
    InternalError as InternalError,
    InvalidArgumentError as InvalidArgumentError,
    NoRunError as NoRunError,
    NotFoundError as NotFoundError,
    PermissionDeniedError as PermissionDeniedError,
    ResourceExhaustedError as ResourceExhaustedError,
    RunStopped as RunStopped,
    TextPosition as TextPosition,
    UnauthenticatedError as UnauthenticatedError,
    UnavailableError as UnavailableError,
    UnimplementedError as UnimplementedError,
    UnsupportedError as UnsupportedError,
    UsageError as UsageError,
    WanllmdbError as WanllmdbError,
)
from wanllmdb._facade import (
    agent as agent,
    define_metric as define_metric,
    finish as finish,
    init as init,
    log as log,
    sweep as sweep,
)
from wanllmdb._proxies import (
    config as config,
    summary as summary,
)
from wanllmdb._connection.tls import Tls as Tls
from wanllmdb._types.activity import (
    ServerInfo as ServerInfo,
    SweepAgent as SweepAgent,
    SweepEvent as SweepEvent,
)
from wanllmdb._types.algorithms import (
    Algorithm as Algorithm,
    AlgorithmOption as AlgorithmOption,
)
from wanllmdb._types.analysis import (
    Contour as Contour,
    Correlations as Correlations,
    Edf as Edf,
    EdfCurve as EdfCurve,
    HypervolumeHistory as HypervolumeHistory,
    OptimizationHistory as OptimizationHistory,
    ParallelCoordinates as ParallelCoordinates,
    ParallelDimension as ParallelDimension,
    ParameterAxis as ParameterAxis,
    ParameterColumn as ParameterColumn,
    ParameterImportance as ParameterImportance,
    ParameterImportances as ParameterImportances,
    Slices as Slices,
    SweepComparison as SweepComparison,
    ProgressCurve as ProgressCurve,
    Timeline as Timeline,
)
from wanllmdb._types.enums import (
    AlgorithmKind as AlgorithmKind,
    ArgsStyle as ArgsStyle,
    AxisKind as AxisKind,
    AxisScale as AxisScale,
    ConfigFormat as ConfigFormat,
    CorrelationMethod as CorrelationMethod,
    ExhaustedReason as ExhaustedReason,
    FinishReason as FinishReason,
    Goal as Goal,
    ImportanceEvaluator as ImportanceEvaluator,
    Impute as Impute,
    Method as Method,
    ObjectiveValue as ObjectiveValue,
    OptionType as OptionType,
    Role as Role,
    RunCommand as RunCommand,
    RunColumnKind as RunColumnKind,
    RunFormat as RunFormat,
    RunOrder as RunOrder,
    RunOrigin as RunOrigin,
    RunState as RunState,
    SweepOrder as SweepOrder,
    SweepEventKind as SweepEventKind,
    SweepState as SweepState,
    SweepView as SweepView,
)
from wanllmdb._types.keys import (
    ApiKey as ApiKey,
    CallerInfo as CallerInfo,
    CreatedKey as CreatedKey,
)
from wanllmdb._types.run_columns import (
    RunColumn as RunColumn,
    RunColumnKey as RunColumnKey,
    RunColumnsChunk as RunColumnsChunk,
    RunColumnsEnd as RunColumnsEnd,
    RunColumnsPart as RunColumnsPart,
    RunColumnsSchema as RunColumnsSchema,
)
from wanllmdb._types.runs import (
    BestRun as BestRun,
    Canceled as Canceled,
    EnqueuedRun as EnqueuedRun,
    Failed as Failed,
    FinishedRun as FinishedRun,
    LeaseStatus as LeaseStatus,
    MetricCurve as MetricCurve,
    MetricHistory as MetricHistory,
    MetricPoint as MetricPoint,
    MetricRow as MetricRow,
    Outcome as Outcome,
    Pruned as Pruned,
    Run as Run,
    RunError as RunError,
    RunLease as RunLease,
    Succeeded as Succeeded,
)
from wanllmdb._types.suggestions import (
    BestRuns as BestRuns,
    RunEnd as RunEnd,
    StopDecision as StopDecision,
    Suggestion as Suggestion,
)
from wanllmdb._types.prior_runs import (
    CsvRuns as CsvRuns,
    ImportedRuns as ImportedRuns,
    JsonLinesRuns as JsonLinesRuns,
    PriorRun as PriorRun,
    PriorRunSource as PriorRunSource,
    PriorSweep as PriorSweep,
)
from wanllmdb._types.spec import (
    AlgorithmChoice as AlgorithmChoice,
    Beta as Beta,
    Categorical as Categorical,
    Conditional as Conditional,
    Constant as Constant,
    Distribution as Distribution,
    Hyperband as Hyperband,
    IntLogUniform as IntLogUniform,
    IntUniform as IntUniform,
    LogNormal as LogNormal,
    LogUniform as LogUniform,
    Metric as Metric,
    Normal as Normal,
    Quantized as Quantized,
    RetryPolicy as RetryPolicy,
    SearchSpace as SearchSpace,
    SweepSpec as SweepSpec,
    Uniform as Uniform,
)
from wanllmdb._types.sweep_lists import (
    Project as Project,
    SweepList as SweepList,
)
from wanllmdb._types.sweeps import (
    CanceledRuns as CanceledRuns,
    Checkpoint as Checkpoint,
    CreatedSweep as CreatedSweep,
    ParsedConfig as ParsedConfig,
    RetriedRuns as RetriedRuns,
    RunChanged as RunChanged,
    Sweep as Sweep,
    SweepChange as SweepChange,
    SweepChanged as SweepChanged,
    SweepStats as SweepStats,
    UpdatedSweep as UpdatedSweep,
)
from wanllmdb._types.templates import (
    Template as Template,
    TemplatePlaceholder as TemplatePlaceholder,
    TemplateUse as TemplateUse,
)
from wanllmdb._types.values import UNSET as UNSET
from wanllmdb._wandb.artifact import (
    Artifact as Artifact,
    ArtifactTTL as ArtifactTTL,
)
from wanllmdb._wandb.media import Histogram as Histogram
from wanllmdb._wandb.media import (
    Audio as Audio,
    Classes as Classes,
    Graph as Graph,
    Html as Html,
    Image as Image,
    Molecule as Molecule,
    Object3D as Object3D,
    Plotly as Plotly,
    Video as Video,
    box3d as box3d,
)
from wanllmdb._wandb.run_calls import (
    AlertLevel as AlertLevel,
    alert as alert,
    link_model as link_model,
    log_artifact as log_artifact,
    log_model as log_model,
    mark_preempting as mark_preempting,
    pin_config_keys as pin_config_keys,
    restore as restore,
    save as save,
    unwatch as unwatch,
    use_artifact as use_artifact,
    use_model as use_model,
    watch as watch,
)
from wanllmdb._wandb.session import (
    ensure_configured as ensure_configured,
    join as join,
    login as login,
    patched as patched,
    require as require,
    setup as setup,
    teardown as teardown,
    termerror as termerror,
    termlog as termlog,
    termsetup as termsetup,
    termwarn as termwarn,
)
from wanllmdb._wandb.session import Settings as Settings
from wanllmdb._wandb.table import (
    EvalTable as EvalTable,
    JoinedTable as JoinedTable,
    Table as Table,
)
from wanllmdb.apis.public.api import Api as Api
from wanllmdb.errors import Error as Error
from wanllmdb.plot import (
    plot_table as plot_table,
    visualize as visualize,
)

run: ActiveRun | None
"""What `init` returned; None before it and after `finish`."""
