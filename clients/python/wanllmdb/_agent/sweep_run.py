"""A run of a sweep: its names and labels, and how the processes that it starts find it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from wanllmdb import _env
from wanllmdb._agent import distributed
from wanllmdb._agent.base_run import ENTITY, BaseRun
from wanllmdb._agent.config import Config
from wanllmdb._agent.signals import shielded
from wanllmdb._agent.text import shown, text_of
from wanllmdb._agent.wait_policy import is_passing
from wanllmdb._client import Client
from wanllmdb._errors import NoRunError, WanllmdbError
from wanllmdb._types.enums import ObjectiveValue
from wanllmdb._types.runs import Run
from wanllmdb._types.sweeps import Sweep

_TIMEOUT = 10.0
_CONFIG_TIMEOUT = 2.0
_TRY_AGAIN_AFTER = 30.0


class Description:
    """Name, labels and config of a run, as its program sets them. Not thread-safe.

    An unavailable registry, or one that rejects them, does not stop training: `warn` reports it.
    """

    def __init__(self, client: Client, run: Run, warn: Callable[[str], None]) -> None:
        self._client = client
        self._run = run
        self._warn = warn
        self.name = run.name
        """The name as given; empty for a run without a name."""
        self.labels = dict(run.labels)
        self._unsent: dict[str, Any] = {}
        self._recorded: dict[str, Any] = {}
        self._not_before = 0.0

    def describe(self, name: str | None, labels: Mapping[str, str] | None) -> None:
        """Set the run's name, and add labels."""
        self._change(name, self.labels | _sendable(labels or {}))

    def relabel(self, labels: Mapping[str, str]) -> None:
        """Replace the run's labels."""
        self._change(None, _sendable(labels))

    @property
    def unsent(self) -> Mapping[str, Any]:
        """Name and labels that the registry has not received; they are sent with the run's end."""
        return self._unsent

    def _change(self, name: str | None, labels: dict[str, str]) -> None:
        changes: dict[str, Any] = {}
        name = None if name is None else text_of(name)
        if name is not None and name != self.name:
            self.name = changes["name"] = name
        if labels != self.labels:
            self.labels = changes["labels"] = labels
        if not changes:
            return
        changes = {**self._unsent, **changes}
        try:
            self._update(_TIMEOUT, changes)
        except WanllmdbError as error:
            if is_passing(error):
                self._unsent = changes
                return
            self._refused(changes, error)
        self._unsent = {}

    def record(self, config: Mapping[str, Any]) -> None:
        """Send the changed config; try again later if the registry is unavailable."""
        if config == self._recorded or time.monotonic() < self._not_before:
            return
        try:
            self._update(_CONFIG_TIMEOUT, {"config": config})
        except WanllmdbError as error:
            if is_passing(error):
                self._not_before = time.monotonic() + _TRY_AGAIN_AFTER
                return
            self._refused({"config": config}, error)
        self._recorded = dict(config)

    def unrecorded(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the config if the registry has not stored it yet, else an empty one."""
        return {} if config == self._recorded else config

    def _update(self, timeout: float, changes: Mapping[str, Any]) -> None:
        run = self._run
        self._client.with_timeout(timeout).update_run(run.sweep_id, run.number, **changes)

    def _refused(self, changes: Mapping[str, Any], error: WanllmdbError) -> None:
        self._warn(
            f"the {' and '.join(changes)} of run {self._run.number} could not be set: {error}"
        )


def _sendable(labels: Mapping[str, str]) -> dict[str, str]:
    return {text_of(key): text_of(value) for key, value in labels.items()}


_MOST_CONFIG_WARNINGS = 20


class SweepRun(BaseRun):
    """A run of a sweep, as it was assigned.

    Args:
        client: reaches both services.
        sweep: the run's sweep.
        run: the run.
        warn: prints a line for people.
        patience: seconds to wait for unavailable services.
        spool: the folder of undelivered results.
        resumed: whether the agent held the run before it restarted.
        is_lent: whether a parent process keeps the lease and finishes the run.
    """

    def __init__(
        self,
        client: Client,
        sweep: Sweep,
        run: Run,
        warn: Callable[[str], None],
        patience: float,
        spool: Path,
        *,
        resumed: bool,
        is_lent: bool,
    ) -> None:
        self.sweep = sweep
        self.run = run
        self.resumed = resumed
        super().__init__()
        self.warn = warn
        self.config = Config(run.parameters, warn)
        self.slot = 0
        """The index of the agent's loop that executes the run."""
        self._client = client
        self._patience = patience
        self._spool_path = spool
        self._is_lent = is_lent
        self._description = Description(client, run, warn)
        self._config_warned: set[str] = set()
        self._lock = threading.RLock()

    @property
    def id(self) -> str:
        """The sweep's id and the run's number: unique on the registry."""
        return f"{self.run.sweep_id}-{self.run.number}"

    @property
    def name(self) -> str:
        """The given name, else the sweep's name and the run's number. Can be set."""
        return self._description.name or f"{self.sweep.name}-{self.run.number}"

    @name.setter
    def name(self, name: str) -> None:
        self.describe(name=name)

    @property
    def labels(self) -> Mapping[str, str]:
        """The run's labels, including those for fields of W&B: see `tags` and `notes`."""
        return dict(self._description.labels)

    @property
    def number(self) -> int:
        """The run's number in the sweep, from 0."""
        return self.run.number

    @property
    def sweep_id(self) -> str:
        """The sweep's id."""
        return self.run.sweep_id

    @property
    def project(self) -> str:
        """The sweep's project."""
        return self.sweep.project

    @property
    def starting_step(self) -> int:
        """The first step that this process logs; not 0 in a resumed run."""
        return 0 if not self.resumed or self.run.last_step is None else self.run.last_step + 1

    @property
    def start_time(self) -> float:
        """When the run was assigned, in seconds since 1970."""
        began = self.run.start_time
        return super().start_time if began is None else began.timestamp()

    @property
    def url(self) -> str:
        """Which run of which registry it is."""
        return f"{self.project_url}/runs/{quote(self.id, safe='')}"

    @property
    def project_url(self) -> str:
        """Which project of which registry it belongs to."""
        project = quote(self.project, safe="")
        return f"wanllmdb://{self._client.registry_address}/{ENTITY}/{project}"

    @property
    def sweep_url(self) -> str:
        """A URL-like name of the registry and the sweep."""
        return f"{self.project_url}/sweeps/{self.sweep_id}"

    @property
    def disabled(self) -> bool:
        """Whether the run reports nothing; always False here."""
        return False

    def describe(
        self,
        *,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Set the run's name, and add labels.

        An unavailable registry, or one that rejects them, causes a warning and no error.
        """
        self._must_be_here("init")
        with shielded(), self._lock:
            self._description.describe(name, labels)

    def relabel(self, labels: Mapping[str, str]) -> None:
        """Replace the run's labels."""
        self._must_be_here("setting tags or notes")
        with shielded(), self._lock:
            self._description.relabel(labels)

    def environment(self) -> dict[str, str]:
        """Return the variables by which a child process finds this run and the services.

        The variables include the API key.
        """
        run = _env.RunEnvironment(
            self.run.sweep_id, self.run.number, self.run.attempt, self.resumed
        )
        return {
            **self._client.environment,
            **run.variables(),
            _env.SLOT: str(self.slot),
            _env.PATIENCE: f"{self._patience:g}",
            _env.SPOOL_DIR: str(self._spool_path),
            _env.AGENT_RANKS: (
                os.environ.get(_env.AGENT_RANKS, "") if self._is_lent else distributed.variables()
            ),
            # Programs written for W&B use these variables to detect a sweep.
            _env.WANDB_SWEEP_ID: self.sweep_id,
            "WANDB_RUN_ID": self.id,
            "WANDB_PROJECT": os.environ.get("WANDB_PROJECT") or self.project,
        }

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the run by its number; another process takes the run up again."""
        from wanllmdb._agent.init import run_of

        return run_of, (self.sweep_id, self.number)

    def __repr__(self) -> str:
        return f"<run {self.number} of sweep {self.sweep_id}>"

    def _goals(self) -> Mapping[str, str]:
        return {metric.name: str(metric.goal) for metric in self.sweep.spec.metrics}

    def _decided(self) -> frozenset[str]:
        metrics = self.sweep.spec.metrics
        return frozenset(m.name for m in metrics if m.value is not ObjectiveValue.LAST)

    def _must_be_here(self, what: str) -> None:
        # A fork has neither the reporting threads nor usable connections.
        if os.getpid() != self._process:
            raise NoRunError(
                f"{what} was called in a fork of the process that works on run {self.number}: "
                f"pass the values to that process and call it there, or start this process with "
                f"the method 'spawn' and call init() in it"
            )

    def _config(self) -> dict[str, Any]:
        return self.config.changes(self._left_out_of_config)

    def _left_out_of_config(self, name: str, why: str) -> None:
        if len(self._config_warned) < _MOST_CONFIG_WARNINGS and name not in self._config_warned:
            self._config_warned.add(name)
            self.warn(
                f"the config of run {self.number} is stored without {shown(name[:40])}: {why}"
            )
