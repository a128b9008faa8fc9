"""Errors of the services and of the gateway, in the form of Connect."""

from __future__ import annotations

import uuid

import grpc
import grpc.aio
import structlog
from connectrpc.code import Code
from connectrpc.errors import ConnectError, ErrorDetail
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError
from google.rpc import status_pb2
from protobuf.wkt import Any as ConnectAny

from wanllmdb._connection.addresses import Service
from wanllmdb_common.error_mapping import (
    STATUS_DETAILS_KEY,
    code_of,
    details_of,
    sent_message,
)
from wanllmdb_common.errors import ServiceError, UnavailableError

log = structlog.get_logger(__name__)

_CODES: dict[grpc.StatusCode, Code] = {
    code: Code[code.name if code is not grpc.StatusCode.CANCELLED else "CANCELED"]
    for code in grpc.StatusCode
    if code is not grpc.StatusCode.OK
}
GRPC_CODES: dict[Code, grpc.StatusCode] = {connect: code for code, connect in _CODES.items()}
"""gRPC's code for each of Connect's."""

# Errors of gRPC's own, without details: its text names the services' inner addresses.
_OF_CONNECTIONS = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN)


def connect_error(error: ServiceError) -> ConnectError:
    """Return an error of the gateway itself, with its details."""
    details = []
    for message in details_of(error):
        packed = any_pb2.Any()
        packed.Pack(message)
        details.append(_detail(packed))
    return ConnectError(_CODES[code_of(error)], sent_message(error), details)


def passed_on(error: grpc.aio.AioRpcError, service: Service) -> ConnectError:
    """Return the error of a service as it is: code, message and details."""
    code = error.code()
    details = []
    for key, value in error.trailing_metadata() or ():
        if key == STATUS_DETAILS_KEY:
            details = _details(value if isinstance(value, bytes) else value.encode("latin-1"))
    if not details and code in _OF_CONNECTIONS:
        log.warning("a service does not answer", service=service.name, problem=error.details())
        return connect_error(unavailable(service))
    return ConnectError(_CODES.get(code, Code.UNKNOWN), error.details() or "", details)


def unavailable(service: Service) -> UnavailableError:
    """Return the error for a service that does not answer."""
    reason = "REGISTRY_UNAVAILABLE" if service.name == "registry" else "SUGGESTION_UNAVAILABLE"
    return UnavailableError(
        reason,
        f"the {service.name} does not answer the gateway; retry the request, and if that does not "
        "help, see that the service runs",
    )


def internal(method: str) -> ConnectError:
    """Return the error of a defect; the exception that is being handled goes to the log only."""
    reference = uuid.uuid4().hex[:12]
    log.exception("unexpected error", method=method, reference=reference)
    return ConnectError(
        Code.INTERNAL,
        f"internal error; the gateway's log has the details under reference {reference}",
    )


def _details(data: bytes) -> list[ErrorDetail]:
    try:
        status = status_pb2.Status.FromString(data)
    except DecodeError:
        return []
    return [_detail(detail) for detail in status.details]


def _detail(packed: any_pb2.Any) -> ErrorDetail:
    return ErrorDetail(ConnectAny(type_url=packed.type_url, value=packed.value))
