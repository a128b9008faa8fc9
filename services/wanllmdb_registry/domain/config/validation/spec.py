"""Validate a spec: find every problem, not just the first."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.did_you_mean import did_you_mean
from wanllmdb_common.errors import FieldViolation
from wanllmdb_common.search_space import constraints
from wanllmdb_common.search_space.distributions import Constant, Parameter, SearchSpace
from wanllmdb_registry.domain.bounds import MAX_NAME, MAX_SWEEP_METRICS
from wanllmdb_registry.domain.config.problems import (
    MAX_PROBLEMS,
    ConfigPaths,
    Problems,
    exported_paths,
)
from wanllmdb_registry.domain.config.validation.algorithms import (
    problems_of_sampler,
    problems_of_stopping,
)
from wanllmdb_registry.domain.config.validation.space import problems_of_parameters
from wanllmdb_registry.domain.config.validation.values import problems_of_text
from wanllmdb_registry.domain.model import Impute, ObjectiveValue, SweepSpec

MAX_MEAN_OVER = 100_000
MAX_SEED = 2**53
MAX_RUNS = 2**31
MAX_RETRIES = 100


def problems_of(spec: SweepSpec, paths: ConfigPaths | None = None) -> list[FieldViolation]:
    """Return the problems of a spec, each with its path in a config: MAX_PROBLEMS + 1 at most.

    Args:
        spec: The readable parts of a spec.
        paths: The paths of its parts; by default those in the config of `config_of`.
    """
    paths = exported_paths(spec) if paths is None else paths
    found = dict.fromkeys(islice(with_checkpoints(_spec(spec, paths)), MAX_PROBLEMS + 1))
    return [FieldViolation(path, text) for path, text in found]


def _spec(spec: SweepSpec, paths: ConfigPaths) -> Problems:
    of_parameters = list(islice(problems_of_parameters(spec.space, paths), MAX_PROBLEMS + 1))
    yield from problems_of_sampler(spec, space_is_in_order=not of_parameters)
    yield from _metrics(spec, paths)
    yield from problems_of_imputation(spec, paths)
    yield from of_parameters
    yield from problems_of_constraints(spec.space, paths.unreadable)
    yield from problems_of_stopping(spec)
    for name, count in (("run_cap", spec.run_cap), ("max_failed_runs", spec.max_failed_runs)):
        if count is not None and not 1 <= count <= MAX_RUNS:
            yield name, f"must be at least 1 and at most 2^31, is {count}"
    if spec.seed is not None and not 0 <= spec.seed <= MAX_SEED:
        yield "seed", f"must be at least 0 and at most 2^53, is {spec.seed}"
    for name, count in (("lost", spec.retries.lost), ("failed", spec.retries.failed)):
        if not 0 <= count <= MAX_RETRIES:
            yield f"retries.{name}", f"must be at least 0 and at most {MAX_RETRIES}, is {count}"
    yield from problems_of_command(spec.program, spec.command)


def _metrics(spec: SweepSpec, paths: ConfigPaths) -> Problems:
    if len(spec.metrics) > MAX_SWEEP_METRICS:
        yield "metrics", f"are {len(spec.metrics)}, at most {MAX_SWEEP_METRICS} are allowed"
    names: set[str] = set()
    for index, metric in enumerate(spec.metrics):
        path = paths.metric(index)
        if not metric.name:
            yield f"{path}.name", "must not be empty"
        yield from problems_of_text(f"{path}.name", metric.name, MAX_NAME)
        if metric.name in names:
            yield f"{path}.name", f"'{metric.name:.100}' is listed twice"
        names.add(metric.name)
        if metric.target is not None and not math.isfinite(metric.target):
            yield f"{path}.target", f"must be a finite number, is {metric.target}"
        if metric.value is ObjectiveValue.MEAN_LAST:
            if not 1 <= metric.mean_over <= MAX_MEAN_OVER:
                text = f"the mean must be over 1 to {MAX_MEAN_OVER} values, is {metric.mean_over}"
                yield f"{path}.value", text
        elif metric.mean_over:
            yield f"{path}.value", "mean_over is for mean_last only"


MAX_PARTS = 100
MAX_PART = 10_000
# The macros that an agent replaces, besides ${envvar:NAME}.
MACROS = (
    "env",
    "interpreter",
    "program",
    "args",
    "args_no_hyphens",
    "args_no_equals",
    "args_no_boolean_flags",
    "args_json",
    "args_json_file",
    "args_append_hydra",
    "args_override_hydra",
)
_MACRO = re.compile(r"\$\{([^{}]*)\}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def problems_of_command(program: str, command: tuple[str, ...]) -> Problems:
    """Yield the problems of a command line: its texts must be storable, its macros must exist."""
    yield from problems_of_text("program", program, MAX_PART)
    if len(command) > MAX_PARTS:
        yield "command", f"has {len(command)} parts, at most {MAX_PARTS} are allowed"
        return
    for index, part in enumerate(command):
        path = f"command[{index}]"
        if not part and index == 0:
            yield path, "must not be empty: it is the program that runs"
        yield from problems_of_text(path, part, MAX_PART)
        for match in _MACRO.finditer(part):
            yield from _macro(path, match[1], program, is_whole=match[0] == part)


def _macro(path: str, name: str, program: str, *, is_whole: bool) -> Problems:
    """Yield the problems of a macro; only a whole part must be known, since shells have others."""
    text = f"${{{name:.50}}}"
    if name.startswith("envvar:"):
        if not _VARIABLE.fullmatch(name.removeprefix("envvar:")):
            yield path, f"{text} does not name an environment variable"
    elif not is_whole:
        if name in MACROS:
            yield path, f"{text} must be a part of its own; only ${{envvar:NAME}} may be within a "
            "longer part"
    elif name not in MACROS:
        hint = did_you_mean(name, MACROS)
        hint = hint.replace("mean ", "mean ${").replace("?", "}?")
        known = ", ".join(f"${{{macro}}}" for macro in MACROS)
        yield (
            path,
            f"unknown macro {text}{hint}; known are {known}, and ${{envvar:NAME}} for an "
            "environment variable",
        )
    elif name == "program" and not program:
        yield path, "${program} needs a program: add program: train.py"


def problems_of_constraints(space: SearchSpace, unreadable: Iterable[str] = ()) -> Problems:
    """Yield the problems of constraints, which are expressions of the space's parameters.

    `check_feasible` checks whether the constraints leave a point of the space.

    Args:
        space: The readable part of the space.
        unreadable: The names of parameters that could not be read.
    """
    texts = [
        problem
        for index, constraint in enumerate(space.constraints)
        for problem in problems_of_text(f"constraints[{index}]", constraint)
    ]
    yield from texts
    if texts:
        return
    others = tuple(Parameter(name, Constant(True)) for name in unreadable)
    known = replace(space, parameters=(*space.parameters, *others))
    for index, text in constraints.problems_of_constraints(known):
        yield f"constraints[{index}]", text


# Samplers that choose the parents of a generation from runs that have ended.
_BY_GENERATIONS = ("cmaes", "nsga2", "nsga3")
_KEYS = ("impute", "impute_while_running")


def problems_of_imputation(spec: SweepSpec, paths: ConfigPaths) -> Problems:
    """Yield the problems of imputation: the sampler must support it, the same for all metrics."""
    metrics = spec.metrics
    for key in _KEYS:
        for index, metric in enumerate(metrics):
            path = f"{paths.metric(index)}.{key}"
            strategy = getattr(metric, key)
            if strategy is not getattr(metrics[0], key):
                yield path, "must be the same for all metrics: a run has all values or none"
            elif strategy in (Impute.BEST, Impute.LATEST) and len(metrics) > 1:
                yield path, f"{strategy} is for one metric; with several metrics write worst"
    if spec.sampler.name in _BY_GENERATIONS:
        for index, metric in enumerate(metrics):
            if metric.impute_while_running is not None:
                yield (
                    f"{paths.metric(index)}.impute_while_running",
                    f"{spec.sampler.name} learns only from generations of runs that have ended: "
                    "remove the key, or choose the sampler tpe or gp",
                )
