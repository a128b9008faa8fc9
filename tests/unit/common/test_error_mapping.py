"""An error reaches its caller with any text, in fewer bytes than callers accept as headers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import grpc
import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message
from google.rpc import status_pb2

from wanllmdb_common.calls.call import Call
from wanllmdb_common.calls.interceptor import _leave
from wanllmdb_common.error_mapping import abort
from wanllmdb_common.errors import FieldViolation, InvalidArgumentError

# Where gRPC's clients begin to refuse headers.
MAX_HEADERS = 8 * 1024


class SentError(Exception):
    """The error that the context received."""


class Context:
    """A context that, like gRPC's, accepts only what can be sent."""

    async def abort(
        self, code: grpc.StatusCode, details: str, trailing_metadata: tuple[tuple[str, bytes], ...]
    ) -> None:
        details.encode()
        raise SentError(code, details, trailing_metadata)


@pytest.mark.parametrize("text", ["a" * 1_000_000, "\ud800", "\u202e" * 100_000, "é\x00%\n"])
async def test_an_error_with_any_text_can_be_sent(text: str) -> None:
    error = InvalidArgumentError(
        "INVALID_REQUEST",
        text,
        [FieldViolation(text, text, 100_000, 100_000)] * 1_000,
        0,
        **{f"key{number}": text for number in range(1_000)},
    )
    context: Any = Context()
    with pytest.raises(SentError) as sent:
        await abort(context, error)
    code, details, (trailer, *_) = sent.value.args
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert _bytes_in_headers(details, *trailer) < MAX_HEADERS


def _bytes_in_headers(message: str, key: str, value: bytes) -> int:
    """Return what HTTP/2 counts: names, values, and 32 bytes for each header."""
    return len("grpc-message") + len(quote(message)) + len(key) + -(-len(value) // 3) * 4 + 2 * 32


async def _details_of(error: InvalidArgumentError) -> tuple[int, dict[str, Message]]:
    """Return the bytes of the error's headers, and its details by their type."""
    context: Any = Context()
    with pytest.raises(SentError) as sent:
        await abort(context, error)
    _, message, (trailer, *_) = sent.value.args
    details: dict[str, Message] = {}
    for packed in status_pb2.Status.FromString(trailer[1]).details:
        kind = message_factory.GetMessageClass(
            descriptor_pool.Default().FindMessageTypeByName(packed.TypeName())
        )
        details[packed.TypeName().rpartition(".")[2]] = kind.FromString(packed.value)
    return _bytes_in_headers(message, *trailer), details


async def test_as_many_problems_are_named_as_headers_have_room_for() -> None:
    problems = [FieldViolation(f"parameters.p{i}.min", "must be a number") for i in range(500)]
    error = InvalidArgumentError("INVALID_SWEEP_CONFIG", "500 problems", problems, uncounted=7)
    size, details = await _details_of(error)
    named = details["BadRequest"].field_violations  # type: ignore[attr-defined]
    # One more problem would not fit.
    one = len(named[0].SerializeToString()) + 4
    assert MAX_HEADERS - 512 - 2 * one <= size <= MAX_HEADERS - 512
    assert len(named) > 100
    assert [v.field for v in named] == [p.field for p in problems[: len(named)]]
    assert details["ErrorInfo"].metadata == {"problems": "507"}  # type: ignore[attr-defined]
    assert "ProblemPositions" not in details


async def test_each_named_problem_of_a_text_has_its_place() -> None:
    problems = [FieldViolation(f"p{i}", "is wrong", i, 2 * i) for i in range(1_000)]
    size, details = await _details_of(InvalidArgumentError("INVALID_SWEEP_CONFIG", "x", problems))
    named = details["BadRequest"].field_violations  # type: ignore[attr-defined]
    places = details["ProblemPositions"].positions  # type: ignore[attr-defined]
    assert size < MAX_HEADERS
    assert 50 < len(named) == len(places) < 1_000
    assert [(place.line, place.column) for place in places] == [
        (i, 2 * i) for i in range(len(named))
    ]


class Step:
    """A step that counts the calls that leave it, and may fail."""

    def __init__(self, *, fails: bool) -> None:
        self.left = 0
        self._fails = fails

    async def before(self, call: Call) -> None:
        pass

    def after(self, _call: Call) -> None:
        self.left += 1
        if self._fails:
            raise ValueError("a defect")


def test_a_step_that_fails_after_a_call_keeps_no_other_from_ending() -> None:
    steps = [Step(fails=False), Step(fails=True), Step(fails=False)]
    _leave(steps, Call("/a.B/C", None, Context(), is_stream=False))  # type: ignore[arg-type]
    assert [step.left for step in steps] == [1, 1, 1]
