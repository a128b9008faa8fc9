"""Values keep their types between Python and the wire."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanllmdb import InvalidArgumentError
from wanllmdb._wire.values import (
    config_text,
    from_parameter_value,
    to_parameter_value,
    to_timestamp,
)
from wanllmdb.api.registry.v1.search_space_pb2 import ParameterValue

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)


@given(st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_a_parameter_value_comes_back_with_its_type(value: object) -> None:
    back = from_parameter_value(to_parameter_value(value, "p"))

    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (32, "int_value"),
        (1.0, "double_value"),
        (True, "bool_value"),
        ("adam", "string_value"),
        (None, "null_value"),
        ([1, 2.0], "json_value"),
        (np.int64(32), "int_value"),
        (np.float32(0.5), "double_value"),
        (np.bool_(True), "bool_value"),
        (np.array([1, 2]), "json_value"),
    ],
)
def test_each_python_type_has_its_kind(value: object, kind: str) -> None:
    assert to_parameter_value(value, "p").WhichOneof("kind") == kind


def test_a_value_of_no_kind_is_none() -> None:
    assert from_parameter_value(ParameterValue()) is None


@pytest.mark.parametrize("value", [2**63, float("nan"), float("inf"), {1, 2}, b"bytes", object()])
def test_what_cant_be_a_parameter_value_is_refused_by_its_path(value: object) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        to_parameter_value(value, "runs[0].parameters.p")

    assert [problem.path for problem in refused.value.fields] == ["runs[0].parameters.p"]


def test_a_config_keeps_floats_and_integers_apart() -> None:
    text = config_text({"parameters": {"lr": {"min": 1.0, "max": np.float64(2)}, "n": {"max": 32}}})

    assert json.loads(text) == {"parameters": {"lr": {"min": 1.0, "max": 2.0}, "n": {"max": 32}}}
    assert '"min": 1.0' in text
    assert '"max": 32' in text


def test_tuples_ranges_and_arrays_are_lists() -> None:
    text = config_text({"values": (1, 2), "more": range(3), "array": np.arange(2)})

    assert json.loads(text) == {"values": [1, 2], "more": [0, 1, 2], "array": [0, 1]}


def test_a_config_names_everything_that_json_does_not_know_at_once() -> None:
    config = {"a": {"values": [1, {2}, object()]}, "b": float("inf"), "c": {3: "x"}}

    with pytest.raises(InvalidArgumentError) as refused:
        config_text(config)

    assert [problem.path for problem in refused.value.fields] == [
        "a.values[1]",
        "a.values[2]",
        "b",
        "c.3",
    ]
    assert refused.value.reason == "INVALID_SWEEP_CONFIG"


def test_times_of_any_zone_are_the_same_instant() -> None:
    there = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone(timedelta(hours=9)))

    stamp = to_timestamp(there)

    assert stamp is not None
    assert stamp.ToDatetime(tzinfo=UTC) == there
