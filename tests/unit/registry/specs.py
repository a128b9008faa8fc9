"""Specs for property tests: every distribution, groups, conditions, algorithms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from wanllmdb_common.algorithms.description import AlgorithmDescription, Required
from wanllmdb_common.algorithms.pruners import PRUNERS
from wanllmdb_common.algorithms.samplers import SAMPLERS
from wanllmdb_common.algorithms.terminators import TERMINATORS
from wanllmdb_common.search_space.distributions import (
    Beta,
    Categorical,
    Condition,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogNormal,
    LogUniform,
    Normal,
    Parameter,
    ParameterValue,
    Quantized,
    SearchSpace,
    Uniform,
)
from wanllmdb_common.search_space.expressions import spelled
from wanllmdb_registry.domain.config.validation.spec import MACROS
from wanllmdb_registry.domain.model import (
    AlgorithmChoice,
    ArgsStyle,
    Goal,
    Hyperband,
    Impute,
    Method,
    Metric,
    ObjectiveValue,
    RetryPolicy,
    SweepSpec,
)

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,10}", fullmatch=True)
finite = st.floats(-1e9, 1e9)
integers = st.integers(-(2**40), 2**40)
scalars = st.none() | st.booleans() | integers | finite | st.text("abc \u00e9\u4e2d:#", max_size=6)
values = st.recursive(
    scalars, lambda s: st.lists(s, max_size=3) | st.dictionaries(names, s, max_size=3), max_leaves=5
)
choices = st.lists(scalars, min_size=1, max_size=5, unique_by=lambda v: (type(v), v)).map(tuple)


@st.composite
def ranges(draw: st.DrawFn, kind: str) -> Distribution:
    """Draw bounded distributions, with and without steps."""
    if kind.startswith("int"):
        low = draw(st.integers(1, 10**6) if "log" in kind else integers)
        high = low + draw(st.integers(1, 10**6))
        q = draw(st.integers(1, high - low))
        return IntLogUniform(low, high, q) if "log" in kind else IntUniform(low, high, q)
    floor = draw(st.floats(1e-9, 1e3) if "log" in kind else finite)
    top = floor + draw(st.floats(1.0, 1e6))
    step = draw(st.none() | st.floats(1e-3, 1.0))
    return LogUniform(floor, top, step) if "log" in kind else Uniform(floor, top, step)


@st.composite
def weighted(draw: st.DrawFn) -> Distribution:
    """Draw choices with probabilities."""
    items: tuple[ParameterValue, ...] = draw(choices)
    weights = draw(
        st.lists(st.floats(0.0, 10.0), min_size=len(items), max_size=len(items)).filter(any)
    )
    return Categorical(items, tuple(weight / sum(weights) for weight in weights))


deviations = st.floats(1e-6, 1e6)
shapes = st.floats(0.01, 1e3)
normals = st.builds(Normal, finite, deviations)
log_normals = st.builds(LogNormal, st.floats(-10.0, 10.0), st.floats(0.1, 2.0))
betas = st.builds(Beta, shapes, shapes)
smooth = st.one_of(
    st.builds(lambda low, width: Uniform(low, low + width), finite, st.floats(1.0, 1e6)),
    st.builds(lambda low, times: LogUniform(low, low * times), deviations, st.floats(2.0, 1e6)),
    normals,
    log_normals,
    betas,
)
distributions: st.SearchStrategy[Distribution] = st.one_of(
    st.builds(Constant, values),
    choices.map(Categorical),
    weighted(),
    *(ranges(kind) for kind in ("int", "int log", "float", "float log")),
    normals,
    log_normals,
    betas,
    st.builds(Quantized, smooth, st.integers(1, 100) | st.floats(0.01, 10.0)),
)

# A tree of groups: a distribution, or a group of trees by name.
trees: st.SearchStrategy[Any] = st.recursive(
    distributions, lambda inner: st.dictionaries(names, inner, min_size=1, max_size=3), max_leaves=6
)


def flat(tree: dict[str, Any], scope: str = "") -> dict[str, Distribution]:
    """Yield the distributions of a tree by full name."""
    found: dict[str, Distribution] = {}
    for name, inner in tree.items():
        found |= (
            flat(inner, f"{scope}{name}/") if isinstance(inner, dict) else {scope + name: inner}
        )
    return found


@st.composite
def spaces(draw: st.DrawFn) -> SearchSpace:
    """Draw spaces with groups, and with conditions on choices with an earlier name."""
    tree = st.dictionaries(names, trees, min_size=1, max_size=4)
    found = draw(tree.map(flat).filter(lambda f: len({n.replace("/", ".") for n in f}) == len(f)))
    parameters = []
    for name in sorted(found):
        parents = {
            other: distribution.values
            for other, distribution in found.items()
            if other < name and isinstance(distribution, Categorical)
        }
        chosen = draw(st.sets(st.sampled_from(sorted(parents)), max_size=2)) if parents else ()
        conditions = tuple(
            Condition(
                parent,
                tuple(draw(st.permutations(parents[parent])))[
                    : draw(st.integers(1, len(parents[parent])))
                ],
            )
            for parent in sorted(chosen)
        )
        parameters.append(Parameter(name, found[name], conditions))
    return SearchSpace(tuple(parameters))


metrics = st.builds(
    lambda name, goal, target, value, over, *imputes: Metric(
        name, goal, target, value, over if value is ObjectiveValue.MEAN_LAST else 0, *imputes
    ),
    names,
    st.sampled_from(Goal),
    st.none() | finite,
    st.sampled_from(ObjectiveValue),
    st.integers(1, 1000),
    st.none() | st.sampled_from(Impute),
    st.none() | st.sampled_from(Impute),
)
hyperbands = st.builds(
    Hyperband, st.integers(1, 100), st.floats(1.5, 10.0), st.booleans()
) | st.builds(
    lambda s, eta, strict: Hyperband(0, eta, strict, max_iter=int(eta**s) + 1, s=s),
    st.integers(1, 5),
    st.floats(1.5, 10.0),
    st.booleans(),
)
commands = st.lists(
    st.sampled_from([f"${{{macro}}}" for macro in MACROS]) | st.text("a\u00e9 =-:'", min_size=1),
    max_size=5,
).map(tuple)


def options_of(algorithm: AlgorithmDescription) -> st.SearchStrategy[dict[str, Any]]:
    """Draw options: all options without a default, and some of the others with their default."""
    given = {o.name: o.default for o in algorithm.options if isinstance(o.default, bool | int)}
    must = {o.name: 5 for o in algorithm.options if isinstance(o.default, Required)}
    if algorithm.option("upper") is not None:
        must["upper"] = 5
    return st.sets(st.sampled_from(sorted(given)) if given else st.nothing()).map(
        lambda names: {**{name: given[name] for name in sorted(names)}, **must}
    )


def choices_of(*known: AlgorithmDescription) -> st.SearchStrategy[AlgorithmChoice]:
    """Draw an algorithm with some options."""
    return st.one_of(
        [
            st.builds(AlgorithmChoice, st.just(algorithm.name), options_of(algorithm))
            for algorithm in known
        ]
    )


def _imputed_alike(several: list[Metric], sampler: str) -> list[Metric]:
    """Return valid metrics: one imputation for all, none while running for generations."""
    if not several:
        return []
    impute, running = several[0].impute, several[0].impute_while_running
    if len(several) > 1:
        impute, running = impute and Impute.WORST, running and Impute.WORST
    if sampler in ("cmaes", "nsga2", "nsga3"):
        running = None
    return [replace(m, impute=impute, impute_while_running=running) for m in several]


# Samplers that support any space and any number of metrics.
EASY = [s for s in SAMPLERS if s.takes_several_metrics and s.name != "brute_force"]


@st.composite
def constraints(draw: st.DrawFn, space: SearchSpace) -> tuple[str, ...]:
    """Draw comparisons of the space's parameters."""
    one = st.sampled_from([spelled(parameter.name) for parameter in space.parameters])
    operator = st.sampled_from(["<", "==", "!="])
    items = draw(st.lists(st.tuples(one, operator, one), max_size=3))
    return tuple(" ".join(item) for item in items)


@st.composite
def specs(draw: st.DrawFn) -> SweepSpec:
    """Draw valid specs."""
    several = draw(st.lists(metrics, max_size=3, unique_by=lambda metric: metric.name))
    allowed = [sampler for sampler in EASY if several or not sampler.needs_metric]
    sampler = draw(choices_of(*allowed))
    space = draw(spaces())
    has_one = len(several) == 1
    return SweepSpec(
        method=next(Method(known.method) for known in EASY if known.name == sampler.name),
        space=replace(space, constraints=draw(constraints(space))),
        sampler=sampler,
        metrics=tuple(_imputed_alike(several, sampler.name)),
        early_termination=draw(st.none() | hyperbands | choices_of(*PRUNERS)) if has_one else None,
        terminator=draw(st.none() | choices_of(*TERMINATORS)) if has_one else None,
        run_cap=draw(st.none() | st.integers(1, 10**6)),
        seed=draw(st.none() | st.integers(0, 2**53)),
        retries=draw(st.builds(RetryPolicy, st.integers(0, 100), st.integers(0, 100))),
        max_failed_runs=draw(st.none() | st.integers(1, 10**6)),
        program=draw(st.text("a/.\u4e2d", min_size=1)),
        command=draw(commands),
        args_style=draw(st.sampled_from(ArgsStyle)),
    )
