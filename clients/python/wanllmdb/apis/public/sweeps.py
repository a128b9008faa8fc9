"""Sweeps, as W&B's public API shows them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self
from urllib.parse import quote

from wanllmdb._notes import note
from wanllmdb._types.enums import Goal, Method
from wanllmdb._types.runs import Run as RunRecord
from wanllmdb._types.spec import Metric
from wanllmdb._types.sweeps import Sweep as SweepRecord
from wanllmdb.apis.public._attrs import Attrs
from wanllmdb.apis.public._fields import sweep_state
from wanllmdb.apis.public._lazy import LazyList, page_size
from wanllmdb.apis.public._queries import metric_order
from wanllmdb.apis.public._reader import Reader, RunOfSweep, attributes
from wanllmdb.apis.public._run import Run, iso, url_of
from wanllmdb.apis.public._unsupported import OF_SWEEP, SETTING_OF_SWEEP
from wanllmdb.apis.public.runs import Runs

_ATTRIBUTES = (
    *("id", "name", "display_name", "state", "method", "description", "config", "best_loss"),
    *("run_count", "created_at"),
)


class Sweep(Attrs):
    """One sweep, as of the time of reading; `load(force=True)` reads the sweep again."""

    _UNSUPPORTED: ClassVar[Mapping[str, str]] = OF_SWEEP
    _NO_WRITES: ClassVar[str] = SETTING_OF_SWEEP

    _reader: Reader
    _record: SweepRecord

    def __init__(
        self,
        service_api: Reader,
        entity: str,
        project: str,
        sweep_id: str,
        attrs: Mapping[str, Any] | None = None,
    ) -> None:
        """Read a sweep, as `Api.sweep` does; `attrs` is accepted for programs written for W&B.

        Raises:
            SweepNotFoundError: there is no such sweep.
        """
        del attrs
        self._reader = service_api.of_entity(entity)
        self._take(self._reader.sweep(sweep_id, project))

    @classmethod
    def of(cls, reader: Reader, record: SweepRecord) -> Self:
        """A sweep from its record."""
        sweep = cls.__new__(cls)
        sweep._reader = reader
        sweep._take(record)
        return sweep

    def _take(self, record: SweepRecord) -> None:
        self._record = record
        self._config: dict[str, Any] | None = None
        self._runs: Runs | None = None

    @property
    def id(self) -> str:
        """The sweep's id."""
        return self._record.sweep_id

    @property
    def name(self) -> str:
        """The sweep's name."""
        return self._record.name

    @property
    def display_name(self) -> str:
        """The same as `name`."""
        return self.name

    @property
    def description(self) -> str:
        """The sweep's description; empty if there is none."""
        return self._record.description

    @property
    def state(self) -> str:
        """W&B's word: PENDING, RUNNING, PAUSED, FINISHED, FAILED or CANCELED."""
        return sweep_state(self._record.state)

    @property
    def method(self) -> str:
        """random, grid or bayes."""
        return self._record.spec.method.value

    @property
    def config(self) -> dict[str, Any]:
        """The sweep's config, with the defaults that the registry filled in."""
        if self._config is None:
            text = self._reader.client.export_sweep(self.id, "json")
            self._config = dict(json.loads(text))
        return self._config

    @property
    def runs(self) -> Runs:
        """The sweep's runs by their number, fetched in pages as a program reaches them."""
        if self._runs is None:
            self._runs = self._ordered_runs("+created_at")
        return self._runs

    def _ordered_runs(self, order: str, per_page: int = 50) -> Runs:
        return Runs(self._reader, self.entity, self.project, {"sweep": self.id}, order, per_page)

    @property
    def order(self) -> str | None:
        """The order that lists the best runs by the metric first; None without a metric."""
        metric = self._metric
        if metric is None:
            return None
        sign = "-" if metric.goal is Goal.MAXIMIZE else "+"
        return metric_order(f"{sign}{metric.name}")

    @property
    def _metric(self) -> Metric | None:
        return next(iter(self._record.spec.metrics), None)

    def best_run(self, order: str | None = None) -> Run | None:
        """The finished run with the best objective; None while the sweep has no runs.

        If no run has finished, the run with the best last value of the metric is returned, as in
        W&B. With several metrics, it is the best run by the first metric among those runs that
        no other run dominates; without a metric, the newest run.

        Args:
            order: return the first run in this order instead, finished or not: a
                metric's name, `config.KEY` or `summary_metrics.KEY`, with `+` before it for
                ascending and `-` or nothing for descending.
        """
        if order is not None:
            return self._first(metric_order(order))
        metrics = self._record.spec.metrics
        if not metrics:
            note(f"sweep {self.id} has no metric: best_run returns the newest run")
            return self._first("-created_at", per_page=1)
        record = self._best() if len(metrics) == 1 else self._best_of_front(metrics[0])
        if record is None:
            return self._first(self.order or "")
        return Run.of(self._reader, RunOfSweep(self._record, record))

    def _first(self, order: str, per_page: int = 50) -> Run | None:
        return next(iter(self._ordered_runs(order, per_page)), None)

    def _best(self) -> RunRecord | None:
        stats = self._reader.client.get_sweep_stats(self.id)
        if stats.best_run is None:
            return None
        return self._reader.client.get_run(self.id, stats.best_run.number)

    def _best_of_front(self, first: Metric) -> RunRecord | None:
        note(
            f"sweep {self.id} has several metrics: best_run compares runs by {first.name}; "
            "Client.get_best_runs returns the Pareto front"
        )
        sign = -1 if first.goal is Goal.MAXIMIZE else 1
        front = self._reader.client.get_best_runs(self.id, count=1_000).runs
        return min(front, key=lambda run: sign * run.objectives[0], default=None)

    @property
    def best_loss(self) -> float | None:
        """The best objective of a finished run; None if no run has finished."""
        best = self._record.stats.best_run
        return None if best is None else best.objective

    @property
    def run_count(self) -> int:
        """The number of runs of the sweep."""
        return self._record.stats.total_runs

    @property
    def expected_run_count(self) -> int | None:
        """The final number of runs: the run cap or the number of grid points; None for no limit."""
        spec = self._record.spec
        if spec.method is not Method.GRID:
            return spec.run_cap
        points = self._reader.client.parse_sweep_config(spec).grid_size
        limits = [limit for limit in (spec.run_cap, points) if limit is not None]
        return min(limits, default=None)

    @property
    def created_at(self) -> str | None:
        """The time at which the sweep was created, such as 2025-01-31T12:00:00Z."""
        return iso(self._record.create_time)

    @property
    def entity(self) -> str:
        """The entity of the path that was used, else of the `Api`; the platform has no entities."""
        return self._reader.entity

    @property
    def username(self) -> str:
        """The same as `entity`."""
        return self.entity

    @property
    def project(self) -> str:
        """The sweep's project."""
        return self._record.project

    @property
    def path(self) -> list[str]:
        """Entity, project and id, percent-encoded; `Api.sweep` takes them joined by slashes."""
        return [quote(part, safe="") for part in (self.entity, self.project, self.id)]

    @property
    def url(self) -> str:
        """Names the sweep on its registry; `Api.sweep` takes it. There is no page to open."""
        return url_of(self._reader, self.path, "sweeps")

    @property
    def _attrs(self) -> dict[str, Any]:
        return attributes(self, _ATTRIBUTES)

    def load(self, force: bool = False) -> dict[str, Any]:
        """The sweep as a dictionary with W&B's keys; `force` reads it again.

        Raises:
            SweepNotFoundError: the sweep was deleted.
        """
        if force:
            self._take(self._reader.sweep(self.id))
        return self._attrs

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """The sweep as a table in HTML."""
        del height, hidden
        return self._record._repr_html_()

    def __repr__(self) -> str:
        return f"<Sweep {'/'.join(self.path)} ({self.state})>"


class Sweeps(LazyList[Sweep]):
    """The sweeps of a project, newest first, fetched by pages."""

    def __init__(self, reader: Reader, project: str, per_page: int = 50) -> None:
        super().__init__()
        self.entity = reader.entity
        self.project = project
        self.per_page = per_page
        self._reader = reader
        self._page_size = page_size(per_page)

    def _open(self) -> Iterator[Sweep]:
        records = self._reader.client.list_sweeps(project=self.project, page_size=self._page_size)
        return (Sweep.of(self._reader, record) for record in records)

    def __repr__(self) -> str:
        return f"<Sweeps {self.entity}/{self.project}>"
