"""What a run is worth: the values of the sweep's metrics that count when it ends."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from wanllmdb_common.did_you_mean import nearest_name
from wanllmdb_common.errors import FieldViolation, invalid_request
from wanllmdb_registry.domain.edit import SweepEdit
from wanllmdb_registry.domain.model import Metric, ObjectiveValue, Run, SweepSpec

# Among more names none is looked for: the sweep is locked meanwhile.
_MOST_COMPARED = 50


@dataclass(frozen=True, slots=True)
class GivenObjectives:
    """What an agent says that its run is worth: of the only metric, or by metric name."""

    objective: float | None = None
    objectives: Mapping[str, float] | None = None


def by_metric(spec: SweepSpec, given: GivenObjectives) -> dict[str, float]:
    """The given values by metric name; those of metrics that are not named were not given.

    A value for "the" metric of a sweep without one is passed over.

    Raises:
        InvalidArgumentError: names that the sweep's metrics do not have, or `objective` in a
            sweep with several.
    """
    names = [metric.name for metric in spec.metrics]
    values = dict(given.objectives or {})
    known = ", ".join(names) or "none"
    problems = [
        FieldViolation(
            "succeeded.objectives",
            f"the sweep has no metric '{name:.100}'; its metrics: {known:.500}",
        )
        for name in values
        if name not in names
    ]
    if given.objective is not None and len(names) > 1:
        text = f"is for a sweep with one metric; give objectives by name: {known:.500}"
        problems.append(FieldViolation("succeeded.objective", text))
    elif given.objective is not None and values:
        text = "is given beside objectives; give one of the two"
        problems.append(FieldViolation("succeeded.objective", text))
    if problems:
        raise invalid_request(*problems)
    if given.objective is not None and names:
        return {names[0]: given.objective}
    return values


def needs_history(spec: SweepSpec) -> bool:
    """Whether the last value of each metric, which a run has with it, is not enough."""
    return any(metric.value is not ObjectiveValue.LAST for metric in spec.metrics)


def reported_value(edit: SweepEdit, run: Run, metric: Metric) -> float | None:
    """Of what the run's present attempt reported, the value that counts; None if nothing.

    Of the best one, NaN and infinite values are passed over, unless there are no others. Of
    a mean, one of them makes the whole NaN. What the program set in its summary is the last value,
    is one of those of which the best one counts, and is the mean where nothing was logged.
    """
    in_summary = run.summary.get(metric.name)
    if metric.value is ObjectiveValue.LAST or in_summary is None:
        return in_summary
    by_step = edit.values_of(run, metric.name)
    if metric.value is ObjectiveValue.BEST:
        finite = [value for value in (*by_step.values(), in_summary) if math.isfinite(value)]
        return metric.best_of(finite) if finite else math.nan
    last = [by_step[step] for step in sorted(by_step)[-metric.mean_over :]] or [in_summary]
    return _mean(last) if all(map(math.isfinite, last)) else math.nan


def _mean(values: list[float]) -> float:
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        return math.fsum(value / len(values) for value in values)


def objectives_of(edit: SweepEdit, run: Run, given: Mapping[str, float]) -> tuple[float, ...] | str:
    """The values that count, in the order of the metrics, or why there are none, in a sentence.

    A value that was not given is read off what the run reported. NaN and infinite values do
    not count: one infinite value would be the best for ever, and no model learns from it.
    """
    values: list[float] = []
    problems: list[str] = []
    for metric in edit.sweep.spec.metrics:
        value = given.get(metric.name)
        if value is None:
            value = reported_value(edit, run, metric)
        if value is None:
            problems.append(f"the run ended without a value of metric '{metric.name}'")
        elif not math.isfinite(value):
            which = {
                ObjectiveValue.LAST: "final value",
                ObjectiveValue.BEST: "best value",
                ObjectiveValue.MEAN_LAST: f"mean of the last {metric.mean_over} values",
            }[ObjectiveValue.LAST if metric.name in given else metric.value]
            what = "NaN" if math.isnan(value) else f"infinite ({value})"
            problems.append(f"the {which} of metric '{metric.name}' is {what}")
        else:
            values.append(value)
    if not problems:
        return tuple(values)
    reason = "; ".join(problems)
    if "without a value" in reason:
        reported = ", ".join(sorted(run.summary)) or "nothing"
        reason += f"; it reported {reported:.500}{_meant(edit.sweep.spec, run)}"
    return reason


def _meant(spec: SweepSpec, run: Run) -> str:
    """Which reported name may be that of a metric without a value; at most one is named."""
    if len(run.summary) > _MOST_COMPARED:
        return ""
    for metric in spec.metrics:
        if metric.name not in run.summary:
            meant = nearest_name(metric.name, run.summary)
            if meant is not None:
                return f"; did you mean '{meant}'?"
    return ""
