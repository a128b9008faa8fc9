"""Distributions of Optuna as those of a sweep, and back, where both have the same."""

from __future__ import annotations

from collections.abc import Mapping

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from wanllmdb._errors import UnsupportedError
from wanllmdb._types.spec import (
    Categorical,
    Conditional,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogUniform,
    Uniform,
)


def to_sweep(name: str, distribution: BaseDistribution | Distribution) -> Distribution:
    """The distribution of a sweep; one that already is remains.

    Raises:
        UnsupportedError: sweeps have no such distribution.
    """
    match distribution:
        case FloatDistribution(low=low, high=high) if low == high:
            return Constant(low)
        case FloatDistribution(low=low, high=high, log=True):
            return LogUniform(low, high)
        case FloatDistribution(low=low, high=high, step=step):
            return Uniform(low, high, step)
        case IntDistribution(low=low, high=high) if low == high:
            return Constant(low)
        case IntDistribution(low=low, high=high, log=True):
            return IntLogUniform(low, high)
        case IntDistribution(low=low, high=high, step=step):
            return IntUniform(low, high, step)
        case CategoricalDistribution(choices=choices):
            return Categorical(tuple(choices))
        case BaseDistribution():
            raise UnsupportedError(f"{name}: sweeps have no distribution like {distribution}")
        case _:
            return distribution


def to_optuna(name: str, distribution: Distribution) -> BaseDistribution:
    """The distribution of Optuna.

    Raises:
        UnsupportedError: Optuna has no such distribution.
    """
    match distribution:
        case Conditional(distribution=inner):
            return to_optuna(name, inner)
        case Constant(value=value):
            return CategoricalDistribution((value,))
        case Categorical(values=values, probabilities=()):
            return CategoricalDistribution(values)
        case Uniform(min=low, max=high, q=q):
            return FloatDistribution(low, high, step=q)
        case LogUniform(min=low, max=high, q=None):
            return FloatDistribution(low, high, log=True)
        case IntUniform(min=low, max=high, q=q):
            return IntDistribution(low, high, step=q or 1)
        case IntLogUniform(min=low, max=high, q=None | 1):
            return IntDistribution(low, high, log=True)
        case _:
            raise UnsupportedError(f"{name}: Optuna has no distribution like {distribution}")


def check_same(name: str, asked: BaseDistribution, space: Mapping[str, Distribution]) -> None:
    """Check that the sweep has a parameter with this distribution.

    Raises:
        UnsupportedError: it has none of this name, or another distribution.
    """
    if name not in space:
        raise UnsupportedError(
            f"the sweep has no parameter {name!r}; it has {', '.join(sorted(space))}. A sweep "
            f"knows its search space before its first run: state every parameter in "
            f"create_study(space=...)"
        )
    known = space[name]
    bare: Distribution = known.distribution if isinstance(known, Conditional) else known
    if _normal(to_sweep(name, asked)) != _normal(bare):
        raise UnsupportedError(
            f"{name} is {bare} in the sweep, and the trial asks for {asked}: the search space of a "
            f"sweep is the same for all its runs"
        )


def _normal(distribution: Distribution) -> Distribution:
    if isinstance(distribution, IntUniform):
        return IntUniform(distribution.min, distribution.max, distribution.q or 1)
    if isinstance(distribution, IntLogUniform):
        return IntLogUniform(distribution.min, distribution.max, distribution.q or 1)
    return distribution
