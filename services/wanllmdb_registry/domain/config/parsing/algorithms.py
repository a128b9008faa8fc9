"""Parse the method and its sampler, early termination and the terminator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wanllmdb_common.algorithms.pruners import PRUNERS
from wanllmdb_common.algorithms.samplers import SAMPLERS
from wanllmdb_common.did_you_mean import did_you_mean
from wanllmdb_registry.domain.config.parsing.reader import ConfigReader, join
from wanllmdb_registry.domain.config.problems import is_, missing_or_must_be, must_be, shown
from wanllmdb_registry.domain.config.validation.algorithms import brackets_that_fit
from wanllmdb_registry.domain.model import (
    DEFAULT_SAMPLERS,
    AlgorithmChoice,
    Hyperband,
    Method,
)

_HYPERBAND_KEYS = ("type", "min_iter", "max_iter", "s", "eta", "strict")


def parse_sampler(
    reader: ConfigReader, config: Mapping[str, Any]
) -> tuple[Method, AlgorithmChoice]:
    """Return the method and its sampler; each is inferred from the other if it is omitted."""
    method = None
    given = config.get("method")
    families = {description.name: description.method for description in SAMPLERS}
    given = reader.lowered("method", given, set(Method))
    if given == "custom":
        reader.problem(
            "method",
            "custom selects a scheduler of W&B: write bayes, or choose a sampler by name, for "
            "example sampler: {name: tpe}",
        )
    elif isinstance(given, str) and given in families and given not in set(Method):
        reader.problem(
            "method",
            f"{given} is a sampler: write method: {families[given]} and sampler: {{name: {given}}}",
        )
        method = Method(families[given])
    else:
        method = reader.choice(config, "", "method", Method)
    sampler = parse_algorithm(reader, config, "sampler")
    if given is None and config.get("sampler") is None:
        names = ", ".join(member.value for member in Method)
        reader.problem("method", f"is required: one of {names}")
    if method is None:
        method = Method.RANDOM
        if sampler is not None and sampler.name in families:
            method = Method(families[sampler.name])
    return method, sampler or AlgorithmChoice(DEFAULT_SAMPLERS[method])


def parse_algorithm(
    reader: ConfigReader, config: Mapping[str, Any], key: str
) -> AlgorithmChoice | None:
    """Return an algorithm that is written as `{name, options}`; None if it is omitted."""
    given = config.get(key)
    if isinstance(given, str):
        reader.problem(key, f"must be an object: write {{name: {given:.50}}}")
        return None
    data = reader.mapping(config, "", key)
    if data is None:
        return None
    for unknown in data:
        if unknown not in ("name", "options"):
            reader.problem(
                join(key, unknown),
                f"unknown key{did_you_mean(unknown, ('name', 'options'))}; known are name and "
                f"options; for an option write options: {{{unknown!s:.50}: ...}}",
            )
    name = data.get("name")
    if not isinstance(name, str):
        reader.problem(f"{key}.name", missing_or_must_be("a text", name))
        return None
    options = {}
    for option, value in (reader.mapping(data, key, "options") or {}).items():
        if isinstance(option, str):
            options[option] = value
        else:
            reader.problem(f"{key}.options.{option}", must_be("a text", option))
    return AlgorithmChoice(name, options)


def parse_early_termination(
    reader: ConfigReader, config: Mapping[str, Any]
) -> Hyperband | AlgorithmChoice | None:
    """Return W&B's `early_terminate`, or a pruner by name; None without early termination."""
    pruner = parse_algorithm(reader, config, "pruner")
    data = reader.mapping(config, "", "early_terminate")
    if data is None:
        return pruner
    if config.get("pruner") is not None:
        reader.problem("pruner", "can't be combined with early_terminate: remove one of the two")
    return _hyperband(reader, data)


def _hyperband(reader: ConfigReader, data: Mapping[str, Any]) -> Hyperband | None:
    path = "early_terminate"
    kind = reader.lowered(f"{path}.type", data.get("type"), ("hyperband",))
    if kind != "hyperband":
        reader.problem(f"{path}.type", f"must be hyperband, {is_(kind)}{_pruner_hint(kind)}")
        if kind is not None:
            return None
    reader.known_or_ignored_keys(path, data, _HYPERBAND_KEYS)
    data = _without_ignored_keys(reader, path, data)
    first = reader.integer(data, path, "min_iter")
    last = reader.integer(data, path, "max_iter")
    brackets = reader.integer(data, path, "s")
    eta = reader.number(data, path, "eta")
    strict = reader.boolean(data, path, "strict", default=True)
    if data.get("min_iter") is None and data.get("max_iter") is None:
        reader.problem(
            f"{path}.min_iter", "is required (an integer), unless max_iter and s are given"
        )
        return None
    read = {"min_iter": first, "max_iter": last, "s": brackets}
    if any(value is None and data.get(key) is not None for key, value in read.items()):
        return None
    rate = 3.0 if eta is None else eta
    fit = brackets_that_fit(last or 0, rate)
    if brackets is not None and 1 <= fit < brackets:
        reader.warn(
            f"{path}.s: {brackets} is read as {fit}, since only {fit} brackets fit between "
            f"iteration 1 and max_iter {last}"
        )
        brackets = fit
    return Hyperband(first or 0, rate, strict, last or 0, brackets or 0)


def _without_ignored_keys(
    reader: ConfigReader, path: str, data: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return one description of the brackets: max_iter and s if both are given, else min_iter."""
    given = {key for key in ("min_iter", "max_iter", "s") if data.get(key) is not None}
    ignored: set[str] = set()
    if given >= {"max_iter", "s"}:
        ignored = given - {"max_iter", "s"}
    elif "min_iter" in given:
        ignored = given - {"min_iter"}
    kept = "max_iter and s define" if {"s", "max_iter"} <= given else "min_iter defines"
    for key in sorted(ignored):
        reader.warn(f"{path}.{key}: has no effect, since {kept} the brackets")
    return {key: value for key, value in data.items() if key not in ignored}


def _pruner_hint(kind: Any) -> str:
    if isinstance(kind, str) and any(kind == description.name for description in PRUNERS):
        return f": for Optuna's {kind} write pruner: {{name: {shown(kind)[1:-1]}}}"
    names = ", ".join(description.name for description in PRUNERS)
    return "" if kind is None else f": write other rules as a pruner: {names}"
