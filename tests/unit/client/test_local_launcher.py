"""Agents that can't be started, and the records of launches that have ended."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from wanllmdb.cli.launching import local
from wanllmdb.cli.launching.local_records import LaunchRecord, LocalEngine, launches_folder
from wanllmdb.cli.launching.request import LaunchError, LaunchRequest

NAME = "wanllmdb-abcdefghij12-1a2b3c"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_an_agent_that_can_not_be_started_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_PROGRAM", ("/absent/python",))
    said: list[str] = []
    code = local.LocalLauncher(LaunchRequest("abcdefghij12", 2), NAME, said.append).run()
    assert code == 1
    assert len(said) == 2
    assert all("can't be started" in line and "/absent/python" in line for line in said)
    assert list(launches_folder().iterdir()) == []


def test_a_launch_is_listed_while_its_launcher_runs() -> None:
    with LaunchRecord.created(NAME, "abcdefghij12", 3):
        (launch,) = LocalEngine().launches()
        assert (launch.launch, launch.sweep_id) == (f"local/{NAME}", "abcdefghij12")
        assert (launch.running, launch.ended) == (0, 3)
    assert LocalEngine().launches() == []


def test_records_without_a_process_are_removed() -> None:
    left = launches_folder() / NAME
    left.mkdir(parents=True)
    (left / "launch.json").write_text('{"sweep_id": "abcdefghij12", "agents": 2}')
    # The system may have given this process id to another process.
    (left / "agent-0.pid").write_text("1\n")
    assert LocalEngine().launches() == []
    assert not left.exists()


@pytest.mark.parametrize(
    ("put", "reason"),
    [
        (os.mkfifo, "it is a FIFO, not a regular file"),
        (Path.mkdir, "it is a directory, not a regular file"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
        (lambda path: path.symlink_to("/dev/zero"), "it is a device, not a regular file"),
        (lambda path: os.truncate(path, 1 << 40), "it holds more than 4096 bytes"),
        (lambda path: path.write_text("[" * 4_000), "describes no launch"),
        (lambda path: path.write_text('["sweep_id"]'), "describes no launch"),
        (lambda path: path.write_text('{"sweep_id": "a", "agents": 1e999}'), "describes no launch"),
        (lambda path: path.write_bytes(b"\xff"), "describes no launch"),
        (Path.touch, "describes no launch"),
    ],
)
def test_what_is_no_record_is_left_alone(
    put: Callable[[Path], object], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = launches_folder() / "odd"
    odd.mkdir(parents=True)
    if reason.startswith("it holds"):
        (odd / "launch.json").touch()
    put(odd / "launch.json")
    with LaunchRecord.created(NAME, "abcdefghij12", 3):
        assert [launch.launch for launch in LocalEngine().launches()] == [f"local/{NAME}"]
    # The terminal's width may fold the line.
    told = " ".join(capsys.readouterr().err.split())
    assert told.startswith("note: ")
    assert reason in told
    assert os.path.lexists(odd / "launch.json")


def test_a_fifo_in_place_of_an_agent_s_file_is_no_agent() -> None:
    with LaunchRecord.created(NAME, "abcdefghij12", 3) as record:
        os.mkfifo(record.folder / "agent-0.pid")
        assert record.pids() == []


def test_a_folder_that_can_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(LaunchError, match="XDG_STATE_HOME"), LaunchRecord.created(NAME, "a", 1):
        pass
