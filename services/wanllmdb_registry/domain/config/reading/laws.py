"""The law of one parameter: which distribution is meant, and its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    Quantized,
    Uniform,
)
from wanllmdb_registry.domain.config.exponents import (
    both_readings,
    may_be_exponents,
    of_exponent_distribution,
)
from wanllmdb_registry.domain.config.reading.odd_words import how_to_write, odd_number
from wanllmdb_registry.domain.config.reading.reader import Reader, is_int, is_number
from wanllmdb_registry.domain.config.reading.simpler import fixed, without_repeats
from wanllmdb_registry.domain.config.vocabulary import (
    DISTRIBUTIONS,
    EXPONENT_DISTRIBUTIONS,
    LAW_KEYS,
    OTHER_DISTRIBUTIONS,
    PARAMETER_KEYS,
)
from wanllmdb_registry.domain.config.wording import missing_or_must_be, must_be, shown

_Data = Mapping[str, Any]


def read_law(reader: Reader, name: str, path: str, data: _Data) -> Distribution | None:
    """The law of the parameter `name`; None when there was a problem, which is noted."""
    before = reader.problem_count
    _check_keys(reader, path, data)
    named = reader.lowered(f"{path}.distribution", data.get("distribution"), DISTRIBUTIONS)
    kind = _inferred(data) if named is None else named
    if kind is None:
        reader.problem(path, "needs value, values, or min and max, or a distribution")
        return None
    if not isinstance(kind, str) or kind not in DISTRIBUTIONS:
        reader.problem(f"{path}.distribution", _unknown(kind, data))
        return None
    allowed = DISTRIBUTIONS[kind]
    for key in data:
        if key in LAW_KEYS and key not in allowed and key != "distribution":
            text = f"does not go with the rest: {kind} takes {', '.join(allowed)}"
            if (kind, key) == ("categorical", "probabilities"):
                text += "; with probabilities it is categorical_w_probabilities"
            reader.problem(f"{path}.{key}", text)
    law = _READERS[kind](reader, path, data)
    if reader.problem_count > before:
        return None
    if reader.is_stored:
        return law
    if kind == "log_uniform" and isinstance(law, LogUniform | IntLogUniform):
        _warn_of_exponents(reader, name, law)
    if isinstance(law, Categorical | Constant):
        _warn_of_odd_texts(reader, path, data)
    if isinstance(law, Categorical):
        return without_repeats(reader, f"{path}.values", law)
    if isinstance(law, Uniform | LogUniform) and _has_integers_alone(data):
        other = "int_uniform" if isinstance(law, Uniform) else "log_uniform"
        reader.warn(
            f"parameter '{name}': the values of {kind} are floats, also between the integers "
            f"{shown(data['min'])} and {shown(data['max'])}; for integers write {other}"
        )
    return fixed(reader, name, law)


def _warn_of_exponents(reader: Reader, name: str, law: LogUniform | IntLogUniform) -> None:
    if may_be_exponents(law.min, law.max):
        reader.warn(f"parameter '{name}': {both_readings(law.min, law.max)}")


def _warn_of_odd_texts(reader: Reader, path: str, data: _Data) -> None:
    """Of the first value that is a text here, and a number to other parsers."""
    listed = data.get("values")
    given = listed if isinstance(listed, list | tuple) else (data.get("value"),)
    for index, value in with_checkpoints(enumerate(given)):
        read = odd_number(value)
        if read is not None:
            at = f"{path}.values[{index}]" if given is listed else f"{path}.value"
            reader.warn(
                f"{at}: '{value}' is a text; for a number to every YAML parser "
                + how_to_write(value, read[1])
            )
            return


def _check_keys(reader: Reader, path: str, data: _Data) -> None:
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
    return f"there is no {shown(kind)}" + (hint or f"; there are {', '.join(DISTRIBUTIONS)}")


def _has_integers_alone(data: _Data) -> bool:
    """Whether every bound and step given is an integer; what is no number decides nothing."""
    given = [_number_of(data.get(key)) for key in ("min", "max", "q")]
    return any(map(is_int, given)) and all(value is None or is_int(value) for value in given)


def _number_of(value: Any) -> int | float | None:
    """The number that a bound is read as; None where it is none."""
    if is_number(value):
        return value
    read = odd_number(value)
    return None if read is None else read[0]


def _constant(reader: Reader, path: str, data: _Data) -> Distribution:
    if "value" not in data:
        reader.problem(f"{path}.value", "is required")
    return Constant(data.get("value"))


def _categorical(reader: Reader, path: str, data: _Data) -> Categorical | None:
    values = data.get("values")
    if not isinstance(values, list | tuple):
        hint = "" if values is None else ": for a single value write {value: ...}"
        reader.problem(f"{path}.values", missing_or_must_be("a list", values) + hint)
        return None
    return Categorical(tuple(values))


def _weighted(reader: Reader, path: str, data: _Data) -> Distribution | None:
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


def _int_uniform(reader: Reader, path: str, data: _Data) -> IntUniform | None:
    low = reader.integer(data, path, "min", required=True)
    high = reader.integer(data, path, "max", required=True)
    step = reader.integer(data, path, "q")
    if low is None or high is None:
        return None
    return IntUniform(low, high, 1 if step is None else step)


def _bounds(reader: Reader, path: str, data: _Data) -> tuple[float, float] | None:
    low = reader.number(data, path, "min", required=True)
    high = reader.number(data, path, "max", required=True)
    return None if low is None or high is None else (low, high)


def _uniform(reader: Reader, path: str, data: _Data) -> Distribution | None:
    bounds = _bounds(reader, path, data)
    q = reader.number(data, path, "q")
    return None if bounds is None else Uniform(*bounds, q)


def _log_uniform_values(reader: Reader, path: str, data: _Data) -> Distribution | None:
    bounds = _bounds(reader, path, data)
    q = reader.number(data, path, "q")
    return None if bounds is None else LogUniform(*bounds, q)


def _log_uniform(reader: Reader, path: str, data: _Data) -> Distribution | None:
    if _has_integers_alone(data):
        law = _int_uniform(reader, path, data)
        return None if law is None else IntLogUniform(law.min, law.max, law.q)
    return _log_uniform_values(reader, path, data)


def _normal(reader: Reader, path: str, data: _Data) -> Normal:
    return Normal(*_two(reader, path, data, ("mu", 0.0), ("sigma", 1.0)))


def _log_normal(reader: Reader, path: str, data: _Data) -> LogNormal:
    return LogNormal(*_two(reader, path, data, ("mu", 0.0), ("sigma", 1.0)))


def _beta(reader: Reader, path: str, data: _Data) -> Beta:
    return Beta(*_two(reader, path, data, ("a", 1.0), ("b", 1.0)))


def _two(
    reader: Reader, path: str, data: _Data, first: tuple[str, float], second: tuple[str, float]
) -> tuple[float, float]:
    left, right = (reader.number(data, path, key) for key, _ in (first, second))
    return first[1] if left is None else left, second[1] if right is None else right


def _q_uniform(reader: Reader, path: str, data: _Data) -> Distribution | None:
    bounds = _bounds(reader, path, data)
    return None if bounds is None else _quantized(reader, path, data, Uniform(*bounds))


def _q_log_uniform(reader: Reader, path: str, data: _Data) -> Distribution | None:
    bounds = _bounds(reader, path, data)
    return None if bounds is None else _quantized(reader, path, data, LogUniform(*bounds))


def _quantized(
    reader: Reader,
    path: str,
    data: _Data,
    law: Uniform | LogUniform | Normal | LogNormal | Beta,
) -> Quantized:
    read = reader.integer if is_int(_number_of(data.get("q"))) else reader.number
    step = read(data, path, "q")
    return Quantized(law) if step is None else Quantized(law, step)


_Unbounded = Callable[[Reader, str, _Data], Normal | LogNormal | Beta]


def _stepped(read: _Unbounded) -> Callable[[Reader, str, _Data], Distribution]:
    """Always rounded to multiples of q."""

    def stepped(reader: Reader, path: str, data: _Data) -> Distribution:
        return _quantized(reader, path, data, read(reader, path, data))

    return stepped


def _stepped_if_asked(read: _Unbounded) -> Callable[[Reader, str, _Data], Distribution]:
    """Rounded to multiples of q where there is a q."""

    def law(reader: Reader, path: str, data: _Data) -> Distribution:
        plain = read(reader, path, data)
        return plain if data.get("q") is None else _quantized(reader, path, data, plain)

    return law


_READERS: dict[str, Callable[[Reader, str, _Data], Distribution | None]] = {
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
