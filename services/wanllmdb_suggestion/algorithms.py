"""The algorithms of this server: which are installed, and how ListAlgorithms describes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec

from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb_common.algorithms.description import AlgorithmDescription, Option, Required
from wanllmdb_common.algorithms.importance_evaluators import IMPORTANCE_EVALUATORS
from wanllmdb_common.algorithms.pruners import PRUNERS
from wanllmdb_common.algorithms.samplers import SAMPLERS
from wanllmdb_common.algorithms.terminators import TERMINATORS
from wanllmdb_common.search_space.proto_conversion import value_to_proto
from wanllmdb_suggestion.errors import not_installed, not_known
from wanllmdb_suggestion.optimizer.pruners.make_stop_rule import wrapped_choice
from wanllmdb_suggestion.optimizer.types import StudySpec

_METHODS = {
    "": sweep_pb2.METHOD_UNSPECIFIED,
    "random": sweep_pb2.METHOD_RANDOM,
    "grid": sweep_pb2.METHOD_GRID,
    "bayes": sweep_pb2.METHOD_BAYES,
}


def is_installed(description: AlgorithmDescription) -> bool:
    """Return whether every module that the algorithm needs is installed."""
    return all(_is_there(module) for module in description.modules)


def require_algorithms(spec: StudySpec) -> None:
    """Check that this server has every algorithm of the sweep.

    Raises:
        FailedPreconditionError: ALGORITHM_NOT_INSTALLED.
    """
    _require(spec.sampler.name, SAMPLERS)
    require_pruner(spec)
    if spec.terminator is not None:
        _require(spec.terminator.name, TERMINATORS)


def require_pruner(spec: StudySpec) -> None:
    """Check that this server has the sweep's pruner, if the sweep has one.

    Raises:
        FailedPreconditionError: ALGORITHM_NOT_INSTALLED.
    """
    choice = spec.pruner
    while choice is not None:
        _require(choice.name, PRUNERS)
        choice = wrapped_choice(choice)


def _require(name: str, known: Sequence[AlgorithmDescription]) -> None:
    for description in known:
        if description.name == name:
            if not is_installed(description):
                raise not_installed(name, description.requires)
            return
    raise not_known(name)


@cache
def _is_there(module: str) -> bool:
    return find_spec(module) is not None


def list_algorithms() -> Iterator[pb.Algorithm]:
    """Yield every algorithm, ordered by kind, then by name."""
    for kind, known in (
        (pb.ALGORITHM_KIND_SAMPLER, SAMPLERS),
        (pb.ALGORITHM_KIND_PRUNER, PRUNERS),
        (pb.ALGORITHM_KIND_TERMINATOR, TERMINATORS),
        (pb.ALGORITHM_KIND_IMPORTANCE_EVALUATOR, IMPORTANCE_EVALUATORS),
    ):
        for description in sorted(known, key=lambda d: d.name):
            yield _to_proto(kind, description)


def _to_proto(kind: pb.AlgorithmKind.ValueType, description: AlgorithmDescription) -> pb.Algorithm:
    return pb.Algorithm(
        kind=kind,
        name=description.name,
        method=_METHODS[description.method],
        title=description.title,
        description=description.description,
        options=map(_option_to_proto, description.options),
        needs_metric=description.needs_metric,
        takes_several_metrics=description.takes_several_metrics,
        takes_conditions=description.takes_conditions,
        space_notes=description.space_notes,
        is_exhaustive=description.is_exhaustive,
        uses_prior_runs=description.uses_prior_runs,
        is_replayable=description.is_replayable,
        replay_notes=description.replay_notes,
        requires=description.requires,
        is_installed=is_installed(description),
        reference=description.reference,
    )


def _option_to_proto(option: Option) -> pb.AlgorithmOption:
    return pb.AlgorithmOption(
        name=option.name,
        type=pb.OptionType.Value(f"OPTION_TYPE_{option.type}"),
        description=option.description,
        default=None if isinstance(option.default, Required) else value_to_proto(option.default),
        min=option.min,
        max=option.max,
        min_is_excluded=option.min_is_excluded,
        max_is_excluded=option.max_is_excluded,
        choices=option.choices,
    )
