"""clients/PROTOCOL.md and the Python client have the same constants, variables and replicas."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from wanllmdb import _env
from wanllmdb._connection.addresses import REGISTRY, SUGGESTION
from wanllmdb._connection.routing import Routing
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb

PAGE = (Path(__file__).parents[3] / "clients" / "PROTOCOL.md").read_text()
ROWS = re.findall(r"^\| `(\w+)` \| ([\d., ]+) \| `([\w.\[\]]+)` \|$", PAGE, re.MULTILINE)
RULES = PAGE.partition("\n## 2.")[2]

# Modules whose numbers are part of the protocol, and their numbers that concern this client alone.
MODULES: dict[str, set[str]] = {
    "_agent.active_run": set(),
    "_agent.commands": set(),
    "_agent.early_stopping": set(),
    "_agent.loop": set(),
    "_agent.reporter": {
        # Threads that share an interpreter, memory and the spool.
        "_ROWS_AT_ONCE",
        "_BREATH",
        "MOST_IN_MEMORY",
        "MOST_WITHOUT_DISK",
        "_KEEP_EVERY",
        "_SHARE_OF_KEEPING",
        "_DISK_PAUSE",
        "_LAST_WAIT",
    },
    # Estimates of the size of a request.
    "_agent.row_batches": {"_BYTES_A_ROW", "_BYTES_A_VALUE", "_VALUES_A_PIECE"},
    "_agent.wait_policy": set(),
    "_connection.retries": set(),
    "_connection.routing": set(),
}


def value_at(path: str) -> Any:
    """Return what a dotted path of the table names; `[key]` at its end is an item."""
    path, bracket, key = path.removesuffix("]").partition("[")
    parts = path.split(".")
    found: Any = None
    for count in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for name in parts[count:]:
            found = getattr(found, name)
        break
    return found[key] if bracket else found


def number_of(text: str) -> Any:
    """Return a number of the table, or the pair of numbers of a range."""
    numbers = tuple(float(part) for part in text.split(","))
    return numbers if len(numbers) > 1 else numbers[0]


def numbers_in(module: str) -> set[str]:
    """Return the names of the numbers that a module of the client defines."""
    found = importlib.import_module(f"wanllmdb.{module}")
    assigned = (
        target.id
        for statement in ast.parse(inspect.getsource(found)).body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    )
    return {name for name in assigned if isinstance(getattr(found, name), int | float)}


def table_after(heading: str) -> list[list[str]]:
    """Return the cells of the first table after a heading."""
    lines = iter(PAGE.partition(heading)[2].splitlines())
    table = []
    for line in lines:
        if line.startswith("|"):
            table.append([cell.strip() for cell in line.strip("|").split("|")])
        elif table:
            break
    return table[2:]


def test_every_row_of_the_table_of_constants_is_read() -> None:
    assert [name for name, _, _ in ROWS] == [
        row[0].strip("`") for row in table_after("## 1. Constants")
    ]
    assert len({name for name, _, _ in ROWS}) == len({path for _, _, path in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("name", "text", "path"), ROWS, ids=[name for name, _, _ in ROWS])
def test_the_client_has_the_value_of_the_table(name: str, text: str, path: str) -> None:
    assert value_at(path) == number_of(text), f"{name}: {path}"


def test_the_rules_use_every_constant() -> None:
    assert [name for name, _, _ in ROWS if f"`{name}`" not in RULES] == []


@pytest.mark.parametrize("module", MODULES)
def test_every_number_of_the_agent_is_in_the_table(module: str) -> None:
    listed = {path for _, _, path in ROWS}
    unlisted = {n for n in numbers_in(module) if f"wanllmdb.{module}.{n}" not in listed}
    assert unlisted == MODULES[module]


def test_the_variables_exist_and_have_these_defaults() -> None:
    known = {value for name, value in vars(_env).items() if name.isupper()}
    table = table_after("## 2. Configuration")
    named = {variable for row in table for variable in re.findall(r"`(WANLLMDB_\w+)`", row[0])}
    defaults = {row[0]: row[2] for row in table}

    assert named <= known
    assert set(re.findall(r"`(WANLLMDB_\w*[A-Z])`", RULES)) <= known
    for service in (REGISTRY, SUGGESTION):
        assert defaults[f"`{service.variable}`"] == f"`{service.default_address}`"


def test_the_table_of_replicas_is_what_the_client_chooses() -> None:
    section = PAGE.partition("## 6.")[2].partition("## 7.")[0]
    replicas = re.findall(r"`([\d.]+:\d+)`", section.partition("| sweep |")[0])
    rows = table_after("For example, of the replicas")

    assert len(replicas) == 3
    assert rows
    for sweep, replica in rows:
        request = pb.SuggestRequest(sweep_id=sweep.strip("`"))
        assert Routing(replicas).replica_for(request) == replica.strip("`")
