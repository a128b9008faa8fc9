"""Read the error details that a server sends in `grpc-status-details-bin`.

The messages are those of google/rpc/status.proto and error_details.proto, reduced to the fields
that are needed here. They live in their own descriptor pool: the thin client depends only on
grpcio and protobuf, and a second copy in the default pool would clash with an installed
googleapis-common-protos.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from google.protobuf import descriptor_pool, message, message_factory

from wanllmdb._errors import FieldProblem, TextPosition

TRAILER = "grpc-status-details-bin"

# Message -> fields: (name, number, type, repeated). On the wire, a map field is a repeated
# message of key and value, and an Any is a type URL and bytes.
_SCHEMA: dict[str, list[tuple[str, int, str, bool]]] = {
    "Any": [("type_url", 1, "string", False), ("value", 2, "bytes", False)],
    "Status": [
        ("code", 1, "int32", False),
        ("message", 2, "string", False),
        ("details", 3, "Any", True),
    ],
    "Entry": [("key", 1, "string", False), ("value", 2, "string", False)],
    "ErrorInfo": [
        ("reason", 1, "string", False),
        ("domain", 2, "string", False),
        ("metadata", 3, "Entry", True),
    ],
    "FieldViolation": [
        ("field", 1, "string", False),
        ("description", 2, "string", False),
    ],
    "BadRequest": [("field_violations", 1, "FieldViolation", True)],
    "TextPosition": [("line", 1, "int32", False), ("column", 2, "int32", False)],
    "ProblemPositions": [("positions", 1, "TextPosition", True)],
    "Duration": [("seconds", 1, "int64", False), ("nanos", 2, "int32", False)],
    "RetryInfo": [("retry_delay", 1, "Duration", False)],
}


@dataclass(slots=True)
class ErrorDetails:
    """A server's details of an error, in addition to the status code and the message."""

    reason: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    fields: list[FieldProblem] = field(default_factory=list)
    positions: list[TextPosition | None] = field(default_factory=list)
    retry_after: float | None = None


def read_details(trailing_metadata: Iterable[Any] | None) -> ErrorDetails:
    """The details in a call's trailing metadata; empty details if there are none.

    Details that do not parse are dropped: the status code and the message, which travel
    separately, still describe the error.
    """
    details = ErrorDetails()
    for key, value in trailing_metadata or ():
        if key == TRAILER and isinstance(value, bytes):
            try:
                _read_status(value, details)
            except message.DecodeError:
                return ErrorDetails()
    return details


def _read_status(data: bytes, into: ErrorDetails) -> None:
    for packed in _message("Status").FromString(data).details:
        kind = packed.type_url.rpartition("/")[2]
        if kind == "google.rpc.ErrorInfo":
            info = _message("ErrorInfo").FromString(packed.value)
            into.reason = info.reason
            into.metadata = {entry.key: entry.value for entry in info.metadata}
        elif kind == "google.rpc.BadRequest":
            bad_request = _message("BadRequest").FromString(packed.value)
            into.fields = [
                FieldProblem(violation.field, violation.description)
                for violation in bad_request.field_violations
            ]
        elif kind == "wanllmdb.api.registry.v1.ProblemPositions":
            places = _message("ProblemPositions").FromString(packed.value).positions
            into.positions = [
                TextPosition(place.line, place.column) if place.line else None for place in places
            ]
        elif kind == "google.rpc.RetryInfo":
            delay = _message("RetryInfo").FromString(packed.value).retry_delay
            into.retry_after = delay.seconds + delay.nanos / 1e9


@cache
def _message(name: str) -> Any:
    return message_factory.GetMessageClass(
        _pool().FindMessageTypeByName(f"wanllmdb.private.{name}")
    )


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    # Imported here because it takes as long to load as gRPC, and most programs see no error.
    from google.protobuf import descriptor_pb2

    field_proto = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="wanllmdb/private/status.proto", package="wanllmdb.private", syntax="proto3"
    )
    for name, fields in _SCHEMA.items():
        declared = file.message_type.add(name=name)
        for field_name, number, kind, repeated in fields:
            entry = declared.field.add(
                name=field_name,
                number=number,
                label=field_proto.LABEL_REPEATED if repeated else field_proto.LABEL_OPTIONAL,
            )
            if kind in _SCHEMA:
                entry.type = field_proto.TYPE_MESSAGE
                entry.type_name = f".wanllmdb.private.{kind}"
            else:
                entry.type = field_proto.Type.Value(f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool
