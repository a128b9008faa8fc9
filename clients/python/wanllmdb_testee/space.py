"""Sweeps that the client's builders make."""

from __future__ import annotations

from typing import Any

from wanllmdb import (
    AlgorithmChoice,
    Beta,
    Categorical,
    Conditional,
    Constant,
    Goal,
    Hyperband,
    Impute,
    IntLogUniform,
    IntUniform,
    LogNormal,
    LogUniform,
    Method,
    Metric,
    Normal,
    ObjectiveValue,
    Quantized,
    RetryPolicy,
    SweepSpec,
    Uniform,
)
from wanllmdb._types.enums import ArgsStyle
from wanllmdb._types.spec import Distribution, spec_to_proto
from wanllmdb_testee.described import native
from wanllmdb_testee.values import encoded

NUMERIC: dict[str, Any] = {
    "uniform": Uniform,
    "int_uniform": IntUniform,
    "log_uniform": LogUniform,
    "int_log_uniform": IntLogUniform,
    "normal": Normal,
    "log_normal": LogNormal,
    "beta": Beta,
}
INTEGERS = ("int_uniform", "int_log_uniform")


def build_sweep(given: dict[str, Any]) -> Any:
    """Return the SweepSpec that the builders make of a description."""
    rule = given.get("early_termination")
    return encoded(
        spec_to_proto(
            SweepSpec(
                method=Method(given["method"]),
                parameters={
                    name: _distribution(parameter)
                    for name, parameter in given["parameters"].items()
                },
                metrics=tuple(_metric(metric) for metric in given.get("metrics", ())),
                early_termination=None if rule is None else _rule(rule),
                run_cap=given.get("run_cap"),
                seed=given.get("seed"),
                retries=RetryPolicy(**given.get("retries", {})),
                sampler=_algorithm(given.get("sampler")),
                constraints=tuple(given.get("constraints", ())),
                terminator=_algorithm(given.get("terminator")),
                max_failed_runs=given.get("max_failed_runs"),
                program=given.get("program", ""),
                command=tuple(given.get("command", ())),
                args_style=ArgsStyle(given.get("args_style", "flat")),
            )
        )
    )


def _distribution(parameter: dict[str, Any]) -> Distribution:
    when = parameter.get("when")
    inner: Any = _unconditional({name: parameter[name] for name in parameter if name != "when"})
    if when is None:
        distribution: Distribution = inner
        return distribution
    return Conditional(inner, {other: tuple(map(native, values)) for other, values in when.items()})


def _unconditional(parameter: dict[str, Any]) -> Any:
    ((kind, fields),) = parameter.items()
    match kind:
        case "constant":
            return Constant(native(fields))
        case "categorical":
            values = tuple(map(native, fields["values"]))
            return Categorical(values, tuple(fields.get("probabilities", ())))
        case "quantized":
            return Quantized(_unconditional(fields["distribution"]), native(fields["q"]))
    number = int if kind in INTEGERS else float
    return NUMERIC[kind](**{name: number(value) for name, value in fields.items()})


def _metric(metric: dict[str, Any]) -> Metric:
    return Metric(
        metric["name"],
        Goal(metric.get("goal", "minimize")),
        metric.get("target"),
        ObjectiveValue(metric.get("value", "last")),
        metric.get("mean_over", 0),
        _impute(metric.get("impute")),
        _impute(metric.get("impute_while_running")),
    )


def _impute(name: str | None) -> Impute | None:
    return None if name is None else Impute(name)


def _algorithm(choice: dict[str, Any] | None) -> AlgorithmChoice | None:
    if choice is None:
        return None
    options = {name: native(value) for name, value in choice.get("options", {}).items()}
    return AlgorithmChoice(choice["name"], options)


def _rule(rule: dict[str, Any]) -> Hyperband | AlgorithmChoice:
    if "hyperband" in rule:
        return Hyperband(**rule["hyperband"])
    choice = _algorithm(rule["pruner"])
    assert choice is not None
    return choice
