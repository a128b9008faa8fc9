"""Filters of W&B's public API have the same meaning as in MongoDB."""

from __future__ import annotations

import copy
import json
import pickle
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.client.runs import run
from wanllmdb import RunState
from wanllmdb.apis.public import InvalidQueryError, Run
from wanllmdb.apis.public._fields import MISSING, within
from wanllmdb.apis.public._queries import metric_order, ordering, run_filter
from wanllmdb.apis.public._reader import RunOfSweep

NUMBERS = st.integers(-5, 5) | st.floats(-5, 5)
VALUES = NUMBERS | st.booleans() | st.sampled_from(["a", "b", "ab"]) | st.none()
NOT_THERE = object()


def a_run(value: Any = NOT_THERE, **record: Any) -> Run:
    """Return a run whose config has `x`, unless `x` is absent."""
    config = {} if value is NOT_THERE else {"x": value}
    made = replace(run(), parameters=config, labels={}, **record)
    return Run.of(cast("Any", None), RunOfSweep(cast("Any", None), made))


def passes(filters: dict[str, Any], one: Run) -> bool:
    return run_filter(filters).matches(one)


@given(value=VALUES, wanted=VALUES)
def test_opposite_operators_part_all_runs(value: Any, wanted: Any) -> None:
    for one in (a_run(value), a_run()):
        for operator, opposite in (("$eq", "$ne"), ("$in", "$nin")):
            operand = [wanted] if operator == "$in" else wanted
            fits = passes({"config.x": {operator: operand}}, one)
            assert fits != passes({"config.x": {opposite: operand}}, one)
            assert fits == passes({"config.x": wanted}, one)
        assert passes({"config.x": {"$exists": True}}, one) != passes(
            {"config.x": {"$exists": False}}, one
        )


@given(value=NUMBERS, bound=NUMBERS)
def test_comparisons_are_those_of_numbers(value: float, bound: float) -> None:
    one = a_run(value)
    fits = {
        operator: passes({"config.x": {operator: bound}}, one)
        for operator in ("$lt", "$lte", "$gt", "$gte", "$eq")
    }

    assert fits == {
        "$lt": value < bound,
        "$lte": value <= bound,
        "$gt": value > bound,
        "$gte": value >= bound,
        "$eq": value == bound,
    }


@pytest.mark.parametrize("operator", ["$lt", "$lte", "$gt", "$gte"])
@pytest.mark.parametrize("value", [NOT_THERE, None, "1", True, float("nan")])
def test_a_comparison_holds_for_values_of_one_type_alone(operator: str, value: Any) -> None:
    assert not passes({"config.x": {operator: 1}}, a_run(value))


@given(value=VALUES, first=VALUES, second=VALUES)
def test_groups_are_those_of_logic(value: Any, first: Any, second: Any) -> None:
    one = a_run(value)
    parts = [{"config.x": first}, {"config.x": second}]
    fits = [passes(part, one) for part in parts]

    assert passes({"$and": parts}, one) == all(fits)
    assert passes({"$or": parts}, one) == any(fits)
    assert passes({"$nor": parts}, one) == (not any(fits))
    assert [passes({"$not": part}, one) for part in parts] == [not fit for fit in fits]


def test_true_is_not_one() -> None:
    assert not passes({"config.x": 1}, a_run(True))
    assert not passes({"config.x": True}, a_run(1))
    assert passes({"config.x": 1}, a_run(1.0))


def test_a_bound_may_be_one_of_numpys_numbers() -> None:
    assert passes({"config.x": np.int64(16)}, a_run(16))
    assert passes({"config.x": {"$gt": np.float32(0.5)}}, a_run(1))


def test_a_list_passes_by_one_of_its_values() -> None:
    one = a_run([64, 32])

    assert passes({"config.x": 32}, one)
    assert passes({"config.x": [64, 32]}, one)
    assert passes({"config.x": {"$in": [16, 32]}}, one)
    assert passes({"config.x": {"$gt": 50}}, one)
    assert not passes({"config.x": {"$nin": [32]}}, one)


@pytest.mark.parametrize(
    ("filters", "sweeps", "states", "is_exact"),
    [
        ({}, None, None, True),
        ({"sweep": "a"}, {"a"}, None, True),
        ({"sweep": {"$in": ["me/p/a", "b"]}}, {"a", "b"}, None, True),
        ({"$and": [{"sweep": "a"}, {"state": {"$eq": "finished"}}]}, {"a"}, {"finished"}, True),
        ({"state": "killed"}, None, {"pruned", "canceled"}, True),
        ({"state": "pending"}, None, {"queued"}, False),
        ({"state": {"$ne": "finished"}}, None, None, False),
        ({"sweep": "a", "config.x": 1}, {"a"}, None, False),
        ({"$or": [{"sweep": "a"}, {"sweep": "b"}]}, None, None, False),
        ({"sweep": "a", "$nor": [{"state": "failed"}]}, {"a"}, None, False),
        ({"$and": [{"state": "finished"}, {"state": "failed"}]}, None, set(), True),
    ],
)
def test_sweeps_and_states_are_left_to_the_registry(
    filters: dict[str, Any], sweeps: set[str] | None, states: set[str] | None, is_exact: bool
) -> None:
    read = run_filter(filters)

    assert read.sweeps == sweeps
    assert read.states == (None if states is None else {RunState(state) for state in states})
    assert read.is_exact == is_exact


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("lr", 0.1),
        ("lr.value", 0.1),
        ("a.b", 1),
        ("opt.name", "adam"),
        ("opt.value.name", "adam"),
        ("opt.inner.deep", 2),
        ("opt.value", {"name": "adam", "inner": {"deep": 2}}),
        ("boxed.value", 3),
        ("lr.other", MISSING),
        ("other", MISSING),
        ("opt.other", MISSING),
        ("", MISSING),
    ],
)
def test_a_dotted_path_finds_groups_and_dotted_names(path: str, found: Any) -> None:
    config = {
        "lr": 0.1,
        "a.b": 1,
        "opt": {"name": "adam", "inner": {"deep": 2}},
        "boxed": {"value": 3},
    }

    assert within(config, path) == found


@given(filters=st.dictionaries(st.text() | st.sampled_from(["$and", "$not", "state"]), VALUES))
def test_no_filter_raises_anything_else(filters: dict[str, Any]) -> None:
    with suppress(InvalidQueryError):
        run_filter(filters).matches(a_run(1))


def test_values_of_several_types_are_put_in_order() -> None:
    values = ["b", 2, None, True, float("nan"), "a", [1], {"k": 1}, -1.5, NOT_THERE]
    runs = [a_run(value, number=number) for number, value in enumerate(values)]

    def numbers(order: str) -> list[int]:
        return [one._record.number for one in ordering(order).sorted(runs)]

    assert numbers("+config.x") == [8, 3, 1, 5, 0, 6, 7, 2, 4, 9]
    assert numbers("-config.x") == [7, 6, 0, 5, 1, 3, 8, 2, 4, 9]


@pytest.mark.parametrize(
    ("order", "read"),
    [
        ("loss", "-summary_metrics.loss"),
        ("+loss", "+summary_metrics.loss"),
        ("-val.acc", "-summary_metrics.val.acc"),
        ("+config.lr", "+config.lr"),
        ("summary_metrics.loss", "-summary_metrics.loss"),
        ("+createdAt", "+createdAt"),
    ],
)
def test_a_bare_name_is_a_metrics(order: str, read: str) -> None:
    assert metric_order(order) == read


def test_a_summary_can_be_copied_and_pickled() -> None:
    summary = a_run(1, summary={"loss": 0.5, "val.acc": 0.25}).summary

    for other in (copy.copy(summary), copy.deepcopy(summary), pickle.loads(pickle.dumps(summary))):
        assert other == summary
        assert other["val"]["acc"] == 0.25
    assert json.loads(json.dumps(dict(summary)))["loss"] == 0.5
