"""Writes a spec as the W&B-style config that it would be read from."""

from __future__ import annotations

from typing import Any

from wanllmdb_common.search_space.distributions import (
    Categorical,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogUniform,
    Normal,
    Quantized,
    Uniform,
)
from wanllmdb_registry.domain.model import Hyperband, SweepSpec


def config_of(spec: SweepSpec) -> dict[str, Any]:
    """A config such that `parse_config` gives an equal spec."""
    config: dict[str, Any] = {"method": spec.method.value}
    if spec.metric is not None:
        config["metric"] = {"name": spec.metric.name, "goal": spec.metric.goal.value}
        if spec.metric.target is not None:
            config["metric"]["target"] = spec.metric.target
    config["parameters"] = {p.name: _parameter(p.distribution) for p in spec.space.parameters}
    if isinstance(spec.early_termination, Hyperband):
        rule = spec.early_termination
        config["early_terminate"] = {
            "type": "hyperband",
            "min_iter": rule.min_iter,
            "eta": rule.eta,
            "strict": rule.strict,
        }
    if spec.run_cap is not None:
        config["run_cap"] = spec.run_cap
    if spec.seed is not None:
        config["seed"] = spec.seed
    config["retries"] = {"lost": spec.retries.lost, "failed": spec.retries.failed}
    return config


def _parameter(law: Distribution) -> dict[str, Any]:
    match law:
        case Constant(value=value):
            return {"value": value}
        case Categorical(values=values):
            return {"values": list(values)}
        case Uniform(min=low, max=high, q=q):
            return _range("uniform", float(low), float(high), q)
        case IntUniform(min=low, max=high, q=q):
            return _range("int_uniform", low, high, None if q == 1 else q)
        case LogUniform(min=low, max=high, q=q):
            return _range("log_uniform", float(low), float(high), q)
        case IntLogUniform(min=low, max=high, q=q):
            return _range("log_uniform", low, high, None if q == 1 else q)
        case Normal(mu=mu, sigma=sigma):
            return {"distribution": "normal", "mu": mu, "sigma": sigma}
        case Quantized(law=Normal(mu=mu, sigma=sigma), q=q):
            return {"distribution": "normal", "mu": mu, "sigma": sigma, "q": q}
    raise TypeError(f"no config for {law!r}")


def _range(name: str, low: float, high: float, q: float | None) -> dict[str, Any]:
    law: dict[str, Any] = {"distribution": name, "min": low, "max": high}
    return law if q is None else {**law, "q": q}
