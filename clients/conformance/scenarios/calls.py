"""Single calls: request ids, what is repeated and when, pages."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import grpc

from clients.conformance.runner.replies import Cut, Failure
from clients.conformance.runner.scenario import Stage, expect, expect_true, scenario
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2

_CONFIG = '{"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}}'
_CREATED = pb.CreateSweepResponse(sweep=sweep_pb2.Sweep(sweep_id="new", name="new", project="p"))
_UNAVAILABLE = Failure(grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE")


def _run(number: int) -> run_pb2.Run:
    return run_pb2.Run(
        sweep_id="s",
        number=number,
        state=run_pb2.RUN_STATE_QUEUED,
        origin=run_pb2.RUN_ORIGIN_SUGGESTED,
    )


@scenario("a request that failed as UNAVAILABLE is sent again, with the same id")
async def resend(stage: Stage) -> None:
    stage.services.on("CreateSweep", _UNAVAILABLE, _UNAVAILABLE, _CREATED)
    result = await stage.ask("sweep.create", config=_CONFIG)

    expect(result, {"sweep_id": "new"}, "the result")
    _expect_the_same(stage, 3)


@scenario("a write that conflicted is sent again, with the same id")
async def conflict(stage: Stage) -> None:
    conflict = Failure(grpc.StatusCode.UNAVAILABLE, "WRITE_CONFLICT", {"sweep_id": "new"})
    stage.services.on("CreateSweep", conflict, _CREATED)
    await stage.ask("sweep.create", config=_CONFIG)

    _expect_the_same(stage, 2)


@scenario("a request whose connection breaks is sent again, with the same id")
async def cut(stage: Stage) -> None:
    stage.services.on("CreateSweep", Cut(), _CREATED)
    result = await stage.ask("sweep.create", config=_CONFIG)

    expect(result, {"sweep_id": "new"}, "the result")
    _expect_the_same(stage, 2)


@scenario("RetryInfo says when an overloaded service gets the request again, with the same id")
async def retry_info(stage: Stage) -> None:
    overloaded = Failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", retry_after=0.4)
    stage.services.on("CreateSweep", overloaded, overloaded, _CREATED)
    await stage.ask("sweep.create", config=_CONFIG)

    _expect_the_same(stage, 3)
    shortest = min(stage.services.pauses("CreateSweep"))
    expect_true(shortest >= 0.4, f"a pause of at least 0.4 s, not {shortest:.2f} s")


@scenario("an overloaded service gets a request five times at most")
async def overload_without_end(stage: Stage) -> None:
    stage.services.on(
        "CreateSweep",
        Failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", retry_after=0.02),
    )
    error = await stage.ask_for_error("sweep.create", config=_CONFIG)

    expect(error.get("reason"), "OVERLOADED", "the reason")
    _expect_the_same(stage, 5)


@scenario("RESOURCE_EXHAUSTED without RetryInfo is not repeated")
async def too_large(stage: Stage) -> None:
    stage.services.on("CreateSweep", Failure(grpc.StatusCode.RESOURCE_EXHAUSTED))
    await stage.ask_for_error("sweep.create", config=_CONFIG)

    _expect_the_same(stage, 1)


@scenario("ABORTED is not repeated")
async def aborted(stage: Stage) -> None:
    stage.services.on("CreateSweep", Failure(grpc.StatusCode.ABORTED, "ETAG_MISMATCH"))
    error = await stage.ask_for_error("sweep.create", config=_CONFIG)

    expect(error.get("reason"), "ETAG_MISMATCH", "the reason")
    _expect_the_same(stage, 1)


@scenario("every call carries the key, and after UNAUTHENTICATED the file is read again")
async def other_key(stage: Stage) -> None:
    keys = [f"wsk_abc{number}_{'s' * 43}" for number in (1, 2)]
    file = _key_file(stage, keys[0])

    def revoked(_request: Any) -> Failure:
        file.write_text(f"{keys[1]}\n")
        return Failure(grpc.StatusCode.UNAUTHENTICATED, "KEY_REVOKED", {"key_id": "abc1"})

    stage.services.on("CreateSweep", revoked, _CREATED)
    await stage.ask(
        "sweep.create", config=_CONFIG, environment={"WANLLMDB_API_KEY_FILE": str(file)}
    )

    _expect_the_same(stage, 2)
    expect([each.key for each in stage.services.received], keys, "the keys")


@scenario("a key that is refused, and is still the file's, is not sent again")
async def refused_key(stage: Stage) -> None:
    file = _key_file(stage, f"wsk_abc1_{'s' * 43}")
    refused = Failure(grpc.StatusCode.UNAUTHENTICATED, "KEY_INVALID")
    stage.services.on("CreateSweep", refused)
    error = await stage.ask_for_error(
        "sweep.create", config=_CONFIG, environment={"WANLLMDB_API_KEY_FILE": str(file)}
    )

    expect(error.get("reason"), "KEY_INVALID", "the reason")
    _expect_the_same(stage, 1)


@scenario("two requests with the same content have two ids")
async def two_intents(stage: Stage) -> None:
    stage.services.on("CreateSweep", _CREATED)
    await stage.ask("sweep.create", config=_CONFIG)
    await stage.ask("sweep.create", config=_CONFIG)

    ids = {request.request_id for request in stage.services.requests("CreateSweep")}
    expect(len(ids), 2, "the number of request ids")


@scenario("a list is read until there is no next page, also past an empty one")
async def pages(stage: Stage) -> None:

    def page(token: str, *numbers: int) -> pb.ListRunsResponse:
        runs = [_run(number) for number in numbers]
        return pb.ListRunsResponse(runs=runs, next_page_token=token)

    stage.services.on("ListRuns", page("a", 0, 1), page("b"), page("", 2))
    numbers = await stage.ask("runs.list", sweep_id="s")

    expect(numbers, [0, 1, 2], "the runs")
    requests = stage.services.requests("ListRuns")
    expect([request.page_token for request in requests], ["", "a", "b"], "the tokens")
    expect({request.sweep_id for request in requests}, {"s"}, "the sweeps of the requests")


def _key_file(stage: Stage, key: str) -> Path:
    file = Path(stage.folder, "key")
    file.write_text(key)
    return file


def _expect_the_same(stage: Stage, count: int) -> None:
    """Check that one request with an id has arrived this often."""
    requests: list[Any] = stage.services.requests("CreateSweep")
    expect(len(requests), count, "the number of requests")
    uuid.UUID(requests[0].request_id)
    expect_true(
        all(request == requests[0] for request in requests), "each request is like the first"
    )
