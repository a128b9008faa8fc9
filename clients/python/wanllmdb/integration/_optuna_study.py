"""A study of Optuna's interface that is a sweep: ask, tell and optimize, define-and-run."""

from __future__ import annotations

import json
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, NoReturn, Self, TypeAlias

from optuna.distributions import BaseDistribution
from optuna.exceptions import TrialPruned
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from wanllmdb._client import Client
from wanllmdb._errors import FailedPreconditionError, UnsupportedError, WanllmdbError
from wanllmdb._types.enums import Goal, RunState
from wanllmdb._types.runs import EnqueuedRun, Failed, Outcome, Pruned, Succeeded
from wanllmdb._types.sweeps import Sweep
from wanllmdb.integration._optuna_space import check_same, to_optuna
from wanllmdb.integration._optuna_trial import STATES, Trial, frozen
from wanllmdb.integration._worker import Worker

Objective: TypeAlias = "Callable[[Trial], float | Sequence[float]]"
Callback: TypeAlias = "Callable[[Study, FrozenTrial], None]"

_MOST_BEST = 1_000

_LEFT_OUT: Mapping[str, str] = {
    "add_trial": "Client.import_runs imports results of earlier runs",
    "add_trials": "Client.import_runs imports results of earlier runs",
    "set_metric_names": "state create_study(metric_names=...)",
    "set_user_attr": "a sweep has a name and a description: Client.update_sweep",
    "user_attrs": "a sweep has a name and a description: Client.get_sweep",
    "sampler": "the suggestion service samples: state create_study(sampler=...)",
    "pruner": "the suggestion service prunes: state create_study(pruner=...)",
}


class NoMoreTrialsError(WanllmdbError):
    """The sweep has no more runs: it reached its cap, ended, or its space is exhausted."""


class Study:
    """A sweep with the methods of Optuna's Study. Thread-safe.

    The registry stores every trial, also of other processes with the same sweep. A thread renews
    the leases of the trials that this process has asked for and not told.

    Args:
        client: the client, which the study closes if `owns_client`.
        sweep: the sweep.
        owns_client: whether `close` closes the client.

    Raises:
        UnsupportedError: the sweep has no metric, or a distribution that Optuna does not have.
    """

    def __init__(self, client: Client, sweep: Sweep, *, owns_client: bool = False) -> None:
        if not sweep.spec.metrics:
            raise UnsupportedError(f"sweep {sweep.sweep_id} has no metric, which a study needs")
        self.client = client
        self.sweep_id = sweep.sweep_id
        self.study_name = sweep.name
        self.space = sweep.spec.parameters
        self.distributions: dict[str, BaseDistribution] = {
            name: to_optuna(name, distribution) for name, distribution in self.space.items()
        }
        self._metrics = sweep.spec.metrics
        self._owns_client = owns_client
        self._lock = threading.Lock()
        self._open: dict[int, Trial] = {}
        self._stopped = threading.Event()
        self.worker = Worker(client, self.sweep_id)

    def close(self) -> None:
        """Give unfinished trials back to the sweep, and stop renewing leases."""
        with self._lock:
            unfinished = list(self._open.values())
            self._open.clear()
        for trial in unfinished:
            self.worker.give_back(trial.run)
        self.worker.close()
        if self._owns_client:
            self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __getattr__(self, name: str) -> NoReturn:
        if name in _LEFT_OUT:
            raise AttributeError(f"a study that is a sweep has no {name}: {_LEFT_OUT[name]}")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def directions(self) -> list[StudyDirection]:
        """The direction of each objective."""
        return [
            StudyDirection.MAXIMIZE if metric.goal is Goal.MAXIMIZE else StudyDirection.MINIMIZE
            for metric in self._metrics
        ]

    @property
    def direction(self) -> StudyDirection:
        """The direction of the only objective."""
        self._single("direction", "directions")
        return self.directions[0]

    @property
    def metric_names(self) -> list[str]:
        """The names of the sweep's metrics."""
        return [metric.name for metric in self._metrics]

    def ask(self, fixed_distributions: Mapping[str, BaseDistribution] | None = None) -> Trial:
        """The next run of the sweep as a trial.

        Args:
            fixed_distributions: distributions that the sweep must have.

        Raises:
            NoMoreTrialsError: the sweep has no more runs.
            UnsupportedError: the sweep has other distributions.
        """
        for name, distribution in (fixed_distributions or {}).items():
            check_same(name, distribution, self.space)
        try:
            suggestion = self.worker.take()
        except FailedPreconditionError as error:
            raise NoMoreTrialsError(str(error)) from error
        if not suggestion.runs:
            raise NoMoreTrialsError(
                f"sweep {self.sweep_id} has no more runs: {suggestion.exhausted} "
                f"{suggestion.message}".rstrip()
            )
        trial = Trial(self, suggestion.runs[0])
        with self._lock:
            self._open[trial.number] = trial
        return trial

    def tell(
        self,
        trial: Trial | int,
        values: float | Sequence[float] | None = None,
        state: TrialState | None = None,
        skip_if_finished: bool = False,
    ) -> FrozenTrial:
        """End a trial that this study asked for, and return a copy of it.

        Without `state`, finite values finish it, and others fail it.

        Raises:
            ValueError: the study does not hold the trial, or state and values do not fit.
        """
        number = trial if isinstance(trial, int) else trial.number
        with self._lock:
            is_open = number in self._open
        if not is_open:
            if skip_if_finished:
                return self._copy(number)
            raise ValueError(f"trial {number} is finished, or another process asked for it")
        outcome = self._outcome(values, state)
        with self._lock:
            told = self._open.pop(number, None)
        if told is not None:
            self.worker.end(told.run, outcome)
        return self._copy(number)

    def optimize(
        self,
        func: Objective,
        n_trials: int | None = None,
        timeout: float | None = None,
        n_jobs: int = 1,
        catch: Iterable[type[Exception]] | type[Exception] = (),
        callbacks: Iterable[Callback] | None = None,
    ) -> None:
        """Run trials until `n_trials` are done, `timeout` seconds have passed, or the sweep ends.

        Args:
            func: takes a Trial, and returns the objective or objectives. A TrialPruned prunes the
                trial; another exception fails it and ends the call.
            n_trials: how many trials; by default as many as the sweep has.
            timeout: seconds after which no trial begins.
            n_jobs: threads that run trials; -1 for one a processor.
            catch: exceptions that fail a trial and do not end the call.
            callbacks: called with the study and a copy of each trial that has ended.
        """
        self._stopped.clear()
        caught = (catch,) if isinstance(catch, type) else tuple(catch)
        rest = _Budget(n_trials, timeout)
        hooks = list(callbacks or ())

        def work() -> None:
            try:
                while rest.claim() and not self._stopped.is_set():
                    self._run_one(func, caught, hooks)
            except NoMoreTrialsError:
                return
            except BaseException:
                self._stopped.set()
                raise

        threads = n_jobs if n_jobs > 0 else os.cpu_count() or 1
        if threads == 1:
            work()
            return
        with ThreadPoolExecutor(threads) as pool:
            done = [pool.submit(work) for _ in range(threads)]
        for each in done:
            each.result()

    def stop(self) -> None:
        """End `optimize` after the trials in progress."""
        self._stopped.set()

    def enqueue_trial(
        self,
        params: Mapping[str, Any],
        user_attrs: Mapping[str, Any] | None = None,
        skip_if_exists: bool = False,
    ) -> None:
        """Queue a run with these parameters; the sampler chooses the others.

        Raises:
            UnsupportedError: `skip_if_exists` is set: two processes could still both enqueue it.
        """
        if skip_if_exists:
            raise UnsupportedError(
                "skip_if_exists: a sweep enqueues each request once; look at the runs' parameters"
            )
        labels = {name: json.dumps(value) for name, value in (user_attrs or {}).items()}
        self.client.enqueue_runs(self.sweep_id, [EnqueuedRun(dict(params), labels=labels)])

    @property
    def trials(self) -> list[FrozenTrial]:
        """Copies of all runs, by number."""
        return self.get_trials()

    def get_trials(
        self, deepcopy: bool = True, states: Iterable[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Copies of the runs in one of the states, by number, without intermediate values."""
        del deepcopy
        chosen: list[RunState] = []
        if states is not None:
            wanted = set(states)
            chosen = [run for run, trial in STATES.items() if trial in wanted]
            if not chosen:
                return []
        runs = self.client.list_runs(self.sweep_id, states=chosen, page_size=1_000)
        copies = [frozen(run, self.distributions) for run in runs]
        return sorted(copies, key=lambda trial: trial.number)

    def trials_dataframe(self) -> Any:
        """All runs as a data frame: Client.runs_frame."""
        return self.client.runs_frame(self.sweep_id)

    @property
    def best_trial(self) -> FrozenTrial:
        """A copy of the best run.

        Raises:
            ValueError: no run is finished.
            RuntimeError: the study has several objectives.
        """
        self._single("best_trial", "best_trials")
        best = self.client.get_best_runs(self.sweep_id, count=1).runs
        if not best:
            raise ValueError("No trials are completed yet.")
        return frozen(best[0], self.distributions)

    @property
    def best_trials(self) -> list[FrozenTrial]:
        """Copies of the runs on the Pareto front, at most 1,000; of the best run for one metric."""
        count = 1 if len(self._metrics) == 1 else _MOST_BEST
        best = self.client.get_best_runs(self.sweep_id, count=count)
        return [frozen(run, self.distributions) for run in best.runs]

    @property
    def best_value(self) -> float:
        """The best run's objective."""
        value = self.best_trial.value
        assert value is not None
        return value

    @property
    def best_params(self) -> dict[str, Any]:
        """The best run's parameters."""
        return self.best_trial.params

    def only_metric(self, method: str) -> str:
        """The name of the only metric.

        Raises:
            NotImplementedError: there are several.
        """
        if len(self._metrics) > 1:
            raise NotImplementedError(f"{method} is for studies with one objective")
        return self._metrics[0].name

    def _single(self, name: str, instead: str) -> None:
        if len(self._metrics) > 1:
            raise RuntimeError(f"{name} is for studies with one objective; read {instead}")

    def _run_one(
        self, func: Objective, caught: tuple[type[Exception], ...], callbacks: Sequence[Callback]
    ) -> None:
        trial = self.ask()
        failure: Exception | None = None
        try:
            values = func(trial)
        except TrialPruned:
            told = self.tell(trial, state=TrialState.PRUNED)
        except Exception as error:
            failure = error
            told = self._end(trial, Failed(f"{type(error).__name__}: {error}"))
        except BaseException:
            # Ctrl-C is no result: the run goes to the next process that asks.
            with self._lock:
                self._open.pop(trial.number, None)
            self.worker.give_back(trial.run)
            raise
        else:
            try:
                outcome = self._outcome(values, None)
            except (TypeError, ValueError) as error:
                outcome = Failed(f"the objective returned {values!r:.100}: {error}")
            told = self._end(trial, outcome)
        for callback in callbacks:
            callback(self, told)
        if failure is not None and not isinstance(failure, caught):
            raise failure

    def _end(self, trial: Trial, outcome: Outcome) -> FrozenTrial:
        with self._lock:
            self._open.pop(trial.number, None)
        self.worker.end(trial.run, outcome)
        return self._copy(trial.number)

    def _outcome(self, values: float | Sequence[float] | None, state: TrialState | None) -> Outcome:
        match state:
            case TrialState.PRUNED if values is None:
                return Pruned("the program pruned the trial")
            case TrialState.FAIL if values is None:
                return Failed("the program failed the trial")
            case TrialState.COMPLETE | None:
                pass
            case _:
                raise ValueError(f"tell takes no values with the state {state}, or not this state")
        given = [] if values is None else [values] if isinstance(values, int | float) else values
        numbers = [float(value) for value in given]
        if len(numbers) == len(self._metrics) and all(map(math.isfinite, numbers)):
            if len(numbers) == 1:
                return Succeeded(numbers[0])
            return Succeeded(objectives=dict(zip(self.metric_names, numbers, strict=True)))
        problem = f"{len(self._metrics)} finite values are needed, not {values!r:.100}"
        if state is TrialState.COMPLETE:
            raise ValueError(problem)
        return Failed(problem)

    def _copy(self, number: int) -> FrozenTrial:
        run = self.client.get_run(self.sweep_id, number)
        intermediate: dict[int, float] = {}
        if len(self._metrics) == 1 and run.last_step is not None:
            name = self._metrics[0].name
            histories = self.client.get_metric_history(self.sweep_id, number, names=[name])
            points = histories[name].points if name in histories else ()
            intermediate = {point.step: point.value for point in points}
        return frozen(run, self.distributions, intermediate)


class _Budget:
    """Counts trials and seconds. Thread-safe."""

    def __init__(self, trials: int | None, seconds: float | None) -> None:
        self._lock = threading.Lock()
        self._left = trials
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def claim(self) -> bool:
        """Whether one more trial may begin."""
        with self._lock:
            if self._deadline is not None and time.monotonic() >= self._deadline:
                return False
            if self._left is None:
                return True
            self._left -= 1
            return self._left >= 0
