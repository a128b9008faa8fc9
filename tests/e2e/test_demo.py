"""`wanllmdb demo`, the first command that a new user runs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.e2e.program import WANLLMDB, Program
from tests.e2e.up_process import UpProcess, temporary_data_dir, up, wait_until
from wanllmdb import MetricRow, Pruned
from wanllmdb_local.demo.configs import NETWORK
from wanllmdb_local.demo.platforms import DemoPlatform, running_platform
from wanllmdb_local.demo.sweep import print_report

ROW = MetricRow(0, {"val_accuracy": 0.5})


@contextmanager
def demo() -> Iterator[tuple[subprocess.Popen[str], Path, Path]]:
    """The demo as a process, the file of its output, and the folder for its temporary files."""
    with temporary_data_dir() as folder:
        folder.mkdir(mode=0o711)
        output = folder.parent / "output"
        with output.open("w") as stream:
            process = subprocess.Popen(
                [*WANLLMDB, "demo"],
                env={**os.environ, "TMPDIR": str(folder)},
                stdout=stream,
                stderr=stream,
                text=True,
            )
        try:
            yield process, output, folder
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(60)


def started_by(folder: Path) -> list[str]:
    """Return the processes that have the demo's folder in their arguments."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        if str(folder) in command:
            found.append(command)
    return found


def test_demo_shows_a_sweep_and_leaves_nothing() -> None:
    with demo() as (process, output, folder):
        assert process.wait(170) == 0, output.read_text()
        text = output.read_text()
        assert list(folder.iterdir()) == []
        assert started_by(folder) == []
    ended = re.search(r"(\d+) runs finished, (\d+) stopped early, 0 failed", text)
    assert ended, text
    assert int(ended[1]) + int(ended[2]) == 40
    assert "\nDashboard: http://127.0.0.1:" in text
    for part in ("Best runs", "Importance", "learning_rate", "History", "Best val_accuracy"):
        assert part in text


@pytest.mark.parametrize("finished", [0, 1])
def test_early_termination_may_leave_too_few_finished_runs(
    finished: int, platform: UpProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    addresses = platform.ready
    demo_platform = DemoPlatform(addresses["registry"], addresses["suggestion"], Path())
    with demo_platform.client() as client:
        sweep_id = client.create_sweep(NETWORK.config, project="demo").sweep.sweep_id
        first, second = client.suggest(sweep_id, agent_id="a", count=2).runs
        client.finish_run(
            sweep_id, first.number, first.attempt, Pruned("behind the others"), rows=[ROW]
        )
        if finished:
            client.finish_run(sweep_id, second.number, second.attempt, rows=[ROW])
    print_report(demo_platform, sweep_id, seconds=1.0)
    printed = capsys.readouterr().out
    assert f"{finished} runs finished, 1 stopped early, 0 failed" in printed
    assert "importance needs at least 2 finished runs" in printed
    assert "History of val_accuracy" in printed


def test_interrupted_demo_cleans_up() -> None:
    with demo() as (process, output, folder):
        wait_until(lambda: "\nrun " in output.read_text(), seconds=90)
        agents = [
            child
            for child in psutil.Process(process.pid).children()
            if "wanllmdb_local.demo.training" in child.cmdline()
        ]
        assert len(agents) == 4
        assert started_by(folder)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130, output.read_text()
        assert "Interrupted" in output.read_text()
        assert "Traceback" not in output.read_text()
        assert list(folder.iterdir()) == []
        assert started_by(folder) == []
        assert not any(agent.is_running() for agent in agents)


@pytest.mark.timeout(400)
def test_kept_sweeps_are_there_at_the_next_start() -> None:
    with temporary_data_dir() as data_dir:
        nowhere = {"WANLLMDB_REGISTRY": "127.0.0.1:1", "WANLLMDB_SUGGESTION": "127.0.0.1:1"}
        done = subprocess.run(
            [*WANLLMDB, "demo", "--keep", "--data-dir", str(data_dir)],
            env={**os.environ, **nowhere},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"wanllmdb up --data-dir {data_dir}" in done.stdout
        with up(data_dir, "--dashboard-port", "0", dashboard=True) as running:
            running.wait_until_ready()
            # No test opens a browser.
            wanllmdb = Program(running.environment() | {"BROWSER": "true"})
            sweeps = wanllmdb.json("sweep", "ls", "--project", "demo")
            # What the demo prints as the next commands.
            for line in re.findall(r"^  wanllmdb (?!up)(.*)$", done.stdout, re.MULTILINE):
                wanllmdb(*line.split())
    assert [sweep["spec"]["method"] for sweep in sweeps] == ["grid", "random", "bayes"]
    assert {sweep["state"] for sweep in sweeps} == {"finished"}


def test_kept_sweeps_go_to_the_platform_that_answers(
    platform: UpProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = platform.ready
    monkeypatch.setenv("WANLLMDB_REGISTRY", addresses["registry"])
    monkeypatch.setenv("WANLLMDB_SUGGESTION", addresses["suggestion"])
    with running_platform() as found:
        assert found is not None
        assert (found.registry, found.suggestion) == (
            addresses["registry"],
            addresses["suggestion"],
        )

    monkeypatch.setenv("WANLLMDB_REGISTRY", "127.0.0.1:1")
    with running_platform() as found:
        assert found is None


def test_a_data_directory_is_for_kept_sweeps_only() -> None:
    done = subprocess.run(
        [*WANLLMDB, "demo", "--data-dir", "data"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "--data-dir needs --keep" in done.stderr
