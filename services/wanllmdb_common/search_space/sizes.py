"""How many bytes values take in a message: bounded for a run, so that answers can hold runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from wanllmdb_common.search_space.distributions import (
    Categorical,
    Constant,
    Distribution,
    ParameterValue,
    SearchSpace,
)

# A number with its name's and its own header.
_PLAIN = 24


def bytes_of(parameters: Mapping[str, ParameterValue]) -> int:
    """About how many bytes a run's parameters take, rather more than less."""
    return sum(len(name) + bytes_of_value(value) for name, value in parameters.items())


def bytes_of_value(value: ParameterValue) -> int:
    """About how many bytes a value takes with the header of its parameter."""
    if isinstance(value, str):
        # A lone surrogate is refused where texts are checked.
        return _PLAIN + len(value if value.isascii() else value.encode(errors="surrogatepass"))
    if isinstance(value, list | dict):
        return _PLAIN + len(json.dumps(value))
    return _PLAIN


def largest_run(space: SearchSpace) -> int:
    """About how many bytes the parameters of a run of the space take at most."""
    return sum(
        len(parameter.name) + max(map(bytes_of_value, _values(parameter.distribution)), default=0)
        for parameter in space.parameters
    )


def _values(law: Distribution) -> Iterable[ParameterValue]:
    match law:
        case Constant(value=value):
            return (value,)
        case Categorical(values=values):
            return values
        case _:
            return (0.0,)
