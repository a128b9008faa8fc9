"""Two replicas of the suggestion service, of which all clients choose the same one for a sweep."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc

from clients.conformance.runner.replies import Failure
from clients.conformance.runner.scenario import Stage, expect, scenario
from clients.conformance.runner.scripted_services import ScriptedServices, serving
from clients.conformance.runner.scripted_sweep import SWEEP_ID, ScriptedSweep


@asynccontextmanager
async def _two(stage: Stage) -> AsyncIterator[tuple[ScriptedServices, ScriptedServices, str]]:
    """Yield the sweep's replica, the other one, and the list of both."""
    async with serving() as (services, address):
        replicas = {stage.address: stage.services, address: services}
        chosen, other = sorted(replicas, key=_weight, reverse=True)
        yield replicas[chosen], replicas[other], ",".join(replicas)


def _weight(address: str) -> bytes:
    return hashlib.sha256(f"{address}\0{SWEEP_ID}".encode()).digest()


async def _run_agent(stage: Stage, replicas: str, **given: Any) -> None:
    await stage.ask(
        "agent.run",
        sweep_id=SWEEP_ID,
        environment={"WANLLMDB_SUGGESTION": replicas},
        **given,
    )


@scenario("the calls of a sweep go to its replica")
async def one_replica(stage: Stage) -> None:
    async with _two(stage) as (chosen, other, replicas):
        registry = ScriptedSweep(stage.services, runs=3)
        for services in (chosen, other):
            services.on("Suggest", registry.suggest)
        await _run_agent(stage, replicas, values=[1.0])

        expect(len(chosen.requests("Suggest")), 4, "the Suggests at the sweep's replica")
        expect(other.requests("Suggest"), [], "the Suggests at the other replica")


@scenario("a replica that is unavailable is passed over, with the same request id")
async def another_replica(stage: Stage) -> None:
    async with _two(stage) as (chosen, other, replicas):
        registry = ScriptedSweep(stage.services)
        chosen.on("Suggest", Failure(grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN"))
        other.on("Suggest", registry.suggest)
        await _run_agent(stage, replicas, values=[1.0], count=1)

        tried = {request.request_id for request in chosen.requests("Suggest")}
        answered = {request.request_id for request in other.requests("Suggest")}
        expect(len(tried), 1, "the ids at the replica that is unavailable")
        expect(answered, tried, "the ids at the other replica")
