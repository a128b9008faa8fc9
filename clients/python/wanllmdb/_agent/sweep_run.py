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
    """Name, labels and config of a run, as its program gives them. Not safe for threads.

    A registry that is away, or refuses, is no reason to stop training: `warn` hears of it.
    """

    def __init__(self, client: Client, run: Run, warn: Callable[[str], None]) -> None:
        self._client = client
        self._run = run
        self._warn = warn
        self.name = run.name
        """As given; empty where it has none."""
        self.labels = dict(run.labels)
        self._untold: dict[str, Any] = {}
        self._recorded: dict[str, Any] = {}
        self._not_before = 0.0

    def describe(self, name: str | None, labels: Mapping[str, str] | None) -> None:
        """Gives the run a name, and labels beside those that it has."""
        self._change(name, self.labels | _sendable(labels or {}))

    def relabel(self, labels: Mapping[str, str]) -> None:
        """Gives the run these labels, in the place of those that it has."""
        self._change(None, _sendable(labels))

    @property
    def untold(self) -> Mapping[str, Any]:
        """The name and labels that a registry which was away has not got; they go with the end."""
        return self._untold

    def _change(self, name: str | None, labels: dict[str, str]) -> None:
        changes: dict[str, Any] = {}
        name = None if name is None else text_of(name)
        if name is not None and name != self.name:
            self.name = changes["name"] = name
        if labels != self.labels:
            self.labels = changes["labels"] = labels
        if not changes:
            return
        changes = {**self._untold, **changes}
        try:
            self._update(_TIMEOUT, changes)
        except WanllmdbError as error:
            if is_passing(error):
                self._untold = changes
                return
            self._refused(changes, error)
        self._untold = {}

    def record(self, config: Mapping[str, Any]) -> None:
        """Stores what differs from the parameters; later, where the registry is away."""
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
        """The config where it is not stored yet, else nothing."""
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
    """A run of a sweep, as it was handed out.

    Args:
        client: reaches both services.
        sweep: the run's sweep.
        run: the run.
        warn: prints a line for people.
        patience: seconds to wait for services that are away.
        spool: the folder that keeps what they have not got.
        resumed: whether the agent held it before and comes back.
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
        """Which of the agent's places works on it."""
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
        """A name for people: as given, else the sweep's and the run's number. May be set."""
        return self._description.name or f"{self.sweep.name}-{self.run.number}"

    @name.setter
    def name(self, name: str) -> None:
        self.describe(name=name)

    @property
    def labels(self) -> Mapping[str, str]:
        """The run's labels, among them what W&B has fields for: see `tags` and `notes`."""
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
        """The first step that it logs: past 0 where it is resumed."""
        return 0 if not self.resumed or self.run.last_step is None else self.run.last_step + 1

    @property
    def start_time(self) -> float:
        """When it was handed out, in seconds since 1970."""
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
        """Which sweep of which registry it belongs to."""
        return f"{self.project_url}/sweeps/{self.sweep_id}"

    @property
    def disabled(self) -> bool:
        """Whether it reports nothing: never so."""
        return False

    def describe(
        self,
        *,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Gives the run a name, and labels beside those that it has.

        A registry that is away, or refuses, is no reason to stop training: it warns.
        """
        self._must_be_here("init")
        with shielded(), self._lock:
            self._description.describe(name, labels)

    def relabel(self, labels: Mapping[str, str]) -> None:
        """Gives the run these labels, in the place of those that it has."""
        self._must_be_here("setting tags or notes")
        with shielded(), self._lock:
            self._description.relabel(labels)

    def environment(self) -> dict[str, str]:
        """The variables by which a child process finds this run and the services.

        They hold the API key.
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
            # By which programs written for W&B know that they are part of a sweep.
            _env.WANDB_SWEEP_ID: self.sweep_id,
            "WANDB_RUN_ID": self.id,
            "WANDB_PROJECT": os.environ.get("WANDB_PROJECT") or self.project,
        }

    def __reduce__(self) -> tuple[Any, ...]:
        """The run stays where it is worked on: another process takes it up by its number."""
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
        # A fork has neither the threads nor the connections that it would need.
        if os.getpid() != self._process:
            raise NoRunError(
                f"{what} was called in a fork of the process that works on run {self.number}: "
                f"hand the values to that process, and call it there, or start this one by the "
                f"method 'spawn', where init() gives the run"
            )

    def _config(self) -> dict[str, Any]:
        return self.config.changes(self._left_out_of_config)

    def _left_out_of_config(self, name: str, why: str) -> None:
        if len(self._config_warned) < _MOST_CONFIG_WARNINGS and name not in self._config_warned:
            self._config_warned.add(name)
            self.warn(f"the config of run {self.number} is kept without {shown(name[:40])}: {why}")
