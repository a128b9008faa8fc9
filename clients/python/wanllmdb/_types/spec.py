"""What a sweep searches and how, in typed form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from wanllmdb._types.enums import ArgsStyle, Goal, Impute, Method, ObjectiveValue


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same value; it reaches the run but is not searched."""

    value: Any


@dataclass(frozen=True, slots=True)
class Categorical:
    """One of `values`; under random search with `probabilities`, equal ones where empty."""

    values: tuple[Any, ...]
    probabilities: tuple[float, ...] = ()


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
    """A Gaussian of mean `mu` and standard deviation `sigma`, not cut anywhere."""

    mu: float = 0.0
    sigma: float = 1.0


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Positive values whose logarithm has mean `mu` and standard deviation `sigma`, not cut."""

    mu: float = 0.0
    sigma: float = 1.0


@dataclass(frozen=True, slots=True)
class Beta:
    """Values in [0, 1] with density proportional to x^(a-1) * (1-x)^(b-1)."""

    a: float = 1.0
    b: float = 1.0


@dataclass(frozen=True, slots=True)
class Quantized:
    """A draw x of `law` becomes round(x/q)*q: integers where `q` is one, else floats."""

    law: Uniform | LogUniform | Normal | LogNormal | Beta
    q: int | float = 1


@dataclass(frozen=True, slots=True)
class Conditional:
    """A law for runs in which other parameters have some values.

    `when` gives, by the full name of another parameter, the values of which it must
    have one; all must hold.
    """

    law: (
        Constant
        | Categorical
        | Uniform
        | IntUniform
        | LogUniform
        | IntLogUniform
        | Normal
        | LogNormal
        | Beta
        | Quantized
    )
    when: Mapping[str, tuple[Any, ...]]


Distribution: TypeAlias = (
    Constant
    | Categorical
    | Uniform
    | IntUniform
    | LogUniform
    | IntLogUniform
    | Normal
    | LogNormal
    | Beta
    | Quantized
    | Conditional
)


@dataclass(frozen=True, slots=True)
class Metric:
    """What the sweep optimizes.

    The sweep finishes as soon as a finished run's objective is at least as good as
    `target`. `value` says which reported value counts; `mean_over` how many
    `ObjectiveValue.MEAN_LAST` takes. `impute` says what a run counts as that ended
    without an objective, and `impute_while_running` one that runs, for a sampler that
    learns; None for nothing.
    """

    name: str
    goal: Goal = Goal.MINIMIZE
    target: float | None = None
    value: ObjectiveValue = ObjectiveValue.LAST
    mean_over: int = 0
    impute: Impute | None = None
    impute_while_running: Impute | None = None


@dataclass(frozen=True, slots=True)
class AlgorithmChoice:
    """A sampler, pruner or terminator by name, with options; `list_algorithms` tells them."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hyperband:
    """Early termination by bands, as W&B sweeps do it.

    Bands lie at iterations `min_iter * eta**i`, or at `max_iter / eta**i` for i from
    1 to `s`. An iteration is one reported finite value of the metric. `strict` tests
    the value at the band, else the best one up to it.
    """

    min_iter: int = 0
    eta: float = 3.0
    strict: bool = True
    max_iter: int = 0
    s: int = 0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often lost and failed runs are handed out again: 0 to 100; None for the default."""

    lost: int | None = None
    failed: int | None = None


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """Parameters by full name, and the conditions between them that every run meets."""

    parameters: Mapping[str, Distribution]
    constraints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SweepSpec:
    """What a sweep searches and how.

    `parameters` go by full name, groups and "/" before it. `sampler` None is the
    method's default. `metrics` are required for bayes; early termination and
    `terminator` need exactly one. `run_cap` None means no limit, `seed` None that
    the server chooses one. `program`, `command` and `args_style` are for command-line
    agents.
    """

    method: Method
    parameters: Mapping[str, Distribution]
    metrics: tuple[Metric, ...] = ()
    early_termination: Hyperband | AlgorithmChoice | None = None
    run_cap: int | None = None
    seed: int | None = None
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    sampler: AlgorithmChoice | None = None
    constraints: tuple[str, ...] = ()
    terminator: AlgorithmChoice | None = None
    max_failed_runs: int | None = None
    program: str = ""
    command: tuple[str, ...] = ()
    args_style: ArgsStyle = ArgsStyle.FLAT

    @property
    def metric(self) -> Metric | None:
        """The metric, if there is exactly one."""
        return self.metrics[0] if len(self.metrics) == 1 else None

    @property
    def search_space(self) -> SearchSpace:
        """The parameters with their constraints."""
        return SearchSpace(self.parameters, self.constraints)
