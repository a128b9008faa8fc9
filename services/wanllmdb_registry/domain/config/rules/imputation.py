"""What runs without an objective count as: whether the sweep's method can go by it."""

from __future__ import annotations

from collections.abc import Iterator

from wanllmdb_registry.domain.config.rules.values import Problems
from wanllmdb_registry.domain.config.written import Written
from wanllmdb_registry.domain.model import Impute, Method, SweepSpec

# They choose the parents of a generation from runs that have ended.
_BY_GENERATIONS = ("cmaes", "nsga2", "nsga3")
_KEYS = ("impute", "impute_while_running")


def problems_of_imputation(spec: SweepSpec, written: Written) -> Problems:
    """With several metrics one rule holds for all, and samplers take it."""
    metrics = spec.metrics
    for key in _KEYS:
        for index, metric in enumerate(metrics):
            path = f"{written.metric(index)}.{key}"
            strategy = getattr(metric, key)
            if strategy is not getattr(metrics[0], key):
                yield path, "must be the same for all metrics: a run has a value of each or none"
            elif strategy in (Impute.BEST, Impute.LATEST) and len(metrics) > 1:
                yield path, f"{strategy} is for one metric; with several, worst is left"
    if spec.sampler.name in _BY_GENERATIONS:
        for index, metric in enumerate(metrics):
            if metric.impute_while_running is not None:
                yield (
                    f"{written.metric(index)}.impute_while_running",
                    f"{spec.sampler.name} learns from generations of runs that have ended: leave "
                    "it out, or choose the sampler tpe or gp",
                )


def remarks_on_imputation(spec: SweepSpec) -> Iterator[str]:
    """Where it has no effect."""
    if spec.method is Method.BAYES:
        return
    named = [key for key in _KEYS if any(getattr(metric, key) for metric in spec.metrics)]
    if named:
        yield (
            f"{' and '.join(named)} of the metric {'have' if len(named) > 1 else 'has'} no effect: "
            f"method {spec.method.value} does not learn from runs"
        )
