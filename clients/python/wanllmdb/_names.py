"""Where each public name lives, and what comes of asking for one.

Loaded when a program uses the first of them. The names stand in `wanllmdb/__init__.py` once
more, for type checkers and editors; a test holds the two lists together.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

MODULES = {
    "wanllmdb._agent.active_run": ("ActiveRun",),
    "wanllmdb._agent.counts": ("AgentResult",),
    "wanllmdb._async_client": ("AsyncClient",),
    "wanllmdb._client": ("Client",),
    "wanllmdb._errors": (
        "AbortedError",
        "AgentGaveUpError",
        "AlreadyExistsError",
        "AuthenticationError",
        "CommError",
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
        "UnsupportedError",
        "UsageError",
        "WanllmdbError",
    ),
    "wanllmdb._facade": (
        "agent",
        "define_metric",
        "finish",
        "init",
        "log",
        "sweep",
    ),
    "wanllmdb._proxies": (
        "config",
        "summary",
    ),
    "wanllmdb._tls": ("Tls",),
    "wanllmdb._types.algorithms": (
        "Algorithm",
        "AlgorithmOption",
    ),
    "wanllmdb._types.analysis": (
        "Contour",
        "Correlations",
        "Edf",
        "EdfCurve",
        "HypervolumeHistory",
        "OptimizationHistory",
        "ParallelCoordinates",
        "ParallelDimension",
        "ParameterAxis",
        "ParameterColumn",
        "ParameterImportance",
        "ParameterImportances",
        "Slices",
        "SweepComparison",
        "SweepCourse",
        "Timeline",
    ),
    "wanllmdb._types.enums": (
        "AlgorithmKind",
        "ArgsStyle",
        "AxisKind",
        "AxisScale",
        "ConfigFormat",
        "CorrelationMethod",
        "ExhaustedReason",
        "FinishReason",
        "Goal",
        "ImportanceEvaluator",
        "Impute",
        "Method",
        "ObjectiveValue",
        "OptionType",
        "Role",
        "RunCommand",
        "RunFormat",
        "RunOrder",
        "RunOrigin",
        "RunState",
        "SweepOrder",
        "SweepState",
    ),
    "wanllmdb._types.keys": (
        "ApiKey",
        "CallerInfo",
        "CreatedKey",
    ),
    "wanllmdb._types.run": (
        "BestRun",
        "BestRuns",
        "Canceled",
        "CsvRuns",
        "EnqueuedRun",
        "Failed",
        "FinishedRun",
        "ImportedRuns",
        "JsonLinesRuns",
        "LeaseStatus",
        "MetricHistory",
        "MetricPoint",
        "MetricRow",
        "Outcome",
        "PriorRun",
        "PriorRunSource",
        "PriorSweep",
        "Pruned",
        "Run",
        "RunError",
        "RunLease",
        "StopDecision",
        "Succeeded",
        "Suggestion",
    ),
    "wanllmdb._types.spec": (
        "AlgorithmChoice",
        "Beta",
        "Categorical",
        "Conditional",
        "Constant",
        "Distribution",
        "Hyperband",
        "IntLogUniform",
        "IntUniform",
        "LogNormal",
        "LogUniform",
        "Metric",
        "Normal",
        "Quantized",
        "RetryPolicy",
        "SearchSpace",
        "SweepSpec",
        "Uniform",
    ),
    "wanllmdb._types.sweep": (
        "Checkpoint",
        "CreatedSweep",
        "ParsedConfig",
        "RetriedRuns",
        "RunChanged",
        "Sweep",
        "SweepChange",
        "SweepChanged",
        "SweepStats",
        "UpdatedSweep",
    ),
    "wanllmdb._types.template": (
        "Template",
        "TemplatePlaceholder",
        "TemplateUse",
    ),
    "wanllmdb._types.unset": ("UNSET",),
    "wanllmdb._agent.config": ("Config",),
    "wanllmdb._wandb.artifact": (
        "Artifact",
        "ArtifactTTL",
    ),
    "wanllmdb._wandb.histogram": ("Histogram",),
    "wanllmdb._wandb.media": (
        "Audio",
        "Classes",
        "Graph",
        "Html",
        "Image",
        "Molecule",
        "Object3D",
        "Plotly",
        "Video",
        "box3d",
    ),
    "wanllmdb._wandb.run_calls": (
        "AlertLevel",
        "alert",
        "link_model",
        "log_artifact",
        "log_model",
        "mark_preempting",
        "pin_config_keys",
        "restore",
        "save",
        "unwatch",
        "use_artifact",
        "use_model",
        "watch",
    ),
    "wanllmdb._wandb.session": (
        "ensure_configured",
        "join",
        "login",
        "patched",
        "require",
        "setup",
        "teardown",
        "termerror",
        "termlog",
        "termsetup",
        "termwarn",
    ),
    "wanllmdb._wandb.settings": ("Settings",),
    "wanllmdb._wandb.table": (
        "EvalTable",
        "JoinedTable",
        "Table",
    ),
    "wanllmdb.apis.public.api": ("Api",),
    "wanllmdb.errors": ("Error",),
    "wanllmdb.plot": (
        "plot_table",
        "visualize",
    ),
}

SUBMODULES = frozenset(
    {"apis", "data_types", "env", "errors", "integration", "plot", "sdk", "util"}
)
"""Modules by W&B's paths, which are names too."""

FRAMEWORKS = frozenset({"keras", "lightgbm", "sklearn", "xgboost"})
"""Modules that import a framework: there by name, and in no list of all names."""

_HOMES = {name: module for module, names in MODULES.items() for name in names}

PUBLIC = sorted({*_HOMES, *SUBMODULES, "__version__", "run"})
"""Every name, for `dir()` and `from wanllmdb import *`."""


def load(name: str, into: dict[str, Any]) -> Any:
    """The value of a name of the package, which is kept in `into` where it stays the same.

    Raises:
        AttributeError: there is no such name; it says what there is.
    """
    if name == "run":
        # Another one each time.
        return import_module("wanllmdb._facade").run_here()
    if name == "__all__":
        return PUBLIC
    if name in SUBMODULES | FRAMEWORKS:
        return import_module(f"wanllmdb.{name}")
    if name not in _HOMES:
        raise AttributeError(_missing(name))
    into[name] = value = getattr(import_module(_HOMES[name]), name)
    return value


def _missing(name: str) -> str:
    if name.startswith("_"):
        return f"module 'wanllmdb' has no attribute {name!r}"
    from wanllmdb._wandb.names import NAMES, missing

    return missing(name, PUBLIC, "wanllmdb", NAMES)
