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
# Of logarithms: 3^5 is not above 243.
ROUNDING = 1e-9


def problems_of_sampler(spec: SweepSpec, *, space_is_in_order: bool) -> Problems:
    """The sampler exists, is of the method's family, and takes this sweep."""
    sampler = _described(spec.sampler, SAMPLERS)
    yield from _choice("sampler", spec.sampler, SAMPLERS)
    if sampler is not None and sampler.method != spec.method.value:
        yield (
            "sampler.name",
            f"{sampler.name} goes with method {sampler.method}, not with {spec.method.value}: "
            f"write method: {sampler.method}, or leave the method out",
        )
        return
    if not spec.metrics and (spec.method is Method.BAYES or _needs_metric(sampler)):
        who = f"method {spec.method.value}"
        if sampler is not None and sampler.name != DEFAULT_SAMPLERS[spec.method]:
            who = f"sampler {sampler.name}"
        yield "metric", f"{who} needs a metric: add metric: {{name: ..., goal: ...}}"
    if sampler is None:
        return
    if len(spec.metrics) > 1 and not sampler.takes_several_metrics:
        yield (
            "sampler.name",
            f"{sampler.name} takes one metric, not {len(spec.metrics)}; several are taken by "
            + ", ".join(other.name for other in SAMPLERS if other.takes_several_metrics),
        )
    if not sampler.takes_conditions and has_conditions(spec.space):
        yield (
            "sampler.name",
            f"{sampler.name} takes no conditions (when); they are taken by "
            + ", ".join(other.name for other in SAMPLERS if other.takes_conditions),
        )
    if space_is_in_order:
        for text in sampler.check_space(spec.space, sampler.values(spec.sampler.options)):
            yield "sampler.name", text


def problems_of_stopping(spec: SweepSpec) -> Problems:
    """Early termination, and what ends the sweep by itself."""
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
            yield f"{path}.s", "goes with max_iter: it is the number of bands before that"
        if not 1 <= rule.min_iter <= MAX_ITERATIONS:
            yield f"{path}.min_iter", f"must be at least 1 and at most 2^53, is {rule.min_iter}"
        return
    if rule.min_iter:
        yield f"{path}.min_iter", "does not go with max_iter: leave one of them out"
    if not 1 <= rule.max_iter <= MAX_ITERATIONS:
        yield f"{path}.max_iter", f"must be at least 1 and at most 2^53, is {rule.max_iter}"
    elif rule.s == 0:
        yield f"{path}.s", "is required with max_iter: the number of bands before it"
    elif not 1 <= rule.s <= MAX_BRACKETS:
        yield f"{path}.s", f"must be at least 1 and at most {MAX_BRACKETS}, is {rule.s}"
    elif rule.s > (fit := brackets_that_fit(rule.max_iter, rule.eta)):
        yield (
            f"{path}.s",
            f"is {rule.s}, so the first band would lie at {rule.max_iter}/{rule.eta:g}^{rule.s}, "
            f"before iteration 1; at most {fit} bands fit",
        )


def brackets_that_fit(max_iter: int, eta: float) -> int:
    """How many bands lie from iteration 1 on before `max_iter`; 0 where a number is off."""
    if max_iter < 1 or not (math.isfinite(eta) and eta > 1):
        return 0
    return int(math.log(max_iter) / math.log(eta) + ROUNDING)
