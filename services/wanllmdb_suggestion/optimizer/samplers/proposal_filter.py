"""Passes on the proposals of a sampler that meet the constraints and are not repeats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from random import Random

from typing_extensions import override

from wanllmdb_common.computing.cancellation import WorkBudget
from wanllmdb_common.search_space.conditions import active_only
from wanllmdb_common.search_space.constraints import Constraints
from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_common.search_space.draws import NoPointFoundError, PointDraws
from wanllmdb_common.search_space.probabilities import PointMasses
from wanllmdb_suggestion.optimizer.samplers.sampler import ConstraintsNotMetError, Sampler, ask_seed
from wanllmdb_suggestion.optimizer.samplers.seen_points import SeenPoints
from wanllmdb_suggestion.optimizer.space_mapping import SpaceMapping
from wanllmdb_suggestion.optimizer.types import Parameters, RunRecord

# How many points near the proposed one are tried, and the draws for each.
NEIGHBOURS = 64
NEAR_DRAWS = 100
# Points that are tried one by one, at about ten microseconds each.
LOOKS = 100_000
# The budget of both searches for one proposal, about 2 s. With many parameters and long
# constraints a point takes a thousand times as long as with few.
SEARCH_UNITS = 2_000_000


class Repeats(Enum):
    """When a point of a discrete space that has a run is proposed again.

    FREELY: whenever the sampler proposes it.
    AS_DRAWN: at once if the point's share of the runs is below its probability. Otherwise the
        proposal is drawn again, at most `Sampler.redraws` times, and then accepted. The samples
        follow the distribution, and rare points seldom repeat.
    WHEN_ALL_ARE_SEEN: only when no other point is left.
    """

    FREELY = auto()
    AS_DRAWN = auto()
    WHEN_ALL_ARE_SEEN = auto()


class ProposalFilter(Sampler):
    """A sampler whose proposals meet the constraints and repeat points only as `Repeats` allows.

    A rejected proposal is drawn again. If that fails, the search goes on near the first proposal,
    by drawing some of its parameters at random; then anywhere; then, in a space that is small
    enough, point by point. The result follows from the sweep's seed, the run's number and the
    points that have runs.
    """

    def __init__(self, sampler: Sampler, space: SearchSpace, seed: int, repeats: Repeats) -> None:
        self._sampler = sampler
        self._space = space
        self._seed = seed
        self._mapping = SpaceMapping(space)
        self._draws = PointDraws(space)
        self._constraints = Constraints(space) if space.constraints else None
        self._seen = None if repeats is Repeats.FREELY else SeenPoints(space)
        follows = repeats is Repeats.AS_DRAWN and SeenPoints.can_be_told_apart(space)
        self._masses = PointMasses(space) if follows else None
        # Whether every point that meets the constraints is known to have a run.
        self._none_left = False
        expressions = self._constraints.expressions if self._constraints is not None else ()
        self._look_cost = 5 + len(space.parameters) + sum(e.cost for e in expressions)

    @staticmethod
    def is_needed(space: SearchSpace, repeats: Repeats) -> bool:
        """Return whether the filter could reject anything."""
        return bool(space.constraints) or (
            repeats is not Repeats.FREELY and SeenPoints.can_be_told_apart(space)
        )

    @override
    def observe(self, record: RunRecord) -> None:
        self._sampler.observe(record)
        if self._seen is not None:
            self._seen.observe(record)

    @override
    def observe_all(self, records: Sequence[RunRecord]) -> None:
        self._sampler.observe_all(records)
        if self._seen is not None:
            for record in records:
                self._seen.observe(record)

    def propose(self, number: int, redraw: int = 0) -> Parameters | None:
        """Propose a point that the filter accepts.

        Raises:
            ConstraintsNotMetError: no point was found that meets the constraints.
        """
        return self._accepted(number, {}, lambda again: self._sampler.propose(number, again))

    def complete(self, number: int, given: Parameters, redraw: int = 0) -> Parameters:
        """Complete the given parameters; a complete point is accepted unchanged.

        Raises:
            ConstraintsNotMetError: no completion was found that meets the constraints.
        """
        if self._mapping.is_complete(given):
            return self._sampler.complete(number, given)
        completed = self._accepted(
            number, given, lambda again: self._sampler.complete(number, given, again)
        )
        assert completed is not None, "a completion always exists"
        return completed

    @override
    def state(self, number: int, parameters: Parameters) -> bytes:
        return self._sampler.state(number, parameters)

    @override
    def expect(self, number: int, parameters: Parameters) -> None:
        self._sampler.expect(number, parameters)
        if self._seen is not None:
            self._seen.expect(parameters)

    @override
    def forget_expected(self) -> None:
        self._sampler.forget_expected()
        if self._seen is not None:
            self._seen.forget_expected()

    @property
    @override
    def learns_from_results(self) -> bool:
        return self._sampler.learns_from_results

    @property
    @override
    def is_exhausted(self) -> bool:
        return self._sampler.is_exhausted

    def _accepted(
        self, number: int, given: Parameters, draw: Callable[[int], Parameters | None]
    ) -> Parameters | None:
        search = _Search(self._constraints, self._seen, self._masses)
        random = Random(ask_seed(self._seed, number, -1))
        try:
            wanted = draw(0)
            if wanted is None or search.takes(wanted):
                return wanted
            if self._none_left and search.duplicate is not None:
                return search.duplicate
            for redraw in range(1, 1 + self._sampler.redraws):
                point = draw(redraw)
                if point is None or search.takes(point):
                    return point
            if self._masses is not None and search.duplicate is not None:
                return search.duplicate
        except NoPointFoundError as error:
            # The sampler itself draws at random, and its draws are used up.
            if self._masses is not None and search.duplicate is not None:
                return search.duplicate
            start = random.getrandbits(63)
            return self._one_by_one(search, given, start, str(error), WorkBudget(SEARCH_UNITS))
        budget = WorkBudget(SEARCH_UNITS)
        names = [name for name in self._mapping.dimensions if name not in given]
        for look in range(NEIGHBOURS if names else 0):
            if budget.is_spent:
                break
            # The number of redrawn parameters grows from one to all.
            changed = random.sample(names, 1 + look * len(names) // NEIGHBOURS)
            kept = {name: value for name, value in wanted.items() if name not in changed}
            try:
                point = self._draws.draw(
                    random.getrandbits(32),
                    {**kept, **given},
                    max_draws=NEAR_DRAWS,
                    budget=budget,
                )
            except NoPointFoundError:
                continue
            if search.takes(point):
                return point
        why_none = ""
        if search.duplicate is None:
            try:
                point = self._draws.draw(random.getrandbits(32), given)
            except NoPointFoundError as error:
                why_none = str(error)
            else:
                if search.takes(point):
                    return point
        return self._one_by_one(search, given, random.getrandbits(63), why_none, budget)

    def _one_by_one(
        self, search: _Search, given: Parameters, start: int, why_none: str, budget: WorkBudget
    ) -> Parameters:
        if self._seen is not None:
            for point in self._seen.all_from(start, LOOKS):
                if budget.is_spent:
                    break
                budget.spend(self._look_cost, looks=1)
                agrees = not given or active_only(self._space, {**point, **given}) == point
                if agrees and search.takes(point):
                    return point
            else:
                self._none_left = not given and self._seen.is_known_through(LOOKS)
        if search.duplicate is None:
            one_by_one = f", nor among {budget.looks:,} points checked one by one" * bool(
                budget.looks
            )
            raise ConstraintsNotMetError(why_none + one_by_one)
        return search.duplicate


class _Search:
    """Checks points one after the other, and keeps the first repeat as a fallback."""

    def __init__(
        self,
        constraints: Constraints | None,
        seen: SeenPoints | None,
        masses: PointMasses | None,
    ) -> None:
        self._constraints = constraints
        is_used_up = seen is not None and masses is None and seen.is_full
        self._seen = None if is_used_up else seen
        self._masses = masses
        self.duplicate: Parameters | None = None

    def takes(self, point: Parameters) -> bool:
        """Return whether the point is accepted."""
        if self._constraints is not None and not self._constraints.hold(point):
            return False
        if self._seen is None or point not in self._seen or self._is_due(point):
            return True
        if self.duplicate is None:
            self.duplicate = point
        return False

    def _is_due(self, point: Parameters) -> bool:
        """Return whether a point with runs has fewer than the distribution predicts by now."""
        if self._masses is None or self._seen is None:
            return False
        due = (self._seen.runs + 1) * self._masses.of(point)
        return self._seen.runs_at(point) < due
