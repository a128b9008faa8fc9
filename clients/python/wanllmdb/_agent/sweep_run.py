"""Which run of a sweep it is, for its program and for the processes that this starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wanllmdb import _env
from wanllmdb._agent import ranks
from wanllmdb._agent.base_run import BaseRun
from wanllmdb._client import Client
from wanllmdb._types.enums import ObjectiveValue
from wanllmdb._types.run import Run
from wanllmdb._types.sweep import Sweep


class SweepRun(BaseRun):
    """A run of a sweep, as it was handed out.

    Args:
        client: reaches both services.
        sweep: the run's sweep.
        run: the run.
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
        self.slot = 0
        """Which of the agent's places works on it."""
        self._client = client
        self._patience = patience
        self._spool_path = spool
        self._is_lent = is_lent

    @property
    def id(self) -> str:
        """The sweep's id and the run's number: unique on the registry."""
        return f"{self.run.sweep_id}-{self.run.number}"

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
        return f"{self.sweep_url}/{self.number}"

    @property
    def project_url(self) -> str:
        """Which project of which registry it belongs to."""
        return f"wanllmdb://{self._client.registry_address}/{self.project}"

    @property
    def sweep_url(self) -> str:
        """Which sweep of which registry it belongs to."""
        return f"{self.project_url}/{self.sweep_id}"

    @property
    def disabled(self) -> bool:
        """Whether it reports nothing: never so."""
        return False

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
                os.environ.get(_env.AGENT_RANKS, "") if self._is_lent else ranks.variables()
            ),
            # By which programs written for W&B know that they are part of a sweep.
            "WANDB_SWEEP_ID": self.sweep_id,
            "WANDB_RUN_ID": self.id,
            "WANDB_PROJECT": os.environ.get("WANDB_PROJECT") or self.project,
        }

    def __reduce__(self) -> tuple[Any, ...]:
        """The run stays where it is worked on: another process takes it up by its number."""
        from wanllmdb._agent.beginning import run_of

        return run_of, (self.sweep_id, self.number)

    def __repr__(self) -> str:
        return f"<run {self.number} of sweep {self.sweep_id}>"

    def _goals(self) -> Mapping[str, str]:
        return {metric.name: str(metric.goal) for metric in self.sweep.spec.metrics}

    def _decided(self) -> frozenset[str]:
        metrics = self.sweep.spec.metrics
        return frozenset(m.name for m in metrics if m.value is not ObjectiveValue.LAST)
