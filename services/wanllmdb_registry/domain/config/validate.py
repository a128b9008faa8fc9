"""Which values a spec may have; finds every problem, not the first one."""

from __future__ import annotations

import math
from itertools import islice

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.errors import FieldViolation
from wanllmdb_registry.domain.bounds import MAX_NAME, MAX_SWEEP_METRICS
from wanllmdb_registry.domain.config.rules.algorithms import (
    problems_of_sampler,
    problems_of_stopping,
)
from wanllmdb_registry.domain.config.rules.command import problems_of_command
from wanllmdb_registry.domain.config.rules.constraints import problems_of_constraints
from wanllmdb_registry.domain.config.rules.imputation import problems_of_imputation
from wanllmdb_registry.domain.config.rules.space import problems_of_parameters
from wanllmdb_registry.domain.config.rules.values import Problems, problems_of_text
from wanllmdb_registry.domain.config.wording import MAX_PROBLEMS
from wanllmdb_registry.domain.config.written import Written, as_exported
from wanllmdb_registry.domain.model import ObjectiveValue, SweepSpec

MAX_MEAN_OVER = 100_000
MAX_SEED = 2**53
MAX_RUNS = 2**31
MAX_RETRIES = 100


def problems_of(spec: SweepSpec, written: Written | None = None) -> list[FieldViolation]:
    """Every problem of a spec, each with the path that it has in a config; or the first
    MAX_PROBLEMS and one more.

    Args:
        spec: What could be read.
        written: Where its parts stand; where left out, as `config_of` would write it.
    """
    written = as_exported(spec) if written is None else written
    found = dict.fromkeys(islice(with_checkpoints(_spec(spec, written)), MAX_PROBLEMS + 1))
    return [FieldViolation(path, text) for path, text in found]


def _spec(spec: SweepSpec, written: Written) -> Problems:
    of_parameters = list(islice(problems_of_parameters(spec.space, written), MAX_PROBLEMS + 1))
    yield from problems_of_sampler(spec, space_is_in_order=not of_parameters)
    yield from _metrics(spec, written)
    yield from problems_of_imputation(spec, written)
    yield from of_parameters
    yield from problems_of_constraints(spec.space, written.unreadable)
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


def _metrics(spec: SweepSpec, written: Written) -> Problems:
    if len(spec.metrics) > MAX_SWEEP_METRICS:
        yield "metrics", f"at most {MAX_SWEEP_METRICS}, are {len(spec.metrics)}"
    names: set[str] = set()
    for index, metric in enumerate(spec.metrics):
        path = written.metric(index)
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
            yield f"{path}.value", "mean_over goes with mean_last alone"
