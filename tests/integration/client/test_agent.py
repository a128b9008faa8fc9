"""A training function runs a sweep: the facade and the agent against the real services."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import wanllmdb as wandb
from tests.integration.client.conftest import config
from tests.integration.client.function_agents import new_sweep, report_x, run_agent, runs_of
from wanllmdb import Client, InvalidArgumentError, RunState, SweepState


async def test_an_agent_works_until_the_cap_is_reached(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client, run_cap=3)

    result = await run_agent(client, sweep_id, report_x)

    assert (result.runs, result.failed) == (3, 0)
    runs = await runs_of(client, sweep_id)
    assert [run.state for run in runs] == [RunState.FINISHED] * 3
    assert [run.objective for run in runs] == [run.parameters["x"] for run in runs]
    sweep = await asyncio.to_thread(client.get_sweep, sweep_id)
    assert sweep.state is SweepState.FINISHED
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("run 0 finished: loss 0.")
    assert lines[-1].startswith(
        "agent done (the sweep has no more runs: its run_cap was reached): 3 runs; best loss"
    )


async def test_an_agent_does_as_many_runs_as_asked(client: Client) -> None:
    sweep_id = await new_sweep(client)

    await run_agent(client, sweep_id, report_x, count=2)

    assert len(await runs_of(client, sweep_id)) == 2


async def test_the_facade_finds_the_services_by_the_environment(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    client: Client,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("WANLLMDB_REGISTRY", "WANLLMDB_SUGGESTION"):
        monkeypatch.setenv(name, environment[name])

    def program() -> str:
        sweep_id = wandb.sweep(config(), project="my-project", name="mine")
        wandb.agent(sweep_id, function=report_x, count=1)
        return sweep_id

    sweep_id = await asyncio.to_thread(program)

    sweep = await asyncio.to_thread(client.get_sweep, sweep_id)
    assert (sweep.project, sweep.name, sweep.stats.finished_runs) == ("my-project", "mine", 1)
    assert f"created sweep {sweep_id} (mine) in project my-project\n" in capsys.readouterr().err


async def test_an_id_may_be_a_path_as_in_wandb(client: Client) -> None:
    sweep_id = await new_sweep(client, run_cap=1)

    result = await asyncio.to_thread(
        wandb.agent, f"me/project/{sweep_id}", report_x, project="p", entity="me", client=client
    )

    assert result.runs == 1


async def test_a_canceled_sweep_stops_its_runs_and_its_agents(client: Client) -> None:
    sweep_id = await new_sweep(client)
    training = threading.Event()

    def train() -> None:
        while True:
            wandb.log({"loss": 1.0})
            training.set()
            threading.Event().wait(0.01)

    agent = asyncio.create_task(run_agent(client, sweep_id, train))
    await asyncio.to_thread(training.wait)
    await asyncio.to_thread(client.cancel_sweep, sweep_id)

    result = await asyncio.wait_for(agent, 60)
    assert result.ended_by == "the sweep is canceled"
    (run,) = await runs_of(client, sweep_id)
    assert run.state is RunState.CANCELED


async def test_a_canceled_run_stops_and_its_agent_goes_on_with_the_next_one(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client, run_cap=3)
    training = threading.Event()

    def train() -> None:
        run = wandb.init()
        while True:
            wandb.log({"loss": 1.0})
            if run.number != 1:
                return
            training.set()
            threading.Event().wait(0.01)

    agent = asyncio.create_task(run_agent(client, sweep_id, train))
    await asyncio.to_thread(training.wait)
    canceled = await asyncio.to_thread(client.cancel_runs, sweep_id, [1, 0], reason="diverges")

    assert (canceled.canceled, canceled.stopping, canceled.ended) == ((), (1,), (0,))
    result = await asyncio.wait_for(agent, 60)
    assert (result.runs, result.failed) == (3, 0)
    assert result.ended_by == "the sweep has no more runs: its run_cap was reached"
    runs = await runs_of(client, sweep_id)
    assert [run.state for run in runs] == [
        RunState.FINISHED,
        RunState.CANCELED,
        RunState.FINISHED,
    ]
    assert runs[1].stop_requested
    assert runs[1].error is not None
    assert runs[1].error.message == "canceled by request: diverges"
    assert "run 1 canceled" in capsys.readouterr().err


async def test_an_agent_waits_for_a_paused_sweep(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client, run_cap=1)
    await asyncio.to_thread(client.start_sweep, sweep_id)
    await asyncio.to_thread(client.pause_sweep, sweep_id)

    agent = asyncio.create_task(run_agent(client, sweep_id, report_x))
    await asyncio.sleep(1)
    assert not agent.done()
    await asyncio.to_thread(client.resume_sweep, sweep_id)

    assert (await asyncio.wait_for(agent, 60)).runs == 1
    assert capsys.readouterr().err.count("is paused: waiting until it is resumed") == 1


async def test_an_agent_of_no_sweep_is_an_error(client: Client) -> None:
    with pytest.raises(wandb.NotFoundError):
        await run_agent(client, "nosuchsweep1", report_x)


async def test_an_agent_of_an_ended_sweep_ends(client: Client) -> None:
    sweep_id = await new_sweep(client)
    await asyncio.to_thread(client.finish_sweep, sweep_id)

    result = await run_agent(client, sweep_id, report_x)

    assert (result.runs, result.ended_by) == (0, "the sweep is finished")


async def test_a_grid_is_worked_off_once(client: Client) -> None:
    sweep_id = await new_sweep(
        client, method="grid", parameters={"a": {"values": [1, 2]}, "b": {"values": ["x", "y"]}}
    )

    result = await run_agent(client, sweep_id, lambda: wandb.log({"loss": wandb.config.a}))

    assert "every point of its search space" in result.ended_by
    points = [(run.parameters["a"], run.parameters["b"]) for run in await runs_of(client, sweep_id)]
    assert points == [(1, "x"), (1, "y"), (2, "x"), (2, "y")]


async def test_agents_in_threads_have_a_run_each(client: Client) -> None:
    sweep_id = await new_sweep(client, run_cap=40)

    results = await asyncio.gather(*(run_agent(client, sweep_id, report_x) for _ in range(8)))

    runs = await runs_of(client, sweep_id)
    assert sum(result.runs for result in results) == 40
    assert [run.number for run in runs] == list(range(40))
    assert [run.objective for run in runs] == [run.parameters["x"] for run in runs]


async def train_later() -> None: ...


def train_lazily() -> Iterator[None]:
    yield


@pytest.mark.parametrize("function", [train_later, train_lazily])
def test_a_function_that_a_call_does_not_run_is_refused(function: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="pass a plain function"):
        wandb.agent("s", function)


@pytest.mark.parametrize(("function", "count"), [("train", None), (report_x, 0)])
def test_what_an_agent_cant_do_is_refused(function: Any, count: int | None) -> None:
    with pytest.raises(wandb.InvalidArgumentError, match=r"agent: (function|count) must be"):
        wandb.agent("s", function, count=count)
