"""`make check` fails on a change of the protos that breaks clients or older services."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = "wanllmdb/api/registry/v1/run.proto"
INTERNAL = "wanllmdb/internal/registry/v1/internal_registry_service.proto"
NO_BREAK = "protos/ breaks no client and no older service\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the check reads."""
    for name in ("protos", ".ci"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    return tmp_path


@pytest.fixture
def check(checkout: Path) -> Callable[[], tuple[int, str]]:
    buf = Path(sys.executable).parent / "buf"

    def run() -> tuple[int, str]:
        done = subprocess.run(
            [checkout / ".ci" / "breaking", buf],
            env={"HOME": str(checkout), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def replace(checkout: Path, proto: str, old: str, new: str) -> None:
    file = checkout / "protos" / proto
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


def test_the_protos_break_no_client(check: Callable[[], tuple[int, str]]) -> None:
    code, said = check()
    assert (code, said) == (0, NO_BREAK)


def test_a_removed_field_is_found(checkout: Path, check: Callable[[], tuple[int, str]]) -> None:
    replace(checkout, RUN, "  optional int64 metric_values = 22;\n", "")
    code, said = check()
    assert code == 1
    assert 'Previously present field "22" with name "metric_values" on message "Run"' in said
    assert "make baseline" in said


def test_a_change_between_the_services_is_found(
    checkout: Path, check: Callable[[], tuple[int, str]]
) -> None:
    # As a field once changed its type under its number, which older suggestion services can't read.
    replace(
        checkout,
        INTERNAL,
        "  string parameters_json = 4;\n",
        "  map<string, string> parameters = 4;\n",
    )
    code, said = check()
    assert code == 1
    assert 'Field "4"' in said
    assert '"SyncedRun"' in said


def test_a_new_field_passes(checkout: Path, check: Callable[[], tuple[int, str]]) -> None:
    replace(
        checkout,
        RUN,
        "  optional int64 metric_values = 22;\n",
        "  optional int64 metric_values = 22;\n  string later = 999;\n",
    )
    code, said = check()
    assert (code, said) == (0, NO_BREAK)
