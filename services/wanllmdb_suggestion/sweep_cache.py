"""The sweeps that this server has in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass

from wanllmdb_common.errors import NotFoundError
from wanllmdb_suggestion.desk import SuggestDesk
from wanllmdb_suggestion.registry_client import RegistryClient
from wanllmdb_suggestion.state_seal import StateSeal
from wanllmdb_suggestion.study_keeper import StudyKeeper


@dataclass(frozen=True, slots=True)
class CachedSweep:
    """One sweep's model and desk."""

    keeper: StudyKeeper
    desk: SuggestDesk

    @property
    def is_idle(self) -> bool:
        """Whether nobody uses it."""
        return self.keeper.is_idle and self.desk.is_idle


class SweepCache:
    """Models by sweep; the one that was not used for longest goes first.

    A sweep in use is never dropped: a second model beside it would be right,
    but their writers would get in each other's way.
    """

    def __init__(
        self,
        registry: RegistryClient,
        executor: Executor,
        *,
        max_sweeps: int,
        max_runs: int,
        sampling_budget: float,
        state_key: bytes,
    ) -> None:
        self._registry = registry
        self._executor = executor
        self._max_sweeps = max_sweeps
        self._max_runs = max_runs
        self._sampling_budget = sampling_budget
        self._state_key = state_key
        self._sweeps: OrderedDict[str, CachedSweep] = OrderedDict()

    def get(self, sweep_id: str) -> CachedSweep:
        """The sweep, with an empty model when it was not in memory."""
        cached = self._sweeps.get(sweep_id)
        if cached is None:
            self._make_room()
            seal = StateSeal(self._state_key, sweep_id)
            keeper = StudyKeeper(sweep_id, self._registry, self._executor, seal)
            desk = SuggestDesk(keeper, self._registry, self._sampling_budget)
            cached = self._sweeps[sweep_id] = CachedSweep(keeper, desk)
        else:
            self._sweeps.move_to_end(sweep_id)
        return cached

    def drop(self, sweep_id: str) -> None:
        """Forgets a sweep that the registry no longer has."""
        self._sweeps.pop(sweep_id, None)

    @contextmanager
    def forgetting_deleted(self, sweep_id: str) -> Iterator[None]:
        """Drops the sweep when the block finds that the registry no longer has it."""
        try:
            yield
        except NotFoundError as error:
            if error.reason == "SWEEP_NOT_FOUND":
                self.drop(sweep_id)
            raise

    def close(self) -> None:
        """Turns away all who wait."""
        for cached in self._sweeps.values():
            cached.desk.close()
        self._sweeps.clear()

    def _make_room(self) -> None:
        runs = sum(cached.keeper.size for cached in self._sweeps.values())
        idle = [sweep_id for sweep_id, cached in self._sweeps.items() if cached.is_idle]
        for sweep_id in idle:
            if len(self._sweeps) < self._max_sweeps and runs <= self._max_runs:
                return
            runs -= self._sweeps.pop(sweep_id).keeper.size
