"""Scenarios of clients/conformance, with a client that does what it must and one that does not."""

from __future__ import annotations

import sys

import grpc
import grpc.aio
import pytest

from clients.conformance.runner.known_failing import KnownFailing
from clients.conformance.runner.replies import Cut, Failure
from clients.conformance.runner.scenario import (
    Scenario,
    Stage,
    expect,
    scenario,
    scenarios_of_all_files,
)
from clients.conformance.runner.scripted_services import serving
from clients.conformance.runner.table import lines_of
from clients.conformance.runner.testee import Language, languages_in
from clients.conformance.runner.trial import Verdict, tried
from wanllmdb._connection.error_details import read_details
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1.registry_service_pb2_grpc import SweepRegistryServiceStub

SCENARIOS = scenarios_of_all_files()
FILES = list(dict.fromkeys(each.file for each in SCENARIOS))

# Answers every command without calling a service.
LIAR = """
import json, sys

for line in sys.stdin:
    command = json.loads(line)
    result = {"language": "liar", "can": []} if command["operation"] == "hello" else {}
    print(json.dumps({"id": command["id"], "result": result}), flush=True)
"""


@pytest.mark.processes
@pytest.mark.parametrize("file", FILES)
async def test_the_python_client_passes_the_scenarios(file: str) -> None:
    (python,) = (language for language in languages_in() if language.name == "python")
    chosen = [each for each in SCENARIOS if each.file == file]

    trial = await tried(python, chosen, KnownFailing())

    assert trial.is_green, "\n".join(lines_of([trial]))
    assert [outcome.verdict for outcome in trial.outcomes] == [Verdict.PASSED] * len(chosen)


@pytest.mark.processes
async def test_no_scenario_is_green_without_a_call() -> None:
    trial = await tried(Language("liar", [sys.executable, "-c", LIAR]), SCENARIOS, KnownFailing())

    assert trial.problems == []
    assert [o.case.full_name for o in trial.outcomes if o.verdict is not Verdict.FAILED] == []
    assert all("received:" in outcome.detail for outcome in trial.outcomes)


def test_each_scenario_has_a_name_of_its_own() -> None:
    assert len({each.full_name for each in SCENARIOS}) == len(SCENARIOS) > 40


def test_a_scenario_has_the_name_of_its_module() -> None:
    @scenario("nothing happens", needs=["patience"])
    async def nothing(stage: Stage) -> None:
        expect(stage.address, "", "the address")

    assert isinstance(nothing, Scenario)
    assert nothing.full_name == "test_scenarios/nothing happens"
    assert nothing.needs == {"patience"}


async def test_scripted_services_answer_in_order_and_record_requests() -> None:
    failure = Failure(grpc.StatusCode.ABORTED, "ETAG_MISMATCH", {"etag": "7"}, retry_after=1.5)
    async with serving() as (services, address), grpc.aio.insecure_channel(address) as channel:
        services.on("DeleteSweep", failure, pb.DeleteSweepResponse())
        stub = SweepRegistryServiceStub(channel)

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.DeleteSweep(pb.DeleteSweepRequest(sweep_id="a"))
        for sweep_id in ("b", "c"):
            await stub.DeleteSweep(pb.DeleteSweepRequest(sweep_id=sweep_id))
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await stub.GetSweep(pb.GetSweepRequest(sweep_id="a"))

    details = read_details(caught.value.trailing_metadata())
    assert caught.value.code() is grpc.StatusCode.ABORTED
    assert (details.reason, details.metadata) == ("ETAG_MISMATCH", {"etag": "7"})
    assert details.retry_after == 1.5
    assert [request.sweep_id for request in services.requests("DeleteSweep")] == ["a", "b", "c"]
    assert len(services.pauses("DeleteSweep")) == 2
    assert unknown.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_cut_breaks_the_connection_of_the_call() -> None:
    options = [("grpc.enable_retries", 0)]
    async with (
        serving() as (services, address),
        grpc.aio.insecure_channel(address, options) as channel,
    ):
        services.on("DeleteSweep", Cut(), pb.DeleteSweepResponse())
        stub = SweepRegistryServiceStub(channel)

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.DeleteSweep(pb.DeleteSweepRequest(sweep_id="a"))
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        await stub.DeleteSweep(pb.DeleteSweepRequest(sweep_id="b"), wait_for_ready=True)
