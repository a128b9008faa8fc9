"""Samplers, pruners, terminators and importance evaluators, as the server describes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wanllmdb._types.enums import AlgorithmKind, Method, OptionType


@dataclass(frozen=True, slots=True)
class AlgorithmOption:
    """An option of an algorithm.

    `default` is UNSET where the option is required, None where the algorithm then
    decides by itself. `min` and `max` are None for no bound; the bound itself is not
    allowed where it is excluded. `choices` are for a CHOICE.
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

    `name` is what a config says: `sampler: {name: ..., options: {...}}`. `method` is
    the family of a sampler, None for the other kinds. `is_installed` says whether
    this server has all that it `requires`.
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
