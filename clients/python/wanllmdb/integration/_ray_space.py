"""Ray Tune's search spaces as the parameters of a sweep, and runs as configs of trials."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ray.tune.search.sample import (
    Categorical as TuneChoice,
)
from ray.tune.search.sample import (
    Domain,
    Float,
    Function,
    Grid,
    Integer,
    LogUniform,
    Normal,
    Quantized,
    Uniform,
)
from ray.tune.search.variant_generator import parse_spec_vars

from wanllmdb._errors import FieldProblem, InvalidArgumentError
from wanllmdb._types import spec

_SIMPLE = (bool, int, float, str)
_SEPARATOR = "/"


class _UnconvertibleError(Exception):
    """A sweep has no distribution like this one; the text says what to write instead."""


class TuneSpace:
    """The parameters of a sweep for a `param_space` of Ray Tune.

    A dictionary in the space becomes a group of parameters. Values that stay the same in all trials
    are no parameters: Ray Tune adds them to each trial's config. A choice with a value that is no
    number, text, truth value or None is a choice of numbered texts in the sweep.

    Args:
        space: the space.
        is_grid: whether the sweep's method is grid, which tries every value of a `grid_search`.

    Raises:
        InvalidArgumentError: lists every distribution that sweeps do not have.
    """

    def __init__(self, space: Mapping[str, Any], *, is_grid: bool = False) -> None:
        self.parameters: dict[str, spec.Distribution] = {}
        self._objects: dict[str, dict[Any, Any]] = {}
        self._paths: dict[str, tuple[str, ...]] = {}
        self._is_grid = is_grid
        problems: list[FieldProblem] = []
        _, domains, grids = parse_spec_vars(dict(space))
        for path, domain in sorted([*domains, *grids], key=lambda each: [*map(str, each[0])]):
            name = _SEPARATOR.join(map(str, path))
            try:
                self._add(name, path, domain)
            except _UnconvertibleError as problem:
                problems.append(FieldProblem(f"param_space.{name}", str(problem)))
        if problems:
            raise InvalidArgumentError("the space is no sweep's", fields=problems)

    def config(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the part of a trial's config that a run stands for."""
        values = {
            name: self._objects[name][value] if name in self._objects else value
            for name, value in parameters.items()
        }
        return nested(values, self._paths)

    def _add(self, name: str, path: tuple[Any, ...], domain: Any) -> None:
        if not all(isinstance(key, str) for key in path):
            raise _UnconvertibleError(
                "a distribution has a name, and this one is in a list or under a number: put it "
                "into a dictionary, under a text"
            )
        if name in self._paths:
            raise _UnconvertibleError(f"two entries of the space have the name {name}")
        self._paths[name] = path
        self.parameters[name] = self._distribution(name, domain)

    def _distribution(self, name: str, domain: Any) -> spec.Distribution:
        if isinstance(domain, Function) or not isinstance(domain, Domain):
            raise _UnconvertibleError(
                "a function computes this value, and a sweep proposes values by itself: compute it "
                "in the training function, from the other values"
            )
        sampler = domain.get_sampler()
        q = None
        if isinstance(sampler, Quantized):
            sampler, q = sampler.get_sampler(), sampler.q
        match domain:
            case TuneChoice():
                return self._choice(name, domain, is_grid_search=isinstance(sampler, Grid))
            case Integer():
                return _integers(domain, sampler, q)
            case Float():
                return _floats(domain, sampler, q)
        raise _UnconvertibleError(_unknown(domain, sampler))

    def _choice(self, name: str, domain: Any, *, is_grid_search: bool) -> spec.Distribution:
        if is_grid_search and not self._is_grid:
            raise _UnconvertibleError(
                'grid_search tries every value: give SweepSearch(method="grid"), or use tune.choice'
            )
        values = [each.tolist() if hasattr(each, "tolist") else each for each in domain.categories]
        if any(isinstance(each, Domain) for each in values):
            raise _UnconvertibleError(
                "a choice has values, and here one is a distribution: give it a name of its own, "
                "and use it in the training function where the choice asks for it"
            )
        if all(value is None or isinstance(value, _SIMPLE) for value in values):
            return spec.Categorical(tuple(values))
        self._objects[name] = {
            f"{place}: {value!r:.80}": value for place, value in enumerate(domain.categories)
        }
        return spec.Categorical(tuple(self._objects[name]))


def nested(
    values: Mapping[str, Any], paths: Mapping[str, tuple[str, ...]] | None = None
) -> dict[str, Any]:
    """Return values by full name as nested dictionaries.

    Args:
        values: the values.
        paths: the keys that lead to a value; by default the parts of its name.
    """
    config: dict[str, Any] = {}
    for name, value in values.items():
        *groups, last = (paths or {}).get(name) or name.split(_SEPARATOR)
        inner = config
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[last] = value
    return config


def _floats(domain: Any, sampler: Any, q: float | None) -> spec.Distribution:
    match sampler:
        case Normal(mean=mean, sd=sd):
            if math.isfinite(domain.lower) or math.isfinite(domain.upper):
                raise _UnconvertibleError("a sweep's normal distribution has no bounds: leave them")
            normal = spec.Normal(float(mean), float(sd))
            return normal if q is None else spec.Quantized(normal, q)
        case LogUniform():
            log = spec.LogUniform(float(domain.lower), float(domain.upper))
            return log if q is None else spec.Quantized(log, q)
        case Uniform():
            uniform = spec.Uniform(float(domain.lower), float(domain.upper))
            return uniform if q is None else spec.Quantized(uniform, q)
    raise _UnconvertibleError(_unknown(domain, sampler))


def _integers(domain: Any, sampler: Any, q: int | None) -> spec.Distribution:
    if q is None or q == 1:
        # The upper bound of Ray Tune's integers is not among the values.
        lower, upper, step = int(domain.lower), int(domain.upper) - 1, None
    else:
        # With steps it is. The values are the multiples of the step.
        step = int(q)
        lower, upper = math.ceil(domain.lower / q) * step, math.floor(domain.upper / q) * step
    if lower == upper:
        return spec.Constant(lower)
    match sampler:
        case LogUniform():
            return spec.IntLogUniform(lower, upper, step)
        case Uniform():
            return spec.IntUniform(lower, upper, step)
    raise _UnconvertibleError(_unknown(domain, sampler))


def _unknown(domain: Any, sampler: Any) -> str:
    return (
        f"sweeps have no distribution like {type(domain).__name__} with {type(sampler).__name__}: "
        f"uniform, loguniform, randn, randint, lograndint, each with q, and choice are those that "
        f"they have"
    )
