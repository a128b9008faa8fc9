"""Keeps the model of one sweep current, and lets one thing at a time use it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.computing.cancellation import TookTooLongError
from wanllmdb_common.computing.fair_threads import FairThreads, Owner
from wanllmdb_suggestion.convert import changes_from_proto, record_from_proto, spec_from_proto
from wanllmdb_suggestion.refusals import took_too_long
from wanllmdb_suggestion.registry_client import CallScope, RegistryClient
from wanllmdb_suggestion.state_seal import StateSeal
from wanllmdb_suggestion.study.model import StaleModelError, SweepModel
from wanllmdb_suggestion.study.records import StudySpec

T = TypeVar("T")

# Pages with more changes than this are applied off the event loop.
_INLINE_CHANGES = 64


@dataclass(slots=True)
class _Callers:
    """Those with one key: how many they are, and the last sync that succeeded under it."""

    count: int = 0
    synced: int = 0


class StudyKeeper:
    """The model of one sweep.

    Whoever uses the model holds it alone and finds in it every run that was
    finished before they asked: a sync that began after they asked has ended.
    Those who ask with the same key while a sync runs share the next one. One under
    another key tells nobody whether the registry lets him read the sweep.

    Attributes:
        sweep_id: The sweep.
        owner: For whom its computations are.
        seal: What its samplers' states are signed with.
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
        # Those who use it or wait for it, by their keys.
        self._callers: dict[str, _Callers] = {}
        # Where what the model holds came from.
        self._database_id = ""
        # Syncs are counted: the last one begun.
        self._begun = 0

    @property
    def size(self) -> int:
        """What the model holds, in runs."""
        return self._model.size if self._model is not None else 0

    @asynccontextmanager
    async def fresh_model(
        self, scope: CallScope, *, may_run_ahead: bool = False
    ) -> AsyncIterator[SweepModel]:
        """The model, for the block alone; see the class.

        Args:
            scope: On whose behalf.
            may_run_ahead: Leave the sync out for a model whose proposals hold without one.
                Nothing of it may then be told before another call of the registry on the same
                behalf.

        Raises:
            ServiceError: the registry's.
        """
        asked_at = self._begun
        callers = self._callers.setdefault(scope.key_text, _Callers())
        callers.count += 1
        try:
            async with self._lock:
                ahead = may_run_ahead and self._model is not None and self._model.can_run_ahead
                if not ahead and (callers.synced <= asked_at or self._model is None):
                    callers.synced = await self._sync(scope)
                assert self._model is not None
                yield self._model
        finally:
            callers.count -= 1
            if not callers.count:
                del self._callers[scope.key_text]

    async def hand_out(self, runs: Sequence[run_pb2.Run], etag: str) -> None:
        """Tells the model of runs that were handed out from it, if that will save it a sync.

        Samplers whose models these are keep no state with runs.
        """
        async with self._lock:
            if self._model is not None and self._model.can_run_ahead:
                self._model.hand_out([record_from_proto(run) for run in runs], etag)

    async def off_loop(
        self, work: Callable[[], T], *, is_wanted: Callable[[], bool] = lambda: True
    ) -> T:
        """Runs `work` on a thread, when it is the sweep's turn; see `FairThreads.run`.

        Only for those who hold the model: also a canceled caller does not let it go while
        a thread still uses it.

        Raises:
            CallersGoneError: no caller waits any more.
            OverloadedError: OVERLOADED: it took too long.
        """
        try:
            return await self._threads.run(work, self.owner, is_wanted=is_wanted)
        except TookTooLongError as error:
            raise took_too_long(self.sweep_id, error) from error

    async def _sync(self, scope: CallScope) -> int:
        self._begun += 1
        current = self._begun
        while not await self._sync_page(scope):
            pass
        return current

    async def _sync_page(self, scope: CallScope) -> bool:
        """Takes one page; returns whether it was the last one."""
        if self._model is None:
            # Only the spec says whether values of the metric are needed, too.
            sweep = await self._registry.get_sweep(self.sweep_id, scope)
            self._model = SweepModel(spec_from_proto(sweep.spec))
        model = self._model
        response = await self._registry.sync_runs(
            self.sweep_id, model.revision, scope, with_points=model.needs_points
        )
        before, self._database_id = self._database_id, response.database_id
        is_other = model.revision > 0 and response.database_id != before
        if is_other or response.revision < model.revision:
            # The registry was set back, to a backup say: what we know is void.
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
