"""The parameters of a run in little memory."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from wanllmdb_suggestion.optimizer.types import Point


@pytest.mark.parametrize("parameters", [{}, {"a": 1}, {"a": 1.5, "b/c": "x", "d": [1, None]}])
def test_a_point_is_the_mapping_that_it_was_made_of(parameters: dict[str, Any]) -> None:
    point = Point(parameters)
    assert point == parameters
    assert parameters == point
    assert dict(point) == parameters
    assert list(point.items()) == list(parameters.items())
    assert {**point} == parameters
    assert all(point[name] is not None for name in parameters)
    assert "aa" not in point
    with pytest.raises(KeyError):
        point["aa"]
    assert point != {**parameters, "z": 1}
    assert copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point
    assert repr(point) == f"Point({parameters!r})"


def test_names_ascend() -> None:
    point = Point({"b": 1, "a": 2})
    assert (point.names, point.row) == (("a", "b"), (2, 1))


def test_points_share_their_names_and_equal_texts() -> None:
    one, other = (Point({"".join(["na", "me"]): "".join(["ad", "am"])}) for _ in range(2))
    assert one.names is other.names
    assert one.row[0] is other.row[0]
