"""What a sweep searches and how, in typed form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from wanllmdb._types.enums import Goal, Method


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same value; it reaches the run but is not searched."""

    value: Any


@dataclass(frozen=True, slots=True)
class Categorical:
    """One of `values`, each as likely as any other under random search."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Uniform:
    """Floating-point values in [min, max], in steps of `q` from min where it is given."""

    min: float
    max: float
    q: float | None = None


@dataclass(frozen=True, slots=True)
class IntUniform:
    """Integers in [min, max], both ends included, in steps of `q` (1 where None)."""

    min: int
    max: int
    q: int | None = None


@dataclass(frozen=True, slots=True)
class LogUniform:
    """Floating-point values in [min, max] (values, not exponents) with uniform logarithm."""

    min: float
    max: float
    q: float | None = None


@dataclass(frozen=True, slots=True)
class IntLogUniform:
    """Integers in [min, max] (values, not exponents) with uniform logarithm."""

    min: int
    max: int
    q: int | None = None


@dataclass(frozen=True, slots=True)
class Normal:
    """A Gaussian of mean `mu` and standard deviation `sigma`, not cut anywhere.

    With `q`, a draw x becomes round(x/q)*q.
    """

    mu: float
    sigma: float
    q: float | None = None


@dataclass(frozen=True, slots=True)
class IntNormal:
    """Integers: a Gaussian draw x becomes round(x/q)*q."""

    mu: float
    sigma: float
    q: int = 1


Distribution: TypeAlias = (
    Constant | Categorical | Uniform | IntUniform | LogUniform | IntLogUniform | Normal | IntNormal
)


@dataclass(frozen=True, slots=True)
class Metric:
    """What the sweep optimizes.

    The sweep finishes as soon as a finished run's objective is at least as good as
    `target`.
    """

    name: str
    goal: Goal = Goal.MINIMIZE
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Hyperband:
    """Early termination by bands at iterations `min_iter * eta**i`.

    An iteration is one reported finite value of the metric. `strict` tests the
    value at the band, else the best one up to it.
    """

    min_iter: int
    eta: float = 3.0
    strict: bool = False


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often lost and failed runs are handed out again: 0 to 100; None for the default."""

    lost: int | None = None
    failed: int | None = None


@dataclass(frozen=True, slots=True)
class SweepSpec:
    """What a sweep searches and how.

    `metric` is required for bayes and for early termination. `run_cap` None means no
    limit, `seed` None that the server chooses one.
    """

    method: Method
    parameters: Mapping[str, Distribution]
    metric: Metric | None = None
    early_termination: Hyperband | None = None
    run_cap: int | None = None
    seed: int | None = None
    retries: RetryPolicy = field(default_factory=RetryPolicy)
