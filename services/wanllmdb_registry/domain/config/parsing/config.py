"""Parse a W&B-style config into a spec, or report every problem that it has."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.errors import FieldViolation
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Constant,
    Distribution,
    ParameterValue,
    Quantized,
    SearchSpace,
)
from wanllmdb_common.search_space.grid import Grid
from wanllmdb_common.search_space.grid_axis import axis
from wanllmdb_common.search_space.quantiles import cardinality
from wanllmdb_common.search_space.steps import round_to_multiple
from wanllmdb_registry.domain.config.grids import grid_of
from wanllmdb_registry.domain.config.normal_form import in_normal_form
from wanllmdb_registry.domain.config.parsing.algorithms import (
    parse_algorithm,
    parse_early_termination,
    parse_sampler,
)
from wanllmdb_registry.domain.config.parsing.metrics import parse_metrics
from wanllmdb_registry.domain.config.parsing.parameters import parse_space
from wanllmdb_registry.domain.config.parsing.reader import ConfigReader
from wanllmdb_registry.domain.config.problems import (
    ConfigPaths,
    bounded,
    exported_paths,
    invalid_config,
    shown,
)
from wanllmdb_registry.domain.config.validation.spec import _KEYS, problems_of
from wanllmdb_registry.domain.config.validation.values import ConfigSize, problems_of_text
from wanllmdb_registry.domain.config.vocabulary import (
    DISTRIBUTION_KEYS,
    IGNORED_KEYS,
    MISPLACED_KEYS,
    TOP_LEVEL_KEYS,
)
from wanllmdb_registry.domain.model import ArgsStyle, Method, RetryPolicy, SweepSpec

MAX_NAME = 200
MAX_DESCRIPTION = 10_000


@dataclass(frozen=True, slots=True)
class ParsedConfig:
    """A valid config, with warnings about what its author may not expect.

    `grid_size` is the number of points of the grid, for method grid.
    """

    spec: SweepSpec
    project: str = ""
    name: str = ""
    description: str = ""
    warnings: tuple[str, ...] = ()
    grid_size: int | None = None


def parse_config(
    config: Mapping[str, Any], warnings: Sequence[str] = (), *, keeps_floats: bool = True
) -> ParsedConfig:
    """Return the spec with every default filled in, except for the seed.

    Args:
        config: The result of `read_text`.
        warnings: Warnings about the text, which go before the others.
        keeps_floats: Whether the writer of the text writes 1.0 apart from 1; if not, a warning
            names each parameter that is an integer because its bounds are.

    Raises:
        InvalidArgumentError: has every problem, each with its path.
    """
    ConfigSize().walk(config)
    reader = ConfigReader(warnings, keeps_floats=keeps_floats)
    spec, paths = _read(reader, config)
    project, name = (_text(reader, config, key, MAX_NAME) for key in ("project", "name"))
    description = _text(reader, config, "description", MAX_DESCRIPTION)
    parsed = _parsed(spec, paths, reader.problems, tuple(reader.warnings))
    return replace(parsed, project=project, name=name, description=description)


def parse_stored(config: Mapping[str, Any]) -> SweepSpec:
    """Return the spec of a config that `config_of` wrote; its values are not validated again.

    Raises:
        InvalidArgumentError: the config is not of this form.
    """
    reader = ConfigReader(is_stored=True)
    spec, _ = _read(reader, config)
    if reader.problems:
        raise invalid_config(reader.problems)
    return spec


def check_spec(
    spec: SweepSpec, paths: ConfigPaths | None = None, problems: Sequence[FieldViolation] = ()
) -> ParsedConfig:
    """Return what `parse_config` returns, for a spec that arrived as a message.

    Args:
        spec: The readable parts of the spec.
        paths: The paths of its parts; by default those in the config of `config_of`.
        problems: The problems of the unreadable parts.

    Raises:
        InvalidArgumentError: has every problem, each with its path.
    """
    return _parsed(spec, exported_paths(spec) if paths is None else paths, problems)


def _parsed(
    spec: SweepSpec,
    paths: ConfigPaths,
    unread: Sequence[FieldViolation],
    warnings: Sequence[str] = (),
) -> ParsedConfig:
    """Validate what could be read; report no second problem of an unreadable field."""
    reported = {problem.field for problem in unread}
    if any(field.startswith("parameters.") for field in reported):
        # The config has parameters, though none could be read.
        reported.add("parameters")
    rest = [problem for problem in problems_of(spec, paths) if problem.field not in reported]
    if unread or rest:
        raise invalid_config([*unread, *rest])
    spec = replace(spec, space=in_normal_form(spec.space))
    found = [
        *warnings,
        *condition_warnings(spec.space),
        *imputation_warnings(spec),
    ]
    grid = grid_of(spec)
    if grid is not None:
        found += grid_warnings(grid, spec.run_cap)
    return ParsedConfig(
        spec, warnings=bounded(found), grid_size=None if grid is None else grid.size
    )


def _read(reader: ConfigReader, config: Mapping[str, Any]) -> tuple[SweepSpec, ConfigPaths]:
    """Return a spec of all that could be read, so that its values can be validated, too."""
    _check_keys(reader, config)
    method, sampler = parse_sampler(reader, config)
    metrics, metrics_are_listed = parse_metrics(reader, config)
    space, paths = parse_space(reader, config)
    spec = SweepSpec(
        method=method,
        space=space,
        sampler=sampler,
        metrics=metrics,
        early_termination=parse_early_termination(reader, config),
        run_cap=reader.integer(config, "", "run_cap"),
        seed=reader.integer(config, "", "seed"),
        retries=_retries(reader, config),
        terminator=parse_algorithm(reader, config, "terminate"),
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
    return spec, replace(paths, metrics_are_listed=metrics_are_listed)


def _check_keys(reader: ConfigReader, config: Mapping[str, Any]) -> None:
    others = {}
    for key, value in with_checkpoints(config.items()):
        if key in MISPLACED_KEYS:
            reader.problem(key, MISPLACED_KEYS[key])
        elif key in IGNORED_KEYS:
            reader.warn(f"{key}: has no effect: {IGNORED_KEYS[key]}")
        elif key not in TOP_LEVEL_KEYS and _is_distribution(value):
            reader.problem(
                f"{key!s:.200}",
                f"belongs to the parameters: write parameters: {{{key!s:.50}: ...}}",
            )
        else:
            others[key] = value
    reader.known_or_ignored_keys("", others, TOP_LEVEL_KEYS)


def _is_distribution(value: Any) -> bool:
    """Return whether the value looks like a parameter's distribution or group."""
    return isinstance(value, Mapping) and any(
        key in value for key in (*DISTRIBUTION_KEYS, "parameters")
    )


def _retries(reader: ConfigReader, config: Mapping[str, Any]) -> RetryPolicy:
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


def _text(reader: ConfigReader, config: Mapping[str, Any], key: str, limit: int) -> str:
    text = reader.text(config, "", key)
    for path, problem in problems_of_text(key, text, limit):
        reader.problem(path, problem)
    return text


def _as_list(command: Any) -> str:
    """Return how to write a command line that was given as a text."""
    if not isinstance(command, str):
        return ""
    try:
        parts = shlex.split(command)
    except ValueError:
        return "; write one text for each part"
    written = ", ".join(f'"{part}"' for part in parts)
    return f"; write [{written}]" if len(written) < 300 else "; write one text for each part"


# Above this number of points, the exact number is of no use.
COUNTABLE = 10**18


def condition_warnings(space: SearchSpace) -> Iterator[str]:
    """Yield warnings about parameters whose condition needs a value that is hardly ever drawn."""
    distributions = {parameter.name: parameter.distribution for parameter in space.parameters}
    for parameter in space.parameters:
        for condition in parameter.conditions:
            distribution = distributions[condition.parameter]
            if not any(_is_drawn(distribution, value) for value in condition.values):
                values = ", ".join(map(shown, condition.values[:10]))
                yield (
                    f"parameter '{parameter.name}' requires that '{condition.parameter}' is "
                    f"{values}, which is hardly ever drawn: perhaps no run has this parameter"
                )


def _is_drawn(distribution: Distribution, value: ParameterValue) -> bool:
    """Return whether exactly this value, a possible one, is drawn with a real probability."""
    if isinstance(distribution, Constant | Categorical):
        return True
    assert isinstance(value, int | float)
    if isinstance(distribution, Quantized):
        return round_to_multiple(value, distribution.q) == value
    return cardinality(distribution) is not None and axis(distribution).position(value) is not None


def grid_warnings(grid: Grid, run_cap: int | None) -> Iterator[str]:
    """Yield the notes of a grid, and a warning where the cap ends the sweep before its points."""
    yield from grid.notes
    if run_cap is not None and run_cap < grid.size:
        size = str(grid.size) if grid.size < COUNTABLE else "more than 10^18"
        yield f"run_cap {run_cap} ends the sweep before all of its {size} grid points are tried"


def imputation_warnings(spec: SweepSpec) -> Iterator[str]:
    """Yield a warning where imputation has no effect."""
    if spec.method is Method.BAYES:
        return
    named = [key for key in _KEYS if any(getattr(metric, key) for metric in spec.metrics)]
    if named:
        yield (
            f"{' and '.join(named)} of the metric {'have' if len(named) > 1 else 'has'} no effect: "
            f"method {spec.method.value} does not learn from runs"
        )
