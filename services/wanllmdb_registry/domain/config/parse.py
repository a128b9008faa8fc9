"""Reads a W&B-style config into a spec, or names every problem that it has."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.errors import FieldViolation
from wanllmdb_registry.domain.config.grids import grid_of
from wanllmdb_registry.domain.config.normal_form import in_normal_form
from wanllmdb_registry.domain.config.reading.algorithms import (
    read_algorithm,
    read_early_termination,
    read_sampler,
)
from wanllmdb_registry.domain.config.reading.metrics import read_metrics
from wanllmdb_registry.domain.config.reading.parameters import read_space
from wanllmdb_registry.domain.config.reading.reader import Reader
from wanllmdb_registry.domain.config.remarks import remarks_on_conditions, remarks_on_grid
from wanllmdb_registry.domain.config.rules.imputation import remarks_on_imputation
from wanllmdb_registry.domain.config.rules.values import problems_of_text
from wanllmdb_registry.domain.config.size import ConfigSize
from wanllmdb_registry.domain.config.validate import problems_of
from wanllmdb_registry.domain.config.vocabulary import (
    IGNORED_KEYS,
    LAW_KEYS,
    REFUSED_KEYS,
    TOP_LEVEL_KEYS,
)
from wanllmdb_registry.domain.config.wording import bounded, invalid_config
from wanllmdb_registry.domain.config.written import Written, as_exported
from wanllmdb_registry.domain.model import ArgsStyle, RetryPolicy, SweepSpec

MAX_NAME = 200
MAX_DESCRIPTION = 10_000


@dataclass(frozen=True, slots=True)
class ParsedConfig:
    """A config that is in order, with what the reader may not expect of it.

    `grid_size` is the number of points of the grid, for method grid.
    """

    spec: SweepSpec
    project: str = ""
    name: str = ""
    description: str = ""
    warnings: tuple[str, ...] = ()
    grid_size: int | None = None


def parse_config(config: Mapping[str, Any], remarks: Sequence[str] = ()) -> ParsedConfig:
    """The spec with every default filled in, but for the seed.

    Args:
        config: As `read_text` gives it.
        remarks: What its text said of itself; the first of the warnings.

    Raises:
        InvalidArgumentError: names every problem at once, each with its path.
    """
    ConfigSize().walk(config)
    reader = Reader(remarks)
    spec, written = _read(reader, config)
    project, name = (_text(reader, config, key, MAX_NAME) for key in ("project", "name"))
    description = _text(reader, config, "description", MAX_DESCRIPTION)
    parsed = _parsed(spec, written, reader.problems, tuple(reader.warnings))
    return replace(parsed, project=project, name=name, description=description)


def read_stored(config: Mapping[str, Any]) -> SweepSpec:
    """The spec that `config_of` wrote; its values are not checked again.

    Raises:
        InvalidArgumentError: it is none.
    """
    reader = Reader(is_stored=True)
    spec, _ = _read(reader, config)
    if reader.problems:
        raise invalid_config(reader.problems)
    return spec


def check_spec(
    spec: SweepSpec, written: Written | None = None, problems: Sequence[FieldViolation] = ()
) -> ParsedConfig:
    """What `parse_config` gives, for a spec that came typed.

    Args:
        spec: What could be read of it.
        written: Where its parts stand; where left out, as `config_of` would write it.
        problems: What could not be read.

    Raises:
        InvalidArgumentError: names every problem at once, each with its path.
    """
    return _parsed(spec, as_exported(spec) if written is None else written, problems)


def _parsed(
    spec: SweepSpec,
    written: Written,
    unread: Sequence[FieldViolation],
    warnings: Sequence[str] = (),
) -> ParsedConfig:
    """Checks what could be read; of a field that could not be, nothing more is told."""
    told = {problem.field for problem in unread}
    if any(field.startswith("parameters.") for field in told):
        # There are some; they can't be read.
        told.add("parameters")
    rest = [problem for problem in problems_of(spec, written) if problem.field not in told]
    if unread or rest:
        raise invalid_config([*unread, *rest])
    spec = replace(spec, space=in_normal_form(spec.space))
    remarks = [
        *warnings,
        *remarks_on_conditions(spec.space),
        *remarks_on_imputation(spec),
    ]
    grid = grid_of(spec)
    if grid is not None:
        remarks += remarks_on_grid(grid, spec.run_cap)
    return ParsedConfig(
        spec, warnings=bounded(remarks), grid_size=None if grid is None else grid.size
    )


def _read(reader: Reader, config: Mapping[str, Any]) -> tuple[SweepSpec, Written]:
    """A spec that holds what could be read, so that its values can be checked too."""
    _check_keys(reader, config)
    method, sampler = read_sampler(reader, config)
    metrics, metrics_are_listed = read_metrics(reader, config)
    space, written = read_space(reader, config)
    spec = SweepSpec(
        method=method,
        space=space,
        sampler=sampler,
        metrics=metrics,
        early_termination=read_early_termination(reader, config),
        run_cap=reader.integer(config, "", "run_cap"),
        seed=reader.integer(config, "", "seed"),
        retries=_retries(reader, config),
        terminator=read_algorithm(reader, config, "terminate"),
        max_failed_runs=reader.integer(config, "", "max_failed_runs"),
        program=reader.text(config, "", "program"),
        command=tuple(
            reader.texts(
                config,
                "",
                "command",
                hint=_as_list(config.get("command")),
                takes_numbers=True,
            )
        ),
        args_style=reader.choice(config, "", "args_style", ArgsStyle) or ArgsStyle.FLAT,
    )
    return spec, replace(written, metrics_are_listed=metrics_are_listed)


def _check_keys(reader: Reader, config: Mapping[str, Any]) -> None:
    others = {}
    for key, value in with_checkpoints(config.items()):
        if key in REFUSED_KEYS:
            reader.problem(key, REFUSED_KEYS[key])
        elif key in IGNORED_KEYS:
            reader.warn(f"{key}: has no effect: {IGNORED_KEYS[key]}")
        elif key not in TOP_LEVEL_KEYS and _is_law(value):
            reader.problem(
                f"{key!s:.200}",
                f"belongs to the parameters: write parameters: {{{key!s:.50}: ...}}",
            )
        else:
            others[key] = value
    reader.known_or_ignored_keys("", others, TOP_LEVEL_KEYS)


def _is_law(value: Any) -> bool:
    """Whether it reads like a parameter's distribution or group."""
    return isinstance(value, Mapping) and any(key in value for key in (*LAW_KEYS, "parameters"))


def _retries(reader: Reader, config: Mapping[str, Any]) -> RetryPolicy:
    default = RetryPolicy()
    data = reader.mapping(config, "", "retries")
    if data is None:
        return default
    reader.known_keys("retries", data, ("lost", "failed"))
    lost = reader.integer(data, "retries", "lost")
    failed = reader.integer(data, "retries", "failed")
    return RetryPolicy(
        default.lost if lost is None else lost, default.failed if failed is None else failed
    )


def _text(reader: Reader, config: Mapping[str, Any], key: str, limit: int) -> str:
    text = reader.text(config, "", key)
    for path, problem in problems_of_text(key, text, limit):
        reader.problem(path, problem)
    return text


def _as_list(command: Any) -> str:
    """How a command line that was given as a text is written."""
    if not isinstance(command, str):
        return ""
    try:
        parts = shlex.split(command)
    except ValueError:
        return "; write one text a part"
    written = ", ".join(f'"{part}"' for part in parts)
    return f"; write [{written}]" if len(written) < 300 else "; write one text a part"
