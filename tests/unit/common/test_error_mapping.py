"""An error reaches its caller with any text, in fewer bytes than callers accept as headers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import grpc
import pytest

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
        [FieldViolation(text, text)] * 1_000,
        0,
        **{f"key{number}": text for number in range(1_000)},
    )
    context: Any = Context()
    with pytest.raises(SentError) as sent:
        await abort(context, error)
    code, details, (trailer, *_) = sent.value.args
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert len(quote(details)) + 4 * len(trailer[1]) // 3 < MAX_HEADERS


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
