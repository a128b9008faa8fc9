"""The filter rejects points that break a constraint and points that have runs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.suggestion.imagined_sweep import Ask, ImaginedSweep
from tests.unit.suggestion.spaces import (
    CONDITIONAL,
    SIX_PARAMETERS,
    SMALL_GRID,
    run,
    spec,
    without_torch,
)
from wanllmdb_common.search_space.constraints import Constraints
from wanllmdb_common.search_space.distributions import (
    Categorical,
    IntUniform,
    Parameter,
    SearchSpace,
    Uniform,
)
from wanllmdb_suggestion.optimizer.model import SweepModel
from wanllmdb_suggestion.optimizer.samplers.make_sampler import make_sampler
from wanllmdb_suggestion.optimizer.samplers.proposal_filter import ProposalFilter
from wanllmdb_suggestion.optimizer.samplers.sampler import ConstraintsNotMetError
from wanllmdb_suggestion.optimizer.types import PriorRecord, RunRecord, RunState

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

GP = pytest.param("gp", marks=without_torch)

HUNDRED = SearchSpace(
    (
        Parameter("a", IntUniform(0, 9)),
        Parameter("b", Uniform(0.0, 0.9, 0.1)),
    )
)

CONSTRAINED = SearchSpace(
    (
        Parameter("total", IntUniform(10, 100)),
        Parameter("warmup", IntUniform(0, 99)),
        Parameter("weight", Uniform(0.0, 1.0)),
    ),
    ("warmup < total", "weight * total < 30"),
)


def key(parameters: Any) -> str:
    return json.dumps(dict(parameters), sort_keys=True)


def sweep_of(sampler: str, space: SearchSpace, runs: int, **options: Any) -> list[RunRecord]:
    """Runs two by two, all finished; the loss draws every model to the same corner.

    A model that took its time proposes one.
    """
    a_spec = spec(sampler, space, options=options)
    sweep, model = ImaginedSweep(), SweepModel(a_spec)
    while len(sweep.runs) < runs:
        sweep.sync(model)
        for record in sweep.hand_out(model.propose([Ask(2)], seconds=99)):
            loss = sum(float(v) for v in record.parameters.values() if isinstance(v, int | float))
            sweep.end(record, RunState.FINISHED, loss)
    return list(sweep.runs.values())


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe", "cmaes", "nsga2", GP])
def test_each_point_of_a_discrete_space_comes_once_before_any_comes_again(sampler: str) -> None:
    small = SearchSpace((HUNDRED.parameters[0], Parameter("b", Categorical((0, 1, 2)))))
    space = HUNDRED if sampler in ("random", "tpe", "qmc") else small
    if sampler == "cmaes":
        space = SearchSpace((Parameter("a", IntUniform(0, 5)), Parameter("b", IntUniform(0, 4))))
    size = 100 if space is HUNDRED else 30
    runs = sweep_of(sampler, space, size + 4, allow_duplicates=False)
    assert len({key(record.parameters) for record in runs[:size]}) == size
    # Then points repeat: random search and models never end.
    assert len(runs) >= size + 4


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_points_come_again_where_that_is_wanted(sampler: str) -> None:
    runs = sweep_of(sampler, HUNDRED, 80, allow_duplicates=True)
    assert len({key(record.parameters) for record in runs}) < 75


def test_points_with_conditions_count_by_what_the_run_has() -> None:
    discrete = SearchSpace(
        tuple(p for p in CONDITIONAL.parameters if p.name not in ("lr", "momentum"))
    )
    # Five depths: once with adam, and with sgd with and without nesterov.
    runs = sweep_of("random", discrete, 15, allow_duplicates=False)
    assert len({key(record.parameters) for record in runs}) == 15


def test_prior_runs_do_not_count_as_tried() -> None:
    """The best point of another sweep may be proposed again."""
    points = [{"a": a, "b": "x", "c": True} for a in (1, 2, 3)]
    priors = [PriorRecord(i, RunState.FINISHED, p, (0.0,)) for i, p in enumerate(points)]
    sampler = make_sampler(spec("tpe", SMALL_GRID), priors)
    proposed = []
    for number in range(6):
        parameters = dict(sampler.propose(number) or {})
        proposed.append(key(parameters))
        sampler.observe(run(number, parameters, RunState.FINISHED, 1.0))
    assert {key(point) for point in points} <= set(proposed)


def test_the_last_free_point_of_many_is_found() -> None:
    space = SearchSpace((Parameter("a", IntUniform(0, 9_999)),))
    sampler = make_sampler(spec("random", space, options={"allow_duplicates": False}))
    for number in range(10_000):
        if number != 3_141:
            sampler.observe(run(number, {"a": number}))
    assert sampler.propose(10_000) == {"a": 3_141}
    sampler.observe(run(3_141, {"a": 3_141}))
    assert sampler.propose(10_000) is not None


def test_a_run_that_is_given_back_keeps_its_point() -> None:
    sampler = make_sampler(spec("random", SMALL_GRID))
    first = dict(sampler.propose(0) or {})
    sampler.observe(run(0, first, RunState.QUEUED))
    assert sampler.complete(0, first) == first
    assert all(sampler.propose(number) != first for number in range(1, 50))


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe", "cmaes", "nsga2", GP])
def test_no_proposal_breaks_a_constraint(sampler: str) -> None:
    constraints = Constraints(CONSTRAINED)
    runs = sweep_of(sampler, CONSTRAINED, 16 if sampler == "gp" else 40)
    assert [r for r in runs if not constraints.hold(r.parameters)] == []
    # Several points repeat, not just one.
    assert len({key(r.parameters) for r in runs}) > len(runs) * 0.9


def test_constraints_and_the_end_of_free_points() -> None:
    """45 of 100 points meet the constraint; once all have runs, they repeat."""
    space = replace(HUNDRED, constraints=("b * 10 < a - 0.5",))
    constraints = Constraints(space)
    runs = sweep_of("tpe", space, 49)
    assert all(constraints.hold(r.parameters) for r in runs)
    assert len({key(r.parameters) for r in runs[:45]}) == 45


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe"])
def test_where_no_point_is_found_it_says_so(sampler: str) -> None:
    space = replace(HUNDRED, constraints=("a > 8", "a < 1"))
    with pytest.raises(ConstraintsNotMetError, match=r"no point that meets the constraints"):
        make_sampler(spec(sampler, space)).propose(0)


def test_a_rare_corner_of_a_continuous_space_is_found() -> None:
    """The point is often far from what the model proposes, so the search covers the whole space."""
    space = SearchSpace(
        tuple(Parameter(name, Uniform(0.0, 1.0)) for name in "abc"), ("a > 0.9996",)
    )
    sampler = make_sampler(spec("tpe", space))
    points = [dict(sampler.propose(number) or {}) for number in range(20)]
    assert all(float(str(point["a"])) > 0.9996 for point in points)
    assert len({key(point) for point in points}) == 20


def test_a_rare_corner_of_a_discrete_space_is_found() -> None:
    space = SearchSpace(
        tuple(Parameter(name, IntUniform(0, 99)) for name in "abc"), ("a == 7 and b == 8",)
    )
    sampler = make_sampler(spec("tpe", space))
    point = dict(sampler.propose(0) or {})
    assert (point["a"], point["b"]) == (7, 8)


def test_the_rest_of_a_given_point_meets_the_constraints() -> None:
    sampler = make_sampler(spec("tpe", CONSTRAINED))
    for number in range(20):
        point = sampler.complete(number, {"total": 11})
        assert point["total"] == 11
        assert Constraints(CONSTRAINED).hold(point)
    with pytest.raises(ConstraintsNotMetError):
        sampler.complete(21, {"total": 10, "warmup": 50})


def test_a_point_that_is_given_whole_is_taken_as_it_is() -> None:
    sampler = make_sampler(spec("tpe", CONSTRAINED))
    wish = {"total": 10, "warmup": 50, "weight": 0.1}
    assert sampler.complete(0, wish) == wish


@pytest.mark.parametrize("sampler", ["random", "tpe", "qmc"])
def test_it_is_not_in_the_way_where_nothing_can_be_turned_down(sampler: str) -> None:
    assert not isinstance(make_sampler(spec(sampler, SIX_PARAMETERS)), ProposalFilter)
    loose = {"allow_duplicates": True}
    assert not isinstance(make_sampler(spec(sampler, HUNDRED, options=loose)), ProposalFilter)
    assert isinstance(make_sampler(spec(sampler, HUNDRED)), ProposalFilter)


def test_random_search_still_runs_ahead_of_syncs() -> None:
    """Rejections depend on which runs exist, and the registry checks that."""
    model = SweepModel(spec("random", HUNDRED))
    sweep = ImaginedSweep()
    sweep.hand_out(model.propose([Ask(1)], seconds=9))
    sweep.sync(model)
    assert model.can_run_ahead
