"""A run that records nothing: without an agent, disabled, or in a process that is silent."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from wanllmdb._agent.base_run import BaseRun
from wanllmdb._agent.config import Config
from wanllmdb._agent.metrics import checked_step, numeric_values
from wanllmdb._agent.segments import Segments
from wanllmdb._agent.summary import Summary
from wanllmdb._agent.text import shown, text_of
from wanllmdb._errors import InvalidArgumentError, NoRunError
from wanllmdb._types.runs import Failed

if TYPE_CHECKING:
    from wanllmdb._agent.active_run import ActiveRun


class LocalRun(BaseRun):
    """A run whose config can be read and whose `log` keeps nothing.

    Args:
        run_id: the run's id; None means a random one.
        project: the run's project.
        place_of: the sweep's run that this run replaces, which provides parameters and id.
        on_end: called once, when the run is finished.
        is_disabled: whether the program disabled the run.
    """

    def __init__(
        self,
        *,
        run_id: str | None = None,
        project: str | None = None,
        place_of: ActiveRun | None = None,
        on_end: Callable[[LocalRun], None] | None = None,
        is_disabled: bool = False,
    ) -> None:
        parameters = {} if place_of is None else place_of.run.parameters
        self.config = Config(parameters, place_of.warn if place_of is not None else None)
        self.summary = Summary()
        self.resumed = place_of is not None and place_of.resumed
        self._place_of = place_of
        self._on_end = on_end
        self._is_disabled = is_disabled
        self._id = run_id or os.environ.get("WANDB_RUN_ID") or secrets.token_hex(4)
        self._name = ""
        self._labels: dict[str, str] = {}
        self._project = project or os.environ.get("WANDB_PROJECT") or "default"
        self._segments = Segments(0 if place_of is None else place_of.step)
        super().__init__()

    @property
    def id(self) -> str:
        return self._id if self._place_of is None else self._place_of.id

    @property
    def name(self) -> str:
        known = f"local-{self._id}" if self._place_of is None else self._place_of.name
        return self._name or known

    @name.setter
    def name(self, name: str) -> None:
        self.describe(name=name)

    @property
    def labels(self) -> Mapping[str, str]:
        return dict(self._labels)

    @property
    def project(self) -> str:
        return self._project if self._place_of is None else self._place_of.project

    @property
    def sweep_id(self) -> str | None:
        return None if self._place_of is None else self._place_of.sweep_id

    @property
    def number(self) -> int | None:
        """The number of the run that this run replaces."""
        return None if self._place_of is None else self._place_of.number

    @property
    def step(self) -> int:
        return self._segments.step

    @property
    def is_open(self) -> bool:
        return self._segments.is_open

    @property
    def disabled(self) -> bool:
        return self._is_disabled

    def log(
        self,
        data: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,
        sync: bool | None = None,
    ) -> None:
        """Keep only this program's summary.

        Raises:
            NoRunError: the run is finished.
        """
        del sync
        if not isinstance(data, Mapping):
            raise InvalidArgumentError(
                f"log takes a dictionary, such as log({{'loss': 0.5}}), not {shown(data)}"
            )
        if not self.is_open:
            raise NoRunError("log: this run is finished; call init() to begin another one")
        values = numeric_values(data, _ignored)
        now = self._segments.next_step if step is None else checked_step(step)
        if now is not None:
            self._segments.take(now)
        if commit or (commit is None and step is None):
            self._segments.advance()
        counted = self._definitions.observe(values, self.summary)
        self.summary.take(values | counted)

    def describe(self, *, name: str | None = None, labels: Mapping[str, str] | None = None) -> None:
        """Keep name and labels for this program only."""
        self._name = self._name if name is None else text_of(name)
        self._labels.update(labels or {})

    def relabel(self, labels: Mapping[str, str]) -> None:
        """Keep the labels for this program only."""
        self._labels = dict(labels)

    def _end_segment(self, failure: Failed | None) -> None:
        if self._segments.is_open:
            self._segments.end_all()
            if self._on_end is not None:
                self._on_end(self)

    def __repr__(self) -> str:
        if self._place_of is None:
            return f"<run {self.id}, which records nothing>"
        return f"<run {self.number} of sweep {self.sweep_id}, in a process that reports nothing>"


def _ignored(_name: str, _why: str) -> None:
    """Ignore values that are left out, since nothing is recorded."""
