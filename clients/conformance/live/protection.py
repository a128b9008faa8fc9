"""Services that require API keys, and certificates of both sides."""

from __future__ import annotations

import json
from pathlib import Path

from clients.conformance.runner.live import LiveStage, live_scenario
from clients.conformance.runner.live_sweep import SEARCH, LiveSweep, count_of, states_of
from clients.conformance.runner.scenario import expect
from wanllmdb.api.registry.v1 import key_service_pb2 as key_pb

_CONFIG = json.dumps({**SEARCH, "run_cap": 2})


@live_scenario("a sweep and an agent over mutual TLS, with a key", is_protected=True)
async def allowed(stage: LiveStage) -> None:
    async with stage.client() as client:
        created = await client.ask("sweep.create", config=_CONFIG)
        sweep = LiveSweep(stage.registry, created["sweep_id"])
        await client.ask("agent.run", sweep_id=sweep.sweep_id, values=[2.0, 1.0])

    runs = await sweep.runs()
    expect(states_of(runs), ["FINISHED"] * 2, "the states of the runs")
    expect([await sweep.losses(n) for n in (0, 1)], [{0: 2.0, 1: 1.0}] * 2, "the values")


@live_scenario("errors of keys have their reasons", is_protected=True)
async def refused(stage: LiveStage) -> None:
    _, agents_key = await stage.registry.create_key(key_pb.ROLE_AGENT)
    keys = {
        "KEY_MISSING": "",
        "KEY_INVALID": f"wsk_unknown_{'s' * 43}",
        "PERMISSION_DENIED": agents_key,
    }
    async with stage.client() as client:
        for reason, key in keys.items():
            environment = {"WANLLMDB_API_KEY_FILE": "", "WANLLMDB_API_KEY": key}
            error = await client.ask_for_error(
                "sweep.create", config=_CONFIG, environment=environment
            )
            expect((error.get("kind"), error.get("reason")), ("service", reason), "the error")


@live_scenario("services of another authority get no call", is_protected=True)
async def strangers(stage: LiveStage) -> None:
    assert stage.platform.certificates is not None
    authority = str(stage.platform.certificates.strange_authority)
    async with stage.client() as client:
        error = await client.ask_for_error(
            "sweep.create", config=_CONFIG, environment={"WANLLMDB_TLS_CA": authority}
        )
    expect(error.get("kind"), "service", "the kind of the error")


@live_scenario("an agent goes on with the key that its file has later", is_protected=True)
async def other_key(stage: LiveStage) -> None:
    key_id, key = await stage.registry.create_key(key_pb.ROLE_AGENT)
    _, next_key = await stage.registry.create_key(key_pb.ROLE_AGENT)
    file = f"{stage.folder}/key"
    _write(file, key)
    sweep = await stage.create(SEARCH)
    async with stage.client() as client:
        agent = client.begin(
            "agent.run",
            sweep_id=sweep.sweep_id,
            values=[1.0],
            seconds=0.1,
            environment={"WANLLMDB_API_KEY_FILE": file},
        )
        before = await agent.until("a run runs", sweep, lambda runs: count_of("RUNNING", runs) == 1)
        _write(file, next_key)
        await stage.registry.revoke_key(key_id)
        await agent.until("runs follow", sweep, lambda runs: len(runs) >= len(before) + 2)
        await sweep.finish()
        result = await agent.result()

    runs = await sweep.runs()
    expect(set(states_of(runs)), {"FINISHED"}, "the states of the runs")
    expect((result["runs"], result["failed"]), (len(runs), 0), "what the agent did")


def _write(file: str, key: str) -> None:
    Path(file).write_text(key)
