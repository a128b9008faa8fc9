"""Functions that replace names of the module, or return before their code has run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

import wanllmdb as wandb
from tests.integration.client.function_agents import new_sweep, run_agent, runs_of
from wanllmdb import Client, InvalidArgumentError, RunState


async def test_a_config_that_the_program_puts_in_its_place_hides_no_parameter(
    client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    def train() -> None:
        wandb.config = {"x": 99.0, "epochs": 3}  # type: ignore[assignment]
        wandb.summary = {}  # type: ignore[assignment]
        wandb.run = wandb.init()
        wandb.log({"loss": wandb.config.x})
        wandb.run.summary["done"] = 1
        wandb.run.finish()

    sweep_id = await new_sweep(client)
    try:
        await run_agent(client, sweep_id, train, count=2)
    finally:
        vars(wandb).pop("run", None)

    runs = await runs_of(client, sweep_id)
    assert [run.state for run in runs] == [RunState.FINISHED] * 2
    assert [run.objective for run in runs] == [run.parameters["x"] for run in runs]
    assert capfd.readouterr().err.count("wandb.config was set to a dict") <= 1


async def _coroutine() -> None:
    raise AssertionError


def _generator() -> Iterator[int]:
    raise AssertionError
    yield 1


async def _async_generator() -> AsyncIterator[int]:
    raise AssertionError
    yield 1


@pytest.mark.parametrize("made", [_coroutine, _generator, _async_generator])
async def test_a_function_that_returns_what_has_not_run_yet_fails_its_run(
    client: Client, made: Callable[[], Any]
) -> None:
    sweep_id = await new_sweep(client)

    await run_agent(client, sweep_id, lambda: made(), count=1)

    (run,) = await runs_of(client, sweep_id)
    assert run.state is RunState.FAILED
    assert run.error is not None
    assert "whose code has not run" in run.error.message


@pytest.mark.parametrize("count", ["2", 0, -1, float("nan"), [3]])
async def test_a_count_that_is_none_is_refused(client: Client, count: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="count must be a number of at least 1"):
        await asyncio.to_thread(wandb.agent, "any", print, count=count, client=client)
