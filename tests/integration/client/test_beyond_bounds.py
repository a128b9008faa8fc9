"""Runs beyond the limits of a request, a registry or memory: values arrive, and the run ends."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

import wanllmdb as wandb
from tests.integration.client.function_agents import new_sweep, run_agent, runs_of
from tests.integration.client.killable import killable_services
from tests.integration.client.programs import end_of, reaches, started
from wanllmdb import Client, MetricRow, RunState, Succeeded
from wanllmdb._calls import run_calls
from wanllmdb._spool import Spool, SpoolDelivery, SpooledRun

SECONDS = 120.0


async def test_a_log_of_more_names_than_a_request_takes_arrives_whole(client: Client) -> None:
    sweep_id = await new_sweep(client)
    names = [f"m{index}" for index in range(12_000)]

    def train() -> None:
        wandb.log({**dict.fromkeys(names, 0.5), "loss": 1.0})
        wandb.log(dict.fromkeys(names, 0.25))

    result = await asyncio.wait_for(run_agent(client, sweep_id, train, count=1), SECONDS)

    assert (result.runs, result.failed) == (1, 0)
    (run,) = await runs_of(client, sweep_id)
    assert run.state is RunState.FINISHED
    assert run.objective == 1.0


async def test_a_config_of_anything_loses_no_run(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client, run_cap=2)

    def train() -> None:
        circle: dict[str, Any] = {"a": 1}
        circle["self"] = circle
        run = wandb.init(name="a\ud800\0", tags=["t\udfff"], notes="n" * 5_000)
        run.config["k\ud800"] = {"\0": "\0\ud800"}
        run.config.circle = circle
        run.config.large = "x" * 300_000
        run.config.update({f"k{index}": index for index in range(1_500)})
        run.config["x" * 300] = 1
        wandb.log({"loss": 1.0, "circle": circle, "k\ud800": 2.0})

    result = await asyncio.wait_for(run_agent(client, sweep_id, train), SECONDS)

    assert (result.runs, result.failed) == (2, 0)
    for run in await runs_of(client, sweep_id):
        assert run.state is RunState.FINISHED
        assert len(run.config) == 1_000
        assert (
            run.config["k\\ud800/\N{REPLACEMENT CHARACTER}"] == "\N{REPLACEMENT CHARACTER}\\ud800"
        )
        assert run.summary == {"loss": 1.0, "circle.a": 1.0, "k\\ud800": 2.0}
    err = capsys.readouterr().err
    assert "is stored without 'large': a config has at most" in err


def refused_rows(run: wandb.Run) -> list[Any]:
    """A report that the registry rejects, between accepted ones, and a rejected part of the end."""
    held = (run.sweep_id, run.number, run.attempt)
    good = [MetricRow(0, {"loss": 0.5})]
    bad = [MetricRow(1, {"loss": 0.25, "x" * 300: 1.0}), MetricRow(2, {"loss": 0.125})]
    return [
        run_calls.report_metrics(*held, good, None).request,
        run_calls.report_metrics(*held, bad, None).request,
        run_calls.finish_run(
            *held,
            Succeeded(),
            [MetricRow(3, {"y" * 300: 1.0})],
            {f"k{index}": index for index in range(2_000)},
            None,
        ).request,
    ]


async def test_a_spool_file_that_a_registry_refuses_in_part_ends_its_run_all_the_same(
    client: Client, tmp_path: Path
) -> None:
    sweep_id = await new_sweep(client, run_cap=1)
    (run,) = (await asyncio.to_thread(client.suggest, sweep_id, agent_id="gone")).runs
    spool = Spool(tmp_path / "spool")
    spool.put(
        SpooledRun(
            client.registry_address,
            run.sweep_id,
            run.number,
            run.attempt,
            tuple(refused_rows(run)),
        )
    ).close()
    said: list[str] = []

    done = await asyncio.to_thread(SpoolDelivery(client, spool, said.append).deliver)

    assert (done.delivered, done.rejected, done.left) == (1, 0, 0)
    (ended,) = await runs_of(client, sweep_id)
    assert (ended.state, ended.objective) == (RunState.FINISHED, 0.125)
    assert sum("the registry rejected a part" in line for line in said) == 3
    assert spool.paths() == []


REFUSED_WHILE_IT_RUNS = """
import sys, threading
import wanllmdb as wandb
from wanllmdb._agent import metrics
# As a client that knows other bounds than the registry.
metrics.is_metric_name = lambda name: True
metrics.LONGEST_METRIC_NAME = 10_000
def train():
    run = wandb.init()
    for step in range(3):
        wandb.log({"loss": 1.0 - step / 10})
        wandb.log({"x" * 300: 1.0, "loss": 2.0})
        run._reporter.flush()
    wandb.log({"loss": 0.5})
    wandb.log({"y" * 300: 1.0})
result = wandb.agent(sys.argv[1], train)
print("ended:", result.runs, result.failed, flush=True)
"""


async def test_what_a_registry_refuses_of_a_running_run_is_said_once_and_the_rest_goes_on(
    client: Client, environment: dict[str, str]
) -> None:
    sweep_id = await new_sweep(client, run_cap=2)
    command = (sys.executable, "-c", REFUSED_WHILE_IT_RUNS, sweep_id)
    async with started(*command, environment=environment) as process:
        out, err = await end_of(process, SECONDS)

    assert (process.returncode, out) == (0, "ended: 2 0\n"), err
    for number in range(2):
        assert err.count(f"the registry rejects a part of run {number}, which continues") == 1
    for run in await runs_of(client, sweep_id):
        assert (run.state, run.objective, run.summary) == (RunState.FINISHED, 0.5, {"loss": 0.5})


FROZEN = """
import pathlib, re, sys, time
import wanllmdb as wandb
rows = int(sys.argv[2])
def peak():
    # Not ru_maxrss, which counts the process that this one was forked from.
    return int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
def train():
    run = wandb.init()
    wandb.log({"loss": -1.0})
    run._reporter.flush()
    print("training", flush=True)
    sys.stdin.readline()
    before = peak()
    slowest = 0.0
    for step in range(1, rows):
        began = time.perf_counter()
        wandb.log({"loss": float(step)})
        slowest = max(slowest, time.perf_counter() - began)
    grown = peak() - before
    print("grown", grown // 1024, "slowest", round(slowest, 2), flush=True)
    print("logged", flush=True)
    sys.stdin.readline()
result = wandb.agent(sys.argv[1], train)
print("ended:", result.runs, result.failed, flush=True)
"""


async def go(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    await process.stdin.drain()


async def test_memory_is_bounded_while_a_registry_hangs_and_every_value_arrives_in_order(
    database_url: str, tmp_path: Path
) -> None:
    rows = 120_000
    async with killable_services(database_url) as services:
        with Client(services.registry.address, services.suggestion.address) as client:
            sweep_id = await new_sweep(client, run_cap=1)
            environment = services.environment | {"WANLLMDB_SPOOL_DIR": str(tmp_path / "spool")}
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", FROZEN, sweep_id, str(rows)),
                env=environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            registry = services.registry.process
            assert registry is not None
            try:
                await reaches(process, "training")
                registry.send_signal(signal.SIGSTOP)
                await go(process)
                assert process.stdout is not None
                said = (await asyncio.wait_for(process.stdout.readline(), SECONDS)).split()
                await reaches(process, "logged")
                parts = list((tmp_path / "spool").glob("*.rows.json"))
                registry.send_signal(signal.SIGCONT)
                await go(process)
                out, err = await end_of(process, SECONDS)
            finally:
                registry.send_signal(signal.SIGCONT)
                if process.returncode is None:
                    process.kill()
                    await process.wait()

            assert (process.returncode, out) == (0, "ended: 1 0\n"), err
            assert int(said[1]) < 45, "MiB"
            assert len(parts) > 2
            history = await asyncio.to_thread(client.get_metric_history, sweep_id, 0)
            points = history["loss"].points
            assert [point.step for point in points] == list(range(rows))
            assert all(point.value == point.step for point in points[1:])
            (run,) = await runs_of(client, sweep_id)
            assert (run.state, run.objective) == (RunState.FINISHED, float(rows - 1))
            assert list((tmp_path / "spool").iterdir()) == []


async def test_what_stood_on_disk_alone_outlives_the_agent_and_comes_before_the_end(
    client: Client, tmp_path: Path
) -> None:
    sweep_id = await new_sweep(client, run_cap=1)
    (run,) = (await asyncio.to_thread(client.suggest, sweep_id, agent_id="gone")).runs
    held = (run.sweep_id, run.number, run.attempt)
    spool = Spool(tmp_path / "spool")
    # Each file says something else of step 0.
    for part, value in [(1, 1.0), (0, 0.0), (None, 2.0)]:
        rows = [MetricRow(0, {"loss": value}), MetricRow(1 + int(value), {"loss": value})]
        report = run_calls.report_metrics(*held, rows, None).request
        spool.put(SpooledRun(client.registry_address, *held, (report,)), part).close()
    end = run_calls.finish_run(*held, Succeeded(), [], {}, None).request
    spool.put(SpooledRun(client.registry_address, *held, (end,))).close()

    done = await asyncio.to_thread(SpoolDelivery(client, spool, print).deliver)

    assert done.delivered == 4
    history = await asyncio.to_thread(client.get_metric_history, sweep_id, 0)
    assert [point.value for point in history["loss"].points] == [2.0, 0.0, 1.0, 2.0]
    assert [run.state for run in await runs_of(client, sweep_id)] == [RunState.FINISHED]
