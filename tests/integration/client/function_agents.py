"""Agents of training functions in threads of the tests' process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import wanllmdb as wandb
from tests.integration.client.programs import new_sweep, runs_of
from wanllmdb import AgentResult, Client

__all__ = ["new_sweep", "report_x", "run_agent", "runs_of"]


async def run_agent(
    client: Client, sweep_id: str, function: Callable[[], Any], count: int | None = None
) -> AgentResult:
    """The last line of an agent with the default options."""
    return await asyncio.to_thread(wandb.agent, sweep_id, function, count=count, client=client)


def report_x() -> None:
    """A training function whose loss is the parameter x."""
    wandb.log({"loss": wandb.config.x})
