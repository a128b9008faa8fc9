"""The sweep itself: its cap, its counters, its best run and its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from tests.robustness.checks.facts import Facts, has_objectives
from tests.robustness.checks.violation import Violation
from tests.robustness.sweep_states import (
    CANCELED,
    FAILED,
    FINAL_SWEEP_STATES,
    FINISHED,
    LOST,
    PRUNED,
    QUEUED,
    RUNNING,
)
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2

CAP = "the cap is never exceeded"
COUNTERS = "counters match the stored runs"
BEST = "the best run is the best stored run"
ENDS = "sweeps end, for a true reason"
REST = "no run is assigned while a sweep is paused or after it ended"
DESCRIBED = "acknowledged descriptions of a sweep are kept"

_COUNTED = {
    "queued_runs": QUEUED,
    "running_runs": RUNNING,
    "finished_runs": FINISHED,
    "pruned_runs": PRUNED,
    "failed_runs": FAILED,
    "lost_runs": LOST,
    "canceled_runs": CANCELED,
}


def check_cap(facts: Facts) -> Iterator[Violation]:
    """Check that neither the sweep's counters nor a run number exceeds the cap."""
    cap = facts.history.plan.config.get("run_cap")
    for sweep in _sights(facts):
        total = sum(getattr(sweep.stats, name) for name in _COUNTED)
        if total != sweep.stats.total_runs:
            text = f"{sweep.stats.total_runs} runs, and {total} by their states"
            yield Violation(COUNTERS, text, [sweep])
        if cap is not None and sweep.stats.total_runs > cap:
            yield Violation(CAP, f"{sweep.stats.total_runs} runs of {cap}", [sweep])
    for number, seen_states in facts.sightings.items():
        if cap is not None and number >= cap:
            yield Violation(CAP, f"run {number} of at most {cap}", seen_states[:1])


def _sights(facts: Facts) -> Iterator[sweep_pb2.Sweep]:
    for one in facts.history.tries:
        answer: Any = one.answer
        sweep = getattr(answer, "sweep", None)
        if sweep is not None:
            yield sweep
    for seen in facts.history.seen:
        if seen.sweep is not None:
            yield seen.sweep
    yield facts.final.sweep


def check_counters(facts: Facts) -> Iterator[Violation]:
    """Check the counters of the final state."""
    stats = facts.final.sweep.stats
    states = Counter(run.state for run in facts.final.runs)
    if stats.total_runs != len(facts.final.runs):
        text = f"{stats.total_runs} runs, and {len(facts.final.runs)} are stored"
        yield Violation(COUNTERS, text, [stats])
    for name, state in _COUNTED.items():
        if getattr(stats, name) != states[state]:
            text = f"{name} is {getattr(stats, name)}, and {states[state]} are stored"
            yield Violation(COUNTERS, text, [stats])
    ended = sum(states[state] for state in (FINISHED, PRUNED, FAILED, LOST, CANCELED))
    rates = {"failure_rate": states[FAILED] + states[LOST], "prune_rate": states[PRUNED]}
    for name, count in rates.items():
        expected = count / ended if ended else 0.0
        if abs(getattr(stats, name) - expected) > 1e-9:
            text = f"{name} is {getattr(stats, name)}, and {expected} by the stored runs"
            yield Violation(COUNTERS, text, [stats])


def check_best(facts: Facts) -> Iterator[Violation]:
    """Check the best run, the earlier of equals, in the registry and the suggestion service."""
    sweep = facts.final.sweep
    ranked = _ranked(facts)
    stats = sweep.stats
    if stats.HasField("best_run") != bool(ranked):
        yield Violation(BEST, f"there are {len(ranked)} finished runs to choose from", [stats])
    elif ranked:
        best, stored = ranked[0], stats.best_run
        if (stored.number, stored.objective) != (best.number, best.objective) or (
            stored.parameters != best.parameters
        ):
            text = f"the best run is {best.number} with {best.objective}"
            yield Violation(BEST, text, [stored, best])
    returned_numbers = [run.number for run in facts.final.best_runs]
    expected = [run.number for run in ranked[: len(returned_numbers) or None]]
    if len(sweep.spec.metrics) == 1 and returned_numbers != expected:
        yield Violation(BEST, f"GetBestRuns gave {returned_numbers}, the best are {expected}")


def _ranked(facts: Facts) -> Sequence[run_pb2.Run]:
    metrics = facts.final.sweep.spec.metrics
    if len(metrics) != 1:
        return ()
    sign = -1 if metrics[0].goal == sweep_pb2.GOAL_MAXIMIZE else 1
    finished = [run for run in facts.final.runs if run.state == FINISHED and has_objectives(run)]
    return sorted(finished, key=lambda run: (sign * run.objective, run.number))


def check_end(facts: Facts) -> Iterator[Violation]:
    """Check that the sweep ended for its stated reason and assigned no run when it must not."""
    sweep = facts.final.sweep
    if sweep.state not in FINAL_SWEEP_STATES:
        yield Violation(ENDS, f"the sweep is {sweep_pb2.SweepState.Name(sweep.state)}", [sweep])
        return
    if not _has_reason(facts):
        yield Violation(ENDS, f"the reason is false: {sweep.end_message}", [sweep])
    for one, run in facts.assigned:
        if run.start_time.ToNanoseconds() > sweep.end_time.ToNanoseconds():
            yield Violation(REST, f"run {run.number} was assigned after the end", [one, sweep])
    yield from _assigned_in_a_pause(facts)
    yield from _words(facts)


def _has_reason(facts: Facts) -> bool:
    sweep, runs = facts.final.sweep, facts.final.runs
    asked = {
        "CancelSweep": sweep.state == sweep_pb2.SWEEP_STATE_CANCELED,
        "FinishSweep": sweep.finish_reason == sweep_pb2.FINISH_REASON_REQUESTED,
    }
    for method, is_so in asked.items():
        if is_so:
            return any(not one.is_refused for one in facts.history.of(method))
    if sweep.state == sweep_pb2.SWEEP_STATE_FAILED:
        failed = sum(run.state == FAILED for run in runs)
        return failed >= sweep.spec.max_failed_runs > 0
    match sweep.finish_reason:
        case sweep_pb2.FINISH_REASON_RUN_CAP:
            return len(runs) == sweep.spec.run_cap
        case sweep_pb2.FINISH_REASON_SPACE_EXHAUSTED:
            points = {_point(run) for run in runs}
            return len(points) >= (facts.history.plan.grid_size or 0) > 0
        case sweep_pb2.FINISH_REASON_TARGET_REACHED:
            return any(_meets(sweep.spec.metrics[0], run) for run in runs)
        case _:
            return False


def _point(run: run_pb2.Run) -> bytes:
    """Return the run's parameters in a comparable form."""
    return run_pb2.Run(parameters=run.parameters).SerializeToString(deterministic=True)


def _meets(metric: sweep_pb2.Metric, run: run_pb2.Run) -> bool:
    if run.state != FINISHED or not has_objectives(run):
        return False
    if metric.goal == sweep_pb2.GOAL_MAXIMIZE:
        return run.objective >= metric.target
    return run.objective <= metric.target


def _assigned_in_a_pause(facts: Facts) -> Iterator[Violation]:
    """Report runs that were assigned while the last known change of the sweep was a pause.

    Nothing is known if a ResumeSweep may have been carried out without an answer.
    """
    if any(
        tries[0].method == "ResumeSweep"
        and not any(one.is_answered for one in tries)
        and not all(one.is_refused for one in tries)
        for tries in facts.history.requests.values()
    ):
        return
    changes = list(facts.own_changes.items())
    for place, (revision, state) in enumerate(changes):
        if state != sweep_pb2.SWEEP_STATE_PAUSED:
            continue
        until = changes[place + 1][0] if place + 1 < len(changes) else None
        for one, run in facts.assigned:
            answer: Any = one.answer
            # An agent may resume its runs at any time.
            is_new = not answer.resumed
            if is_new and revision < run.revision and (until is None or run.revision < until):
                text = f"run {run.number} was assigned in a pause, which began at {revision}"
                yield Violation(REST, text, [one])


def _words(facts: Facts) -> Iterator[Violation]:
    updates = [
        tries
        for tries in facts.history.requests.values()
        if tries[0].method == "UpdateSweep" and not all(one.is_refused for one in tries)
    ]
    described: list[Any] = [tries[0].request for tries in updates]
    allowed = {request.sweep.description for request in described}
    acknowledged = [tries for tries in updates if any(one.is_answered for one in tries)]
    if not acknowledged:
        allowed.add("")
    description = facts.final.sweep.description
    if description not in allowed:
        text = f"the description is {description!r}, not one of {sorted(allowed)}"
        yield Violation(DESCRIBED, text, acknowledged and acknowledged[0])
