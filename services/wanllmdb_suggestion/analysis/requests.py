"""Finds the metric and the parameters that a request names in the sweep; has the defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb
from wanllmdb_common.did_you_mean import did_you_mean
from wanllmdb_common.search_space.distributions import Parameter
from wanllmdb_suggestion.errors import Violations, no_metric, one_metric, several_metrics
from wanllmdb_suggestion.optimizer.importance.importance import Evaluator
from wanllmdb_suggestion.optimizer.statistics.correlation import Scores, linear_scores, rank_scores
from wanllmdb_suggestion.optimizer.statistics.finished_runs import FinishedRuns, ScoredRuns
from wanllmdb_suggestion.optimizer.types import Metric

DEFAULT_POINTS = 1_000
DEFAULT_PLACES = 200
DEFAULT_RESOLUTION = 50

EVALUATORS = {
    pb.IMPORTANCE_EVALUATOR_UNSPECIFIED: Evaluator.FANOVA,
    pb.IMPORTANCE_EVALUATOR_FANOVA: Evaluator.FANOVA,
    pb.IMPORTANCE_EVALUATOR_MEAN_DECREASE_IMPURITY: Evaluator.MEAN_DECREASE_IMPURITY,
    pb.IMPORTANCE_EVALUATOR_PED_ANOVA: Evaluator.PED_ANOVA,
}

METHODS: dict[pb.CorrelationMethod.ValueType, Scores] = {
    pb.CORRELATION_METHOD_UNSPECIFIED: linear_scores,
    pb.CORRELATION_METHOD_PEARSON: linear_scores,
    pb.CORRELATION_METHOD_SPEARMAN: rank_scores,
}

# The most violations, and the most known names, that an error lists.
_MAX_LISTED = 20


@dataclass(frozen=True, slots=True)
class Subject:
    """The runs with a value of the metric, and the named parameters in their order."""

    runs: ScoredRuns
    parameters: Sequence[Parameter]


def subject_of(
    sweep_id: str, finished: FinishedRuns, metric: str, parameters: Mapping[str, str] | None = None
) -> Subject:
    """Return the runs and the parameters that a request about one metric names.

    Args:
        sweep_id: The sweep.
        finished: Its runs.
        metric: The metric's name; empty for the only metric.
        parameters: The names of searched parameters, by the request's field.

    Raises:
        ServiceError: NO_METRIC, SEVERAL_METRICS, or INVALID_REQUEST with every unknown name.
    """
    violations = Violations()
    chosen = chosen_metric(sweep_id, finished.metrics, metric, violations)
    found = []
    for field, name in (parameters or {}).items():
        found.append(_parameter(finished, field, name, violations))
        # Each violation costs a search for similar names.
        if len(violations) >= _MAX_LISTED:
            break
    violations.raise_any()
    assert chosen is not None
    return Subject(finished.scored(chosen), [p for p in found if p is not None])


def chosen_metric(
    sweep_id: str, metrics: Sequence[Metric], name: str, violations: Violations
) -> Metric | None:
    """Return the metric of that name, or the only metric if the name is empty.

    Returns None and adds a violation if the sweep has no such metric.

    Raises:
        FailedPreconditionError: NO_METRIC or SEVERAL_METRICS.
    """
    if not metrics:
        raise no_metric(sweep_id)
    if not name and len(metrics) > 1:
        raise several_metrics(sweep_id, _names(metrics))
    for metric in metrics:
        if name in ("", metric.name):
            return metric
    violations.add(
        "metric",
        f"{name!r:.100} is not a metric of sweep '{sweep_id}'"
        f"{did_you_mean(name, _names(metrics))}; {_known(_names(metrics))}",
    )
    return None


def check_front(sweep_id: str, metrics: Sequence[Metric], reference: Iterable[str]) -> None:
    """Check that a sweep has several metrics, and that `reference` names some of them.

    Raises:
        ServiceError: NO_METRIC, or INVALID_REQUEST.
    """
    if not metrics:
        raise no_metric(sweep_id)
    if len(metrics) == 1:
        raise one_metric(sweep_id, metrics[0].name)
    violations = Violations()
    for name in sorted(set(reference) - set(_names(metrics)))[:_MAX_LISTED]:
        violations.add(
            f"reference_point.{name:.100}",
            f"is not a metric of the sweep{did_you_mean(name, _names(metrics))}; "
            f"{_known(_names(metrics))}",
        )
    violations.raise_any()


def _parameter(
    finished: FinishedRuns, field: str, name: str, violations: Violations
) -> Parameter | None:
    found = next((p for p in finished.space.parameters if p.name == name), None)
    if found is None:
        names = list(finished.parameters)
        violations.add(
            field,
            f"{name!r:.100} is not a parameter of the sweep{did_you_mean(name, names)}; "
            f"{_known(names)}",
        )
    elif name not in finished.parameters:
        violations.add(field, f"{name!r:.100} has a single value and is not searched")
        return None
    return found


def _known(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_LISTED:,} more" if len(names) > _MAX_LISTED else ""
    return f"known names are {', '.join(names[:_MAX_LISTED])}{more}"


def _names(metrics: Sequence[Metric]) -> list[str]:
    return [metric.name for metric in metrics]
