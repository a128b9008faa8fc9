"""Whole spaces as Optuna's distributions, with parameters that some runs lack."""

from __future__ import annotations

from typing import Any

from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    Constant,
    IntUniform,
    Parameter,
    SearchSpace,
    Uniform,
)
from wanllmdb_suggestion.optimizer.space_mapping import SpaceMapping

SGD = (Condition("optimizer", ("sgd",)),)
NESTEROV = (*SGD, Condition("a_nesterov", (True,)))
MAPPING = SpaceMapping(
    SearchSpace(
        (
            Parameter("a_nesterov", Categorical((True, False)), SGD),
            Parameter("b_decay", Uniform(0.0, 1.0), NESTEROV),
            Parameter("constant", Constant(5), SGD),
            Parameter("lr", Uniform(0.0, 1.0)),
            Parameter("optimizer", Categorical(("adam", "sgd"))),
        )
    )
)


def test_parents_come_first() -> None:
    assert MAPPING.in_order == ("lr", "optimizer", "a_nesterov", "b_decay", "constant")


def test_what_a_run_lacks_is_left_out_and_needs_no_draw() -> None:
    assert MAPPING.complete({}, {"optimizer": 0, "lr": 0.5}) == {"lr": 0.5, "optimizer": "adam"}
    drawn = {"optimizer": 1, "a_nesterov": 1, "b_decay": 0.3, "lr": 0.5}
    point = MAPPING.complete({}, drawn)
    assert point == {"a_nesterov": False, "constant": 5, "lr": 0.5, "optimizer": "sgd"}
    assert list(point) == sorted(point)


def test_given_values_that_the_run_lacks_are_dropped() -> None:
    given: dict[str, Any] = {"optimizer": "adam", "lr": 0.1, "a_nesterov": True, "b_decay": 0.2}
    assert MAPPING.complete(given, {}) == {"lr": 0.1, "optimizer": "adam"}


def test_missing_are_those_that_may_be_needed() -> None:
    assert list(MAPPING.missing({})) == ["a_nesterov", "b_decay", "lr", "optimizer"]
    assert list(MAPPING.missing({"optimizer": "adam"})) == ["lr"]
    assert list(MAPPING.missing({"optimizer": "sgd", "lr": 0.1})) == ["a_nesterov", "b_decay"]
    assert list(MAPPING.missing({"optimizer": "sgd", "a_nesterov": False})) == ["lr"]
    # It is unknown whether the parameter is active, so its dependents are unknown too.
    assert list(MAPPING.missing({"a_nesterov": True, "lr": 0.5})) == ["b_decay", "optimizer"]


def test_completeness_asks_for_what_the_run_has() -> None:
    assert MAPPING.is_complete({"optimizer": "adam", "lr": 0.1})
    assert not MAPPING.is_complete({"optimizer": "adam"})
    sgd: dict[str, Any] = {"optimizer": "sgd", "lr": 0.1, "a_nesterov": False}
    assert not MAPPING.is_complete(sgd)
    assert MAPPING.is_complete({**sgd, "constant": 5})
    assert not MAPPING.is_complete({**sgd, "constant": 5, "a_nesterov": True})


def test_encoded_are_the_searched_ones_that_are_there() -> None:
    sgd: dict[str, Any] = {"optimizer": "sgd", "lr": 0.1, "a_nesterov": False, "constant": 5}
    assert MAPPING.encode(sgd) == {"a_nesterov": 1, "lr": 0.1, "optimizer": 1}


def test_a_space_without_conditions_is_as_plain_as_before() -> None:
    mapping = SpaceMapping(
        SearchSpace((Parameter("a", IntUniform(1, 3)), Parameter("b", Constant(1))))
    )
    assert not mapping.has_conditions
    assert mapping.complete({}, {"a": 2}) == {"a": 2, "b": 1}
    assert list(mapping.missing({"a": 2})) == []
    assert not mapping.is_complete({"a": 2})
