"""Hyperparameter sweeps: `import wanllmdb as wandb`, and a training script runs a sweep.

    sweep_id = wandb.sweep(config, project="my-project")

    def train():
        with wandb.init() as run:
            for epoch in range(10):
                wandb.log({"val_accuracy": fit(lr=wandb.config.learning_rate)})

    wandb.agent(sweep_id, function=train, count=10)

`Client` and `AsyncClient` have one method per RPC of the two services.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wanllmdb._version import __version__

if TYPE_CHECKING:
    from wanllmdb._agent.active_run import ActiveRun
    from wanllmdb._agent.loop import AgentResult
    from wanllmdb._async_client import AsyncClient
    from wanllmdb._client import Client
    from wanllmdb._errors import (
        AbortedError,
        AgentGaveUpError,
        AlreadyExistsError,
        DeadlineExceededError,
        FailedPreconditionError,
        FieldProblem,
        InternalError,
        InvalidArgumentError,
        NoRunError,
        NotFoundError,
        PermissionDeniedError,
        ResourceExhaustedError,
        RunStopped,
        UnauthenticatedError,
        UnavailableError,
        UnimplementedError,
        WanllmdbError,
    )
    from wanllmdb._facade import agent, config, finish, init, log, sweep
    from wanllmdb._types.analysis import (
        Algorithm,
        OptimizationHistory,
        ParallelCoordinates,
        ParallelDimension,
        ParameterImportance,
    )
    from wanllmdb._types.enums import (
        AxisKind,
        AxisScale,
        ConfigFormat,
        ExhaustedReason,
        FinishReason,
        Goal,
        ImportanceEvaluator,
        Method,
        RunCommand,
        RunOrder,
        RunOrigin,
        RunState,
        SweepOrder,
        SweepState,
    )
    from wanllmdb._types.run import (
        BestRun,
        Canceled,
        EnqueuedRun,
        Failed,
        FinishedRun,
        LeaseStatus,
        MetricHistory,
        MetricPoint,
        MetricRow,
        Outcome,
        Pruned,
        Run,
        RunError,
        RunLease,
        StopDecision,
        Succeeded,
        Suggestion,
    )
    from wanllmdb._types.spec import (
        Categorical,
        Constant,
        Distribution,
        Hyperband,
        IntLogUniform,
        IntNormal,
        IntUniform,
        LogUniform,
        Metric,
        Normal,
        RetryPolicy,
        SweepSpec,
        Uniform,
    )
    from wanllmdb._types.sweep import (
        Checkpoint,
        CreatedSweep,
        ParsedConfig,
        RunChanged,
        Sweep,
        SweepChange,
        SweepChanged,
        SweepStats,
    )
    from wanllmdb._types.unset import UNSET

# Where each public name lives. Loaded at its first use, so that importing wanllmdb costs a
# training script next to nothing.
_MODULES = {
    "wanllmdb._agent.active_run": ("ActiveRun",),
    "wanllmdb._agent.loop": ("AgentResult",),
    "wanllmdb._async_client": ("AsyncClient",),
    "wanllmdb._client": ("Client",),
    "wanllmdb._errors": (
        "AbortedError",
        "AgentGaveUpError",
        "AlreadyExistsError",
        "DeadlineExceededError",
        "FailedPreconditionError",
        "FieldProblem",
        "InternalError",
        "InvalidArgumentError",
        "NoRunError",
        "NotFoundError",
        "PermissionDeniedError",
        "ResourceExhaustedError",
        "RunStopped",
        "UnauthenticatedError",
        "UnavailableError",
        "UnimplementedError",
        "WanllmdbError",
    ),
    "wanllmdb._facade": (
        "agent",
        "config",
        "finish",
        "init",
        "log",
        "sweep",
    ),
    "wanllmdb._types.analysis": (
        "Algorithm",
        "OptimizationHistory",
        "ParallelCoordinates",
        "ParallelDimension",
        "ParameterImportance",
    ),
    "wanllmdb._types.enums": (
        "AxisKind",
        "AxisScale",
        "ConfigFormat",
        "ExhaustedReason",
        "FinishReason",
        "Goal",
        "ImportanceEvaluator",
        "Method",
        "RunCommand",
        "RunOrder",
        "RunOrigin",
        "RunState",
        "SweepOrder",
        "SweepState",
    ),
    "wanllmdb._types.run": (
        "BestRun",
        "Canceled",
        "EnqueuedRun",
        "Failed",
        "FinishedRun",
        "LeaseStatus",
        "MetricHistory",
        "MetricPoint",
        "MetricRow",
        "Outcome",
        "Pruned",
        "Run",
        "RunError",
        "RunLease",
        "StopDecision",
        "Succeeded",
        "Suggestion",
    ),
    "wanllmdb._types.spec": (
        "Categorical",
        "Constant",
        "Distribution",
        "Hyperband",
        "IntLogUniform",
        "IntNormal",
        "IntUniform",
        "LogUniform",
        "Metric",
        "Normal",
        "RetryPolicy",
        "SweepSpec",
        "Uniform",
    ),
    "wanllmdb._types.sweep": (
        "Checkpoint",
        "CreatedSweep",
        "ParsedConfig",
        "RunChanged",
        "Sweep",
        "SweepChange",
        "SweepChanged",
        "SweepStats",
    ),
    "wanllmdb._types.unset": ("UNSET",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "UNSET",
    "AbortedError",
    "ActiveRun",
    "AgentGaveUpError",
    "AgentResult",
    "Algorithm",
    "AlreadyExistsError",
    "AsyncClient",
    "AxisKind",
    "AxisScale",
    "BestRun",
    "Canceled",
    "Categorical",
    "Checkpoint",
    "Client",
    "ConfigFormat",
    "Constant",
    "CreatedSweep",
    "DeadlineExceededError",
    "Distribution",
    "EnqueuedRun",
    "ExhaustedReason",
    "Failed",
    "FailedPreconditionError",
    "FieldProblem",
    "FinishReason",
    "FinishedRun",
    "Goal",
    "Hyperband",
    "ImportanceEvaluator",
    "IntLogUniform",
    "IntNormal",
    "IntUniform",
    "InternalError",
    "InvalidArgumentError",
    "LeaseStatus",
    "LogUniform",
    "Method",
    "Metric",
    "MetricHistory",
    "MetricPoint",
    "MetricRow",
    "NoRunError",
    "Normal",
    "NotFoundError",
    "OptimizationHistory",
    "Outcome",
    "ParallelCoordinates",
    "ParallelDimension",
    "ParameterImportance",
    "ParsedConfig",
    "PermissionDeniedError",
    "Pruned",
    "ResourceExhaustedError",
    "RetryPolicy",
    "Run",
    "RunChanged",
    "RunCommand",
    "RunError",
    "RunLease",
    "RunOrder",
    "RunOrigin",
    "RunState",
    "RunStopped",
    "StopDecision",
    "Succeeded",
    "Suggestion",
    "Sweep",
    "SweepChange",
    "SweepChanged",
    "SweepOrder",
    "SweepSpec",
    "SweepState",
    "SweepStats",
    "UnauthenticatedError",
    "UnavailableError",
    "Uniform",
    "UnimplementedError",
    "WanllmdbError",
    "__version__",
    "agent",
    "config",
    "finish",
    "init",
    "log",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
