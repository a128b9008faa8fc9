"""The search of one multirun: takes runs of a sweep, has them launched as jobs, and ends them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from hydra.core.utils import JobReturn
from hydra.errors import HydraException
from omegaconf import OmegaConf

from hydra_plugins.wanllmdb_sweeper._space import OverrideSpace, chunks
from wanllmdb._client import Client
from wanllmdb._errors import FailedPreconditionError, WanllmdbError
from wanllmdb._types.enums import Goal, Method
from wanllmdb._types.runs import EnqueuedRun, Failed, Outcome, Run, Succeeded
from wanllmdb._types.spec import AlgorithmChoice, Metric, SweepSpec
from wanllmdb.integration._worker import Worker

Launch: TypeAlias = "Callable[[list[list[str]], int], Sequence[JobReturn]]"

_MOST_ENQUEUED = 10_000
"""The largest grid that runs in Hydra's order: its points are enqueued."""

_MOST_AT_ONCE = 100
"""The most runs that one Suggest returns."""


@dataclass(frozen=True)
class Settings:
    """The arguments of WanllmdbSweeper."""

    method: str
    direction: str | None
    metric: str
    n_trials: int | None
    max_batch_size: int | None
    sampler: Mapping[str, Any] | None
    seed: int | None
    project: str
    name: str

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The sweep's metrics: one, or none without a direction."""
        return () if self.direction is None else (Metric(self.metric, Goal(self.direction)),)


class Search:
    """Runs the jobs of one multirun.

    Args:
        settings: the sweeper's arguments.
        space: the overrides.
        launch: takes the overrides of each job and the first job's index.
    """

    def __init__(self, settings: Settings, space: OverrideSpace, launch: Launch) -> None:
        self._settings = settings
        self._space = space
        self._launch = launch

    def run(self, folder: Path) -> list[Sequence[JobReturn]]:
        """Run the jobs; write the sweep's id and its best run into the folder.

        Raises:
            HydraException: the settings or overrides make no sweep.
        """
        settings, space = self._settings, self._space
        if not space.parameters:
            # Without overrides there is one job and nothing to search.
            return [_checked(self._launch([[]], 0))]
        spec = self._spec()
        with Client() as client:
            created = client.create_sweep(spec, project=settings.project, name=settings.name)
            sweep_id = created.sweep.sweep_id
            try:
                if settings.method == Method.GRID:
                    self._enqueue(client, sweep_id)
                with Worker(client, sweep_id) as worker:
                    returns = self._batches(worker)
            except BaseException:
                with suppress(WanllmdbError):
                    client.cancel_sweep(sweep_id)
                raise
            _save(client, sweep_id, folder)
        return returns

    def _spec(self) -> SweepSpec:
        settings, space = self._settings, self._space
        if settings.method == Method.GRID and not space.is_finite:
            raise HydraException("method grid lists values: for an interval, set random or bayes")
        if settings.method == Method.BAYES and not settings.metrics:
            raise HydraException("method bayes needs hydra.sweeper.direction")
        if settings.method != Method.GRID and settings.n_trials is None:
            raise HydraException(f"method {settings.method} needs hydra.sweeper.n_trials")
        sampler = None
        if settings.sampler is not None:
            sampler = AlgorithmChoice(
                settings.sampler["name"], settings.sampler.get("options") or {}
            )
        return SweepSpec(
            method=Method(settings.method),
            parameters=space.parameters,
            metrics=settings.metrics,
            run_cap=settings.n_trials,
            seed=settings.seed,
            sampler=sampler,
        )

    def _enqueue(self, client: Client, sweep_id: str) -> None:
        """Queue the points of a grid in Hydra's order; a larger grid has the sweep's order."""
        settings, space = self._settings, self._space
        points = math.prod(len(texts) for texts in space.texts.values())
        wanted = points if settings.n_trials is None else min(points, settings.n_trials)
        if wanted > _MOST_ENQUEUED:
            return
        for chunk in chunks(itertools.islice(space.points(), wanted), 1_000):
            client.enqueue_runs(sweep_id, [EnqueuedRun(point) for point in chunk])

    def _batches(self, worker: Worker) -> list[Sequence[JobReturn]]:
        returns: list[Sequence[JobReturn]] = []
        first = 0
        while runs := self._next(worker):
            results = self._launch([self._space.overrides(run.parameters) for run in runs], first)
            for run, result in zip(runs, results, strict=True):
                worker.end(run, self._outcome(result))
            first += len(runs)
            returns.append(_checked(results))
        return returns

    def _next(self, worker: Worker) -> list[Run]:
        """The runs of the next batch."""
        most = self._settings.max_batch_size
        if most is None and self._settings.method == Method.BAYES:
            most = 1
        runs: list[Run] = []
        while most is None or len(runs) < most:
            count = _MOST_AT_ONCE if most is None else min(_MOST_AT_ONCE, most - len(runs))
            try:
                suggestion = worker.take(count)
            except FailedPreconditionError:
                # A user ended the sweep.
                break
            runs += suggestion.runs
            if suggestion.exhausted is not None:
                break
        return runs

    def _outcome(self, result: JobReturn) -> Outcome:
        try:
            value = result.return_value
        except Exception as error:
            return Failed(f"{type(error).__name__}: {error}")
        if not self._settings.metrics:
            return Succeeded()
        try:
            number = float(value)
        except (TypeError, ValueError):
            return Failed(f"the job returned {value!r:.100} and no number")
        return Succeeded(number) if math.isfinite(number) else Failed(f"the job returned {number}")


def _save(client: Client, sweep_id: str, folder: Path) -> None:
    """Write the sweep's id and its best run beside Hydra's multirun.yaml."""
    best = client.get_sweep(sweep_id).stats.best_run
    results: dict[str, Any] = {"name": "wanllmdb", "sweep_id": sweep_id}
    if best is not None:
        results |= {
            "best_evaluated_params": dict(best.parameters),
            "best_evaluated_value": best.objective,
        }
    OmegaConf.save(OmegaConf.create(results), folder / "optimization_results.yaml")


def _checked(results: Sequence[JobReturn]) -> Sequence[JobReturn]:
    """The results; raises the error of the first job that failed, as Hydra's basic sweeper does."""
    for result in results:
        _ = result.return_value
    return results
