"""The sweeps that this server holds in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb_common.computing.fair_threads import FairThreads, Owner
from wanllmdb_common.errors import NotFoundError
from wanllmdb_suggestion.prometheus_metrics import MODEL_HITS, MODEL_MISSES, MODEL_RUNS, MODELS
from wanllmdb_suggestion.registry.client import CallScope, RegistryClient
from wanllmdb_suggestion.registry.conversion import spec_from_proto
from wanllmdb_suggestion.registry.state_seal import StateSeal
from wanllmdb_suggestion.single_flight import SingleFlight
from wanllmdb_suggestion.suggest.batcher import SuggestBatcher
from wanllmdb_suggestion.suggest.session import SweepSession


@dataclass(eq=False, slots=True)
class CachedSweep:
    """A sweep's session and suggest batcher, and the number of calls that use them."""

    session: SweepSession
    batcher: SuggestBatcher
    calls: int = 0

    @property
    def is_idle(self) -> bool:
        """Whether no call uses the sweep."""
        return self.calls == 0


class SweepCache:
    """Sessions and suggest batchers by sweep; the least recently used are dropped first.

    A sweep in use is never dropped. A second model beside it would give correct answers, but
    the proposals of the two would conflict.
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
        # The thread that serves metrics calls these.
        MODELS.set_function(lambda: len(self._sweeps))
        MODEL_RUNS.set_function(
            lambda: sum(cached.session.size for cached in list(self._sweeps.values()))
        )

    @asynccontextmanager
    async def using(self, sweep_id: str, scope: CallScope) -> AsyncIterator[CachedSweep]:
        """Return the sweep, kept in memory for the block.

        A sweep that is not in memory is read from the registry first, so that a call for a
        sweep that does not exist or that the caller may not read evicts no other sweep.

        Raises:
            ServiceError: an error of the registry.
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
        """Return the owner of computations about a sweep that was used just before."""
        cached = self._sweeps.get(sweep_id)
        return Owner(sweep_id) if cached is None else cached.session.owner

    def close(self) -> None:
        """Reject every waiting Suggest and drop all sweeps."""
        for cached in self._sweeps.values():
            cached.batcher.close()
        self._sweeps.clear()

    async def _read(self, sweep_id: str, scope: CallScope) -> sweep_pb2.Sweep:
        # Other calls with the same key share this read, and may wait longer than this one.
        return await self._registry.get_sweep(sweep_id, replace(scope, deadline=None))

    def _new(self, sweep_id: str, sweep: sweep_pb2.Sweep) -> CachedSweep:
        session = SweepSession(
            sweep_id,
            sweep.project,
            spec_from_proto(sweep.spec),
            self._registry,
            self._threads,
            StateSeal(self._state_key, sweep_id),
        )
        return CachedSweep(session, SuggestBatcher(session, self._registry, self._sampling_budget))

    def _make_room(self) -> None:
        runs = sum(cached.session.size for cached in self._sweeps.values())
        idle = [sweep_id for sweep_id, cached in self._sweeps.items() if cached.is_idle]
        for sweep_id in idle:
            if len(self._sweeps) < self._max_sweeps and runs <= self._max_runs:
                return
            runs -= self._sweeps.pop(sweep_id).session.size
