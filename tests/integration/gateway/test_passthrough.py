"""Calls, streams and errors reach a browser through the gateway as the services send them."""

from __future__ import annotations

import asyncio

import grpc
import pyqwest
import pytest
from google.rpc import error_details_pb2, status_pb2

from tests.gateway_calls import BrowserClient, CallError, Protocol
from tests.sweeps import Registry, config_text, create_sweep, request_id
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import sweep_pb2, watch_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb

REGISTRY = "/wanllmdb.api.registry.v1.SweepRegistryService"
SUGGESTION = "/wanllmdb.api.suggestion.v1.SuggestionService"

WAYS = [(protocol, codec) for protocol in Protocol for codec in ("proto", "json")]


@pytest.fixture(params=WAYS, ids=[f"{protocol.value}-{codec}" for protocol, codec in WAYS])
def browser(request: pytest.FixtureRequest, gateway: str) -> BrowserClient:
    """A client for each protocol and codec."""
    protocol, codec = request.param
    return BrowserClient(gateway, protocol, codec)


async def test_a_browser_creates_and_reads_a_sweep(
    browser: BrowserClient, registry: Registry
) -> None:
    created = await browser.unary(
        f"{REGISTRY}/CreateSweep",
        pb.CreateSweepRequest(config_text=config_text(), request_id=request_id()),
        pb.CreateSweepResponse,
    )
    asked = pb.GetSweepRequest(sweep_id=created.sweep.sweep_id)
    seen = await browser.unary(f"{REGISTRY}/GetSweep", asked, pb.GetSweepResponse)
    assert seen == await registry.GetSweep(asked)


async def test_the_suggestion_service_answers_too(browser: BrowserClient) -> None:
    answer = await browser.unary(
        f"{SUGGESTION}/ListAlgorithms",
        suggestion_pb.ListAlgorithmsRequest(),
        suggestion_pb.ListAlgorithmsResponse,
    )
    assert "tpe" in [algorithm.name for algorithm in answer.algorithms]


async def test_an_error_arrives_with_its_code_message_and_details(
    browser: BrowserClient, registry: Registry
) -> None:
    request = pb.GetSweepRequest(sweep_id="missing")
    with pytest.raises(grpc.aio.AioRpcError) as direct:
        await registry.GetSweep(request)
    with pytest.raises(CallError) as caught:
        await browser.unary(f"{REGISTRY}/GetSweep", request, pb.GetSweepResponse)
    ended = caught.value.ended
    assert (ended.code, ended.message) == (direct.value.code(), direct.value.details())
    info = ended.detail(error_details_pb2.ErrorInfo)
    assert info is not None
    assert (info.reason, info.domain, info.metadata["sweep_id"]) == (
        "SWEEP_NOT_FOUND",
        "wanllmdb.dev",
        "missing",
    )


async def test_all_problems_of_a_request_arrive_in_the_details(browser: BrowserClient) -> None:
    request = pb.CreateSweepRequest(
        config_text=pb.ConfigText(text="method: nothing\nparameters: {x: {min: 1}}"),
        request_id=request_id(),
    )
    with pytest.raises(CallError) as caught:
        await browser.unary(f"{REGISTRY}/CreateSweep", request, pb.CreateSweepResponse)
    bad = caught.value.ended.detail(error_details_pb2.BadRequest)
    assert bad is not None
    assert {violation.field for violation in bad.field_violations} >= {"method"}
    assert len(bad.field_violations) > 1


async def test_a_long_list_of_problems_arrives_as_long_as_over_grpc(
    browser: BrowserClient, registry: Registry
) -> None:
    lines = "\n".join(f"  parameter_with_a_long_name_{n}: {{min: nothing}}" for n in range(80))
    request = pb.CreateSweepRequest(
        config_text=pb.ConfigText(text=f"method: random\nparameters:\n{lines}\n"),
        request_id=request_id(),
    )
    with pytest.raises(grpc.aio.AioRpcError) as direct:
        await registry.CreateSweep(request)
    with pytest.raises(CallError) as caught:
        await browser.unary(f"{REGISTRY}/CreateSweep", request, pb.CreateSweepResponse)
    (packed,) = [
        value
        for key, value in direct.value.trailing_metadata() or ()
        if key == "grpc-status-details-bin"
    ]
    assert isinstance(packed, bytes)
    assert len(packed) > 2_000
    assert list(caught.value.ended.details) == list(status_pb2.Status.FromString(packed).details)


async def test_a_stream_sends_each_change_as_it_happens(
    browser: BrowserClient, registry: Registry
) -> None:
    sweep = await create_sweep(registry)
    async with browser.stream(
        f"{REGISTRY}/WatchSweep",
        watch_pb2.WatchSweepRequest(sweep_id=sweep.sweep_id),
        watch_pb2.WatchSweepResponse,
    ) as stream:
        await stream.next()
        await registry.CancelSweep(pb.CancelSweepRequest(sweep_id=sweep.sweep_id))
        async with asyncio.timeout(60):
            while (await stream.next()).sweep.state != sweep_pb2.SWEEP_STATE_CANCELED:
                pass


async def test_a_stream_s_error_arrives_with_its_details(browser: BrowserClient) -> None:
    async with browser.stream(
        f"{REGISTRY}/WatchSweep",
        watch_pb2.WatchSweepRequest(sweep_id="missing"),
        watch_pb2.WatchSweepResponse,
    ) as stream:
        with pytest.raises(CallError) as caught:
            await stream.next()
    assert (caught.value.ended.code, caught.value.ended.reason) == (
        grpc.StatusCode.NOT_FOUND,
        "SWEEP_NOT_FOUND",
    )


async def test_every_answer_names_the_request_id_that_the_services_log(
    browser: BrowserClient, gateway: str
) -> None:
    response = await pyqwest.Client().post(
        f"{gateway}{REGISTRY}/ListSweeps",
        {"content-type": "application/json", "x-request-id": "from-the-page"},
        b"{}",
    )
    assert response.headers["x-request-id"] == "from-the-page"


@pytest.mark.parametrize("path", ["/wanllmdb.api.registry.v1.Nothing/Get", "/wanllmdb.x"])
async def test_an_unknown_rpc_is_unimplemented(gateway: str, path: str) -> None:
    with pytest.raises(CallError) as caught:
        await BrowserClient(gateway).unary(path, pb.GetSweepRequest(), pb.GetSweepResponse)
    assert caught.value.ended.code is grpc.StatusCode.UNIMPLEMENTED


async def test_a_withheld_rpc_is_unimplemented_and_the_message_says_why(gateway: str) -> None:
    with pytest.raises(CallError) as caught:
        await BrowserClient(gateway).unary(
            f"{SUGGESTION}/Suggest", suggestion_pb.SuggestRequest(), suggestion_pb.SuggestResponse
        )
    assert caught.value.ended.code is grpc.StatusCode.UNIMPLEMENTED
    assert "agents ask for runs" in caught.value.ended.message
