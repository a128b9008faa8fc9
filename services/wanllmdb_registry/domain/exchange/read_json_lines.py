"""Results of elsewhere from JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.errors import FieldViolation, invalid_request
from wanllmdb_registry.domain.exchange.cells import metric_of_cell
from wanllmdb_registry.domain.exchange.columns import METRICS, PARAMETERS
from wanllmdb_registry.domain.exchange.states import state_of
from wanllmdb_registry.domain.model import RunState, SweepSpec
from wanllmdb_registry.domain.prior_runs import Row, result_state


def read_json_lines(spec: SweepSpec, text: str, path: str) -> Iterator[Row]:
    """The rows; keys that the sweep does not know are ignored, as are empty lines.

    Raises:
        InvalidArgumentError: a line is not a JSON object.
    """
    wanted = {p.name for p in spec.space.parameters}
    metrics = [metric.name for metric in spec.metrics]
    # Not splitlines: JSON texts may hold U+2028, which it would split at.
    lines = text.removeprefix("\ufeff").split("\n")
    for number, line in with_checkpoints(enumerate(lines, start=1)):
        if line.strip():
            yield _row(number, _object(line, number, path), wanted, metrics)


def _object(line: str, number: int, path: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        text = f"line {number} is not JSON: {error!s:.200}"
        raise invalid_request(FieldViolation(f"{path}.json_lines", text)) from None
    if not isinstance(entry, dict):
        text = f"line {number} is not an object, with names as keys"
        raise invalid_request(FieldViolation(f"{path}.json_lines", text))
    return entry


def _row(number: int, entry: dict[str, Any], wanted: set[str], metrics: list[str]) -> Row:
    problems: list[str] = []
    # As ExportRuns writes them, or flat. A parameter may itself be called "parameters".
    nested = isinstance(entry.get(PARAMETERS), Mapping) and PARAMETERS not in wanted
    values = entry[PARAMETERS] if nested else entry
    worth = entry.get(METRICS) if nested else entry
    if not isinstance(worth, Mapping):
        worth = {}
    reported: dict[str, float] = {}
    for name in metrics:
        if worth.get(name) is not None:
            try:
                reported[name] = metric_of_cell(worth[name])
            except ValueError as error:
                problems.append(f"{name:.60}: {error}")
    # Where a parameter is called so, the key is the parameter's.
    taken = set() if nested else wanted
    fixed = {key: value for key, value in entry.items() if key not in taken}
    state, last_step = RunState.FINISHED, fixed.get("last_step")
    try:
        state = result_state(state_of(fixed.get("state")), fixed.get("error"), reported, metrics)
    except ValueError as error:
        problems.append(str(error))
    if isinstance(last_step, bool) or not isinstance(last_step, int) or not 0 <= last_step < 2**63:
        last_step = None
    return Row(
        f"json_lines[{number - 1}]",
        f"JSON line {number}",
        {name: value for name, value in values.items() if name in wanted},
        reported,
        state,
        last_step,
        tuple(problems),
    )
