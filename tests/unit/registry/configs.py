"""Helpers that parse configs in tests."""

from __future__ import annotations

from typing import Any

import pytest

from wanllmdb_common.errors import InvalidArgumentError
from wanllmdb_common.search_space.distributions import Distribution, Parameter
from wanllmdb_registry.domain.config.parsing.config import ParsedConfig, parse_config

BASE: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
}


def parsed(**changes: Any) -> ParsedConfig:
    """Return `BASE` with some keys changed; None removes a key."""
    return parse_config({key: v for key, v in {**BASE, **changes}.items() if v is not None})


def problems(config: dict[str, Any]) -> dict[str, str]:
    """Return a config's problems by path; check that no problem is reported twice."""
    with pytest.raises(InvalidArgumentError) as caught:
        parse_config(config)
    assert caught.value.reason == "INVALID_SWEEP_CONFIG"
    told = caught.value.violations
    assert len(set(told)) == len(told), caught.value.message
    found: dict[str, str] = {}
    for problem in told:
        found[problem.field] = "; ".join(
            filter(None, [found.get(problem.field), problem.description])
        )
    return found


def problems_with(**changes: Any) -> dict[str, str]:
    """Return the problems of `BASE` with some keys changed; None removes a key."""
    return problems({key: v for key, v in {**BASE, **changes}.items() if v is not None})


def law_of(**parameter: Any) -> Distribution:
    """Return the distribution of a parameter."""
    return parsed(parameters={"p": parameter}).spec.space.parameters[0].distribution


def by_name(**changes: Any) -> dict[str, Parameter]:
    """Parse the parameters of `BASE` with some keys changed."""
    return {p.name: p for p in parsed(**changes).spec.space.parameters}
