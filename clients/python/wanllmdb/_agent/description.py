"""What a run is called, and what its program made of its config."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from wanllmdb._agent.outage import is_passing
from wanllmdb._agent.text import text_of
from wanllmdb._client import Client
from wanllmdb._errors import WanllmdbError
from wanllmdb._types.runs import Run

_TIMEOUT = 10.0
_CONFIG_TIMEOUT = 2.0
_TRY_AGAIN_AFTER = 30.0
_FIELDS = ("notes", "group", "job_type")
"""Labels that hold what W&B has fields for."""


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


def tags_in(labels: Mapping[str, str]) -> tuple[str, ...]:
    """The labels that are W&B's tags: those without a text."""
    return tuple(key for key, text in labels.items() if not text and key not in _FIELDS)


def _sendable(labels: Mapping[str, str]) -> dict[str, str]:
    return {text_of(key): text_of(value) for key, value in labels.items()}


def labels_of(tags: str | Iterable[str], **more: Any) -> dict[str, str]:
    """Labels of a run from W&B's ways to describe one: an empty text for each tag."""
    given = {key: text_of(value) for key, value in more.items() if value is not None}
    each = (tags,) if isinstance(tags, str) else tags
    return dict.fromkeys(map(text_of, each), "") | given
