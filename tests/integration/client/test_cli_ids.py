"""The command line: the forms in which W&B names sweeps and runs, and retried runs."""

from __future__ import annotations

import asyncio

import pytest

import wanllmdb
from tests.cli_commands import all_commands
from tests.integration.client.command_line import CommandLine
from tests.integration.client.conftest import config
from wanllmdb import AsyncClient, Client, Failed, InvalidArgumentError, RunState, Succeeded


async def failing(client: AsyncClient, cli: CommandLine, **more: object) -> str:
    """A sweep with three ended runs, of which the first and the last failed."""
    sweep_id = await cli.create(config(run_cap=3, **more))
    for run in (await client.suggest(sweep_id, agent_id="agent", count=3)).runs:
        outcome = Succeeded(1.0) if run.number == 1 else Failed("broke")
        await client.finish_run(sweep_id, run.number, 1, outcome)
    return sweep_id


async def test_failed_runs_are_retried_after_the_sweep_has_ended(
    cli: CommandLine, async_client: AsyncClient
) -> None:
    sweep_id = await failing(async_client, cli)
    assert "No run has" not in (await cli("best", f"me/vision/{sweep_id}")).out
    said = (await cli("runs", "retry", f"vision/{sweep_id}", "--failed", "--lost")).out
    assert said.startswith("Queued runs 0, 2 again. The sweep is running.\n")
    assert f"wanllmdb agent {sweep_id} --count 2" in said
    again = (await async_client.suggest(sweep_id, agent_id="agent", count=3)).runs
    assert [(run.number, run.attempt) for run in again] == [(0, 2), (2, 2)]
    said = (await cli("runs", "retry", sweep_id, "--failed")).out
    assert "Nothing to retry" in said
    refused = await cli("runs", "retry", sweep_id, "1", "2", "9", code=1)
    for part in ("run 1 is finished", "run 2 is running", "no run 9"):
        assert part in refused.err


async def test_runs_are_retried_by_number_or_id(
    cli: CommandLine, async_client: AsyncClient
) -> None:
    sweep_id = await failing(async_client, cli)
    done = await cli.json("runs", "retry", f"{sweep_id}-2")
    assert (done["numbers"], done["sweep"]["state"]) == ([2], "running")
    assert (await cli.json("runs", "retry", sweep_id, "0"))["numbers"] == [0]
    for wrong in ((), ("1", "--failed"), ("-1",), ("x",)):
        await cli("runs", "retry", sweep_id, *wrong, code=2)


async def test_runs_are_canceled_by_number_or_id(
    cli: CommandLine, async_client: AsyncClient
) -> None:
    sweep_id = await failing(async_client, cli)
    await async_client.retry_runs(sweep_id, [0, 2])
    done = await cli.json("runs", "cancel", f"{sweep_id}-0", "--reason", "no need")
    assert (done["canceled"], done["stopping"], done["ended"]) == ([0], [], [])
    run = await async_client.get_run(sweep_id, 0)
    assert run.error is not None
    assert run.error.message == "canceled by request: no need"
    (running,) = (await async_client.suggest(sweep_id, agent_id="a")).runs
    said = (await cli("runs", "cancel", f"{sweep_id}-{running.number}")).out
    assert said == "Stopping run 2: the agent receives the command within seconds.\n"
    await async_client.retry_runs(sweep_id, [0])
    said = (await cli("runs", "cancel", sweep_id, "0", "1")).out
    assert said == (
        "Canceled run 0, which waited in the queue.\nLeft run 1 alone: already ended.\n"
    )
    for wrong in (("-1",), ("x",)):
        await cli("runs", "cancel", sweep_id, *wrong, code=2)
    await cli("runs", "cancel", sweep_id, "99", code=1)


async def test_both_clients_retry_runs(
    client: Client, async_client: AsyncClient, cli: CommandLine
) -> None:
    sweep_id = await failing(async_client, cli)
    done = await async_client.retry_runs(sweep_id, [0, 2])
    assert (done.numbers, done.remaining_runs, done.sweep.stats.queued_runs) == ((0, 2), 0, 2)
    await async_client.cancel_sweep(sweep_id)
    canceled = await asyncio.to_thread(client.retry_runs, sweep_id, states=["canceled"])
    assert canceled.numbers == (0, 2)
    with pytest.raises(InvalidArgumentError):
        await async_client.retry_runs(sweep_id, states=[RunState.FINISHED])


async def test_a_run_is_named_by_its_id_where_a_command_takes_one(
    cli: CommandLine, async_client: AsyncClient
) -> None:
    sweep_id = await failing(async_client, cli)
    for name in (f"{sweep_id}-1", f"vision/{sweep_id}-1", f"me/vision/{sweep_id}-1"):
        assert (await cli.json("runs", "show", name))["number"] == 1
    assert await cli.json("runs", "metrics", f"{sweep_id}-1") == {}
    await cli("runs", "update", f"{sweep_id}-1", "--name", "mine")
    assert (await cli.json("runs", "show", f"me/vision/{sweep_id}", "1"))["name"] == "mine"
    assert "give its number" in (await cli("runs", "show", sweep_id, code=2)).err


TAKING_SWEEPS = [
    names
    for names, command in all_commands().items()
    if any(
        parameter.param_type_name == "argument" and (parameter.metavar or "").startswith("SWEEP")
        for parameter in command.params
    )
]


@pytest.mark.parametrize("names", TAKING_SWEEPS, ids=" ".join)
async def test_every_command_takes_a_path_and_refuses_what_is_none(
    cli: CommandLine, names: tuple[str, ...]
) -> None:
    rest = {
        ("runs", "enqueue"): ["x=0.5"],
        ("runs", "retry"): ["0"],
        ("runs", "cancel"): ["0"],
        ("runs", "show"): ["0"],
        ("runs", "metrics"): ["0"],
        ("runs", "update"): ["0", "--name", "a"],
        ("runs", "import"): ["--sweep", "me/vision/other"],
        ("sweep", "update"): ["--name", "a"],
        ("sweep", "delete"): ["--yes"],
        ("contour",): ["x", "y"],
        ("agent",): ["--", "true"],
        ("launch",): ["--on", "local", "--", "true"],
    }.get(names, [])
    said = await cli(*names, "me/vision/absent", *rest, code=1)
    assert "'absent'" in said.err
    said = await cli(*names, "a//b", *rest, code=2)
    assert "is not a sweep's id" in " ".join(said.err.replace("│", " ").split())


def test_the_facade_refuses_what_names_no_sweep() -> None:
    with pytest.raises(InvalidArgumentError, match="'a//b' is not a sweep's id"):
        wanllmdb.agent("a//b", lambda: None)


def test_there_are_commands_that_take_sweeps() -> None:
    assert len(TAKING_SWEEPS) > 20
