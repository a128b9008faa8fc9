"""Which values a spec may have; finds every problem, not the first one."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from wanllmdb_common.errors import FieldViolation
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogUniform,
    Normal,
    Parameter,
    ParameterValue,
    Quantized,
    Uniform,
    same_value,
)
from wanllmdb_registry.domain.model import Hyperband, Method, SweepSpec

PARAMETER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
MAX_NAME = 200
MAX_PARAMETERS = 500
MAX_CHOICES = 10_000
MAX_SEED = 2**53
MAX_RETRIES = 100
# So that no draw overflows.
MAX_NORMAL = 1e300
_INT64 = range(-(2**63), 2**63)


def problems_of(spec: SweepSpec) -> list[FieldViolation]:
    """Every problem of a spec, each with the path that it has in a config."""
    return [FieldViolation(path, text) for path, text in _spec(spec)]


def _spec(spec: SweepSpec) -> Iterator[tuple[str, str]]:
    if spec.method is Method.BAYES and not spec.metrics:
        yield "metric", "method bayes needs a metric: add metric: {name: ..., goal: ...}"
    for metric in spec.metrics:
        if not metric.name:
            yield "metric.name", "must not be empty"
        yield from _text("metric.name", metric.name)
        if metric.target is not None and not math.isfinite(metric.target):
            yield "metric.target", f"must be a finite number, is {metric.target}"
    if spec.early_termination is not None:
        if spec.metric is None:
            yield "early_terminate", "needs a metric to compare runs by: add metric: {name: ...}"
        if isinstance(spec.early_termination, Hyperband):
            yield from _hyperband(spec.early_termination)
    if spec.run_cap is not None and not 1 <= spec.run_cap <= 2**31:
        yield "run_cap", f"must be at least 1 and at most 2^31, is {spec.run_cap}"
    if spec.seed is not None and not 0 <= spec.seed <= MAX_SEED:
        yield "seed", f"must be at least 0 and at most 2^53, is {spec.seed}"
    for name, value in (("lost", spec.retries.lost), ("failed", spec.retries.failed)):
        if not 0 <= value <= MAX_RETRIES:
            yield f"retries.{name}", f"must be at least 0 and at most {MAX_RETRIES}, is {value}"
    yield from _parameters(spec)


def _hyperband(rule: Hyperband) -> Iterator[tuple[str, str]]:
    if rule.min_iter < 1:
        yield "early_terminate.min_iter", f"must be at least 1, is {rule.min_iter}"
    if not (math.isfinite(rule.eta) and rule.eta > 1):
        yield "early_terminate.eta", f"must be greater than 1, is {rule.eta}"


def _parameters(spec: SweepSpec) -> Iterator[tuple[str, str]]:
    parameters = spec.space.parameters
    if not parameters:
        yield "parameters", "must name at least one parameter"
    if len(parameters) > MAX_PARAMETERS:
        yield "parameters", f"at most {MAX_PARAMETERS}, are {len(parameters)}"
    seen: set[str] = set()
    for parameter in parameters[:MAX_PARAMETERS]:
        path = f"parameters.{parameter.name}"
        if parameter.name in seen:
            yield path, "is defined twice"
        seen.add(parameter.name)
        yield from _parameter(path, parameter)


def _parameter(path: str, parameter: Parameter) -> Iterator[tuple[str, str]]:
    name = parameter.name
    if len(name) > MAX_NAME:
        yield path, f"the name has {len(name)} characters, at most {MAX_NAME} are allowed"
    elif not PARAMETER_NAME.fullmatch(name):
        yield (
            path,
            "a name starts with a letter or _ and goes on with letters, digits, _ . or -",
        )
    yield from _distribution(path, parameter.distribution)


def _distribution(path: str, law: Distribution) -> Iterator[tuple[str, str]]:
    match law:
        case Constant(value=value):
            yield from _value(f"{path}.value", value)
        case Categorical(values=values):
            yield from _choices(f"{path}.values", values)
        case Uniform() | IntUniform() | LogUniform() | IntLogUniform():
            yield from _range(path, law)
        case Quantized(law=inner, q=q):
            yield from _distribution(path, inner)
            yield from _step(path, q)
        case Normal(mu=mu, sigma=sigma):
            if not abs(mu) <= MAX_NORMAL:
                yield f"{path}.mu", f"must be within {MAX_NORMAL:g} of 0, is {mu}"
            if not (0 < sigma <= MAX_NORMAL):
                yield f"{path}.sigma", f"must be in (0, {MAX_NORMAL:g}], is {sigma}"


def _range(
    path: str, law: Uniform | IntUniform | LogUniform | IntLogUniform
) -> Iterator[tuple[str, str]]:
    for key, bound in (("min", law.min), ("max", law.max)):
        if isinstance(bound, int) and bound not in _INT64:
            yield f"{path}.{key}", f"must fit into 64 bits, is {bound}"
        elif not math.isfinite(bound):
            yield f"{path}.{key}", f"must be a finite number, is {bound}"
    if not law.min < law.max:
        yield f"{path}.min", f"must be less than max, but {law.min} >= {law.max}"
    if isinstance(law, LogUniform | IntLogUniform) and law.min <= 0:
        yield (
            f"{path}.min",
            f"must be greater than 0, is {law.min}: min and max of log_uniform are the values "
            "themselves, not exponents (write 0.001, not -3)",
        )
    yield from _step(path, law.q)
    if law.q is not None and math.isfinite(law.max) and math.isfinite(law.min):
        width = law.max - law.min
        if 0 < width < law.q:
            yield f"{path}.q", f"is {law.q}, more than max - min = {width}: only min would be left"


def _step(path: str, q: float | None) -> Iterator[tuple[str, str]]:
    if q is not None and not (math.isfinite(q) and q > 0):
        yield f"{path}.q", f"must be greater than 0, is {q}"


def _choices(path: str, values: tuple[ParameterValue, ...]) -> Iterator[tuple[str, str]]:
    if not values:
        yield path, "must hold at least one value"
    if len(values) > MAX_CHOICES:
        yield path, f"holds {len(values)} values, at most {MAX_CHOICES} are allowed"
        return
    scalars: set[tuple[type, ParameterValue]] = set()
    others: list[ParameterValue] = []
    for index, value in enumerate(values):
        at = f"{path}[{index}]"
        yield from _value(at, value)
        if isinstance(value, list | dict):
            if any(same_value(value, other) for other in others):
                yield at, "is there twice"
            others.append(value)
        elif (type(value), value) in scalars:
            yield at, f"{value!r} is there twice"
        else:
            scalars.add((type(value), value))


def _value(path: str, value: ParameterValue) -> Iterator[tuple[str, str]]:
    if isinstance(value, float) and not math.isfinite(value):
        yield path, f"must be a finite number, is {value}"
    elif isinstance(value, int) and value not in _INT64:
        yield path, f"must fit into 64 bits, is {value}"
    elif isinstance(value, str):
        yield from _text(path, value)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _value(f"{path}[{index}]", inner)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _text(path, key)
            yield from _value(f"{path}.{key}", inner)


def _text(path: str, text: str) -> Iterator[tuple[str, str]]:
    if "\x00" in text:
        yield path, "holds a NUL character, which can't be stored"
    if len(text) > 100_000:
        yield path, f"has {len(text)} characters, at most 100,000 are allowed"
