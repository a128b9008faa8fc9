"""Parse a parameter's distribution: which kind is meant, and its numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.did_you_mean import did_you_mean
from wanllmdb_common.search_space.distributions import (
    Beta,
    Categorical,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogNormal,
    LogUniform,
    Normal,
    ParameterValue,
    Quantized,
    Uniform,
    value_key,
)
from wanllmdb_common.search_space.steps import round_to_multiple
from wanllmdb_registry.domain.config.exponents import (
    both_readings,
    may_be_exponents,
    of_exponent_distribution,
)
from wanllmdb_registry.domain.config.parsing.reader import (
    ConfigReader,
    ambiguous_number,
    is_int,
    is_number,
    unambiguous_form,
)
from wanllmdb_registry.domain.config.problems import missing_or_must_be, must_be, shown
from wanllmdb_registry.domain.config.validation.distributions import MAX_CHOICES
from wanllmdb_registry.domain.config.validation.values import problems_of_value
from wanllmdb_registry.domain.config.vocabulary import (
    DISTRIBUTION_KEYS,
    DISTRIBUTIONS,
    EXPONENT_DISTRIBUTIONS,
    OTHER_DISTRIBUTIONS,
    PARAMETER_KEYS,
)

_Data = Mapping[str, Any]


def parse_distribution(
    reader: ConfigReader, name: str, path: str, data: _Data
) -> Distribution | None:
    """Return the distribution of the parameter `name`; None if it has a problem."""
    before = reader.problem_count
    _check_keys(reader, path, data)
    named = reader.lowered(f"{path}.distribution", data.get("distribution"), DISTRIBUTIONS)
    kind = _inferred(data) if named is None else named
    if kind is None:
        reader.problem(path, "needs value, values, min and max, or a distribution")
        return None
    if not isinstance(kind, str) or kind not in DISTRIBUTIONS:
        reader.problem(f"{path}.distribution", _unknown(kind, data))
        return None
    allowed = DISTRIBUTIONS[kind]
    for key in data:
        if key in DISTRIBUTION_KEYS and key not in allowed and key != "distribution":
            text = f"does not belong to {kind}, which takes {', '.join(allowed)}"
            if (kind, key) == ("categorical", "probabilities"):
                text += "; for probabilities write categorical_w_probabilities"
            reader.problem(f"{path}.{key}", text)
    distribution = _READERS[kind](reader, path, data)
    if reader.problem_count > before:
        return None
    if reader.is_stored:
        return distribution
    if kind == "log_uniform" and isinstance(distribution, LogUniform | IntLogUniform):
        _warn_of_exponents(reader, name, distribution)
    if isinstance(distribution, Categorical | Constant):
        _warn_of_odd_texts(reader, path, data)
    if isinstance(distribution, Categorical):
        return without_repeats(reader, f"{path}.values", distribution)
    if not reader.keeps_floats:
        _warn_of_integers(reader, name, named, distribution)
    if isinstance(distribution, Uniform | LogUniform) and _has_integers_alone(data):
        other = "int_uniform" if isinstance(distribution, Uniform) else "log_uniform"
        reader.warn(
            f"parameter '{name}': {kind} draws floats between the integers {shown(data['min'])} "
            f"and {shown(data['max'])}; for integers write {other}"
        )
    return as_constant(reader, name, distribution)


def _warn_of_integers(
    reader: ConfigReader, name: str, named: str | None, distribution: Distribution | None
) -> None:
    """Warn of a parameter that may be an integer only because its writer has no 1.0."""
    if isinstance(distribution, IntUniform) and named is None:
        todo = "for floats write distribution: uniform, for integers distribution: int_uniform"
    elif isinstance(distribution, IntLogUniform):
        todo = "for floats write distribution: log_uniform_values"
    else:
        return
    reader.warn(
        f"parameter '{name:.100}' is an integer from {distribution.min} to {distribution.max}, "
        f"because its bounds are whole numbers: {todo}"
    )


def _warn_of_exponents(
    reader: ConfigReader, name: str, distribution: LogUniform | IntLogUniform
) -> None:
    if may_be_exponents(distribution.min, distribution.max):
        reader.warn(f"parameter '{name}': {both_readings(distribution.min, distribution.max)}")


def _warn_of_odd_texts(reader: ConfigReader, path: str, data: _Data) -> None:
    """Warn of the first value that is a text here but a number to other parsers."""
    listed = data.get("values")
    given = listed if isinstance(listed, list | tuple) else (data.get("value"),)
    for index, value in with_checkpoints(enumerate(given)):
        read = ambiguous_number(value)
        if read is not None:
            at = f"{path}.values[{index}]" if given is listed else f"{path}.value"
            reader.warn(
                f"{at}: '{value}' is a text; for a number in every YAML parser "
                + unambiguous_form(value, read[1])
            )
            return


def _check_keys(reader: ConfigReader, path: str, data: _Data) -> None:
    nested = [key for key in data if key not in PARAMETER_KEYS and isinstance(data[key], Mapping)]
    reader.known_keys(path, {k: v for k, v in data.items() if k not in nested}, PARAMETER_KEYS)
    for key in nested:
        reader.problem(
            f"{path}.{key}",
            f"unknown key{did_you_mean(key, PARAMETER_KEYS)}; for a group of parameters write "
            f"{{parameters: {{{key!s:.50}: ...}}}}",
        )


def _inferred(data: _Data) -> str | None:
    if "value" in data:
        return "constant"
    if "values" in data:
        return "categorical_w_probabilities" if "probabilities" in data else "categorical"
    if "min" in data or "max" in data:
        return "int_uniform" if _has_integers_alone(data) else "uniform"
    if "mu" in data or "sigma" in data:
        return "normal"
    return None


def _unknown(kind: Any, data: _Data) -> str:
    if isinstance(kind, str) and kind in EXPONENT_DISTRIBUTIONS:
        low, high = (_number_of(data.get(key)) for key in ("min", "max"))
        return of_exponent_distribution(kind, EXPONENT_DISTRIBUTIONS[kind], low, high)
    if isinstance(kind, str) and kind in OTHER_DISTRIBUTIONS:
        return f"{kind} {OTHER_DISTRIBUTIONS[kind]}"
    hint = did_you_mean(kind, DISTRIBUTIONS) if isinstance(kind, str) else ""
    return f"unknown distribution {shown(kind)}" + (
        hint or f"; known are {', '.join(DISTRIBUTIONS)}"
    )


def _has_integers_alone(data: _Data) -> bool:
    """Return whether all given bounds and steps that are numbers are integers."""
    given = [_number_of(data.get(key)) for key in ("min", "max", "q")]
    return any(map(is_int, given)) and all(value is None or is_int(value) for value in given)


def _number_of(value: Any) -> int | float | None:
    """Return the number that a bound is read as; None if the bound is not a number."""
    if is_number(value):
        return value
    read = ambiguous_number(value)
    return None if read is None else read[0]


def _constant(reader: ConfigReader, path: str, data: _Data) -> Distribution:
    if "value" not in data:
        reader.problem(f"{path}.value", "is required")
    return Constant(data.get("value"))


def _categorical(reader: ConfigReader, path: str, data: _Data) -> Categorical | None:
    values = data.get("values")
    if not isinstance(values, list | tuple):
        hint = "" if values is None else ": for a single value write {value: ...}"
        reader.problem(f"{path}.values", missing_or_must_be("a list", values) + hint)
        return None
    return Categorical(tuple(values))


def _weighted(reader: ConfigReader, path: str, data: _Data) -> Distribution | None:
    choices = _categorical(reader, path, data)
    given = data.get("probabilities")
    if not isinstance(given, list | tuple):
        reader.problem(f"{path}.probabilities", missing_or_must_be("a list of numbers", given))
        return None
    probabilities = []
    for index, item in enumerate(given):
        at = f"{path}.probabilities[{index}]"
        item = reader.as_numeric(at, item)
        if not is_number(item):
            reader.problem(at, must_be("a number", item))
        elif (number := reader.as_float(at, item)) is not None:
            probabilities.append(number)
    return None if choices is None else Categorical(choices.values, tuple(probabilities))


def _int_uniform(reader: ConfigReader, path: str, data: _Data) -> IntUniform | None:
    low = reader.integer(data, path, "min", required=True)
    high = reader.integer(data, path, "max", required=True)
    step = reader.integer(data, path, "q")
    if low is None or high is None:
        return None
    return IntUniform(low, high, 1 if step is None else step)


def _bounds(reader: ConfigReader, path: str, data: _Data) -> tuple[float, float] | None:
    low = reader.number(data, path, "min", required=True)
    high = reader.number(data, path, "max", required=True)
    return None if low is None or high is None else (low, high)


def _uniform(reader: ConfigReader, path: str, data: _Data) -> Distribution | None:
    bounds = _bounds(reader, path, data)
    q = reader.number(data, path, "q")
    return None if bounds is None else Uniform(*bounds, q)


def _log_uniform_values(reader: ConfigReader, path: str, data: _Data) -> Distribution | None:
    bounds = _bounds(reader, path, data)
    q = reader.number(data, path, "q")
    return None if bounds is None else LogUniform(*bounds, q)


def _log_uniform(reader: ConfigReader, path: str, data: _Data) -> Distribution | None:
    if _has_integers_alone(data):
        distribution = _int_uniform(reader, path, data)
        return (
            None
            if distribution is None
            else IntLogUniform(distribution.min, distribution.max, distribution.q)
        )
    return _log_uniform_values(reader, path, data)


def _normal(reader: ConfigReader, path: str, data: _Data) -> Normal:
    return Normal(*_two(reader, path, data, ("mu", 0.0), ("sigma", 1.0)))


def _log_normal(reader: ConfigReader, path: str, data: _Data) -> LogNormal:
    return LogNormal(*_two(reader, path, data, ("mu", 0.0), ("sigma", 1.0)))


def _beta(reader: ConfigReader, path: str, data: _Data) -> Beta:
    return Beta(*_two(reader, path, data, ("a", 1.0), ("b", 1.0)))


def _two(
    reader: ConfigReader,
    path: str,
    data: _Data,
    first: tuple[str, float],
    second: tuple[str, float],
) -> tuple[float, float]:
    left, right = (reader.number(data, path, key) for key, _ in (first, second))
    return first[1] if left is None else left, second[1] if right is None else right


def _q_uniform(reader: ConfigReader, path: str, data: _Data) -> Distribution | None:
    bounds = _bounds(reader, path, data)
    return None if bounds is None else _quantized(reader, path, data, Uniform(*bounds))


def _q_log_uniform(reader: ConfigReader, path: str, data: _Data) -> Distribution | None:
    bounds = _bounds(reader, path, data)
    return None if bounds is None else _quantized(reader, path, data, LogUniform(*bounds))


def _quantized(
    reader: ConfigReader,
    path: str,
    data: _Data,
    distribution: Uniform | LogUniform | Normal | LogNormal | Beta,
) -> Quantized:
    read = reader.integer if is_int(_number_of(data.get("q"))) else reader.number
    step = read(data, path, "q")
    return Quantized(distribution) if step is None else Quantized(distribution, step)


_Unbounded = Callable[[ConfigReader, str, _Data], Normal | LogNormal | Beta]


def _stepped(read: _Unbounded) -> Callable[[ConfigReader, str, _Data], Distribution]:
    """Return a parser of a distribution that is always rounded to multiples of q."""

    def stepped(reader: ConfigReader, path: str, data: _Data) -> Distribution:
        return _quantized(reader, path, data, read(reader, path, data))

    return stepped


def _stepped_if_asked(read: _Unbounded) -> Callable[[ConfigReader, str, _Data], Distribution]:
    """Return a parser of a distribution that is rounded to multiples of q if q is given."""

    def distribution(reader: ConfigReader, path: str, data: _Data) -> Distribution:
        plain = read(reader, path, data)
        return plain if data.get("q") is None else _quantized(reader, path, data, plain)

    return distribution


_READERS: dict[str, Callable[[ConfigReader, str, _Data], Distribution | None]] = {
    "constant": _constant,
    "categorical": _categorical,
    "categorical_w_probabilities": _weighted,
    "int_uniform": _int_uniform,
    "uniform": _uniform,
    "q_uniform": _q_uniform,
    "log_uniform": _log_uniform,
    "log_uniform_values": _log_uniform_values,
    "inv_log_uniform_values": _log_uniform_values,
    "q_log_uniform_values": _q_log_uniform,
    "normal": _stepped_if_asked(_normal),
    "q_normal": _stepped(_normal),
    "log_normal": _stepped_if_asked(_log_normal),
    "q_log_normal": _stepped(_log_normal),
    "beta": _stepped_if_asked(_beta),
    "q_beta": _stepped(_beta),
}

# e to the power of a larger number is not a double.
_LARGEST_LOGARITHM = 700.0


def without_repeats(reader: ConfigReader, path: str, distribution: Categorical) -> Categorical:
    """Return the choices without repeated values, and warn if there are any.

    Args:
        reader: Takes the warning.
        path: The path of the values.
        distribution: As written.
    """
    weighted = bool(distribution.probabilities)
    if len(distribution.values) > MAX_CHOICES or (
        weighted and len(distribution.probabilities) != len(distribution.values)
    ):
        return distribution
    if any(True for value in distribution.values for _ in problems_of_value("", value)):
        return distribution
    first: dict[Hashable, ParameterValue] = {}
    shares: dict[Hashable, list[float]] = {}
    for index, value in with_checkpoints(enumerate(distribution.values)):
        key = value_key(value)
        first.setdefault(key, value)
        shares.setdefault(key, []).append(distribution.probabilities[index] if weighted else 0.0)
    repeated = [first[key] for key, each in shares.items() if len(each) > 1]
    if not repeated:
        return distribution
    others = len(repeated) - 1
    more = f", as do {others:,} other values" if others > 1 else ", as does another" * others
    how = "with the sum of its probabilities" if weighted else "for more weight write probabilities"
    reader.warn(
        f"{path}: {shown(repeated[0])} appears more than once{more}; each value counts once, {how}"
    )
    summed = tuple(math.fsum(each) for each in shares.values()) if weighted else ()
    return Categorical(tuple(first.values()), summed)


def as_constant(
    reader: ConfigReader, name: str, distribution: Distribution | None
) -> Distribution | None:
    """Return a constant in place of a normal distribution with sigma 0, and warn."""
    inner = distribution.distribution if isinstance(distribution, Quantized) else distribution
    if not isinstance(inner, Normal | LogNormal) or inner.sigma != 0:
        return distribution
    is_log = isinstance(inner, LogNormal)
    if not abs(inner.mu) <= (_LARGEST_LOGARITHM if is_log else math.inf):
        return distribution
    value: int | float = math.exp(inner.mu) if is_log else inner.mu
    if isinstance(distribution, Quantized):
        if not (math.isfinite(distribution.q) and distribution.q > 0 and math.isfinite(value)):
            return distribution
        value = round_to_multiple(value, distribution.q)
    reader.warn(f"parameter '{name}': sigma is 0, so its value is always {shown(value)}")
    return Constant(value)
