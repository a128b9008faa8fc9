"""Turns errors into gRPC statuses with details; no other module does.

The details follow AIP-193: always an ErrorInfo; for arguments a BadRequest, with ProblemPositions
for a text; for overload a RetryInfo. The text of an unexpected exception stays in the log, under a
reference that the caller receives.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

import grpc
import grpc.aio
import structlog
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from wanllmdb.api.registry.v1 import error_details_pb2 as wanllmdb_details_pb2
from wanllmdb_common.errors import (
    AbortedError,
    AlreadyExistsError,
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ServiceError,
    UnauthenticatedError,
    UnavailableError,
)

DOMAIN = "wanllmdb.dev"
STATUS_DETAILS_KEY = "grpc-status-details-bin"

# The status reaches the caller in trailers. The caller's side may reject more than 8 KiB of them,
# and then the whole answer is lost. HTTP/2 counts 32 bytes for each trailer besides its name and
# value. The reserve is for the trailers that gRPC and proxies add.
MAX_TRAILER_BYTES = 8 * 1024
_RESERVED_BYTES = 512
MAX_MESSAGE_BYTES = 1_500
MAX_METADATA_BYTES = 1_000
MAX_VALUE = 500
# The most characters of a field and a description.
_MAX_FIELD, _MAX_DESCRIPTION = 200, 500

_CODES: dict[type[ServiceError], grpc.StatusCode] = {
    InvalidArgumentError: grpc.StatusCode.INVALID_ARGUMENT,
    NotFoundError: grpc.StatusCode.NOT_FOUND,
    AlreadyExistsError: grpc.StatusCode.ALREADY_EXISTS,
    FailedPreconditionError: grpc.StatusCode.FAILED_PRECONDITION,
    AbortedError: grpc.StatusCode.ABORTED,
    UnavailableError: grpc.StatusCode.UNAVAILABLE,
    OverloadedError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    UnauthenticatedError: grpc.StatusCode.UNAUTHENTICATED,
    PermissionDeniedError: grpc.StatusCode.PERMISSION_DENIED,
}

# Generic in the stubs, but not at run time.
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

log = structlog.get_logger(__name__)


def code_of(error: ServiceError) -> grpc.StatusCode:
    """Return the status code of an error."""
    return _CODES[type(error)]


async def abort(context: Context, error: ServiceError) -> NoReturn:
    """End the call with the error's status and details."""
    await _abort(context, code_of(error), sent_message(error), details_of(error))


def sent_message(error: ServiceError) -> str:
    """Return the message of an error, cut to what may be sent in a header."""
    return _cut(error.message)


def metadata_of(error: ServiceError) -> Mapping[str, str]:
    """Return the metadata of an error, as much as may be sent in a header."""
    return _bounded(error.metadata)


def details_of(error: ServiceError) -> list[Message]:
    """Return the details of an error, at most as large as may be sent in a header."""
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=metadata_of(error))
    ]
    if isinstance(error, InvalidArgumentError) and error.violations:
        bad, places = error_details_pb2.BadRequest(), None
        details.append(bad)
        if any(violation.line for violation in error.violations):
            places = wanllmdb_details_pb2.ProblemPositions()
            details.append(places)
        room = _room(code_of(error), sent_message(error), details)
        _put(error.violations, room, bad, places)
    if isinstance(error, OverloadedError):
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(int(error.retry_after * 1000))
        details.append(retry)
    return details


def _put(
    violations: Sequence[FieldViolation],
    room: int,
    bad: error_details_pb2.BadRequest,
    found: wanllmdb_details_pb2.ProblemPositions | None = None,
) -> None:
    """Put as many violations into the details as fit into `room` bytes, one at least."""
    for index, violation in enumerate(violations):
        bad.field_violations.add(
            field=_sendable(violation.field[:_MAX_FIELD]),
            description=_sendable(violation.description[:_MAX_DESCRIPTION]),
        )
        size = bad.ByteSize()
        if found is not None:
            found.positions.add(line=violation.line, column=violation.column)
            size += found.ByteSize()
        if index and size > room:
            del bad.field_violations[-1]
            if found is not None:
                del found.positions[-1]
            break


def _room(code: grpc.StatusCode, message: str, details: Sequence[Message]) -> int:
    """Return the bytes that are left in the trailers for violations and their places."""
    names = len(STATUS_DETAILS_KEY) + len("grpc-message") + 2 * 32
    left = MAX_TRAILER_BYTES - _RESERVED_BYTES - names - _encoded_size(message)
    # Encoding in base64 makes the details a third larger; lengths take up to two bytes more.
    other: int = _status(code, message, details).ByteSize()
    return left * 3 // 4 - other - 8


def _encoded_size(text: str) -> int:
    """Return the bytes of a message in its trailer, where gRPC escapes all but plain ASCII."""
    return sum(
        1 if " " <= character <= "~" and character != "%" else 3 * len(character.encode())
        for character in text
    )


def _bounded(metadata: Mapping[str, str]) -> Mapping[str, str]:
    """Return as much metadata as fits: long values are cut, and the last ones are omitted."""
    bounded: dict[str, str] = {}
    left = MAX_METADATA_BYTES
    for key, value in metadata.items():
        sent = _sendable(value[:MAX_VALUE])
        left -= len(key) + len(sent.encode())
        if left < 0:
            break
        bounded[_sendable(key)] = sent
    return bounded


def _sendable(text: str) -> str:
    """Return the text with a question mark in place of each lone surrogate."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _cut(text: str) -> str:
    """Return the beginning of a text, at most MAX_MESSAGE_BYTES long when encoded in a header."""
    text = _sendable(text[: MAX_MESSAGE_BYTES + 1])
    size = 0
    for index, character in enumerate(text):
        size += _encoded_size(character)
        if size > MAX_MESSAGE_BYTES:
            return text[:index]
    return text


async def abort_internal(context: Context, method: str) -> NoReturn:
    """End the call as INTERNAL; the exception that is being handled goes to the log only."""
    reference = uuid.uuid4().hex[:12]
    log.exception("unexpected error", method=method, reference=reference)
    message = f"internal error; the server's log has the details under reference {reference}"
    info = error_details_pb2.ErrorInfo(
        reason="INTERNAL", domain=DOMAIN, metadata={"reference": reference}
    )
    await _abort(context, grpc.StatusCode.INTERNAL, message, [info])


async def _abort(
    context: Context, code: grpc.StatusCode, message: str, details: list[Message]
) -> NoReturn:
    status = _status(code, message, details)
    await context.abort(
        code,
        message,
        trailing_metadata=((STATUS_DETAILS_KEY, status.SerializeToString()),),
    )
    raise AssertionError("abort returned")


def _status(code: grpc.StatusCode, message: str, details: Sequence[Message]) -> status_pb2.Status:
    packed = []
    for detail in details:
        packed.append(any_pb2.Any())
        packed[-1].Pack(detail)
    return status_pb2.Status(code=code.value[0], message=message, details=packed)
