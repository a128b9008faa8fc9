"""Watches of a sweep that break."""

from __future__ import annotations

from typing import Any

import grpc

from clients.conformance.runner.replies import Cut, Failure, Stream
from clients.conformance.runner.scenario import Stage, expect, scenario
from wanllmdb.api.registry.v1 import watch_pb2 as pb


def _change(revision: int) -> pb.WatchSweepResponse:
    change = pb.WatchSweepResponse(revision=revision, database_id="db-1")
    change.checkpoint.SetInParent()
    return change


@scenario("a watch that breaks goes on after the last revision, with its database")
async def resumed(stage: Stage) -> None:
    stopping = Failure(grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
    stage.services.on_stream(
        "WatchSweep",
        Stream([_change(3), _change(5)], stopping),
        Stream([_change(8)], stopping),
        # A cut may lose what was sent before it, so nothing was.
        Stream([], Cut()),
        Stream([_change(9)]),
    )
    revisions = await stage.ask("sweep.watch", sweep_id="s", changes=4)

    expect(revisions, [3, 5, 8, 9], "the revisions")
    requests: list[Any] = stage.services.requests("WatchSweep")
    expect([r.since_revision for r in requests], [0, 5, 8, 8], "the revisions to begin with")
    expect([r.database_id for r in requests], ["", "db-1", "db-1", "db-1"], "the databases")


@scenario("REVISION_UNKNOWN in the middle of a watch reaches the program")
async def restored_database(stage: Stage) -> None:
    stage.services.on_stream(
        "WatchSweep",
        Stream([_change(3)], Failure(grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")),
        Stream([], Failure(grpc.StatusCode.FAILED_PRECONDITION, "REVISION_UNKNOWN")),
    )
    error = await stage.ask_for_error("sweep.watch", sweep_id="s", changes=2)

    expect(error.get("reason"), "REVISION_UNKNOWN", "the reason")


@scenario("a watch ends when its sweep is deleted")
async def deleted_sweep(stage: Stage) -> None:
    gone = Failure(grpc.StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND", {"sweep_id": "s"})
    stage.services.on_stream("WatchSweep", Stream([_change(3)], gone))
    revisions = await stage.ask("sweep.watch", sweep_id="s", changes=2)

    expect(revisions, [3], "the revisions")
