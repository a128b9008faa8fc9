"""Reads a W&B-style config into a spec, or names every problem that it has."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard, TypeVar

from wanllmdb_common.errors import FieldViolation, InvalidArgumentError
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogUniform,
    Normal,
    Parameter,
    Quantized,
    SearchSpace,
    Uniform,
)
from wanllmdb_common.search_space.grid import Grid
from wanllmdb_registry.domain.config.validate import problems_of
from wanllmdb_registry.domain.model import (
    DEFAULT_SAMPLERS,
    AlgorithmChoice,
    Goal,
    Hyperband,
    Method,
    Metric,
    RetryPolicy,
    SweepSpec,
)

TOP_LEVEL_KEYS = (
    "method",
    "metric",
    "parameters",
    "early_terminate",
    "run_cap",
    "name",
    "description",
    "project",
    "seed",
    "retries",
)
_RANGE_KEYS = ("min", "max", "q")
DISTRIBUTION_KEYS: dict[str, tuple[str, ...]] = {
    "constant": ("value",),
    "categorical": ("values",),
    "uniform": _RANGE_KEYS,
    "int_uniform": _RANGE_KEYS,
    "log_uniform": _RANGE_KEYS,
    "normal": ("mu", "sigma", "q"),
}
_PARAMETER_KEYS = ("distribution", "value", "values", "min", "max", "q", "mu", "sigma")

_Choice = TypeVar("_Choice", Method, Goal)


@dataclass(frozen=True, slots=True)
class ParsedConfig:
    """A config that is in order, with what the reader may not expect of it."""

    spec: SweepSpec
    project: str = ""
    name: str = ""
    description: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def grid_size(self) -> int | None:
        """Points of the grid, for method grid."""
        return Grid(self.spec.space).size if self.spec.method is Method.GRID else None


def parse_config(config: Mapping[str, Any]) -> ParsedConfig:
    """The spec with every default filled in, but for the seed.

    Raises:
        InvalidArgumentError: names every problem at once, each with its path.
    """
    reader = _Reader()
    spec = reader.spec(config)
    texts = {key: reader.text(config, key) for key in ("project", "name", "description")}
    problems = reader.problems
    told = {problem.field for problem in problems}
    if any(field.startswith("parameters.") for field in told):
        # There are some; they can't be read.
        told.add("parameters")
    problems += [problem for problem in problems_of(spec) if problem.field not in told]
    if problems:
        raise invalid_config(problems)
    return ParsedConfig(spec, **texts, warnings=tuple(reader.warnings + warnings_of(spec)))


def check_spec(spec: SweepSpec) -> ParsedConfig:
    """The same for a spec that came typed.

    Raises:
        InvalidArgumentError: names every problem at once, each with its path.
    """
    problems = problems_of(spec)
    if problems:
        raise invalid_config(problems)
    return ParsedConfig(spec, warnings=tuple(warnings_of(spec)))


def warnings_of(spec: SweepSpec) -> list[str]:
    """What the platform decides where the spec leaves it open."""
    if spec.method is not Method.GRID:
        return []
    grid = Grid(spec.space)
    notes = list(grid.notes)
    if spec.run_cap is not None and spec.run_cap < grid.size:
        notes.append(f"run_cap {spec.run_cap} ends the sweep before its {grid.size} grid points")
    return notes


def invalid_config(problems: list[FieldViolation]) -> InvalidArgumentError:
    """INVALID_SWEEP_CONFIG, every problem on a line of its own."""
    lines = "\n".join(f"  {p.field}: {p.description}" for p in problems)
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return InvalidArgumentError(
        "INVALID_SWEEP_CONFIG", f"the sweep config has {count}:\n{lines}", problems
    )


class _Reader:
    """Collects problems while it reads, so that one answer names them all."""

    def __init__(self) -> None:
        self.problems: list[FieldViolation] = []
        self.warnings: list[str] = []

    def spec(self, config: Mapping[str, Any]) -> SweepSpec:
        """A spec that holds what could be read, so that its values can be checked too."""
        self.known_keys("", config, TOP_LEVEL_KEYS)
        method = self.choice(config, "", "method", Method, required=True)
        space = self.space(config)
        metric = self.metric(config)
        early = self.early_terminate(config)
        run_cap = self.integer(config, "", "run_cap")
        seed = self.integer(config, "", "seed")
        retries = self.retries(config)
        method = method or Method.RANDOM
        return SweepSpec(
            method=method,
            space=space,
            sampler=AlgorithmChoice(DEFAULT_SAMPLERS[method]),
            metrics=() if metric is None else (metric,),
            early_termination=early,
            run_cap=run_cap,
            seed=seed,
            retries=retries,
        )

    def metric(self, config: Mapping[str, Any]) -> Metric | None:
        data = self.mapping(config, "", "metric")
        if data is None:
            return None
        self.known_keys("metric", data, ("name", "goal", "target"))
        name = data.get("name")
        if not isinstance(name, str):
            self.problem("metric.name", "is required" if name is None else _not("a text", name))
            return None
        goal = self.choice(data, "metric", "goal", Goal) or Goal.MINIMIZE
        return Metric(name, goal, self.number(data, "metric", "target"))

    def early_terminate(self, config: Mapping[str, Any]) -> Hyperband | None:
        data = self.mapping(config, "", "early_terminate")
        if data is None:
            return None
        path = "early_terminate"
        self.known_keys(path, data, ("type", "min_iter", "eta", "strict"))
        kind = data.get("type")
        if kind != "hyperband":
            self.problem(f"{path}.type", f"must be hyperband, {_is(kind)}")
        min_iter = self.integer(data, path, "min_iter", required=True)
        eta = self.number(data, path, "eta")
        strict = data.get("strict", False)
        if not isinstance(strict, bool):
            self.problem(f"{path}.strict", _not("true or false", strict))
        if min_iter is None:
            return None
        return Hyperband(min_iter, 3.0 if eta is None else eta, strict is True)

    def retries(self, config: Mapping[str, Any]) -> RetryPolicy:
        data = self.mapping(config, "", "retries")
        if data is None:
            return RetryPolicy()
        self.known_keys("retries", data, ("lost", "failed"))
        lost = self.integer(data, "retries", "lost")
        failed = self.integer(data, "retries", "failed")
        default = RetryPolicy()
        return RetryPolicy(
            default.lost if lost is None else lost, default.failed if failed is None else failed
        )

    def space(self, config: Mapping[str, Any]) -> SearchSpace:
        data = self.mapping(config, "", "parameters", required=True)
        if data is None:
            return SearchSpace(())
        parameters = []
        for name in sorted(data, key=str):
            path = f"parameters.{name}"
            if not isinstance(name, str):
                self.problem(path, _not("a text", name))
            elif not isinstance(data[name], Mapping):
                self.problem(
                    path, f"{_not('an object', data[name])}; for a fixed value write {{value: ...}}"
                )
            else:
                law = self.distribution(path, data[name])
                if law is not None:
                    parameters.append(Parameter(name, law))
        return SearchSpace(tuple(parameters))

    def distribution(self, path: str, data: Mapping[str, Any]) -> Distribution | None:
        before = len(self.problems)
        self.known_keys(path, data, _PARAMETER_KEYS)
        named = data.get("distribution")
        kind = _inferred(data) if named is None else named
        if kind is None:
            self.problem(path, "needs value, values, or min and max, or a distribution")
            return None
        if not isinstance(kind, str) or kind not in DISTRIBUTION_KEYS:
            hint = _did_you_mean(kind, DISTRIBUTION_KEYS)
            self.problem(
                f"{path}.distribution",
                f"{kind!r} is none of {', '.join(DISTRIBUTION_KEYS)}{hint}",
            )
            return None
        allowed = DISTRIBUTION_KEYS[kind]
        for key in data:
            if key in _PARAMETER_KEYS and key not in allowed and key != "distribution":
                reason = f"{kind} takes {', '.join(allowed)}"
                self.problem(f"{path}.{key}", f"does not go with the rest: {reason}")
        law = self._law(path, kind, data)
        if named == "uniform" and isinstance(law, IntUniform):
            self.warnings.append(
                f"parameter '{path.removeprefix('parameters.')}': min and max are integers, so its "
                f"values are integers; for a continuous range write {law.min}.0 and {law.max}.0"
            )
        return law if len(self.problems) == before else None

    def _law(self, path: str, kind: str, data: Mapping[str, Any]) -> Distribution | None:
        if kind == "constant":
            if "value" not in data:
                self.problem(f"{path}.value", "is required")
            return Constant(data.get("value"))
        if kind == "categorical":
            values = data.get("values")
            if not isinstance(values, list | tuple):
                self.problem(f"{path}.values", _missing_or_not("a list", values))
                return None
            return Categorical(tuple(values))
        if kind == "normal":
            mu = self.number(data, path, "mu")
            sigma = self.number(data, path, "sigma")
            mu, sigma = (0.0 if mu is None else mu), (1.0 if sigma is None else sigma)
            q = data.get("q")
            if _is_int(q):
                return Quantized(Normal(mu, sigma), q)
            q = self.number(data, path, "q")
            return Normal(mu, sigma) if q is None else Quantized(Normal(mu, sigma), q)
        return self._range(path, kind, data)

    def _range(self, path: str, kind: str, data: Mapping[str, Any]) -> Distribution | None:
        if kind == "int_uniform":
            low = self.integer(data, path, "min", required=True)
            high = self.integer(data, path, "max", required=True)
            step = self.integer(data, path, "q")
            if low is None or high is None:
                return None
            return IntUniform(low, high, 1 if step is None else step)
        given = [data[key] for key in _RANGE_KEYS if data.get(key) is not None]
        if _is_int(data.get("min")) and _is_int(data.get("max")) and all(map(_is_int, given)):
            q = data["q"] if data.get("q") is not None else 1
            integer_law = IntUniform if kind == "uniform" else IntLogUniform
            return integer_law(data["min"], data["max"], q)
        minimum = self.number(data, path, "min", required=True)
        maximum = self.number(data, path, "max", required=True)
        q = self.number(data, path, "q")
        if minimum is None or maximum is None:
            return None
        law = Uniform if kind == "uniform" else LogUniform
        return law(minimum, maximum, q)

    def known_keys(self, path: str, data: Mapping[str, Any], known: Collection[str]) -> None:
        for key in data:
            if key not in known:
                hint = _did_you_mean(key, known)
                at = f"{path}.{key}" if path else str(key)
                self.problem(at, f"unknown key{hint}; known are {', '.join(known)}")

    def mapping(
        self, data: Mapping[str, Any], path: str, key: str, required: bool = False
    ) -> Mapping[str, Any] | None:
        value = data.get(key)
        if isinstance(value, Mapping):
            return value
        if value is not None or required:
            self.problem(_join(path, key), _missing_or_not("an object", value))
        return None

    def text(self, data: Mapping[str, Any], key: str) -> str:
        value = data.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.problem(key, _not("a text", value))
            return ""
        return value

    def integer(
        self, data: Mapping[str, Any], path: str, key: str, required: bool = False
    ) -> int | None:
        value = data.get(key)
        if _is_int(value):
            return int(value)
        if value is not None or required:
            self.problem(_join(path, key), _missing_or_not("an integer", value))
        return None

    def number(
        self, data: Mapping[str, Any], path: str, key: str, required: bool = False
    ) -> float | None:
        value = data.get(key)
        if _is_int(value) or isinstance(value, float):
            try:
                return float(value)
            except OverflowError:
                self.problem(_join(path, key), "is too large for a floating-point number")
                return None
        if value is not None or required:
            hint = ""
            if isinstance(value, str) and _looks_like_number(value):
                hint = ": leave the quotes out"
            self.problem(_join(path, key), _missing_or_not("a number", value) + hint)
        return None

    def choice(
        self,
        data: Mapping[str, Any],
        path: str,
        key: str,
        kind: type[_Choice],
        required: bool = False,
    ) -> _Choice | None:
        value = data.get(key)
        names = [member.value for member in kind]
        if value is None:
            if required:
                self.problem(_join(path, key), f"is required: one of {', '.join(names)}")
            return None
        if value not in names:
            hint = _did_you_mean(value, names)
            self.problem(_join(path, key), f"must be one of {', '.join(names)}, {_is(value)}{hint}")
            return None
        return kind(value)

    def problem(self, path: str, text: str) -> None:
        self.problems.append(FieldViolation(path, text))


def _inferred(data: Mapping[str, Any]) -> str | None:
    if "value" in data:
        return "constant"
    if "values" in data:
        return "categorical"
    if "min" in data or "max" in data:
        return "uniform"
    if "mu" in data or "sigma" in data:
        return "normal"
    return None


def _is_int(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _looks_like_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _is(value: Any) -> str:
    return "is missing" if value is None else f"is {value!r:.100}"


def _not(what: str, value: Any) -> str:
    return f"must be {what}, {_is(value)}"


def _missing_or_not(what: str, value: Any) -> str:
    return f"is required ({what})" if value is None else _not(what, value)


def _did_you_mean(word: Any, known: Collection[str]) -> str:
    close = difflib.get_close_matches(str(word), known, n=1)
    return f", did you mean {close[0]}?" if close else ""
