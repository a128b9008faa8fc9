"""Validate sampler, early termination and terminator: options, and whether they suit the sweep."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wanllmdb_common.algorithms.description import AlgorithmDescription, problems_of_choice
from wanllmdb_common.algorithms.pruners import PRUNERS
from wanllmdb_common.algorithms.samplers import SAMPLERS
from wanllmdb_common.algorithms.terminators import TERMINATORS
from wanllmdb_common.search_space.conditions import has_conditions
from wanllmdb_registry.domain.config.problems import Problems
from wanllmdb_registry.domain.config.validation.values import problems_of_value
from wanllmdb_registry.domain.model import (
    DEFAULT_SAMPLERS,
    AlgorithmChoice,
    Hyperband,
    Method,
    SweepSpec,
)

MAX_ITERATIONS = 2**53
MAX_BRACKETS = 1_000
# Tolerance of logarithms: 3^5 is not more than 243.
ROUNDING = 1e-9


def problems_of_sampler(spec: SweepSpec, *, space_is_in_order: bool) -> Problems:
    """Yield the problems of the sampler: it must exist, match the method and suit the sweep."""
    sampler = _described(spec.sampler, SAMPLERS)
    yield from _choice("sampler", spec.sampler, SAMPLERS)
    if sampler is not None and sampler.method != spec.method.value:
        yield (
            "sampler.name",
            f"{sampler.name} belongs to method {sampler.method}, not to {spec.method.value}: "
            f"write method: {sampler.method}, or remove the method",
        )
        return
    if not spec.metrics and (spec.method is Method.BAYES or _needs_metric(sampler)):
        name = f"method {spec.method.value}"
        if sampler is not None and sampler.name != DEFAULT_SAMPLERS[spec.method]:
            name = f"sampler {sampler.name}"
        yield "metric", f"{name} needs a metric: add metric: {{name: ..., goal: ...}}"
    if sampler is None:
        return
    if len(spec.metrics) > 1 and not sampler.takes_several_metrics:
        yield (
            "sampler.name",
            f"{sampler.name} supports one metric, not {len(spec.metrics)}; samplers for several: "
            + ", ".join(other.name for other in SAMPLERS if other.takes_several_metrics),
        )
    if not sampler.takes_conditions and has_conditions(spec.space):
        yield (
            "sampler.name",
            f"{sampler.name} does not support conditions (when); samplers that do: "
            + ", ".join(other.name for other in SAMPLERS if other.takes_conditions),
        )
    if space_is_in_order:
        for text in sampler.check_space(spec.space, sampler.values(spec.sampler.options)):
            yield "sampler.name", text


def problems_of_stopping(spec: SweepSpec) -> Problems:
    """Yield the problems of early termination and of the terminator."""
    rule = spec.early_termination
    if isinstance(rule, Hyperband):
        yield from _one_metric(spec, "early_terminate")
        yield from _hyperband(rule)
    elif rule is not None:
        yield from _one_metric(spec, "pruner")
        yield from _choice("pruner", rule, PRUNERS)
    if spec.terminator is not None:
        yield from _one_metric(spec, "terminate")
        yield from _choice("terminate", spec.terminator, TERMINATORS)


def _described(
    choice: AlgorithmChoice, known: Sequence[AlgorithmDescription]
) -> AlgorithmDescription | None:
    return next((described for described in known if described.name == choice.name), None)


def _needs_metric(sampler: AlgorithmDescription | None) -> bool:
    return sampler is not None and sampler.needs_metric


def _choice(path: str, choice: AlgorithmChoice, known: Sequence[AlgorithmDescription]) -> Problems:
    storable = True
    for problem in problems_of_value(f"{path}.options", dict(choice.options)):
        storable = False
        yield problem
    if storable:
        yield from problems_of_choice(path, choice.name, choice.options, known)


def _one_metric(spec: SweepSpec, path: str) -> Problems:
    if not spec.metrics:
        yield path, "needs a metric to compare runs by: add metric: {name: ...}"
    elif len(spec.metrics) > 1:
        yield path, f"compares runs by one metric, but there are {len(spec.metrics)}"


def _hyperband(rule: Hyperband) -> Problems:
    path = "early_terminate"
    if not (math.isfinite(rule.eta) and rule.eta > 1):
        yield f"{path}.eta", f"must be greater than 1, is {rule.eta}"
        return
    if rule.max_iter == 0:
        if rule.s:
            yield f"{path}.s", "is for max_iter only: it is the number of brackets before max_iter"
        if not 1 <= rule.min_iter <= MAX_ITERATIONS:
            yield f"{path}.min_iter", f"must be at least 1 and at most 2^53, is {rule.min_iter}"
        return
    if rule.min_iter:
        yield f"{path}.min_iter", "can't be combined with max_iter: remove one of the two"
    if not 1 <= rule.max_iter <= MAX_ITERATIONS:
        yield f"{path}.max_iter", f"must be at least 1 and at most 2^53, is {rule.max_iter}"
    elif rule.s == 0:
        yield f"{path}.s", "is required with max_iter: the number of brackets before max_iter"
    elif not 1 <= rule.s <= MAX_BRACKETS:
        yield f"{path}.s", f"must be at least 1 and at most {MAX_BRACKETS}, is {rule.s}"
    elif rule.s > (fit := brackets_that_fit(rule.max_iter, rule.eta)):
        yield (
            f"{path}.s",
            f"is {rule.s}, so the first bracket would be at {rule.max_iter}/{rule.eta:g}^{rule.s}, "
            f"before iteration 1; at most {fit} brackets fit",
        )


def brackets_that_fit(max_iter: int, eta: float) -> int:
    """Return how many brackets fit between iteration 1 and `max_iter`; 0 for invalid numbers."""
    if max_iter < 1 or not (math.isfinite(eta) and eta > 1):
        return 0
    return int(math.log(max_iter) / math.log(eta) + ROUNDING)
