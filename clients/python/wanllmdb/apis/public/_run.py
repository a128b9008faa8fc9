"""One run, as W&B's public API shows it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self
from urllib.parse import quote

from wanllmdb._agent.config_entries import nested
from wanllmdb._types.runs import Run as RunRecord
from wanllmdb._types.sweeps import RunChanged
from wanllmdb._types.sweeps import Sweep as SweepRecord
from wanllmdb.apis.public._attrs import Attrs
from wanllmdb.apis.public._errors import InvalidQueryError, RunNotFoundError
from wanllmdb.apis.public._fields import run_state
from wanllmdb.apis.public._reader import Reader, RunOfSweep, attributes
from wanllmdb.apis.public._unsupported import OF_RUN, SETTING_OF_RUN
from wanllmdb.apis.public.history import HistoryScan, Row, known_keys, sampled, table_package
from wanllmdb.apis.public.summary import Summary

if TYPE_CHECKING:
    from wanllmdb.apis.public.sweeps import Sweep

_DESCRIBING_LABELS = ("notes", "group", "job_type")
_ATTRIBUTES = (
    *("id", "name", "display_name", "state", "config", "summary_metrics", "tags", "notes"),
    *("group", "job_type", "created_at", "heartbeat_at", "sweep_name", "history_keys", "user"),
)


class Run(Attrs):
    """One run of a sweep, as of the time of reading; `load(force=True)` reads the run again.

    `config` is the program's own copy: changing it does not change the run.
    """

    _UNSUPPORTED: ClassVar[Mapping[str, str]] = OF_RUN
    _NO_WRITES: ClassVar[str] = SETTING_OF_RUN

    _reader: Reader
    _sweep_record: SweepRecord
    _record: RunRecord

    def __init__(
        self,
        service_api: Reader,
        entity: str,
        project: str,
        run_id: str,
        attrs: Mapping[str, Any] | None = None,
        include_sweeps: bool = False,
        lazy: bool = True,
        api_key: str | None = None,
    ) -> None:
        """Read a run, as `Api.run` does.

        The arguments after its id are accepted for programs written for W&B.

        Raises:
            RunNotFoundError: there is no such run.
        """
        del attrs, include_sweeps, lazy, api_key
        self._reader = service_api.of_entity(entity)
        self._take(self._reader.run(run_id, project))

    @classmethod
    def of(cls, reader: Reader, read: RunOfSweep) -> Self:
        """A run from its record."""
        run = cls.__new__(cls)
        run._reader = reader
        run._take(read)
        return run

    def _take(self, read: RunOfSweep) -> None:
        self._sweep_record, self._record = read
        self._config: dict[str, Any] | None = None
        self._summary: Summary | None = None

    @property
    def id(self) -> str:
        """The sweep's id, a hyphen and the run's number: unique on the registry."""
        return f"{self._record.sweep_id}-{self._record.number}"

    @property
    def storage_id(self) -> str:
        """The same as `id`."""
        return self.id

    @property
    def name(self) -> str:
        """The name that the program set, else the sweep's name and the run's number."""
        return self._record.name or f"{self._sweep_record.name}-{self._record.number}"

    @property
    def display_name(self) -> str:
        """The same as `name`."""
        return self.name

    @property
    def state(self) -> str:
        """W&B's word: running, finished, failed, crashed, killed, pending or preempted.

        killed: early termination or a canceled sweep stopped the run; crashed: its agent was
        lost; preempted: the run was released or lost, and is queued again.
        """
        return run_state(self._record)

    @property
    def config(self) -> dict[str, Any]:
        """The parameters and the values that the program set or replaced, with nested groups."""
        if self._config is None:
            self._config = nested({**self._record.parameters, **self._record.config})
        return self._config

    @property
    def rawconfig(self) -> dict[str, Any]:
        """The same as `config`: there are no internal keys."""
        return self.config

    @property
    def json_config(self) -> str:
        """The config as JSON in W&B's form: each value within `{"value": ..., "desc": null}`."""
        return json.dumps(
            {key: {"value": value, "desc": None} for key, value in self.config.items()}
        )

    @property
    def summary(self) -> Summary:
        """The last value of each metric, with `_step` and `_runtime`.

        A run that has ended also has `_timestamp`.
        The times are those of the run's start and end.
        """
        if self._summary is None:
            self._summary = Summary({**self._record.summary, **self._own_summary()})
        return self._summary

    @property
    def summary_metrics(self) -> dict[str, Any]:
        """The summary as a plain dictionary."""
        return self.summary._json_dict

    def _own_summary(self) -> dict[str, Any]:
        record, own = self._record, dict[str, Any]()
        if record.last_step is not None:
            own["_step"] = record.last_step
        if record.start_time is not None:
            ended = record.end_time or datetime.now(UTC)
            own["_runtime"] = (ended - record.start_time).total_seconds()
            own["_wandb"] = {"runtime": int(own["_runtime"])}
        if record.end_time is not None:
            own["_timestamp"] = record.end_time.timestamp()
        return own

    @property
    def system_metrics(self) -> dict[str, Any]:
        """Empty: the platform records no system metrics."""
        return {}

    @property
    def tags(self) -> list[str]:
        """The labels with empty values, in alphabetical order."""
        return sorted(
            label
            for label, text in self._record.labels.items()
            if not text and label not in _DESCRIBING_LABELS
        )

    @property
    def notes(self) -> str | None:
        """The label `notes`; None if there is none."""
        return self._record.labels.get("notes")

    @property
    def description(self) -> str | None:
        """The same as `notes`."""
        return self.notes

    @property
    def group(self) -> str | None:
        """The label `group`; None if there is none."""
        return self._record.labels.get("group")

    @property
    def job_type(self) -> str | None:
        """The label `job_type`; None if there is none."""
        return self._record.labels.get("job_type")

    @property
    def created_at(self) -> str | None:
        """The time at which the run was created, such as 2025-01-31T12:00:00Z."""
        return iso(self._record.create_time)

    @property
    def heartbeat_at(self) -> str | None:
        """The end of the run; None before, because the platform keeps no heartbeat times."""
        return iso(self._record.end_time)

    @property
    def user(self) -> None:
        """None: the platform has no users."""
        return

    @property
    def commit(self) -> None:
        """None: the platform keeps no code."""
        return

    @property
    def metadata(self) -> None:
        """None: the platform keeps nothing about a run's machine."""
        return

    @property
    def read_only(self) -> bool:
        """True: the API reads only."""
        return True

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
        return self._sweep_record.project

    @property
    def sweep_name(self) -> str:
        """The id of the run's sweep, as W&B calls it."""
        return self._record.sweep_id

    @property
    def sweep(self) -> Sweep:
        """The run's sweep."""
        from wanllmdb.apis.public.sweeps import Sweep

        return Sweep.of(self._reader, self._sweep_record)

    @property
    def path(self) -> list[str]:
        """Entity, project and id, percent-encoded; `Api.run` takes them joined by slashes."""
        return [quote(part, safe="") for part in (self.entity, self.project, self.id)]

    @property
    def url(self) -> str:
        """Names the run on its registry; `Api.run` takes it. There is no page to open."""
        return url_of(self._reader, self.path, "runs")

    @property
    def lastHistoryStep(self) -> int:  # noqa: N802
        """The last logged step; -1 if there is none. Each use reads the step again."""
        self.load(force=True)
        return -1 if self._record.last_step is None else self._record.last_step

    @property
    def history_keys(self) -> dict[str, Any]:
        """The logged metrics, in W&B's form, with the last step."""
        step = self._record.last_step
        return {
            "keys": {name: {"previousValue": last} for name, last in self._record.summary.items()},
            "lastStep": -1 if step is None else step,
        }

    @property
    def _attrs(self) -> dict[str, Any]:
        return attributes(self, _ATTRIBUTES)

    def load(self, force: bool = False) -> dict[str, Any]:
        """The run as a dictionary with W&B's keys; `force` reads it again.

        Raises:
            RunNotFoundError: the run was deleted with its sweep.
        """
        if force:
            self._take(self._reader.run(self.id))
        return self._attrs

    def load_full_data(self, force: bool = False) -> dict[str, Any]:
        """The same as `load`: a run is always read as a whole."""
        return self.load(force)

    def wait_until_finished(self) -> None:
        """Wait until the run has ended, successfully or not.

        Raises:
            RunNotFoundError: the run is deleted with its sweep.
        """
        self.load(force=True)
        if self._record.state.is_final:
            return
        record = self._record
        changes = self._reader.client.watch_sweep(record.sweep_id, since_revision=record.revision)
        for change in changes:
            if isinstance(change, RunChanged) and change.run.number == record.number:
                self._take(RunOfSweep(self._sweep_record, change.run))
                if change.run.state.is_final:
                    return
        raise RunNotFoundError(f"run {self.id} was deleted with its sweep while it was waited for")

    def history(
        self,
        samples: int = 500,
        keys: list[str] | None = None,
        x_axis: str = "_step",
        pandas: bool = True,
        stream: Literal["default", "system"] = "default",
    ) -> Any:
        """A pandas DataFrame of at most `samples` rows of the history, evenly spaced.

        Args:
            samples: the maximum number of rows; `scan_history` returns all rows.
            keys: return only these metrics, and only rows that have all of them.
            x_axis: a further key of each row, in addition to `keys`.
            pandas: False for a list of dictionaries.
            stream: "system" is empty: the platform records no system metrics.

        Raises:
            MissingPackageError: pandas is not installed.
            InvalidQueryError: an argument is invalid.
        """
        table = table_package("pandas") if pandas else None
        wanted = known_keys(keys)
        if stream not in ("default", "system"):
            raise InvalidQueryError(f"stream must be default or system, but is {stream!r:.100}")
        if wanted and stream != "default":
            raise InvalidQueryError("keys need stream default: there are no system metrics")
        if wanted:
            wanted = list(dict.fromkeys([x_axis, *wanted]))
        rows: list[Row] = []
        if stream == "default":
            rows = sampled(HistoryScan(self, keys=wanted or None), samples)
        return rows if table is None else table.DataFrame.from_records(rows)

    def scan_history(
        self,
        keys: list[str] | None = None,
        page_size: int = 1_000,
        min_step: int | None = 0,
        max_step: int | None = None,
        use_cache: bool = True,
    ) -> HistoryScan:
        """All rows of the history, by step, as dictionaries.

        Args:
            keys: return only these metrics, and only rows that have all of them.
            page_size: accepted for programs written for W&B: the registry's pages are used.
            min_step: the first step.
            max_step: the first step that is not returned; None for all steps.
            use_cache: accepted for programs written for W&B; each call reads the history.

        Raises:
            InvalidQueryError: `keys` is not a list of texts.
        """
        del page_size, use_cache
        return HistoryScan(self, keys=known_keys(keys), min_step=min_step, max_step=max_step)

    beta_scan_history = scan_history

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """The run as a table in HTML."""
        del height, hidden
        return self._record._repr_html_()

    def __repr__(self) -> str:
        return f"<Run {'/'.join(self.path)} ({self.state})>"


def iso(time: datetime | None) -> str | None:
    """A time as W&B writes it."""
    return None if time is None else time.strftime("%Y-%m-%dT%H:%M:%SZ")


def url_of(reader: Reader, path: list[str], kind: str) -> str:
    """An identifier of an object on its registry, in the form of a W&B URL."""
    entity, project, identity = path
    parts = (reader.client.registry_address, entity, project, kind, identity)
    return "wanllmdb://" + "/".join(part for part in parts if part)
