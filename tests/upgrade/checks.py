"""Compares what agents and drivers know with what is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from tests.e2e.busy_agents import loss_of
from tests.e2e.kills import check_results
from tests.upgrade.load import EARLY, Load, Outcome, Results
from wanllmdb import Client, Run


def check(client: Client, load: Load, outcome: Outcome) -> tuple[list[Run], list[str]]:
    """Return all runs and the problems found."""
    every: list[Run] = []
    problems: list[str] = []
    watched = dict(load.sweeps)
    watched.update({sweep_id: sweep_id for sweep_id in outcome.created})
    for name, sweep_id in watched.items():
        runs = list(client.list_runs(sweep_id))
        every += runs
        sweep = client.get_sweep(sweep_id)
        results = outcome.of(sweep_id)
        try:
            if name == EARLY:
                _check_stopped(runs, results)
            elif name in load.sweeps:
                check_results(runs, results.done, len(runs))
            else:
                check_results(runs, results.done, 1)
            _check_histories(client, runs, results)
            ended = sweep.stats.finished_runs + sweep.stats.pruned_runs
            assert (sweep.state, sweep.finish_reason) == ("finished", "run_cap"), sweep
            assert ended == sweep.stats.total_runs == len(runs), sweep.stats
            for revisions in outcome.watched.get(sweep_id, []):
                assert revisions == sorted(set(revisions)), "a watch brought a change twice"
                assert revisions[-1] == sweep.revision, "a watch misses the last change"
            assert {run.attempt for run in runs} == {1}, "a run was assigned twice"
        except AssertionError as error:
            problems.append(f"{name}: {error}")
    return every, problems


def _check_stopped(runs: Sequence[Run], results: Results) -> None:
    """Check a sweep of which some runs were stopped early, as `check_results` does others."""
    assert [run.number for run in runs] == list(range(len(runs)))
    times = Counter([*(number for number, _ in results.done), *results.pruned])
    losses = dict(results.done)
    for run in runs:
        assert times[run.number] == run.attempt, f"run {run.number} was done {times[run.number]}x"
        if run.state == "pruned":
            assert run.number in results.pruned, f"run {run.number} was not stopped"
        else:
            assert run.state == "finished", f"run {run.number} is {run.state}"
            assert run.objective == loss_of(run.parameters) == losses[run.number]


def _check_histories(client: Client, runs: Sequence[Run], results: Results) -> None:
    """Check that each finished run has its first and its last value, and all between."""
    for run in runs:
        if run.state != "finished":
            continue
        points = client.get_metric_history(run.sweep_id, run.number)["loss"].points
        loss = loss_of(run.parameters)
        assert [point.step for point in points] == list(range(len(points)))
        assert [point.value for point in points] == [
            loss + left for left in reversed(range(len(points)))
        ]
        assert len(points) > 1, f"run {run.number} has {len(points)} values"
    assert len({number for number, _ in results.done}) == len(results.done)


def longest_pause(runs: Sequence[Run], began: datetime, ended: datetime) -> float:
    """Return the longest time without the end of a run, in seconds."""
    ends = sorted(run.end_time for run in runs if run.end_time is not None)
    times = [began, *(end for end in ends if began < end < ended), ended]
    return max((later - earlier).total_seconds() for earlier, later in pairwise(times))
