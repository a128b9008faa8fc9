"""Samplers, pruners, terminators and importance evaluators, as the server describes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wanllmdb._types.enums import (
    AlgorithmKind,
    Method,
    OptionType,
    enum_from_proto,
    optional_enum_from_proto,
)
from wanllmdb._types.values import UNSET, from_parameter_value, optional_field
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb


@dataclass(frozen=True, slots=True)
class AlgorithmOption:
    """An option of an algorithm.

    `default` is UNSET if the option is required, None if the algorithm chooses a value itself.
    `min` and `max` are None for no bound; an option can't equal an excluded bound. `choices` belong
    to options of type CHOICE.
    """

    name: str
    type: OptionType
    description: str
    default: Any
    min: float | None
    max: float | None
    min_is_excluded: bool
    max_is_excluded: bool
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm and what it can do.

    `name` is the name in a config: `sampler: {name: ..., options: {...}}`. `method` is
    the family of a sampler, None for the other kinds. `is_installed` is whether this server has
    every package that the algorithm `requires`.
    """

    kind: AlgorithmKind
    name: str
    method: Method | None
    title: str
    description: str
    options: tuple[AlgorithmOption, ...]
    needs_metric: bool
    takes_several_metrics: bool
    takes_conditions: bool
    space_notes: str
    is_exhaustive: bool
    uses_prior_runs: bool
    is_replayable: bool
    replay_notes: str
    requires: tuple[str, ...]
    is_installed: bool
    reference: str


def algorithm_from_proto(message: suggestion_pb.Algorithm) -> Algorithm:
    """One algorithm that the server knows."""
    return Algorithm(
        kind=enum_from_proto(AlgorithmKind, message, "kind"),
        name=message.name,
        method=optional_enum_from_proto(Method, message, "method"),
        title=message.title,
        description=message.description,
        options=tuple(map(_option_from_proto, message.options)),
        needs_metric=message.needs_metric,
        takes_several_metrics=message.takes_several_metrics,
        takes_conditions=message.takes_conditions,
        space_notes=message.space_notes,
        is_exhaustive=message.is_exhaustive,
        uses_prior_runs=message.uses_prior_runs,
        is_replayable=message.is_replayable,
        replay_notes=message.replay_notes,
        requires=tuple(message.requires),
        is_installed=message.is_installed,
        reference=message.reference,
    )


def _option_from_proto(message: suggestion_pb.AlgorithmOption) -> AlgorithmOption:
    return AlgorithmOption(
        name=message.name,
        type=enum_from_proto(OptionType, message, "type"),
        description=message.description,
        default=from_parameter_value(message.default) if message.HasField("default") else UNSET,
        min=optional_field(message, "min"),
        max=optional_field(message, "max"),
        min_is_excluded=message.min_is_excluded,
        max_is_excluded=message.max_is_excluded,
        choices=tuple(message.choices),
    )
