"""`UpdateRun` changes a run's name, labels, config and external id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wanllmdb_common.errors import (
    AbortedError,
    AlreadyExistsError,
)
from wanllmdb_registry.domain.command import SingleCommand
from wanllmdb_registry.domain.model import Parameters, Run, Sweep
from wanllmdb_registry.domain.unit_of_work import (
    LoadPlan,
    UnitOfWork,
)


@dataclass(frozen=True, slots=True)
class RunUpdate:
    """New values of a run; only those named in `fields` change."""

    fields: frozenset[str]
    name: str
    labels: Mapping[str, str]
    config: Parameters
    external_run_id: str


UPDATABLE_RUN_FIELDS = ("name", "labels", "config", "external_run_id")


@dataclass(frozen=True)
class UpdateRun(SingleCommand[Run]):
    """Changes a run's name, labels, config or external id, in any state of the run.

    `if_revision` is the run's revision as its caller last read it; None for any.
    """

    number: int
    update: RunUpdate
    if_revision: int | None = None

    def load_plan(self, sweep: Sweep) -> LoadPlan:
        taken = {self.update.external_run_id} - {""}
        return LoadPlan(numbers=frozenset({self.number}), external_run_ids=frozenset(taken))

    def apply(self, work: UnitOfWork) -> Run:
        run = work.run(self.number)
        if self.if_revision is not None and self.if_revision != run.revision:
            raise AbortedError(
                "REVISION_MISMATCH",
                f"run {run.number} of sweep '{run.sweep_id}' has changed since revision "
                f"{self.if_revision}: its revision is {run.revision}; read it again and repeat "
                "the change",
                sweep_id=run.sweep_id,
                number=run.number,
                revision=run.revision,
            )
        external_run_id = self.update.external_run_id or None
        if "external_run_id" in self.update.fields:
            for other in work.runs.values():
                if (
                    external_run_id is not None
                    and other.external_run_id == external_run_id
                    and other is not run
                ):
                    raise AlreadyExistsError(
                        "EXTERNAL_RUN_ID_TAKEN",
                        f"run {other.number} of sweep '{run.sweep_id}' already has "
                        f"external_run_id '{external_run_id}'",
                        sweep_id=run.sweep_id,
                        number=other.number,
                    )
            run.external_run_id = external_run_id
        if "name" in self.update.fields:
            run.name = self.update.name
        if "labels" in self.update.fields:
            run.labels = dict(self.update.labels)
        if "config" in self.update.fields:
            run.config = self.update.config
        work.touch(run)
        return run
