"""What a request is about, found in the sweep: its metric and its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wanllmdb_common.did_you_mean import did_you_mean
from wanllmdb_common.search_space.distributions import Parameter
from wanllmdb_suggestion.refusals import no_metric, one_metric, several_metrics
from wanllmdb_suggestion.requests import Problems
from wanllmdb_suggestion.study.records import Metric
from wanllmdb_suggestion.study.statistics.runs import FinishedRuns, ScoredRuns

# So many problems, and so many of the known names, are told.
_MAX_TOLD = 20


@dataclass(frozen=True, slots=True)
class Subject:
    """The runs that count for the metric, and the named parameters in their order."""

    runs: ScoredRuns
    parameters: Sequence[Parameter]


def subject_of(
    sweep_id: str, finished: FinishedRuns, metric: str, parameters: Mapping[str, str] | None = None
) -> Subject:
    """What a request about one metric is about.

    Args:
        sweep_id: The sweep.
        finished: Its runs.
        metric: The metric's name; empty for the only one.
        parameters: By the request's field, the name of a searched parameter.

    Raises:
        ServiceError: NO_METRIC, SEVERAL_METRICS, or INVALID_REQUEST with every name that
            the sweep does not have.
    """
    problems = Problems()
    chosen = chosen_metric(sweep_id, finished.metrics, metric, problems)
    found = []
    for field, name in (parameters or {}).items():
        found.append(_parameter(finished, field, name, problems))
        # Each costs a search for what may have been meant.
        if len(problems) >= _MAX_TOLD:
            break
    problems.raise_any()
    assert chosen is not None
    return Subject(finished.scored(chosen), [p for p in found if p is not None])


def chosen_metric(
    sweep_id: str, metrics: Sequence[Metric], name: str, problems: Problems
) -> Metric | None:
    """The metric of that name, the only one where no name is given.

    None where there is no such metric; `problems` then says so.

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
    problems.add(
        "metric",
        f"{name!r:.100} is no metric of sweep '{sweep_id}'"
        f"{did_you_mean(name, _names(metrics))}; {_known(_names(metrics))}",
    )
    return None


def check_front(sweep_id: str, metrics: Sequence[Metric], reference: Iterable[str]) -> None:
    """Whether a sweep with these metrics has a front, and `reference` names some of them.

    Raises:
        ServiceError: NO_METRIC, or INVALID_REQUEST.
    """
    if not metrics:
        raise no_metric(sweep_id)
    if len(metrics) == 1:
        raise one_metric(sweep_id, metrics[0].name)
    problems = Problems()
    for name in sorted(set(reference) - set(_names(metrics)))[:_MAX_TOLD]:
        problems.add(
            f"reference_point.{name:.100}",
            f"is no metric of the sweep{did_you_mean(name, _names(metrics))}; "
            f"{_known(_names(metrics))}",
        )
    problems.raise_any()


def _parameter(
    finished: FinishedRuns, field: str, name: str, problems: Problems
) -> Parameter | None:
    found = next((p for p in finished.space.parameters if p.name == name), None)
    if found is None:
        names = list(finished.parameters)
        problems.add(
            field,
            f"{name!r:.100} is no parameter of the sweep{did_you_mean(name, names)}; "
            f"{_known(names)}",
        )
    elif name not in finished.parameters:
        problems.add(field, f"{name!r:.100} has a single value: it is not searched")
        return None
    return found


def _known(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_TOLD:,} more" if len(names) > _MAX_TOLD else ""
    return f"known are {', '.join(names[:_MAX_TOLD])}{more}"


def _names(metrics: Sequence[Metric]) -> list[str]:
    return [metric.name for metric in metrics]
