"""The sweeps that this server has in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb_common.computing.fair_threads import FairThreads, Owner
from wanllmdb_common.errors import NotFoundError
from wanllmdb_suggestion.convert import spec_from_proto
from wanllmdb_suggestion.desk import SuggestDesk
from wanllmdb_suggestion.metrics import MODEL_HITS, MODEL_MISSES, MODEL_RUNS, MODELS
from wanllmdb_suggestion.registry_client import CallScope, RegistryClient
from wanllmdb_suggestion.single_flight import SingleFlight
from wanllmdb_suggestion.state_seal import StateSeal
from wanllmdb_suggestion.study_keeper import StudyKeeper


@dataclass(eq=False, slots=True)
class CachedSweep:
    """One sweep's model and desk, and how many calls use it."""

    keeper: StudyKeeper
    desk: SuggestDesk
    calls: int = 0

    @property
    def is_idle(self) -> bool:
        """Whether nobody uses it."""
        return self.calls == 0


class SweepCache:
    """Models by sweep; the one that was not used for longest goes first.

    A sweep in use is never dropped: a second model beside it would be right,
    but their writers would get in each other's way.
    """

    def __init__(
        self,
        registry: RegistryClient,
        threads: FairThreads,
        *,
        max_sweeps: int,
        max_runs: int,
        sampling_budget: float,
        state_key: bytes,
    ) -> None:
        self._registry = registry
        self._threads = threads
        self._max_sweeps = max_sweeps
        self._max_runs = max_runs
        self._sampling_budget = sampling_budget
        self._state_key = state_key
        self._sweeps: OrderedDict[str, CachedSweep] = OrderedDict()
        self._reading = SingleFlight[tuple[str, str], sweep_pb2.Sweep]()
        # Asked for by the thread that serves metrics.
        MODELS.set_function(lambda: len(self._sweeps))
        MODEL_RUNS.set_function(
            lambda: sum(cached.keeper.size for cached in list(self._sweeps.values()))
        )

    @asynccontextmanager
    async def using(self, sweep_id: str, scope: CallScope) -> AsyncIterator[CachedSweep]:
        """The sweep, kept in memory at least for the block.

        One that was not in memory is first asked for at the registry: a call for one that
        is not there, or that the caller may not read, takes nobody's place.

        Raises:
            ServiceError: the registry's.
        """
        if sweep_id in self._sweeps:
            MODEL_HITS.inc()
        else:
            MODEL_MISSES.inc()
            sweep = await self._reading.do(
                (sweep_id, scope.key_text), lambda: self._read(sweep_id, scope)
            )
            if sweep_id not in self._sweeps:
                self._make_room()
                self._sweeps[sweep_id] = self._new(sweep_id, sweep)
        cached = self._sweeps[sweep_id]
        self._sweeps.move_to_end(sweep_id)
        cached.calls += 1
        try:
            yield cached
        except NotFoundError as error:
            if error.reason == "SWEEP_NOT_FOUND" and self._sweeps.get(sweep_id) is cached:
                del self._sweeps[sweep_id]
            raise
        finally:
            cached.calls -= 1

    def owner_of(self, sweep_id: str) -> Owner:
        """For whom computations about the sweep are, which was used just now."""
        cached = self._sweeps.get(sweep_id)
        return Owner(sweep_id) if cached is None else cached.keeper.owner

    def close(self) -> None:
        """Turns away all who wait."""
        for cached in self._sweeps.values():
            cached.desk.close()
        self._sweeps.clear()

    async def _read(self, sweep_id: str, scope: CallScope) -> sweep_pb2.Sweep:
        # Others with the same key wait for it too, perhaps longer than this call.
        return await self._registry.get_sweep(sweep_id, replace(scope, deadline=None))

    def _new(self, sweep_id: str, sweep: sweep_pb2.Sweep) -> CachedSweep:
        keeper = StudyKeeper(
            sweep_id,
            sweep.project,
            spec_from_proto(sweep.spec),
            self._registry,
            self._threads,
            StateSeal(self._state_key, sweep_id),
        )
        return CachedSweep(keeper, SuggestDesk(keeper, self._registry, self._sampling_budget))

    def _make_room(self) -> None:
        runs = sum(cached.keeper.size for cached in self._sweeps.values())
        idle = [sweep_id for sweep_id, cached in self._sweeps.items() if cached.is_idle]
        for sweep_id in idle:
            if len(self._sweeps) < self._max_sweeps and runs <= self._max_runs:
                return
            runs -= self._sweeps.pop(sweep_id).keeper.size
