"""A server's error becomes an exception of the client's own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

import wanllmdb
from wanllmdb import Client, FieldProblem, WanllmdbError
from wanllmdb._connection.addresses import REGISTRY
from wanllmdb._connection.error_details import TRAILER, ErrorDetails, read_details
from wanllmdb.api.registry.v1 import error_details_pb2 as error_details_pb


def status(code: int, text: str, *details: Message) -> status_pb2.Status:
    packed = []
    for detail in details:
        packed.append(any_pb2.Any())
        packed[-1].Pack(detail)
    return status_pb2.Status(code=code, message=text, details=packed)


def info(reason: str, **metadata: str) -> error_details_pb2.ErrorInfo:
    return error_details_pb2.ErrorInfo(reason=reason, domain="wanllmdb.dev", metadata=metadata)


def bad_request(**fields: str) -> error_details_pb2.BadRequest:
    violation = error_details_pb2.BadRequest.FieldViolation
    return error_details_pb2.BadRequest(
        field_violations=[violation(field=f, description=d) for f, d in fields.items()]
    )


@contextmanager
def server_that_answers(answer: status_pb2.Status) -> Iterator[str]:
    """A registry that returns one given answer to GetSweep."""

    def refuse(request: bytes, context: Any) -> Any:
        context.abort_with_status(rpc_status.to_status(answer))

    handler: grpc.RpcMethodHandler[bytes, Any] = grpc.unary_unary_rpc_method_handler(refuse)
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(REGISTRY.full_name, {"GetSweep": handler})]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None)


def error_for(answer: status_pb2.Status) -> WanllmdbError:
    with (
        server_that_answers(answer) as address,
        Client(registry=address) as client,
        pytest.raises(WanllmdbError) as raised,
    ):
        client.get_sweep("s")
    return raised.value


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, wanllmdb.InvalidArgumentError),
        (grpc.StatusCode.NOT_FOUND, wanllmdb.NotFoundError),
        (grpc.StatusCode.ALREADY_EXISTS, wanllmdb.AlreadyExistsError),
        (grpc.StatusCode.FAILED_PRECONDITION, wanllmdb.FailedPreconditionError),
        (grpc.StatusCode.ABORTED, wanllmdb.AbortedError),
        (grpc.StatusCode.PERMISSION_DENIED, wanllmdb.PermissionDeniedError),
        (grpc.StatusCode.UNAUTHENTICATED, wanllmdb.UnauthenticatedError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, wanllmdb.ResourceExhaustedError),
        (grpc.StatusCode.UNAVAILABLE, wanllmdb.UnavailableError),
        (grpc.StatusCode.UNIMPLEMENTED, wanllmdb.UnimplementedError),
        (grpc.StatusCode.INTERNAL, wanllmdb.InternalError),
        (grpc.StatusCode.UNKNOWN, wanllmdb.InternalError),
    ],
)
def test_each_status_has_its_class(code: grpc.StatusCode, kind: type[WanllmdbError]) -> None:
    error = error_for(status(code.value[0], "what happened", info("SOME_REASON", sweep_id="s")))

    assert type(error) is kind
    assert (error.message, error.reason) == ("what happened", "SOME_REASON")
    assert error.metadata == {"sweep_id": "s"}
    assert str(error) == "what happened"


def test_every_invalid_field_is_on_a_line_of_its_own() -> None:
    error = error_for(
        status(
            3,
            "2 problems",
            info("INVALID_SWEEP_CONFIG"),
            bad_request(**{"method": "must be one of random, grid, bayes", "run_cap": "too small"}),
        )
    )

    assert error.fields == [
        FieldProblem("method", "must be one of random, grid, bayes"),
        FieldProblem("run_cap", "too small"),
    ]
    assert str(error) == (
        "invalid sweep config, 2 problems:\n"
        "  method: must be one of random, grid, bayes\n"
        "  run_cap: too small"
    )


def test_problems_that_an_answer_has_no_room_for_are_not_counted_as_one() -> None:
    fields = {"runs[0]": "is wrong", "runs[1]": "is wrong"}
    many = info("INVALID_REQUEST", problems="1234")

    error = error_for(status(3, "many", many, bad_request(**fields)))

    assert isinstance(error, wanllmdb.InvalidArgumentError)
    assert error.unnamed == 1_232
    assert str(error).splitlines() == [
        "invalid request, 1,234 problems:",
        "  runs[0]: is wrong",
        "  runs[1]: is wrong",
        "  and 1,232 more",
    ]


def test_problems_of_a_text_have_their_places() -> None:
    fields = {"method": "is required", "parameters.x.min": "must be a number"}
    places = error_details_pb.ProblemPositions(
        positions=[
            error_details_pb.TextPosition(),
            error_details_pb.TextPosition(line=3, column=7),
        ]
    )

    error = error_for(
        status(3, "bad", info("INVALID_SWEEP_CONFIG", problems="2"), bad_request(**fields), places)
    )

    assert isinstance(error, wanllmdb.InvalidArgumentError)
    assert error.positions == [None, (3, 7)]
    assert "sweep.yaml" not in str(error)
    error.file = "sweep.yaml"
    assert str(error).splitlines()[1:] == [
        "  sweep.yaml: method: is required",
        "  sweep.yaml:3:7: parameters.x.min: must be a number",
    ]


def test_details_of_many_fields_arrive_whole() -> None:
    fields = {f"parameters.p{index}.values": "x" * 300 for index in range(50)}

    error = error_for(status(3, "many", info("INVALID_SWEEP_CONFIG"), bad_request(**fields)))

    assert len(error.fields) == 50


def test_the_present_state_is_reported() -> None:
    error = error_for(status(9, "not now", info("SWEEP_NOT_RUNNING", state="PAUSED")))

    assert isinstance(error, wanllmdb.FailedPreconditionError)
    assert error.state == "paused"


def test_overload_says_when_to_come_again() -> None:
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromMilliseconds(50)

    error = error_for(status(8, "too much", info("OVERLOADED"), retry))

    assert isinstance(error, wanllmdb.ResourceExhaustedError)
    assert error.retry_after == pytest.approx(0.05)


def test_an_error_without_details_says_which_service_and_which_call() -> None:
    error = error_for(status(2, "boom"))

    assert error.reason == ""
    assert str(error).startswith("the registry at 127.0.0.1:")
    assert "could not carry out GetSweep: boom" in str(error)


def test_details_that_do_not_parse_are_left_out() -> None:
    assert read_details([(TRAILER, b"\xff\xff")]) == ErrorDetails()
    assert read_details([("other", "text")]) == ErrorDetails()
    assert read_details(None) == ErrorDetails()


def test_no_server_is_one_sentence_that_says_what_to_do() -> None:
    with Client(registry="127.0.0.1:1") as client, pytest.raises(WanllmdbError) as raised:
        client.get_sweep("s")

    assert isinstance(raised.value, wanllmdb.UnavailableError)
    assert str(raised.value) == (
        "no registry answers at 127.0.0.1:1: start one with `wanllmdb up`, or set "
        "WANLLMDB_REGISTRY (or the argument registry=) to its address"
    )
    # The traceback that a user sees contains no frame of gRPC.
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_a_stopped_run_passes_by_except_exception() -> None:
    assert not issubclass(wanllmdb.RunStopped, Exception)
    assert str(wanllmdb.RunStopped("why")) == "why"
