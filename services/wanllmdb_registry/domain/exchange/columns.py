"""The columns of runs as text: which there are, and how a name is told from another one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wanllmdb_registry.domain.model import Run, SweepSpec

# What every run has, in the order of the columns.
RUN_COLUMNS = (
    "number",
    "state",
    "attempt",
    "last_step",
    "name",
    "agent_id",
    "start_time",
    "end_time",
    "duration_seconds",
    "error",
)
PARAMETERS = "parameters"
METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Columns:
    """Headings of parameters and metrics, by name: the name itself unless it is taken.

    Then it is `parameters.NAME` or `metrics.NAME`.
    """

    parameters: Mapping[str, str]
    metrics: Mapping[str, str]


def columns_of(spec: SweepSpec, reported: Iterable[str] = ()) -> Columns:
    """A column a parameter, by name; then one a metric of the sweep, and one a reported one."""
    taken = set(RUN_COLUMNS)
    parameters = {p.name: _heading(PARAMETERS, p.name, taken) for p in spec.space.parameters}
    names = [metric.name for metric in spec.metrics]
    names += sorted(set(reported) - set(names))
    return Columns(parameters, {name: _heading(METRICS, name, taken) for name in names})


def _heading(kind: str, name: str, taken: set[str]) -> str:
    heading = name
    while heading in taken:
        heading = f"{kind}.{heading}"
    taken.add(heading)
    return heading


def metrics_of(spec: SweepSpec, run: Run) -> dict[str, float]:
    """What a run is worth by metric, and the last value of all else that it reported."""
    worth = {metric.name: value for metric, value in zip(spec.metrics, run.values, strict=False)}
    return {**run.summary, **worth}
