"""The samplers."""

from __future__ import annotations

from wanllmdb_common.algorithms.description import AlgorithmDescription

SAMPLERS = (
    AlgorithmDescription(
        name="random",
        method="random",
        title="Random search",
        description=(
            "Draws each parameter from its law, independently of all runs. A good start where "
            "little is known, where runs are cheap, and as the yardstick of every other method."
        ),
        takes_several_metrics=True,
    ),
    AlgorithmDescription(
        name="grid",
        method="grid",
        title="Grid search",
        description=(
            "Tries every point of the space once: parameters by name, the last one fastest; "
            "continuous ones are stepped by q, else cut into a few values. For a few parameters "
            "with few values, when all of them are to be seen."
        ),
        takes_several_metrics=True,
        is_exhaustive=True,
    ),
    AlgorithmDescription(
        name="tpe",
        method="bayes",
        title="Tree-structured Parzen estimator (TPE)",
        description=(
            "After ten random runs it prefers parameters that are likely among the best runs and "
            "unlikely among the others; running runs count, so that parallel agents spread out. "
            "For runs that cost more than a second."
        ),
        needs_metric=True,
        uses_prior_runs=True,
        reference="Bergstra et al. 2011, Algorithms for Hyper-Parameter Optimization",
    ),
)
