"""The spool's files are complete, private, locked, bounded and readable again."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.client.runs import run
from wanllmdb import Failed, MetricRow, NotFoundError, Outcome, Succeeded
from wanllmdb._calls import run_calls
from wanllmdb._connection.addresses import REGISTRY, are_same
from wanllmdb._spool import BadSpoolFileError, RunSpool, Spool, SpooledRun, SpoolFullError, folder

ROWS = [MetricRow(3, {"loss": math.nan, "acc": 0.5}, datetime(2026, 1, 1, tzinfo=UTC))]


def end(number: int = 0, outcome: Outcome = Succeeded()) -> SpooledRun:  # noqa: B008  # frozen
    request = run_calls.finish_run("sweep", number, 1, outcome, ROWS, {"epochs": 3}, None).request
    return SpooledRun("host:1", "sweep", number, 1, (request,))


def rows(number: int = 0) -> SpooledRun:
    request = run_calls.report_metrics("sweep", number, 1, ROWS, None).request
    return SpooledRun("host:1", "sweep", number, 1, (request,))


# The child says that it is there, and lives until the parent has looked.
FORKED = """
import os, pathlib, sys
from wanllmdb._spool import Spool, SpooledRun
spool = Spool(pathlib.Path(sys.argv[1]))
file = spool.put(SpooledRun.from_json(sys.argv[2].encode()))
forked_reader, forked = os.pipe()
over_reader, over = os.pipe()
child = os.fork()
if child == 0:
    os.write(forked, b"1")
    os.read(over_reader, 1)
    os._exit(0)
os.read(forked_reader, 1)
file.close()
taken = spool.take(file.path)
os.write(over, b"1")
os.waitpid(child, 0)
print("locked" if taken is None else "free")
"""


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "state" / "spool")


class TestContent:
    def test_it_comes_back_as_it_was(self) -> None:
        spooled = end(outcome=Failed("broke", "trace"))

        read = SpooledRun.from_json(spooled.to_json())

        assert read == spooled
        assert (read.is_end, read.outcome, read.values) == (True, "failed", 2)

    def test_what_was_logged_is_no_end(self) -> None:
        read = SpooledRun.from_json(rows().to_json())

        assert (read.is_end, read.outcome, read.values) == (False, "", 2)

    def test_an_error_is_kept_with_it(self) -> None:
        refused = end().rejected(NotFoundError("no such sweep", reason="SWEEP_NOT_FOUND"))

        read = SpooledRun.from_json(refused.to_json())

        assert read.rejection == refused.rejection
        assert read.rejection is not None
        assert (read.rejection.message, read.rejection.reason) == (
            "no such sweep",
            "SWEEP_NOT_FOUND",
        )

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"[]",
            b"{}",
            end().to_json()[:-40],
            end().to_json().replace(b"FinishRun", b"DeleteSweep"),
            end().to_json().replace(b'"message": "', b'"message": "!'),
            b"\xff\xfe",
        ],
    )
    def test_anything_else_is_reported(self, data: bytes) -> None:
        with pytest.raises(BadSpoolFileError, match="not a spool file, or is broken"):
            SpooledRun.from_json(data)

    def test_a_newer_version_is_reported(self) -> None:
        content = json.loads(end().to_json()) | {"version": 2}

        with pytest.raises(BadSpoolFileError, match="format 2, but this wanllmdb reads format 1"):
            SpooledRun.from_json(json.dumps(content).encode())


class TestFolder:
    def test_it_is_where_the_environment_says(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WANLLMDB_SPOOL_DIR", "/a/spool")
        assert Spool.of_environment().path == Path("/a/spool")
        monkeypatch.delenv("WANLLMDB_SPOOL_DIR")
        monkeypatch.setenv("XDG_STATE_HOME", "/state")
        assert Spool.of_environment().path == Path("/state/wanllmdb/spool")
        monkeypatch.delenv("XDG_STATE_HOME")
        monkeypatch.setenv("HOME", "/home/me")
        assert Spool.of_environment().path == Path("/home/me/.local/state/wanllmdb/spool")

    def test_no_registry_leads_it_out_of_its_folder(self, spool: Spool) -> None:
        request = end().requests[0]
        outside = SpooledRun("host:1", "../../outside/x", 0, 1, (request,))

        with spool.put(outside) as file:
            assert file.path.parent == spool.path
        assert spool.paths() == [file.path]
        assert [entry.name for entry in spool.path.parent.parent.iterdir()] == ["state"]

    def test_files_are_for_their_owner_alone(self, spool: Spool) -> None:
        with spool.put(end()) as file:
            assert file.path.stat().st_mode & 0o777 == 0o600
        assert spool.path.stat().st_mode & 0o777 == 0o700

    def test_they_come_by_run_values_before_ends(self, spool: Spool) -> None:
        for spooled in (end(10), end(2), rows(10)):
            spool.put(spooled).close()

        assert [path.name for path in spool.paths()] == [
            "sweep-2-1.end.json",
            "sweep-10-1.rows.json",
            "sweep-10-1.end.json",
        ]

    def test_a_file_is_one_process_s_until_it_ends(self, spool: Spool) -> None:
        file = spool.put(end())
        assert spool.take(file.path) is None
        file.close()

        taken = spool.take(file.path)
        assert taken is not None
        with taken:
            assert taken.run.number == 0
            assert spool.take(file.path) is None

    def test_a_fork_keeps_no_lock(self, spool: Spool) -> None:
        """In a process of its own: this one has threads of gRPC, which a fork may not survive."""
        kept = spool.put(end())
        content = kept.path.read_text()
        kept.close()
        forked = [sys.executable, "-c", FORKED, str(spool.path), content]
        ended = subprocess.run(forked, capture_output=True, text=True, timeout=60, check=False)

        assert (ended.returncode, ended.stdout) == (0, "free\n"), ended.stderr

    def test_a_file_that_was_delivered_meanwhile_is_none(self, spool: Spool) -> None:
        file = spool.put(end())
        file.remove()

        assert spool.take(file.path) is None
        assert spool.paths() == []

    def test_what_is_rejected_is_put_aside(self, spool: Spool) -> None:
        kept = spool.put(end()).reject(NotFoundError("gone"))

        assert spool.paths() == []
        assert spool.paths(rejected=True) == [kept] == [spool.find(kept.name)]
        taken = spool.take(kept)
        assert taken is not None
        # A second rejection leaves the file there.
        assert taken.reject(NotFoundError("still gone")) == kept
        read = SpooledRun.from_json(kept.read_bytes())
        assert read.rejection is not None
        assert read.rejection.message == "still gone"

    def test_it_is_bounded(self, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(folder, "MAX_FILES", 2)
        for number in range(2):
            spool.put(end(number)).close()

        with pytest.raises(SpoolFullError, match=r"hold 2 files .*wanllmdb spool send"):
            spool.put(end(2))
        # A file that replaces another one takes no more space.
        spool.put(end(1)).close()

        monkeypatch.setattr(folder, "MAX_FILES", 10)
        monkeypatch.setattr(folder, "MAX_BYTES", 1_000)
        with pytest.raises(SpoolFullError):
            spool.put(end(3))

    def test_what_was_never_finished_goes_after_a_while(self, spool: Spool) -> None:
        spool.put(end()).close()
        new, old = (spool.path / f".{name}" for name in ("new", "old"))
        for path in (new, old):
            path.touch()
        os.utime(old, (time.time() - 7_200,) * 2)

        spool.clear_unfinished()

        assert (new.exists(), old.exists()) == (True, False)
        assert len(spool.paths()) == 1

    def test_a_folder_that_is_not_there_is_empty(self, spool: Spool) -> None:
        assert spool.paths() == []
        spool.clear_unfinished()


class TestRunSpool:
    @pytest.fixture
    def warnings(self) -> list[str]:
        return []

    @pytest.fixture
    def kept(self, spool: Spool, warnings: list[str]) -> RunSpool:
        return RunSpool(spool, "host:1", run(), warnings.append)

    def test_the_end_takes_the_place_of_what_was_logged(self, kept: RunSpool, spool: Spool) -> None:
        kept.keep_rows(rows().requests)
        kept.keep_end(end().requests)

        assert [path.name for path in spool.paths()] == ["sweep-0-1.end.json"]
        # A thread that is late.
        kept.keep_rows(rows().requests)
        kept.delivered()
        assert spool.paths() == []

    def test_what_was_logged_goes_once_it_is_reported(self, kept: RunSpool, spool: Spool) -> None:
        kept.keep_rows(rows().requests)
        kept.keep_rows([])

        assert spool.paths() == []

    def test_what_a_program_left_is_taken_over(self, kept: RunSpool, spool: Spool) -> None:
        program = RunSpool(spool, "host:1", run(), pytest.fail)
        program.keep_rows(rows().requests)
        program.close()

        assert kept.take_over() == SpooledRun.from_json(spool.paths()[0].read_bytes()).requests
        kept.delivered()
        assert spool.paths() == []

    def test_nothing_is_said_before_it_matters(self, tmp_path: Path, warnings: list[str]) -> None:
        (tmp_path / "file").touch()
        kept = RunSpool(Spool(tmp_path / "file" / "spool"), "host:1", run(3), warnings.append)

        kept.keep_end(end(3).requests)
        assert warnings == []
        kept.secure()
        kept.secure()
        (warning,) = warnings
        assert warning.startswith("run 3 is done, and its result is lost if this process ends ")
        assert "Not a directory" in warning
        kept.delivered()

    def test_an_error_in_time_leaves_nothing(self, kept: RunSpool, spool: Spool) -> None:
        kept.keep_end(end().requests)
        kept.rejected(NotFoundError("gone"))

        assert spool.paths() == spool.paths(rejected=True) == []

    def test_a_rejection_after_an_outage_is_put_aside(
        self, kept: RunSpool, spool: Spool, warnings: list[str]
    ) -> None:
        kept.keep_end(end().requests)
        kept.secure()
        kept.rejected(NotFoundError("gone"))

        (path,) = spool.paths(rejected=True)
        assert warnings == [f"the registry rejected the result of run 0, which is kept in {path}"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("localhost:50051", "127.0.0.1:50051", True),
        ("a:1,b:2", "b:2", True),
        ("dns:///a:1", "a:1", True),
        ("ipv4:10.0.0.1:1,10.0.0.2:1", "10.0.0.2:1", True),
        ("a:1", "a:2", False),
        ("a:1", "b:1", False),
        ("unix:/run/one", "unix:/run/other", False),
    ],
)
def test_addresses_with_a_replica_in_common_are_of_one_registry(
    one: str, other: str, same: bool
) -> None:
    assert are_same(one, other, REGISTRY) is same
    assert are_same(other, one, REGISTRY) is same
