"""The runs of a sweep that trials of Ray Tune stand for: taken, reported, stopped and ended."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ray.tune.result import AUTO_RESULT_KEYS, DONE, RESULT_DUPLICATE, TRAINING_ITERATION

from wanllmdb._agent.commands import StopOrder, is_lost
from wanllmdb._agent.console import Console
from wanllmdb._agent.early_stopping import CheckSchedule
from wanllmdb._agent.metrics import numeric_values
from wanllmdb._agent.text import presentable
from wanllmdb._agent.wait_policy import is_passing
from wanllmdb._client import Client
from wanllmdb._errors import FailedPreconditionError, WanllmdbError
from wanllmdb._types.enums import RunCommand, RunState
from wanllmdb._types.runs import Canceled, Failed, MetricRow, Pruned, Run, Succeeded
from wanllmdb._types.sweeps import Sweep
from wanllmdb.integration._worker import Worker

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
_CHECK_SECONDS = 5.0
"""How long all trials wait for the answer whether one of them stops."""

# What Ray Tune itself adds to a result.
_OWN_KEYS = frozenset(
    {*AUTO_RESULT_KEYS, DONE, RESULT_DUPLICATE, "experiment_tag", "should_checkpoint", "trial_id"}
)
_CONFIG = "config/"

_UNKNOWN_FAILURE = Failed("the trial failed: Ray Tune keeps its error in error.txt of the trial")


@dataclass
class _Trial:
    """A trial that has not ended.

    Attributes:
        run: its run.
        schedule: when early termination is due.
        step: the last iteration that was reported.
        order: why the trial must stop.
        failure: its last error, after which Ray Tune may try it again.
    """

    run: Run
    schedule: CheckSchedule
    step: int
    order: StopOrder | None = None
    failure: Failed = _UNKNOWN_FAILURE


class NoMoreRunsError(WanllmdbError):
    """The sweep has no more runs, or it has ended."""


class TrialRuns:
    """The runs of one search, by the ids of their trials.

    Ray Tune calls from one thread. Beside it, the worker's thread renews the leases.

    Args:
        client: the client, which `close` closes.
        sweep: the sweep.
        agent_id: the agent's name; "" for one of this process.
    """

    def __init__(self, client: Client, sweep: Sweep, agent_id: str = "") -> None:
        self.sweep = sweep
        self.numbers: dict[str, int] = {}
        self._client = client
        self._quick = client.with_timeout(_CHECK_SECONDS)
        self._worker = Worker(client, sweep.sweep_id, agent_id)
        self._trials: dict[str, _Trial] = {}
        self._warned: set[str] = set()
        self._pause = _FIRST_PAUSE
        self._ask_at = 0.0

    def take(self, trial_id: str) -> Run | None:
        """Return the run of a new trial; None if there may be one later.

        Raises:
            NoMoreRunsError: the sweep has no more runs.
        """
        # Ray Tune asks all the time. It takes the results of other trials meanwhile, so this does
        # not wait.
        if time.monotonic() < self._ask_at:
            return None
        try:
            suggestion = self._worker.offered()
        except FailedPreconditionError as error:
            raise NoMoreRunsError(error.message) from error
        if suggestion is not None and suggestion.runs:
            (run,) = suggestion.runs
            schedule = CheckSchedule.of(self.sweep, run, suggestion.next_check_iteration)
            self._add(trial_id, run, schedule)
            self._ask_soon()
            return run
        if suggestion is not None and not self._trials:
            raise NoMoreRunsError(f"{suggestion.exhausted} {suggestion.message}".rstrip())
        # A trial that fails may become a run again.
        self._ask_at = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        return None

    def report(self, trial_id: str, result: Mapping[str, Any]) -> StopOrder | None:
        """Report a result that was not reported yet; return why the trial must stop, if it must."""
        trial = self._trials.get(trial_id)
        if trial is None:
            return None
        rows = self._rows(trial, result)
        if rows and trial.order is None:
            trial.order = _order_of(self._send(trial, rows))
        if trial.order is None:
            trial.order = _order_of(self._worker.command(trial.run))
        return trial.order

    def check(self, trial_id: str) -> StopOrder | None:
        """Ask whether early termination stops a trial, if that is due; return why it stops."""
        trial = self._trials.get(trial_id)
        if trial is None or trial.order is not None or not trial.schedule.is_due:
            return None if trial is None else trial.order
        try:
            decision = self._quick.should_stop(self.sweep.sweep_id, trial.run.number)
        except WanllmdbError as error:
            if is_lost(error):
                trial.order = StopOrder(error.message, None)
            elif not is_passing(error):
                trial.schedule.postpone(None)
                self._warn(f"early termination is off for run {trial.run.number}: {error}")
            # Otherwise the next result asks again.
            return trial.order
        trial.schedule.postpone(decision.next_check_iteration)
        if decision.should_stop:
            trial.order = StopOrder(decision.reason, Pruned(decision.reason))
        return trial.order

    def failed(self, trial_id: str, failure: Failed) -> None:
        """Keep the error of a trial, for its end."""
        if trial_id in self._trials:
            self._trials[trial_id].failure = failure

    def end(self, trial_id: str, result: Mapping[str, Any] | None, *, has_failed: bool) -> None:
        """End the run of a trial.

        Args:
            trial_id: the trial.
            result: its last result; None if Ray Tune gives none.
            has_failed: whether the trial ends by an error.
        """
        trial = self._trials.pop(trial_id, None)
        if trial is None:
            return
        self._ask_soon()
        rows = self._rows(trial, result or {})
        if trial.order is not None and trial.order.is_lost:
            self._worker.drop(trial.run)
        elif trial.order is not None and trial.order.outcome is not None:
            self._worker.end(trial.run, presentable(trial.order.outcome), rows)
        elif has_failed:
            self._worker.end(trial.run, presentable(trial.failure), rows)
        elif trial.step < 0 and not rows:
            # Ray Tune removed the trial before it began.
            self._worker.give_back(trial.run)
        else:
            self._worker.end(trial.run, Succeeded(), rows)

    def state(self) -> dict[str, Any]:
        """Return what another process needs to go on with these trials."""
        return {
            "sweep_id": self.sweep.sweep_id,
            "agent_id": self._worker.agent_id,
            "numbers": dict(self.numbers),
            "attempts": {key: trial.run.attempt for key, trial in self._trials.items()},
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on with the trials of an earlier process."""
        self.numbers = dict(state["numbers"])
        for trial_id, attempt in state["attempts"].items():
            run = self._client.get_run(self.sweep.sweep_id, self.numbers[trial_id])
            # The service says when the next check is due.
            self._add(trial_id, run, CheckSchedule.of(self.sweep, run, 0))
            if run.state is RunState.RUNNING and run.attempt == attempt:
                self._worker.resume(run)
            else:
                self._trials[trial_id].order = StopOrder("another agent has the run", None)

    def close(self) -> None:
        """Give the runs of trials that have not ended back to the sweep; close the client."""
        for trial in self._trials.values():
            self._worker.give_back(trial.run)
        self._trials.clear()
        self._worker.close()
        self._client.close()

    def _add(self, trial_id: str, run: Run, schedule: CheckSchedule) -> None:
        last = -1 if run.last_step is None else run.last_step
        self._trials[trial_id] = _Trial(run, schedule, last)
        self.numbers[trial_id] = run.number

    def _ask_soon(self) -> None:
        self._pause, self._ask_at = _FIRST_PAUSE, 0.0

    def _rows(self, trial: _Trial, result: Mapping[str, Any]) -> list[MetricRow]:
        """Return a result as a row of metrics, and count it; no row if it was reported before."""
        step = result.get(TRAINING_ITERATION)
        if not isinstance(step, int) or step <= trial.step:
            return []
        trial.step = step
        own = {
            key: value
            for key, value in result.items()
            if key not in _OWN_KEYS and not key.startswith(_CONFIG)
        }
        values = numeric_values(own, lambda _name, line: self._warn(line))
        trial.schedule.observe(step, values)
        return [MetricRow(step, values)] if values else []

    def _send(self, trial: _Trial, rows: list[MetricRow]) -> RunCommand:
        try:
            return self._worker.report(trial.run, rows)
        except WanllmdbError as error:
            if is_lost(error):
                return RunCommand.ABANDON
            if is_passing(error):
                raise
            self._warn(f"run {trial.run.number}: a result could not be reported: {error}")
        # A run has room for a number of metrics, in which the sweep's own always fit.
        own = [metric.name for metric in self.sweep.spec.metrics]
        kept = [MetricRow(row.step, _only(own, row.values)) for row in rows]
        return self._worker.report(trial.run, kept) if kept[0].values else RunCommand.CONTINUE

    def _warn(self, line: str) -> None:
        if line not in self._warned:
            self._warned.add(line)
            Console().line(line)


def _only(names: list[str], values: Mapping[str, float]) -> dict[str, float]:
    return {name: values[name] for name in names if name in values}


def _order_of(command: RunCommand) -> StopOrder | None:
    if command is RunCommand.STOP:
        return StopOrder("it was canceled", Canceled("it was canceled"))
    if command is RunCommand.ABANDON:
        return StopOrder("another agent has the run", None)
    return None
