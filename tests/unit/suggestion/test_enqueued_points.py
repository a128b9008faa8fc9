"""Partly given points get the parents that their parameters need."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.suggestion.imagined_sweep import Ask
from tests.unit.suggestion.spaces import page, run, spec
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    IntUniform,
    Parameter,
    SearchSpace,
    Uniform,
)
from wanllmdb_suggestion.optimizer.enqueued_points import EnqueuedPoints
from wanllmdb_suggestion.optimizer.model import SweepModel
from wanllmdb_suggestion.optimizer.types import RunState

SPACE = SearchSpace(
    (
        Parameter("decay", IntUniform(0, 9), (Condition("momentum", (0.5, 0.9)),)),
        Parameter("epochs", IntUniform(1, 9)),
        Parameter(
            "momentum", Categorical((0.0, 0.5, 0.9)), (Condition("optimizer", ("sgd", "rms")),)
        ),
        Parameter("optimizer", Categorical(("adam", "sgd", "rms"))),
        Parameter("x", Uniform(0.0, 1.0)),
    )
)


def test_parents_are_chosen_among_those_that_fit_and_follow_the_run() -> None:
    wished = EnqueuedPoints(SPACE, 7)
    points = [wished.with_parents(number, {"decay": 3}) for number in range(50)]
    assert {p["optimizer"] for p in points} == {"sgd", "rms"}
    assert {p["momentum"] for p in points} == {0.5, 0.9}
    assert {frozenset(p) for p in points} == {frozenset({"decay", "momentum", "optimizer"})}
    assert [EnqueuedPoints(SPACE, 7).with_parents(n, {"decay": 3}) for n in range(50)] == points


def test_what_needs_no_parent_stays_as_it_is() -> None:
    wished = EnqueuedPoints(SPACE, 7)
    cases: list[dict[str, Any]] = [
        {},
        {"x": 0.5},
        {"optimizer": "adam"},
        {"momentum": 0.9, "optimizer": "rms"},
    ]
    for given in cases:
        assert wished.with_parents(0, given) == given


def test_parents_are_chosen_within_constraints() -> None:
    constrained = replace(SPACE, constraints=("momentum < 0.9", "optimizer != 'rms'"))
    wished = EnqueuedPoints(constrained, 7)
    for number in range(30):
        assert wished.with_parents(number, {"decay": 3}) == {
            "decay": 3,
            "momentum": 0.5,
            "optimizer": "sgd",
        }


@pytest.mark.parametrize("sampler", ["random", "tpe", "grid", "qmc", "nsga2"])
def test_every_sampler_keeps_what_was_wished_for(sampler: str) -> None:
    space = SearchSpace(tuple(p for p in SPACE.parameters if p.name != "x"))
    model = SweepModel(spec(sampler, space))
    queued = [run(n, {"decay": 3}, RunState.QUEUED, attempt=0) for n in range(12)]
    model.apply(page(1, 12, *queued))
    batch = model.propose([Ask(12)], seconds=60)
    [suggestions] = batch.suggestions.values()
    for proposal in suggestions.proposals:
        assert proposal.parameters.keys() == {"decay", "epochs", "momentum", "optimizer"}
        assert proposal.parameters["decay"] == 3
