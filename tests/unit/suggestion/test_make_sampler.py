"""Samplers accept every described option, also at its bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import pytest

from tests.unit.suggestion.spaces import SIX_PARAMETERS, SMALL_GRID, run, spec
from wanllmdb_common.algorithms.description import (
    AlgorithmDescription,
    Option,
    OptionType,
    problems_of_choice,
)
from wanllmdb_common.algorithms.samplers import SAMPLERS
from wanllmdb_common.search_space.distributions import ParameterValue
from wanllmdb_suggestion.optimizer.samplers.make_sampler import make_sampler
from wanllmdb_suggestion.optimizer.types import RunState

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

# More takes long and shows nothing new.
LARGEST = 200


def values_of(option: Option) -> Iterator[ParameterValue]:
    """Yield the default and the values at the bounds."""
    yield option.default  # type: ignore[misc]  # none of these is required
    match option.type:
        case OptionType.BOOL:
            yield from (True, False)
        case OptionType.CHOICE:
            yield from option.choices
        case OptionType.INT:
            yield int(option.min or 0)
            yield min(int(option.max or LARGEST), LARGEST)
        case OptionType.FLOAT:
            yield from (option.min, option.max)


CASES = [
    pytest.param(
        described,
        option.name,
        value,
        id=f"{described.name}-{option.name}-{value}",
        marks=pytest.mark.skipif(
            not all(find_spec(module) for module in described.modules),
            reason=f"needs {', '.join(described.requires)}",
        ),
    )
    for described in SAMPLERS
    for option in described.options
    for value in values_of(option)
]


@pytest.mark.parametrize(("described", "name", "value"), CASES)
def test_an_option_is_taken(described: AlgorithmDescription, name: str, value: Any) -> None:
    options = {name: value}
    if described.name.startswith("nsga") and name != "population_size":
        options["population_size"] = 4
    assert list(problems_of_choice("sampler", described.name, options, SAMPLERS)) == []
    metrics = 3 if described.name == "nsga3" else 1
    space = SMALL_GRID if described.name == "brute_force" else SIX_PARAMETERS
    sampler = make_sampler(spec(described.name, space, options=options, metrics=metrics))
    for number in range(14):
        parameters = dict(sampler.propose(number) or {})
        state = RunState.FAILED if number % 5 == 4 else RunState.FINISHED
        record = replace(
            run(number, parameters, state, None if state is RunState.FAILED else number / 3),
            objectives=(float(number),) * metrics if metrics > 1 else (),
            sampler_state=sampler.state(number, parameters),
        )
        sampler.observe(record)
    assert sampler.propose(14)


@pytest.mark.parametrize("described", SAMPLERS, ids=lambda d: d.name)
def test_what_is_described_is_told_in_full(described: AlgorithmDescription) -> None:
    assert described.title
    assert described.description.endswith(".")
    assert described.method in ("random", "grid", "bayes")
    assert described.needs_metric == (described.method == "bayes")
    # If a module is missing, the error names what to install.
    assert bool(described.modules) == bool(described.requires)
    assert len({option.name for option in described.options}) == len(described.options)
    assert all(option.description.endswith(".") for option in described.options)


def test_a_sampler_that_nobody_knows() -> None:
    with pytest.raises(ValueError, match="no sampler is named 'oracle'"):
        make_sampler(spec("oracle"))
