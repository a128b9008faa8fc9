"""The session of a sweep: its model, kept in sync with the registry, for one user at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.computing.cancellation import TookTooLongError
from wanllmdb_common.computing.fair_threads import FairThreads, Owner
from wanllmdb_suggestion.errors import took_too_long
from wanllmdb_suggestion.optimizer.model import StaleModelError, SweepModel
from wanllmdb_suggestion.optimizer.types import StudySpec
from wanllmdb_suggestion.registry.client import CallScope, RegistryClient
from wanllmdb_suggestion.registry.conversion import (
    changes_from_proto,
    record_from_proto,
    spec_from_proto,
)
from wanllmdb_suggestion.registry.state_seal import StateSeal
from wanllmdb_suggestion.suggest.ended_runs import OpenEnds

T = TypeVar("T")

# Pages with more changes than this are applied off the event loop.
_INLINE_CHANGES = 64


@dataclass(slots=True)
class _Callers:
    """The callers with one key.

    Attributes:
        count: How many callers use the model or wait for it.
        synced: The number of the last sync that succeeded with the key.
    """

    count: int = 0
    synced: int = 0


class SweepSession:
    """A sweep's model, the lock around it, and its syncs with the registry.

    A caller holds the model alone, and finds in it every run that had finished when the caller
    asked: a sync that began later has ended. Callers with the same key that wait during a sync
    share the next one. Callers with different keys do not, because a sync with one key does not
    show whether the registry lets another key read the sweep.

    Attributes:
        sweep_id: The sweep's id.
        owner: The sweep and the project that its computations are charged to.
        seal: The seal that signs the states of its samplers.
    """

    def __init__(
        self,
        sweep_id: str,
        project: str,
        spec: StudySpec,
        registry: RegistryClient,
        threads: FairThreads,
        seal: StateSeal,
    ) -> None:
        self.sweep_id = sweep_id
        self.owner = Owner(sweep_id, project)
        self.seal = seal
        self._registry = registry
        self._threads = threads
        self._lock = asyncio.Lock()
        self._model: SweepModel | None = SweepModel(spec)
        # The callers that use the model or wait for it, by key.
        self._callers: dict[str, _Callers] = {}
        # The database that the model was read from.
        self._database_id = ""
        # The number of the last sync that began.
        self._begun = 0

    @property
    def size(self) -> int:
        """The size of the model, in runs."""
        return self._model.size if self._model is not None else 0

    @asynccontextmanager
    async def fresh_model(
        self, scope: CallScope, *, may_run_ahead: bool = False, ends: OpenEnds | None = None
    ) -> AsyncIterator[SweepModel]:
        """Hold the model for the block, in sync with the registry as the class describes.

        A sync carries out the ends first, so that the model knows the results.

        Args:
            scope: The call that needs the model.
            may_run_ahead: Skip the sync if the model's proposals hold without one. The caller
                must then not answer from the model before another call of the registry with
                the same scope, which carries out the ends too.
            ends: Ends of runs that the caller brings.

        Raises:
            ServiceError: an error of the registry.
        """
        ends = ends or OpenEnds()
        asked_at = self._begun
        callers = self._callers.setdefault(scope.key_text, _Callers())
        callers.count += 1
        try:
            async with self._lock:
                ahead = may_run_ahead and self._model is not None and self._model.can_run_ahead
                is_behind = callers.synced <= asked_at or self._model is None
                if not ahead and (is_behind or ends.requests):
                    callers.synced = await self._sync(scope, ends)
                assert self._model is not None
                yield self._model
        finally:
            callers.count -= 1
            if not callers.count:
                del self._callers[scope.key_text]

    async def record_assigned(
        self, runs: Sequence[run_pb2.Run], planned_for: str, etag: str
    ) -> None:
        """Add runs that were assigned from the model, if that saves the model a sync.

        The samplers of models that run ahead store no state with runs.
        """
        async with self._lock:
            if self._model is not None and self._model.can_run_ahead:
                records = [record_from_proto(run) for run in runs]
                self._model.record_assigned(records, planned_for, etag)

    async def off_loop(
        self, work: Callable[[], T], *, is_wanted: Callable[[], bool] = lambda: True
    ) -> T:
        """Run `work` on a thread when it is the sweep's turn; see `FairThreads.run`.

        The caller must hold the model. A canceled caller keeps holding it until the thread has
        stopped using it.

        Raises:
            CallersGoneError: no caller waits any more.
            OverloadedError: OVERLOADED: the work took too long.
        """
        try:
            return await self._threads.run(work, self.owner, is_wanted=is_wanted)
        except TookTooLongError as error:
            raise took_too_long(self.sweep_id, error) from error

    async def _sync(self, scope: CallScope, ends: OpenEnds) -> int:
        self._begun += 1
        current = self._begun
        while not await self._sync_page(scope, ends):
            pass
        return current

    async def _sync_page(self, scope: CallScope, ends: OpenEnds) -> bool:
        """Apply one page of changes; return whether it was the last one."""
        if self._model is None:
            # Only the spec shows whether the model needs the values of the metric, too.
            sweep = await self._registry.get_sweep(self.sweep_id, scope)
            self._model = SweepModel(spec_from_proto(sweep.spec))
        model = self._model
        response, results = await self._registry.sync_runs(
            self.sweep_id,
            model.revision,
            scope,
            with_points=model.needs_points,
            ended_runs=ends.requests,
        )
        ends.settle(results)
        before, self._database_id = self._database_id, response.database_id
        is_other = model.revision > 0 and response.database_id != before
        if is_other or response.revision < model.revision:
            # The registry's database was restored, for example from a backup: the model is void.
            self._model = None
            return False

        def apply() -> None:
            model.apply(changes_from_proto(response, self.seal))

        try:
            if len(response.runs) + len(response.objective_points) > _INLINE_CHANGES:
                await self.off_loop(apply)
            else:
                apply()
        except StaleModelError:
            self._model = None
            return False
        return not response.has_more
