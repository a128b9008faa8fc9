"""What plays live scenarios, with an `up` that only writes its ready file."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import grpc.aio
import pytest
from google.protobuf.struct_pb2 import NULL_VALUE

from clients.conformance.runner import platform as platform_module
from clients.conformance.runner import testee
from clients.conformance.runner.commands import MismatchError
from clients.conformance.runner.known_failing import KnownFailing
from clients.conformance.runner.live import LiveCase, LiveStage, live_scenario, live_scenarios
from clients.conformance.runner.live_client import live_client
from clients.conformance.runner.live_sweep import LiveSweep, has_reported, parameters_of, states_of
from clients.conformance.runner.platform import PlatformError, platform
from clients.conformance.runner.platforms import Platforms
from clients.conformance.runner.registry import Registry
from clients.conformance.runner.replies import Failure
from clients.conformance.runner.scripted_services import ScriptedServices, serving
from clients.conformance.runner.table import lines_of
from clients.conformance.runner.testee import Language
from clients.conformance.runner.trial import Verdict, tried
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb.api.registry.v1.search_space_pb2 import ParameterValue

# Answers with what the command has; `wait` gets no answer, and starts a process before.
TESTEE = """
import json, subprocess, sys, time

for line in sys.stdin:
    command = json.loads(line)
    if command["operation"] == "wait":
        subprocess.run([sys.executable, "-c", "import time; time.sleep(600)"])
    result = command["given"]
    if command["operation"] == "hello":
        result = {"language": sys.argv[1], "can": []}
    print(json.dumps({"id": command["id"], "result": result}), flush=True)
"""
# Has one service, which it starts again; the service ends with it.
UP = """
import json, os, subprocess, sys

file = sys.argv[sys.argv.index("--ready-file") + 1]
while True:
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as service:
        ready = {"registry": "127.0.0.1:1", "suggestion": "127.0.0.1:2"}
        with open(f"{file}.new", "w") as written:
            json.dump(ready | {"pids": {"registry": [service.pid]}}, written)
        os.replace(f"{file}.new", file)
        service.wait()
"""
NO_UP = "import sys; print('once'); sys.exit('there is no database')"


def echo(name: str = "echo") -> Language:
    return Language(name, [sys.executable, "-c", TESTEE, name])


def use_up(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(platform_module, "UP", (sys.executable, "-c", program))


@asynccontextmanager
async def scripted_sweep() -> AsyncIterator[tuple[ScriptedServices, LiveSweep]]:
    """Yield a sweep of a scripted registry."""
    async with serving() as (services, address), grpc.aio.insecure_channel(address) as channel:
        yield services, LiveSweep(Registry(channel), "s")


def page(state: run_pb2.RunState.ValueType) -> pb.ListRunsResponse:
    return pb.ListRunsResponse(runs=[run_pb2.Run(number=0, state=state)])


def test_each_live_scenario_has_a_name_of_its_own() -> None:
    found = live_scenarios()

    assert len({(each.file, each.name) for each in found}) == len(found) > 10
    assert all(each.file.startswith("live/") for each in found)
    assert [each.file for each in found if each.is_mixed] == ["live/mixed"]


@pytest.mark.processes
async def test_a_job_waits_for_the_runs_of_a_sweep() -> None:
    async with scripted_sweep() as (services, sweep), live_client(echo(), {}) as client:
        job = client.begin("wait")
        services.on("ListRuns", page(run_pb2.RUN_STATE_RUNNING), page(run_pb2.RUN_STATE_FINISHED))

        runs = await job.until("it ends", sweep, lambda runs: states_of(runs) == ["FINISHED"])

        assert len(runs) == 1
        assert len(services.requests("ListRuns")) == 2
        client.kill()
        with pytest.raises(testee.TesteeError, match="the testee has ended"):
            await job.result()


@pytest.mark.processes
async def test_a_job_that_ends_too_early_is_reported_at_once() -> None:
    async with scripted_sweep() as (services, sweep), live_client(echo(), {"A": "1"}) as client:
        job = client.begin("agent.run", environment={"B": "2"})
        services.on("ListRuns", page(run_pb2.RUN_STATE_RUNNING))

        assert await job.result() == {"environment": {"A": "1", "B": "2"}}
        with pytest.raises(MismatchError, match=r"agent\.run has ended before it ends"):
            await job.until("it ends", sweep, lambda runs: states_of(runs) == ["FINISHED"])


async def test_a_call_is_repeated_while_the_registry_is_not_there() -> None:
    async with scripted_sweep() as (services, sweep):
        starting = Failure(grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE")
        running = Failure(grpc.StatusCode.FAILED_PRECONDITION, "SWEEP_NOT_PAUSED")
        services.on("ResumeSweep", starting, starting, pb.ResumeSweepResponse())
        services.on("PauseSweep", running)

        await sweep.resume()
        with pytest.raises(grpc.aio.AioRpcError):
            await sweep.pause()

        assert len({request.request_id for request in services.requests("ResumeSweep")}) == 1
        assert len(services.requests("ResumeSweep")) == 3
        assert len(services.requests("PauseSweep")) == 1


def test_parameters_are_those_of_the_program() -> None:
    run = run_pb2.Run()
    run.parameters["a/b"].int_value = 1
    run.parameters["a/c"].json_value = "[1.5]"
    run.parameters["d"].CopyFrom(ParameterValue(null_value=NULL_VALUE))

    assert parameters_of(run) == {"a": {"b": 1, "c": [1.5]}, "d": None}


def test_a_run_has_reported_once_a_step_has_arrived() -> None:
    running = run_pb2.Run(number=3, state=run_pb2.RUN_STATE_RUNNING)

    assert not has_reported(3)([running])
    running.last_step = 0
    assert has_reported(3)([running])
    assert not has_reported(2)([running])


@pytest.mark.processes
async def test_a_killed_service_has_a_successor(monkeypatch: pytest.MonkeyPatch) -> None:
    use_up(monkeypatch, UP)
    async with platform() as running:
        before = json.loads((running.folder / "ready.json").read_text())
        await running.kill("registry")
        after = json.loads((running.folder / "ready.json").read_text())

        assert running.addresses["WANLLMDB_REGISTRY"] == "127.0.0.1:1"
        assert before["pids"] != after["pids"]
    assert running.process.returncode is not None


@pytest.mark.processes
async def test_an_up_that_does_not_start_is_started_once(monkeypatch: pytest.MonkeyPatch) -> None:
    use_up(monkeypatch, NO_UP)
    async with Platforms() as platforms:
        with pytest.raises(PlatformError, match="ended with 1\nonce\nthere is no database"):
            await platforms.get(is_protected=False)
        with pytest.raises(PlatformError, match="an earlier scenario says why"):
            await platforms.get(is_protected=False)


@pytest.mark.processes
async def test_a_mixed_scenario_is_played_once_for_all_languages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_up(monkeypatch, UP)
    plays: list[LiveStage] = []

    @live_scenario("all do", is_mixed=True)
    async def together(stage: LiveStage) -> None:
        plays.append(stage)
        stage.notes.append(f"{len(stage.languages)} languages")

    languages = [echo("one"), echo("two")]
    async with Platforms() as platforms:
        case = LiveCase(together, platforms, languages)
        trials = [await tried(each, [case], KnownFailing()) for each in languages]

    (stage,) = plays
    assert stage.languages == languages
    assert {trial.outcomes[0].seconds for trial in trials} == {trials[0].outcomes[0].seconds}
    lines = list(lines_of(trials))
    assert [line for line in lines if "languages" in line] == ["live/test_live: 2 languages"]


@pytest.mark.processes
async def test_any_error_of_a_live_scenario_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    use_up(monkeypatch, NO_UP)

    @live_scenario("it plays")
    async def plays(stage: LiveStage) -> None:
        raise AssertionError

    async with Platforms() as platforms:
        case = LiveCase(plays, platforms, [echo()])
        trial = await tried(echo(), [case], KnownFailing())
        known = await tried(echo(), [case], KnownFailing(["live/*"]))

    assert [each.verdict for each in trial.outcomes] == [Verdict.FAILED]
    assert "there is no database" in trial.outcomes[0].detail
    assert [each.verdict for each in known.outcomes] == [Verdict.KNOWN]
