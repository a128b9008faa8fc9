"""A searcher and a scheduler of Ray Tune whose trials are the runs of a sweep.

    search = SweepSearch(pruner="median")
    tuner = tune.Tuner(
        train,
        param_space={"lr": tune.loguniform(1e-4, 0.1)},
        tune_config=tune.TuneConfig(
            metric="loss", mode="min", num_samples=20,
            search_alg=search, scheduler=SweepScheduler(search),
        ),
    )
    tuner.fit()

The suggestion service proposes the trials' values and decides which of them stop early; the
registry stores every result. Ray Tune runs the trials, with its resources, checkpoints and
retries.
"""

from __future__ import annotations

import atexit
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from wanllmdb._client import Client
from wanllmdb._errors import FieldProblem, InvalidArgumentError
from wanllmdb._types.enums import Goal, Method
from wanllmdb._types.runs import Failed
from wanllmdb._types.spec import AlgorithmChoice, Hyperband, Metric, SweepSpec
from wanllmdb._types.sweeps import Sweep
from wanllmdb.integration._ray_runs import NoMoreRunsError, TrialRuns
from wanllmdb.integration._ray_space import TuneSpace, nested

__all__ = ["SweepScheduler", "SweepSearch"]

_GOALS = {"min": Goal.MINIMIZE, "max": Goal.MAXIMIZE}
_MODES = {goal: mode for mode, goal in _GOALS.items()}


class SweepSearch(Searcher):
    """Takes each trial's values from a sweep, and reports the trial's results to it.

    Without `sweep_id`, the first trial creates a sweep of the `param_space`, the metric and the
    `num_samples` that Ray Tune has. The services' addresses and the API key come from the
    environment, as for `Client`.

    Runs of trials that have not ended are given back when the process ends, or by `close`.

    Args:
        sweep_id: a sweep that exists. Its config states parameters, metrics and early termination;
            `param_space` may add values that are the same in all trials.
        method: the sweep's method: "bayes", "random" or "grid".
        sampler: the sweep's sampler: its name, or an AlgorithmChoice with options.
        pruner: the sweep's early termination, in the same form, or Hyperband. It takes effect by
            `SweepScheduler`.
        seed: the sweep's seed.
        project: the sweep's project.
        name: the sweep's name.

    Raises:
        InvalidArgumentError: `sweep_id` is given together with what a config states.
    """

    def __init__(
        self,
        sweep_id: str = "",
        *,
        method: str = "bayes",
        sampler: str | AlgorithmChoice | None = None,
        pruner: str | AlgorithmChoice | Hyperband | None = None,
        seed: int | None = None,
        project: str = "",
        name: str = "",
    ) -> None:
        super().__init__()
        self.sweep_id = sweep_id
        self._is_new = not sweep_id
        self._method = Method(method)
        self._sampler = _choice(sampler)
        self._pruner = pruner if isinstance(pruner, Hyperband) else _choice(pruner)
        self._seed = seed
        self._project = project
        self._name = name
        self._space: TuneSpace | None = None
        self._run_cap: int | None = None
        self._runs: TrialRuns | None = None
        if sweep_id and (method != "bayes" or (sampler, pruner, seed) != (None, None, None)):
            raise InvalidArgumentError(
                "method, sampler, pruner and seed are for a new sweep: leave them, or sweep_id"
            )

    @property
    def run_numbers(self) -> Mapping[str, int]:
        """The number of each trial's run, by the trial's id."""
        return {} if self._runs is None else dict(self._runs.numbers)

    def set_search_properties(
        self, metric: str | None, mode: str | None, config: dict[str, Any], **spec: Any
    ) -> bool:
        """Take the metric and the space; whether the searcher can use them.

        Raises:
            InvalidArgumentError: there is no metric, or a sweep can't have this space; lists every
                problem.
        """
        if metric is not None:
            self._metric, self._mode = metric, mode or "max"
        if not self._is_new:
            return False
        problems: list[FieldProblem] = []
        if not isinstance(self._metric, str) or self._mode not in _GOALS:
            text = 'give TuneConfig(metric=..., mode="min" or "max"), or the id of a sweep'
            problems.append(FieldProblem("metric", text))
        try:
            self._space = TuneSpace(config, is_grid=self._method is Method.GRID)
        except InvalidArgumentError as error:
            problems += error.fields
        else:
            if not self._space.parameters:
                text = "no value is a distribution such as tune.uniform(0, 1): nothing to search"
                problems.append(FieldProblem("param_space", text))
        if problems:
            raise InvalidArgumentError("the search is no sweep's", fields=problems)
        samples = spec.get("num_samples")
        self._run_cap = samples if isinstance(samples, int) and samples > 0 else None
        return True

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """The values of a new trial; None if there may be some later, FINISHED if not."""
        runs = self._opened()
        try:
            run = runs.take(trial_id)
        except NoMoreRunsError:
            return str(Searcher.FINISHED)
        if run is None:
            return None
        return nested(run.parameters) if self._space is None else self._space.config(run.parameters)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Report a result that SweepScheduler has not reported."""
        if self._runs is not None:
            self._runs.report(trial_id, result)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """End the trial's run."""
        if self._runs is not None:
            self._runs.end(trial_id, result, has_failed=error)

    def save(self, checkpoint_path: str) -> None:
        """Write which trials stand for which runs."""
        state = None if self._runs is None else self._runs.state()
        Path(checkpoint_path).write_text(json.dumps(state))

    def restore(self, checkpoint_path: str) -> None:
        """Go on with the sweep and the trials of an earlier process."""
        state = json.loads(Path(checkpoint_path).read_text())
        if state is not None:
            self.close()
            self.sweep_id = state["sweep_id"]
            self._opened(state["agent_id"]).resume(state)

    def close(self) -> None:
        """Give the runs of trials that have not ended back to the sweep."""
        runs, self._runs = self._runs, None
        if runs is not None:
            atexit.unregister(self.close)
            runs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        # Ray Tune stores the searcher with the experiment. Connections stay in this process.
        return {**self.__dict__, "_runs": None}

    def _opened(self, agent_id: str = "") -> TrialRuns:
        if self._runs is None:
            client = Client()
            try:
                sweep = self._sweep(client)
            except BaseException:
                client.close()
                raise
            self.sweep_id = sweep.sweep_id
            self._runs = TrialRuns(client, sweep, agent_id)
            atexit.register(self.close)
        return self._runs

    def _sweep(self, client: Client) -> Sweep:
        if not self.sweep_id:
            return client.create_sweep(self._spec(), project=self._project, name=self._name).sweep
        sweep = client.get_sweep(self.sweep_id)
        known = sweep.spec.metric
        if isinstance(self._metric, str) and (
            known is None or (known.name, _MODES[known.goal]) != (self._metric, self._mode)
        ):
            has = ", ".join(f"{each.name} ({each.goal})" for each in sweep.spec.metrics)
            raise InvalidArgumentError(
                f"TuneConfig has metric {self._metric!r} with mode {self._mode!r}, and sweep "
                f"{self.sweep_id} has {has or 'no metric'}: give the same, or none"
            )
        if known is not None:
            self._metric, self._mode = known.name, _MODES[known.goal]
        return sweep

    def _spec(self) -> SweepSpec:
        if self._space is None:
            raise InvalidArgumentError(
                "SweepSearch has no space: give tune.Tuner(param_space=...), or the id of a sweep"
            )
        return SweepSpec(
            method=self._method,
            parameters=self._space.parameters,
            metrics=(Metric(self._metric, _GOALS[self._mode]),),
            early_termination=self._pruner,
            run_cap=self._run_cap,
            seed=self._seed,
            sampler=self._sampler,
        )


class SweepScheduler(FIFOScheduler):
    """Stops the trials that the sweep's early termination stops, and those that a user canceled.

    Args:
        search: the searcher of the same Tuner.
    """

    def __init__(self, search: SweepSearch) -> None:
        super().__init__()
        self._search = search

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Report a result; whether the trial goes on."""
        del tune_controller
        runs = self._search._runs
        if runs is None:
            return str(TrialScheduler.CONTINUE)
        order = runs.report(trial.trial_id, result) or runs.check(trial.trial_id)
        return str(TrialScheduler.CONTINUE if order is None else TrialScheduler.STOP)

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """Keep the error of a trial: if Ray Tune does not try it again, its run ends with it."""
        del tune_controller
        if self._search._runs is not None:
            self._search._runs.failed(trial.trial_id, _failure_of(trial))

    def debug_string(self) -> str:
        """What Ray Tune prints of its scheduler."""
        return f"Early termination by sweep {self._search.sweep_id}"


def _failure_of(trial: Trial) -> Failed:
    """The error that Ray Tune has written for a trial: its last line, and all of it."""
    try:
        text = Path(trial.error_file or "").read_text(errors="replace").strip()
    except OSError:
        # The trial failed before it had a file, or the file was removed.
        text = ""
    return Failed(text.rpartition("\n")[2] or "the trial failed", text)


def _choice(chosen: str | AlgorithmChoice | None) -> AlgorithmChoice | None:
    return AlgorithmChoice(chosen) if isinstance(chosen, str) else chosen
