"""JSON texts of many rows, parsed together."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from wanllmdb_registry.store.json_texts import parsed

VALUES: list[Any] = [
    {},
    {"lr": 0.1, "layers": 3, "name": "a,\nb", "none": None, "flag": True},
    {"huge": 10**40, "tiny": 5e-324, "third": 1 / 3, "negative": -0.0},
    {"inf": math.inf, "minus": -math.inf},
    {"half of a pair": "\ud800", "\N{SNOWMAN}": [1, [2.5, {}]]},
]


def joined(values: list[Any]) -> str:
    return ",\n".join(map(json.dumps, values))


@pytest.mark.parametrize("count", [1, 5, 3_000])
def test_each_value_is_read_as_it_was_written(count: int) -> None:
    values = [VALUES[index % len(VALUES)] for index in range(count)]
    assert repr(parsed(joined(values))) == repr(values)


def test_a_row_may_be_larger_than_a_piece() -> None:
    values = [{"text": "x" * 300_000}, {"number": 1}, {"text": "y" * 70_000}]
    assert parsed(joined(values)) == values


def test_values_that_are_nested_deeply_are_read() -> None:
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    assert parsed(joined([{"deep": deep}])) == [{"deep": deep}]
