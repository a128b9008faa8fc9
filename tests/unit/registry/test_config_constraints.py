"""Constraints between parameters in a config."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.registry.configs import parsed, problems_with
from wanllmdb_common.errors import InvalidArgumentError
from wanllmdb_registry.domain.config.grids import check_feasible
from wanllmdb_registry.domain.config.parsing.config import parse_stored

SPACE: dict[str, Any] = {
    "warmup": {"min": 0, "max": 100},
    "total": {"min": 1, "max": 1000},
    "optimizer": {"parameters": {"lr": {"min": 0.0, "max": 1.0}, "kind": {"values": ["a", "b"]}}},
}


def test_constraints_are_kept_as_written() -> None:
    given = ["warmup < total", "optimizer.lr < 0.5 or optimizer.kind == 'a'"]
    spec = parsed(parameters=SPACE, constraints=given).spec
    assert spec.space.constraints == tuple(given)
    check_feasible(spec)


@pytest.mark.parametrize(
    ("constraint", "says"),
    [
        ("warmup <", ""),
        ("warmpu < total", "warmup"),
        ("__import__('os')", ""),
        ("a\0", "NUL"),
        ("x" * 100_001, "characters"),
        ("", ""),
    ],
)
def test_a_wrong_constraint_is_told_where_and_why(constraint: str, says: str) -> None:
    found = problems_with(parameters=SPACE, constraints=["warmup < total", constraint])
    assert list(found) == ["constraints[1]"]
    assert says in found["constraints[1]"]


def test_there_are_at_most_a_hundred() -> None:
    found = problems_with(parameters=SPACE, constraints=["warmup < total"] * 101)
    assert "at most 100" in found["constraints[100]"]


def test_a_parameter_that_could_not_be_read_is_no_unknown_name() -> None:
    found = problems_with(parameters={**SPACE, "total": {"min": 1}}, constraints=["warmup < total"])
    assert list(found) == ["parameters.total.max"]


def test_an_infeasible_space_is_an_error_that_names_the_constraint() -> None:
    spec = parsed(parameters=SPACE, constraints=["warmup < total", "warmup > 200"]).spec
    with pytest.raises(InvalidArgumentError) as caught:
        check_feasible(spec)
    (violation,) = caught.value.violations
    assert violation.field == "constraints"
    assert "'warmup > 200'" in violation.description


def test_a_grid_is_feasible_when_one_of_its_points_is() -> None:
    parameters = {"a": {"min": 0.0, "max": 1.0}, "b": {"min": 0.0, "max": 1.0}}
    given: dict[str, Any] = {"parameters": parameters, "constraints": ["a + b == 1"]}
    options = {"sampler": {"name": "grid", "options": {"grid_points": 5}}}
    check_feasible(parsed(method="grid", **given, **options).spec)
    # No random draw meets the constraint, and neither does the point between the cuts.
    with pytest.raises(InvalidArgumentError, match="draws"):
        check_feasible(parsed(method="random", **given).spec)
    given["constraints"] = ["a + b == 0.1"]
    with pytest.raises(InvalidArgumentError, match="none of the 25 points"):
        check_feasible(parsed(method="grid", **given, **options).spec)


def test_a_stored_config_is_read_without_a_search_for_points() -> None:
    config = {"method": "random", "parameters": SPACE, "constraints": ["warmup > 200"]}
    assert parse_stored(config).space.constraints == ("warmup > 200",)
