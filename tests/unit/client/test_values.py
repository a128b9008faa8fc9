"""Values keep their types between Python and protobuf."""

from __future__ import annotations

import json
from collections import UserString
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from wanllmdb import InvalidArgumentError
from wanllmdb._calls import analysis_calls, run_calls, sweep_calls
from wanllmdb._types.runs import EnqueuedRun, MetricRow, add_rows
from wanllmdb._types.values import (
    config_text,
    from_parameter_value,
    to_parameter_value,
    to_timestamp,
)
from wanllmdb.api.registry.v1.registry_service_pb2 import ReportMetricsRequest
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
def test_what_cant_be_a_parameter_value_is_rejected_by_its_path(value: object) -> None:
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


class _Optimizer(str, Enum):  # noqa: UP042 - its str() is not its text
    ADAM = "adam"


class _Size(IntEnum):
    SMALL = 8


@dataclass
class _Range:
    min: float = 0.0


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.longdouble(0.5), 0.5),
        (np.array([0.25, 0.5], dtype=np.longdouble), [0.25, 0.5]),
        (UserString("adam"), "adam"),
        ({_Optimizer.ADAM: _Optimizer.ADAM}, {"adam": "adam"}),
        (_Size.SMALL, 8),
        (np.logspace(-2, 0, 3).tolist(), [0.01, 0.1, 1.0]),
    ],
)
def test_numbers_and_texts_of_other_classes_are_plain_ones(value: object, plain: object) -> None:
    assert json.loads(config_text({"p": value})) == {"p": plain}


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ({1, 2}, "write sorted(...)"),
        ({"a": 1}.keys(), "write list(...)"),
        ({"a": 1}.values(), "write list(...)"),
        (map(str, [1]), "write list(...)"),
        (_Range(), "write dataclasses.asdict(...)"),
        (Decimal("0.1"), "write float(...)"),
        (Path("data"), "write str(...)"),
        (Enum("Kind", "A").A, "write its .value"),  # type: ignore[attr-defined]
        (_Range, "dicts can be sent"),
        pytest.param(10**5000, "is an integer of 16,610 bits", id="a long integer"),
    ],
)
def test_an_error_names_what_to_write(value: object, advice: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        config_text({"parameters": {"p": {"values": value}}})

    (problem,) = refused.value.fields
    assert problem.path == "parameters.p.values"
    assert problem.description.endswith(advice)


def test_a_config_that_holds_itself_is_rejected_where_it_does() -> None:
    config: dict[str, Any] = {"method": "random"}
    config["parameters"] = {"a": config, "b": [config]}

    with pytest.raises(InvalidArgumentError) as refused:
        config_text(config)

    assert [problem.path for problem in refused.value.fields] == ["parameters.a", "parameters.b[0]"]


def test_a_config_may_hold_the_same_parameter_twice() -> None:
    shared = {"values": [1, 2]}

    text = config_text({"parameters": {"a": shared, "b": shared}})

    assert json.loads(text) == {"parameters": {"a": shared, "b": shared}}


def test_a_config_that_is_nested_without_end_is_rejected() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"a": deep}

    with pytest.raises(InvalidArgumentError, match="more than 100 levels deep"):
        config_text(deep)


def test_texts_that_cant_be_sent_are_named_by_their_paths() -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        config_text({"name": "a\udcff", "parameters": {"\udcff": {"value": 1}}})

    assert [problem.path for problem in refused.value.fields] == ["name", "parameters.\udcff"]


@pytest.mark.parametrize(
    "build",
    [
        lambda text: sweep_calls.create_sweep({"method": "random"}, name=text),
        lambda text: sweep_calls.create_sweep({"method": "random"}, project=text),
        lambda text: sweep_calls.create_sweep(f"name: {text}"),
        lambda text: sweep_calls.parse_sweep_config(text),
        lambda text: sweep_calls.get_sweep(text),
        lambda text: run_calls.enqueue_runs("s", [EnqueuedRun({text: 1})], None),
        lambda text: run_calls.get_run("s", None, text),
        lambda text: analysis_calls.get_optimization_history("s", text, 1),
    ],
)
def test_no_call_takes_half_of_a_surrogate_pair(build: Callable[[str], object]) -> None:
    with pytest.raises(InvalidArgumentError, match="half of a surrogate pair"):
        build("\udcff")


@pytest.mark.parametrize(
    "time",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 250_000, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
    ids=str,
)
def test_a_time_is_sent_as_protobuf_sends_it(time: datetime) -> None:
    expected = Timestamp()
    expected.FromDatetime(time)

    assert to_timestamp(time) == expected
    request = ReportMetricsRequest()
    add_rows(request, [MetricRow(0, {}, time)])
    assert request.rows[0].HasField("time")
    assert request.rows[0].time == expected


def test_times_of_any_zone_are_the_same_instant() -> None:
    there = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone(timedelta(hours=9)))

    stamp = to_timestamp(there)

    assert stamp is not None
    assert stamp.ToDatetime(tzinfo=UTC) == there
