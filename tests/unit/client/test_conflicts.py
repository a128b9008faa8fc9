"""A write conflict is sent again as it was; what was refused for a stale read is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from wanllmdb import AbortedError, Client, UnavailableError
from wanllmdb._connection.addresses import REGISTRY, SUGGESTION
from wanllmdb._connection.credentials import Credentials
from wanllmdb._connection.peer import Peer
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb


def status(code: grpc.StatusCode, reason: str) -> Any:
    info = error_details_pb2.ErrorInfo(reason=reason, domain="wanllmdb.dev")
    packed = any_pb2.Any()
    packed.Pack(info)
    return rpc_status.to_status(
        status_pb2.Status(code=code.value[0], message="conflict", details=[packed])
    )


@contextmanager
def server(name: str, **rpcs: Callable[[bytes, Any], bytes]) -> Iterator[str]:
    """A server of one service with these RPCs, at the given address."""
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        rpc: grpc.unary_unary_rpc_method_handler(handle) for rpc, handle in rpcs.items()
    }
    running = grpc.server(ThreadPoolExecutor(2))
    running.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(name, handlers)])
    port = running.add_insecure_port("127.0.0.1:0")
    running.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        running.stop(None)


def refusing(times: int, why: Any, then: bytes, seen: list[bytes]) -> Callable[[bytes, Any], bytes]:
    """Return an RPC that refuses the first requests, and answers the next."""

    def handle(request: bytes, context: Any) -> bytes:
        seen.append(request)
        if len(seen) <= times:
            context.abort_with_status(why)
        return then

    return handle


def test_a_write_conflict_is_sent_again_with_the_same_request_id() -> None:
    seen: list[bytes] = []
    answer = pb.UpdateRunResponse(run=run_pb2.Run(sweep_id="s", number=0, name="mine"))
    conflict = status(grpc.StatusCode.UNAVAILABLE, "WRITE_CONFLICT")
    update = refusing(2, conflict, answer.SerializeToString(), seen)
    with server(REGISTRY.full_name, UpdateRun=update) as address, Client(address) as client:
        assert client.update_run("s", 0, name="mine").name == "mine"
    requests = [pb.UpdateRunRequest.FromString(request) for request in seen]
    assert len(requests) == 3
    assert len({request.request_id for request in requests}) == 1
    assert requests[0].request_id


def test_a_large_request_is_sent_again_too() -> None:
    """By default gRPC gives a request of more than 256 KiB up."""
    seen: list[bytes] = []
    answer = pb.UpdateRunResponse(run=run_pb2.Run(sweep_id="s", number=0, name="mine"))
    conflict = status(grpc.StatusCode.UNAVAILABLE, "WRITE_CONFLICT")
    update = refusing(1, conflict, answer.SerializeToString(), seen)
    with server(REGISTRY.full_name, UpdateRun=update) as address, Client(address) as client:
        assert client.update_run("s", 0, config={"text": "x" * 3_000_000}).name == "mine"
    assert [len(request) > 3_000_000 for request in seen] == [True, True]


@pytest.mark.parametrize("reason", ["ETAG_MISMATCH", "REVISION_MISMATCH"])
def test_what_was_refused_for_a_stale_read_is_never_sent_again(reason: str) -> None:
    seen: list[bytes] = []
    update = refusing(1, status(grpc.StatusCode.ABORTED, reason), b"", seen)
    with (
        server(REGISTRY.full_name, UpdateRun=update) as address,
        Client(address) as client,
        pytest.raises(AbortedError) as raised,
    ):
        client.update_run("s", 0, name="mine", if_revision=1)
    assert raised.value.reason == reason
    assert len(seen) == 1


@pytest.mark.parametrize(("reason", "is_there"), [("WRITE_CONFLICT", True), ("", False)])
def test_a_replica_whose_writes_conflict_is_not_taken_for_one_that_is_down(
    reason: str, is_there: bool
) -> None:
    addresses = "127.0.0.1:1,127.0.0.1:2"
    peer = Peer(SUGGESTION, addresses, Credentials.of(None, None, None))
    request = suggestion_pb.SuggestRequest(sweep_id="s")
    replica = peer._routing.replica_for(request)
    assert replica is not None
    refuse = refusing(9, status(grpc.StatusCode.UNAVAILABLE, reason), b"", [])
    with server("a.B", C=refuse) as address, grpc.insecure_channel(address) as channel:
        call: Any = channel.unary_unary("/a.B/C")
        with pytest.raises(grpc.RpcError) as raised:
            call(b"")
    # Any replica may answer the same request.
    assert peer.should_try_others(replica, raised.value)
    assert (peer._routing.replica_for(request) == replica) == is_there


def test_a_conflict_that_lasts_is_reported_as_unavailable() -> None:
    seen: list[bytes] = []
    conflict = status(grpc.StatusCode.UNAVAILABLE, "WRITE_CONFLICT")
    update = refusing(99, conflict, b"", seen)
    with (
        server(REGISTRY.full_name, UpdateRun=update) as address,
        Client(address) as client,
        pytest.raises(UnavailableError) as raised,
    ):
        client.update_run("s", 0, name="mine")
    assert raised.value.reason == "WRITE_CONFLICT"
    assert len(seen) == 5
