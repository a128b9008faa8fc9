"""`up` with its real parts: data survives, killed parts restart, obstacles are reported."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.e2e.program import Program
from tests.e2e.up_process import UpProcess, temporary_data_dir, up, wait_until
from wanllmdb import Client, RunState
from wanllmdb_local.postgres import create_database, embedded_postgres

RUN_CAP = 40
SWEEP = {
    "method": "bayes",
    "metric": {"name": "score", "goal": "maximize"},
    "parameters": {"x": {"min": -5.0, "max": 5.0}, "y": {"values": [1, 2, 3]}},
    "run_cap": RUN_CAP,
    "seed": 7,
}
AGENT = """
import sys, time
import wanllmdb as wandb

def train():
    wandb.init()
    for step in range(3):
        wandb.log({"score": -(wandb.config.x - 1) ** 2 + wandb.config.y})
        time.sleep(0.05)

wandb.agent(sys.argv[1], function=train)
"""


def test_next_up_goes_on_with_the_data_however_the_last_one_ended() -> None:
    with temporary_data_dir() as data_dir:
        with up(data_dir) as first:
            first.wait_until_ready()
            program = Program(first.environment())
            sweep_id = program.create(SWEEP)
            program("agent", sweep_id, "--count", "2", "--", sys.executable, "-c", "")
            before = program.json("runs", "ls", sweep_id)
            assert len(before) == 2
            assert first.stop() == 0
        with up(data_dir) as second:
            second.wait_until_ready()
            program = Program(second.environment())
            assert program.json("runs", "ls", sweep_id) == before
            program("agent", sweep_id, "--count", "1", "--", sys.executable, "-c", "")
            before = program.json("runs", "ls", sweep_id)
            assert len(before) == 3
            second.stop(signal.SIGKILL)
        with up(data_dir) as third:
            third.wait_until_ready()
            assert Program(third.environment()).json("runs", "ls", sweep_id) == before
            assert third.stop() == 0


@pytest.mark.parametrize("victim", ["suggestion", "registry", "postgres"])
def test_agents_go_on_when_a_part_is_killed(
    platform: UpProcess, victim: str, tmp_path: Path
) -> None:
    script = tmp_path / "agent.py"
    script.write_text(AGENT)
    before = platform.ready
    program = Program(platform.environment())
    sweep_id = program.create(SWEEP)
    agents = [program.start_python(str(script), sweep_id) for _ in range(3)]
    with Client(registry=before["registry"]) as client:
        wait_until(lambda: client.get_sweep_stats(sweep_id).total_runs >= 6)
        # Not after the kill: the registry may have no database then.
        handed_out = client.get_sweep_stats(sweep_id).total_runs
        os.kill(before["pids"][victim][0], signal.SIGKILL)
    assert handed_out < RUN_CAP, "the kill came too late to matter"
    wait_until(lambda: platform.ready["pids"][victim] != before["pids"][victim])
    for agent in agents:
        output, _ = agent.communicate(timeout=120)
        assert agent.returncode == 0, output
    runs = program.json("runs", "ls", sweep_id)
    assert [run["number"] for run in runs] == list(range(RUN_CAP))
    assert {run["state"] for run in runs} == {"finished"}
    shown = program.json("sweep", "show", sweep_id)
    assert shown["state"] == "finished"
    assert shown["stats"]["best_run"]["objective"] == max(run["objective"] for run in runs)


def kill_replicas(running: UpProcess, **numbers: int) -> None:
    """Kill replica `number` of each service and wait until new processes replace them."""
    before = running.ready["pids"]
    killed = [before[name][number] for name, number in numbers.items()]
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    wait_until(
        lambda: not any(pid in pids for pids in running.ready["pids"].values() for pid in killed)
    )


def test_with_two_replicas_no_agent_notices_that_one_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "agent.py"
    script.write_text(AGENT)
    with temporary_data_dir() as data_dir, up(data_dir, "--replicas", "2") as running:
        running.wait_until_ready()
        program = Program(running.environment())
        sweep_id = program.create(SWEEP | {"run_cap": 100_000})
        agents = [program.start_python(str(script), sweep_id) for _ in range(4)]
        with Client(running.ready["registry"]) as client:
            wait_until(lambda: client.get_sweep_stats(sweep_id).total_runs >= 6)
            kill_replicas(running, registry=0, suggestion=1)
            kill_replicas(running, registry=1, suggestion=0)
            # Agents work afterwards, however long the outage took.
            so_far = client.get_sweep_stats(sweep_id).total_runs
            wait_until(lambda: client.get_sweep_stats(sweep_id).total_runs >= so_far + 8)
            client.finish_sweep(sweep_id)
            for agent in agents:
                output, _ = agent.communicate(timeout=120)
                assert agent.returncode == 0, output
                assert "waiting" not in output
                assert "rror" not in output
            runs = list(client.list_runs(sweep_id))
            sweep = client.get_sweep(sweep_id)
        assert [run.number for run in runs] == list(range(len(runs)))
        assert {(run.state, run.attempt) for run in runs} == {(RunState.FINISHED, 1)}
        assert sweep.stats.best_run is not None
        objectives = [run.objective for run in runs if run.objective is not None]
        assert len(objectives) == len(runs)
        assert sweep.stats.best_run.objective == max(objectives)
        assert running.stop() == 0


def test_own_database(postgres_url: str) -> None:
    url = create_database(postgres_url, "own_for_up")
    with temporary_data_dir() as data_dir, up(data_dir, "--database-url", url) as running:
        ready = running.wait_until_ready()
        assert ready["database_url"] == url
        assert ready["pids"]["postgres"] == []
        assert not (data_dir / "postgres").exists()
        sweep_id = Program(running.environment()).create(SWEEP)
        assert sweep_id
        assert running.stop() == 0


def test_database_that_is_not_there() -> None:
    url = "postgresql://nobody:hidden@127.0.0.1:1/none"
    with temporary_data_dir() as data_dir, up(data_dir, "--database-url", url) as running:
        assert running.process.wait(90) == 1
        assert "cannot use the database" in running.output
        assert "hidden" not in running.output
        assert "Traceback" not in running.output


def test_taken_port() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with temporary_data_dir() as data_dir, up(data_dir, ports=(port, 0)) as running:
            assert running.process.wait(60) == 2
            assert f"Port {port} on 127.0.0.1 is taken" in running.output
            assert "--registry-port" in running.output


def test_half_written_data_directory() -> None:
    with temporary_data_dir() as data_dir:
        with embedded_postgres(data_dir):
            pass
        (data_dir / "postgres" / "global" / "pg_control").unlink()
        with up(data_dir) as running:
            assert running.process.wait(60) == 2
            assert "incomplete" in running.output
            assert "--data-dir" in running.output
            assert "Traceback" not in running.output
        assert (data_dir / "postgres" / "PG_VERSION").exists()
