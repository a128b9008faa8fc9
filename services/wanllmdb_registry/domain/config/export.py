"""Export a spec as a W&B-style config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    Quantized,
    SearchSpace,
    Uniform,
)
from wanllmdb_registry.domain.config.parsing.parameters import resolve
from wanllmdb_registry.domain.model import (
    DEFAULT_SAMPLERS,
    AlgorithmChoice,
    ArgsStyle,
    Hyperband,
    Metric,
    ObjectiveValue,
    SweepSpec,
)


def config_of(spec: SweepSpec) -> dict[str, Any]:
    """Return a config that `parse_config` parses to an equal spec, if its space is normal."""
    config: dict[str, Any] = {"method": spec.method.value}
    if spec.sampler != AlgorithmChoice(DEFAULT_SAMPLERS[spec.method]):
        config["sampler"] = _algorithm(spec.sampler)
    if spec.metric is not None:
        config["metric"] = _metric(spec.metric)
    elif spec.metrics:
        config["metrics"] = list(map(_metric, spec.metrics))
    config["parameters"] = _parameters(spec.space)
    if spec.space.constraints:
        config["constraints"] = list(spec.space.constraints)
    match spec.early_termination:
        case Hyperband() as rule:
            config["early_terminate"] = _hyperband(rule)
        case AlgorithmChoice() as pruner:
            config["pruner"] = _algorithm(pruner)
    if spec.terminator is not None:
        config["terminate"] = _algorithm(spec.terminator)
    numbers = {
        "run_cap": spec.run_cap,
        "max_failed_runs": spec.max_failed_runs,
        "seed": spec.seed,
    }
    config |= {key: number for key, number in numbers.items() if number is not None}
    config["retries"] = {"lost": spec.retries.lost, "failed": spec.retries.failed}
    if spec.program:
        config["program"] = spec.program
    if spec.command:
        config["command"] = list(spec.command)
    if spec.args_style is not ArgsStyle.FLAT:
        config["args_style"] = spec.args_style.value
    return config


def outline_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config of `config_of` without the space, the command and algorithms' options."""
    outline = {key: v for key, v in config.items() if key not in ("constraints", "command")}
    outline["parameters"] = {}
    for key in ("sampler", "pruner", "terminate"):
        if key in outline:
            outline[key] = {"name": outline[key]["name"]}
    return outline


def _metric(metric: Metric) -> dict[str, Any]:
    written: dict[str, Any] = {"name": metric.name, "goal": metric.goal.value}
    if metric.target is not None:
        written["target"] = metric.target
    if metric.value is ObjectiveValue.MEAN_LAST:
        written["value"] = f"mean_last_{metric.mean_over}"
    elif metric.value is not ObjectiveValue.LAST:
        written["value"] = metric.value.value
    if metric.impute is not None:
        written["impute"] = metric.impute.value
    if metric.impute_while_running is not None:
        written["impute_while_running"] = metric.impute_while_running.value
    return written


def _algorithm(choice: AlgorithmChoice) -> dict[str, Any]:
    written: dict[str, Any] = {"name": choice.name}
    return {**written, "options": dict(choice.options)} if choice.options else written


def _hyperband(rule: Hyperband) -> dict[str, Any]:
    first = {"max_iter": rule.max_iter, "s": rule.s} if rule.max_iter else {}
    return {
        "type": "hyperband",
        **(first or {"min_iter": rule.min_iter}),
        "eta": rule.eta,
        "strict": rule.strict,
    }


def _parameters(space: SearchSpace) -> dict[str, Any]:
    """Return the parameters by name, with those of groups inside their groups."""
    names = {parameter.name for parameter in space.parameters}
    root: dict[str, Any] = {}
    for parameter in space.parameters:
        *groups, name = parameter.name.split("/")
        members = root
        for group in groups:
            members = members.setdefault(group, {"parameters": {}})["parameters"]
        members[name] = _parameter(parameter, names)
    return root


def _parameter(parameter: Parameter, names: set[str]) -> dict[str, Any]:
    written = _distribution(parameter.distribution)
    if parameter.conditions:
        scope = parameter.name[: parameter.name.rfind("/") + 1]
        written["when"] = dict(_condition(c, scope, names) for c in parameter.conditions)
    return written


def _condition(condition: Condition, scope: str, names: set[str]) -> tuple[str, Any]:
    name = condition.parameter
    written = name if resolve(name, scope, names) == name else f"/{name}"
    values = condition.values
    is_single = len(values) == 1 and not isinstance(values[0], list)
    return written, values[0] if is_single else list(values)


def _distribution(distribution: Distribution) -> dict[str, Any]:
    match distribution:
        case Constant(value=value):
            return {"value": value}
        case Categorical(values=values, probabilities=()):
            return {"values": list(values)}
        case Categorical(values=values, probabilities=probabilities):
            return {"values": list(values), "probabilities": list(probabilities)}
        case Uniform(min=low, max=high, q=q):
            return _range("uniform", low, high, q)
        case IntUniform(min=low, max=high, q=q):
            return _range("int_uniform", low, high, None if q == 1 else q)
        case LogUniform(min=low, max=high, q=q):
            return _range("log_uniform", low, high, q)
        case IntLogUniform(min=low, max=high, q=q):
            return _range("log_uniform", low, high, None if q == 1 else q)
        case Normal(mu=mu, sigma=sigma):
            return {"distribution": "normal", "mu": mu, "sigma": sigma}
        case LogNormal(mu=mu, sigma=sigma):
            return {"distribution": "log_normal", "mu": mu, "sigma": sigma}
        case Beta(a=a, b=b):
            return {"distribution": "beta", "a": a, "b": b}
        case Quantized(distribution=LogUniform(min=low, max=high), q=q):
            return _range("q_log_uniform_values", low, high, q)
        case Quantized(distribution=inner, q=q):
            written = _distribution(inner)
            return {**written, "distribution": f"q_{written['distribution']}", "q": q}
    raise TypeError(f"no config for {distribution!r}")


def _range(name: str, low: float, high: float, q: float | None) -> dict[str, Any]:
    distribution: dict[str, Any] = {"distribution": name, "min": low, "max": high}
    return distribution if q is None else {**distribution, "q": q}
