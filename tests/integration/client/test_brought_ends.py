"""The Suggest for the next run brings the end of the run before: client and agents."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import wanllmdb as wandb
from tests.e2e.up_process import wait_until
from tests.integration.client.function_agents import new_sweep, report_x, run_agent, runs_of
from tests.observed_services import ObservedServices, observed_services
from wanllmdb import (
    AsyncClient,
    Client,
    FailedPreconditionError,
    FinishedRun,
    MetricRow,
    RunEnd,
    RunState,
    Succeeded,
    SweepState,
)
from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._agent.agent import Agent
from wanllmdb._agent.console import Console
from wanllmdb._agent.display import LineDisplay
from wanllmdb._agent.function import FunctionRunner
from wanllmdb._agent.signals import Urgency


@pytest.fixture(autouse=True)
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The agents' spool."""
    folder = tmp_path / "spool"
    monkeypatch.setenv("WANLLMDB_SPOOL_DIR", str(folder))
    return folder


def spooled(spool: Path) -> list[str]:
    """The names of the spool's files."""
    return [path.name for path in spool.glob("*.json")]


async def test_a_suggest_of_the_client_ends_runs(async_client: AsyncClient, client: Client) -> None:
    sweep_id = await new_sweep(client)
    first, second = (await async_client.suggest(sweep_id, agent_id="a", count=2)).runs
    row = MetricRow(0, {"loss": 0.5})
    end = RunEnd(first.number, first.attempt, rows=[row], config={"x": 1}, request_id=str(uuid4()))
    late = RunEnd(second.number, second.attempt, Succeeded(1.0))
    await async_client.finish_run(sweep_id, second.number, second.attempt, Succeeded(2.0))

    suggestion = await async_client.suggest(sweep_id, agent_id="a", ended_runs=[end, late])

    assert [run.number for run in suggestion.runs] == [2]
    finished, rejected = suggestion.ended_runs
    assert isinstance(finished, FinishedRun)
    assert (finished.run.state, finished.run.objective) == (RunState.FINISHED, 0.5)
    assert finished.best_run is not None
    assert isinstance(rejected, FailedPreconditionError)
    assert (rejected.reason, rejected.state) == ("RUN_NOT_RUNNING", "finished")
    again = await async_client.finish_run(
        sweep_id, 0, 1, rows=[row], config={"x": 1}, request_id=end.request_id
    )
    assert again == finished


async def calls_of_agent(services: ObservedServices, function: Any, **options: Any) -> list[Any]:
    """Run an agent of a new sweep; return its runs."""
    with Client(services.registry, services.suggestion) as client:
        sweep_id = await new_sweep(client, **options.pop("config", {}))
        services.seen.calls.clear()
        await asyncio.to_thread(wandb.agent, sweep_id, function, client=client, **options)
        return list(await runs_of(client, sweep_id))


async def test_an_agent_ends_runs_with_its_suggests(database_url: str, spool: Path) -> None:
    async with observed_services(database_url) as services:
        # The last run of an agent ends by itself.
        runs = await calls_of_agent(services, report_x, count=4)
        assert [run.state for run in runs] == [RunState.FINISHED] * 4
        assert [run.objective for run in runs] == [run.parameters["x"] for run in runs]
        assert (services.seen.calls["CreateRuns"], services.seen.calls["FinishRun"]) == (4, 1)
        # In a sweep with a cap, the Suggest that gets no run brings the last end.
        runs = await calls_of_agent(services, report_x, config={"run_cap": 3})
        assert [run.state for run in runs] == [RunState.FINISHED] * 3
        assert services.seen.calls["FinishRun"] == 0

        # After a failure the agent may give up.
        def fail() -> None:
            raise ValueError("boom")

        runs = await calls_of_agent(services, fail, count=2)
        assert [run.state for run in runs] == [RunState.FAILED] * 2
        assert services.seen.calls["FinishRun"] == 2
    assert not spooled(spool)


async def test_a_run_of_a_paused_sweep_ends_before_the_agent_waits(client: Client) -> None:
    sweep_id = await new_sweep(client, run_cap=2)
    trained: list[Any] = []

    def train() -> None:
        report_x()
        trained.append(wandb.config.x)
        if len(trained) == 1:
            client.pause_sweep(sweep_id)

    def first_has_ended() -> bool:
        sweep = client.get_sweep(sweep_id)
        return (sweep.state, sweep.stats.finished_runs) == (SweepState.PAUSED, 1)

    agent = asyncio.create_task(run_agent(client, sweep_id, train))
    await asyncio.to_thread(wait_until, first_has_ended)
    await asyncio.to_thread(client.resume_sweep, sweep_id)
    result = await asyncio.wait_for(agent, 60)
    assert (result.runs, result.failed) == (2, 0)


async def test_an_end_arrives_without_the_suggestion_service(
    database_url: str, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANLLMDB_PATIENCE", "1")
    async with observed_services(database_url) as services:
        loop = asyncio.get_running_loop()

        def train() -> None:
            report_x()
            stopped = asyncio.run_coroutine_threadsafe(services.suggestion_stack.aclose(), loop)
            stopped.result()

        with Client(services.registry, services.suggestion) as client:
            sweep_id = await new_sweep(client)
            # The agent's next Suggest gets no answer.
            with pytest.raises((wandb.UnavailableError, wandb.DeadlineExceededError)):
                await run_agent(client.with_timeout(3.0), sweep_id, train)
            (run,) = await runs_of(client, sweep_id)
        assert (run.state, run.objective) == (RunState.FINISHED, run.parameters["x"])
    assert not spooled(spool)


class EndingDisplay(LineDisplay):
    """A display at whose first end of a run the agent gets the order to take no more."""

    agent: Agent

    def ended(self, run: ActiveRun) -> None:
        super().ended(run)
        self.agent._shutdown.demand(Urgency.DRAIN)


async def test_a_run_that_came_with_the_last_end_is_given_back(client: Client) -> None:
    sweep_id = await new_sweep(client)
    sweep = await asyncio.to_thread(client.get_sweep, sweep_id)
    display = EndingDisplay(Console(), sweep, None)
    agent = display.agent = Agent(
        client,
        sweep_id,
        lambda in_caller: FunctionRunner(report_x, in_caller),
        make_display=lambda _sweep: display,
    )

    result = await asyncio.to_thread(agent.run)

    assert result.runs == 1
    runs = await runs_of(client, sweep_id)
    assert [run.state for run in runs] == [RunState.FINISHED, RunState.QUEUED]
