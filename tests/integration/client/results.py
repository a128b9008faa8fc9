"""Sweeps with results, for tests that read them by `wandb.Api`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import wanllmdb as wandb
from tests.integration.client.conftest import config
from wanllmdb import AsyncClient, MetricRow, Run

T = TypeVar("T")


async def reading(call: Callable[[], T]) -> T:
    """The result of a reading program, in a thread, since the services run in the event loop."""
    return await asyncio.to_thread(call)


async def new_sweep(client: AsyncClient, project: str, **changes: Any) -> str:
    """A sweep that minimizes `loss`."""
    return (await client.create_sweep(config(**changes), project=project)).sweep.sweep_id


async def handed_out(client: AsyncClient, sweep_id: str, count: int = 1) -> Sequence[Run]:
    """Running runs."""
    return (await client.suggest(sweep_id, agent_id="reader", count=count)).runs


async def ended(
    client: AsyncClient,
    run: Run,
    outcome: wandb.Outcome,
    rows: Sequence[Mapping[str, float]] = (),
) -> None:
    """Ends a run, with rows of metrics at steps 0, 1, 2, ..."""
    await client.finish_run(
        run.sweep_id,
        run.number,
        run.attempt,
        outcome,
        rows=[MetricRow(step, row) for step, row in enumerate(rows)],
    )


async def finished_runs(client: AsyncClient, sweep_id: str, losses: Sequence[float]) -> list[Run]:
    """Runs that logged and finished with these losses."""
    runs = list(await handed_out(client, sweep_id, len(losses)))
    for run, loss in zip(runs, losses, strict=True):
        await ended(client, run, wandb.Succeeded(), [{"loss": loss}])
    return runs


@asynccontextmanager
async def counted_calls(rpc: str, api: wandb.Api) -> AsyncIterator[list[Any]]:
    """The requests of one RPC that the API sends within the block."""
    requests: list[Any] = []
    connection = api._client
    send = connection._invoke

    def counting(call: Any) -> Any:
        if call.rpc == rpc:
            requests.append(call.request)
        return send(call)

    connection._invoke = counting  # type: ignore[method-assign]
    try:
        yield requests
    finally:
        del connection._invoke
