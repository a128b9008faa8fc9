"""The methods that this server knows, as ListAlgorithms tells them."""

from __future__ import annotations

from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb

ALGORITHMS = (
    pb.Algorithm(
        method=sweep_pb2.METHOD_RANDOM,
        name="Random search",
        description=(
            "Draws each parameter from its law, independently of all runs. A good start where "
            "little is known, where runs are cheap, and as the yardstick of every other method."
        ),
    ),
    pb.Algorithm(
        method=sweep_pb2.METHOD_GRID,
        name="Grid search",
        description=(
            "Tries every point of the space once: parameters by name, the last one fastest; "
            "continuous ones are stepped by q, else cut into 10 values. For a few parameters with "
            "few values, when all of them are to be seen."
        ),
        is_exhaustive=True,
    ),
    pb.Algorithm(
        method=sweep_pb2.METHOD_BAYES,
        name="Bayesian optimization (TPE)",
        description=(
            "Tree-structured Parzen estimator: after ten random runs it prefers parameters that "
            "are likely among the best runs and unlikely among the others; running runs count, so "
            "that parallel agents spread out. For runs that cost more than a second."
        ),
        needs_metric=True,
    ),
)
