"""Hints about runs that ended well but have no objective value, or a poor one."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Sequence

from wanllmdb._client import Client
from wanllmdb._types.enums import Goal, ObjectiveValue, RunState
from wanllmdb._types.runs import Outcome, Run, Succeeded
from wanllmdb._types.spec import Metric
from wanllmdb._types.sweeps import Sweep


def hint_for(sweep: Sweep, outcome: Outcome | None, ended: Run) -> str | None:
    """Return how to report the sweep's metrics, for a run that ended without an objective."""
    if not isinstance(outcome, Succeeded) or ended.state is not RunState.FINISHED:
        return None
    if ended.objective is not None or ended.objectives:
        return None
    missing = [m.name for m in sweep.spec.metrics if m.name not in ended.summary]
    if not missing:
        return None
    names = ", ".join(f"{name!r}: ..." for name in missing)
    if not ended.summary:
        return (
            f"hint: the program succeeded but reported no metrics. In Python, report them with "
            f"`import wanllmdb as wandb; wandb.init(); wandb.log({{{names}}})`"
        )
    logged = sorted(ended.summary)
    close = _nearest(missing[0], logged)
    guess = "" if close is None else f"; did you mean {close!r}?"
    return f"hint: the sweep needs {', '.join(missing)}; the run logged {', '.join(logged)}{guess}"


def _nearest(name: str, logged: Iterable[str]) -> str | None:
    """Return the logged name most similar to `name`, ignoring case."""
    by_folded = {each.casefold(): each for each in logged}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    return by_folded[close[0]] if close else None


# Fewer values make no learning curve.
_FEWEST = 3

# A run that lost more than this share of its gain, from its first value to its best, ranks
# nearer to its first value than to its best. The share has no unit, so one limit suits losses
# and accuracies.
_FAR = 0.5

# The most histories that an agent reads; a warning does not justify more calls.
_MOST_LOOKS = 5


class LastValueHint:
    """Checks whether runs end far worse than their best value, until it has warned once."""

    def __init__(self, client: Client, sweep: Sweep) -> None:
        self._client = client
        self._metric = _metric_that_counts_last(sweep)
        self._looks = _MOST_LOOKS

    def warning(self, ended: Run) -> str | None:
        """Return a warning about a run that ended; None for none.

        Raises:
            WanllmdbError: the run's history could not be read.
        """
        metric = self._metric
        is_candidate = ended.state in (RunState.FINISHED, RunState.PRUNED) and ended.last_step
        if metric is None or ended.objective is None or not is_candidate or not self._looks:
            return None
        self._looks -= 1
        history = self._client.get_metric_history(
            ended.sweep_id, ended.number, names=[metric.name], attempt=ended.attempt
        ).get(metric.name)
        values = [point.value for point in history.points] if history else []
        best = best_far_from_last(values, minimize=metric.goal is Goal.MINIMIZE)
        if best is None:
            return None
        self._looks = 0
        return (
            f"run {ended.number} ended with {metric.name} {ended.objective:.6g}, though it was at "
            f"{best:.6g} before: the last value counts. To rank runs by their best one, as W&B's "
            "bayes does, set metric.value: best"
        )


def best_far_from_last(values: Sequence[float], *, minimize: bool) -> float | None:
    """Return the best value if the last one is far worse, see _FAR, else None.

    Values that are not finite do not count.
    """
    sign = 1.0 if minimize else -1.0
    losses = [sign * value for value in values if math.isfinite(value)]
    if len(losses) < _FEWEST:
        return None
    first, best, last = losses[0], min(losses), losses[-1]
    return sign * best if last - best > _FAR * (first - best) > 0 else None


def _metric_that_counts_last(sweep: Sweep) -> Metric | None:
    """Return the metric if the sweep has early termination and its last value counts."""
    metric = sweep.spec.metric
    if metric is None or sweep.spec.early_termination is None:
        return None
    return metric if metric.value is ObjectiveValue.LAST else None
