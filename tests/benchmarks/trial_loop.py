"""The trial loop with method random, compared with the machine's echo ceiling.

Each trial takes two calls, or one where the Suggest for the next run brings the end of the last.
"""

from __future__ import annotations

from statistics import median

import grpc.aio

from tests.benchmarks.calls import ChainedTrials, calls_to
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import Load, measure, table
from tests.benchmarks.processes import echo_server
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as pb_grpc
from wanllmdb_local.platform import Endpoints

ROUNDS = 3
SECONDS = 4.0


async def run(platform: Endpoints) -> list[Figure]:
    """Measure trials. Ceiling and loop alternate, so that other load affects both."""
    with echo_server() as back, echo_server(back) as front:
        rows = []
        figures = []
        for clients in (1, 32):
            one: list[Load] = []
            two: list[Load] = []
            loop: list[Load] = []
            chained: list[Load] = []
            for _ in range(ROUNDS):
                one.append(await echo(back, clients))
                two.append(await echo(front, clients))
                loop.append(await trials(platform, clients))
                chained.append(await chained_trials(platform, clients))
            figures += _figures("trial, random (Suggest + FinishRun)", clients, loop, two)
            figures += _figures("trial, random (Suggest with the end)", clients, chained, two)
            rows += [
                _row(f"echo, one hop, {clients} clients", one),
                _row(f"echo, two hops, {clients} clients", two),
                _ratio_row(f"trial (Suggest + FinishRun), {clients} clients", loop, two),
                _ratio_row(f"trial (Suggest with the last end), {clients} clients", chained, two),
            ]
    table(
        f"(a, b) Trial loop, method random; medians of {ROUNDS} rounds of {SECONDS:g} s",
        ["what", "per s", "p50 ms", "p99 ms", "ratio to two hops"],
        rows,
    )
    return figures


async def echo(address: str, clients: int, seconds: float = SECONDS) -> Load:
    """Measure Suggests that are answered with a fixed message."""
    async with grpc.aio.insecure_channel(address) as channel:
        stub = pb_grpc.SuggestionServiceStub(channel)

        async def call(client: int) -> None:
            request = pb.SuggestRequest(
                sweep_id="abcdefghijkl",
                agent_id=f"agent-{client}",
                count=1,
                request_id="d1f6f3b4-8d25-4c2e-9f0c-2f6f7d0f3a11",
            )
            await stub.Suggest(request)

        return await measure(call, clients=clients, seconds=seconds)


async def trials(platform: Endpoints, clients: int) -> Load:
    """Measure trials of a new sweep."""
    async with calls_to(platform.registry, platform.suggestion) as calls:
        sweep_id = await calls.create_sweep("random")
        return await measure(
            lambda client: calls.trial(sweep_id, client), clients=clients, seconds=SECONDS
        )


async def chained_trials(platform: Endpoints, clients: int) -> Load:
    """Measure trials of a new sweep, each a Suggest that brings the end of the run before."""
    async with calls_to(platform.registry, platform.suggestion) as calls:
        trials = ChainedTrials(calls, await calls.create_sweep("random"))
        return await measure(trials.trial, clients=clients, seconds=SECONDS)


def _ratio_row(what: str, loads: list[Load], two_hops: list[Load]) -> list[str]:
    ratio = median(load.rate / echo.rate for load, echo in zip(loads, two_hops, strict=True))
    return [*_row(what, loads)[:-1], f"{ratio:.2f}"]


def _figures(name: str, clients: int, loop: list[Load], two: list[Load]) -> list[Figure]:
    """Return the rate and the latency, with their ratios to the echo of each round."""
    rate = median(t.rate / e.rate for t, e in zip(loop, two, strict=True))
    latency = median(t.p50 / e.p50 for t, e in zip(loop, two, strict=True))
    rates = tuple(load.rate for load in loop)
    p50s = tuple(load.p50 for load in loop)
    return [
        Figure(name, "trials/s", rates, clients=clients, ratio=rate),
        Figure(name, "ms", p50s, clients=clients, ratio=latency),
    ]


def _row(what: str, loads: list[Load]) -> list[str]:
    return [
        what,
        f"{median(load.rate for load in loads):,.0f}",
        f"{median(load.p50 for load in loads):.2f}",
        f"{median(load.p99 for load in loads):.2f}",
        "",
    ]
