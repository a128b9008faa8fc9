"""Hands on of a sampler's proposals those alone that may be tried."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from random import Random

from wanllmdb_common.computing.cancellation import WorkBudget
from wanllmdb_common.search_space.conditions import active_only
from wanllmdb_common.search_space.constraints import Constraints
from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_common.search_space.draws import NoPointFoundError, PointDraws
from wanllmdb_common.search_space.probabilities import PointMasses
from wanllmdb_suggestion.study.records import Parameters, RunRecord
from wanllmdb_suggestion.study.sampler import ConstraintsNotMetError, Sampler
from wanllmdb_suggestion.study.seeding import ask_seed
from wanllmdb_suggestion.study.space_mapping import SpaceMapping
from wanllmdb_suggestion.study.tried_points import TriedPoints

# Points around the one that the sampler wanted, and how often each is drawn.
NEIGHBOURS = 64
NEAR_DRAWS = 100
# Points one by one, at some ten microseconds each.
LOOKS = 100_000
# What both may spend on one proposal, about 2 s: with many parameters and long constraints
# a point takes a thousand times as long as with few.
SEARCH_UNITS = 2_000_000


class Repeats(Enum):
    """When a point of a discrete space that has a run comes again.

    FREELY: whenever the sampler says so.
    AS_DRAWN: at once where the distribution is due to give it again: its share of the runs is
        below its probability. Else it is drawn again, at most `Sampler.redraws` times, and then
        taken. The samples follow the distribution, and rare points seldom come twice.
    WHEN_ALL_ARE_TRIED: only when no other point is left.
    """

    FREELY = auto()
    AS_DRAWN = auto()
    WHEN_ALL_ARE_TRIED = auto()


class Acceptance(Sampler):
    """A sampler that proposes nothing that breaks a constraint and, in a discrete space, a point
    that has a run only as `Repeats` says.

    What is turned down is drawn again; then looked for around what the sampler
    wanted most, by drawing some of its parameters at random; then anywhere; then,
    in a space small enough, point by point. All of it follows from the sweep's seed,
    the run's number and which points have runs.
    """

    def __init__(self, sampler: Sampler, space: SearchSpace, seed: int, repeats: Repeats) -> None:
        self._sampler = sampler
        self._space = space
        self._seed = seed
        self._mapping = SpaceMapping(space)
        self._draws = PointDraws(space)
        self._constraints = Constraints(space) if space.constraints else None
        self._tried = None if repeats is Repeats.FREELY else TriedPoints(space)
        follows = repeats is Repeats.AS_DRAWN and TriedPoints.can_be_told_apart(space)
        self._masses = PointMasses(space) if follows else None
        # Whether all that meets the constraints was found to have runs.
        self._none_left = False
        expressions = self._constraints.expressions if self._constraints is not None else ()
        self._look_cost = 5 + len(space.parameters) + sum(e.cost for e in expressions)

    @staticmethod
    def is_needed(space: SearchSpace, repeats: Repeats) -> bool:
        """Whether it would turn down anything."""
        return bool(space.constraints) or (
            repeats is not Repeats.FREELY and TriedPoints.can_be_told_apart(space)
        )

    def observe(self, record: RunRecord) -> None:
        """See `Sampler.observe`."""
        self._sampler.observe(record)
        if self._tried is not None:
            self._tried.observe(record)

    def propose(self, number: int, redraw: int = 0) -> Parameters | None:
        """See `Sampler.propose`.

        Raises:
            ConstraintsNotMetError: no point was found that meets the constraints.
        """
        return self._accepted(number, {}, lambda again: self._sampler.propose(number, again))

    def complete(self, number: int, given: Parameters, redraw: int = 0) -> Parameters:
        """See `Sampler.complete`; a complete point is as it was wished for.

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

    def state(self, number: int, parameters: Parameters) -> bytes:
        """See `Sampler.state`."""
        return self._sampler.state(number, parameters)

    def expect(self, number: int, parameters: Parameters) -> None:
        """See `Sampler.expect`."""
        self._sampler.expect(number, parameters)
        if self._tried is not None:
            self._tried.expect(parameters)

    def forget_expected(self) -> None:
        """See `Sampler.forget_expected`."""
        self._sampler.forget_expected()
        if self._tried is not None:
            self._tried.forget_expected()

    @property
    def learns_from_results(self) -> bool:
        """See `Sampler.learns_from_results`."""
        return self._sampler.learns_from_results

    @property
    def is_exhausted(self) -> bool:
        """See `Sampler.is_exhausted`."""
        return self._sampler.is_exhausted

    def _accepted(
        self, number: int, given: Parameters, draw: Callable[[int], Parameters | None]
    ) -> Parameters | None:
        search = _Search(self._constraints, self._tried, self._masses)
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
            # It draws at random, and has drawn enough.
            if self._masses is not None and search.duplicate is not None:
                return search.duplicate
            start = random.getrandbits(63)
            return self._one_by_one(search, given, start, str(error), WorkBudget(SEARCH_UNITS))
        effort = WorkBudget(SEARCH_UNITS)
        names = [name for name in self._mapping.dimensions if name not in given]
        for look in range(NEIGHBOURS if names else 0):
            if effort.is_spent:
                break
            # From one parameter to all of them.
            changed = random.sample(names, 1 + look * len(names) // NEIGHBOURS)
            kept = {name: value for name, value in wanted.items() if name not in changed}
            try:
                point = self._draws.draw(
                    random.getrandbits(32),
                    {**kept, **given},
                    max_draws=NEAR_DRAWS,
                    budget=effort,
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
        return self._one_by_one(search, given, random.getrandbits(63), why_none, effort)

    def _one_by_one(
        self, search: _Search, given: Parameters, start: int, why_none: str, effort: WorkBudget
    ) -> Parameters:
        if self._tried is not None:
            for point in self._tried.all_from(start, LOOKS):
                if effort.is_spent:
                    break
                effort.spend(self._look_cost, looks=1)
                agrees = not given or active_only(self._space, {**point, **given}) == point
                if agrees and search.takes(point):
                    return point
            else:
                self._none_left = not given and self._tried.is_known_through(LOOKS)
        if search.duplicate is None:
            one_by_one = f", nor among {effort.looks:,} looked at one by one" * bool(effort.looks)
            raise ConstraintsNotMetError(why_none + one_by_one)
        return search.duplicate


class _Search:
    """Looks at one point after the other; remembers what will do where nothing better is found."""

    def __init__(
        self,
        constraints: Constraints | None,
        tried: TriedPoints | None,
        masses: PointMasses | None,
    ) -> None:
        self._constraints = constraints
        is_used_up = tried is not None and masses is None and tried.is_full
        self._tried = None if is_used_up else tried
        self._masses = masses
        self.duplicate: Parameters | None = None

    def takes(self, point: Parameters) -> bool:
        """Whether the point may be tried."""
        if self._constraints is not None and not self._constraints.hold(point):
            return False
        if self._tried is None or point not in self._tried or self._is_due(point):
            return True
        if self.duplicate is None:
            self.duplicate = point
        return False

    def _is_due(self, point: Parameters) -> bool:
        """Whether a point that has runs has fewer than the distribution gives it by now."""
        if self._masses is None or self._tried is None:
            return False
        due = (self._tried.runs + 1) * self._masses.of(point)
        return self._tried.runs_at(point) < due
