"""Converts errors of calls to the registry into errors of this service."""

from __future__ import annotations

import grpc
import grpc.aio
from google.rpc import error_details_pb2, status_pb2

from wanllmdb_common.error_mapping import STATUS_DETAILS_KEY
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

_PLAIN: dict[grpc.StatusCode, type[ServiceError]] = {
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExistsError,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPreconditionError,
    grpc.StatusCode.ABORTED: AbortedError,
    grpc.StatusCode.UNAUTHENTICATED: UnauthenticatedError,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDeniedError,
}

# Without a reason, these come from the network or from gRPC's core, which cancels calls that it
# can't queue.
_OF_THE_NETWORK = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
)

# Parts of gRPC's error messages.
_SIGNS_OF_TLS = ("WRONG_VERSION_NUMBER", "CERTIFICATE_VERIFY_FAILED", "Hostname Verification")

# Seconds before a retry, if the registry sends no retry delay.
_DEFAULT_RETRY_AFTER = 1.0


def is_passed_on(error: grpc.aio.AioRpcError) -> bool:
    """Return whether another replica may answer.

    That is so if the connection broke, or if the replica is shutting down or has more calls
    than its core can queue.
    """
    info = error_details_pb2.ErrorInfo()
    for detail in _details(error):
        detail.Unpack(info)
    if error.code() is grpc.StatusCode.CANCELLED:
        return not info.reason
    return error.code() is grpc.StatusCode.UNAVAILABLE and info.reason in ("", "SHUTTING_DOWN")


def service_error(error: grpc.aio.AioRpcError, address: str) -> Exception:
    """Return the registry's error with the same code, message, reason and details.

    UNAVAILABLE, DEADLINE_EXCEEDED and CANCELLED without a reason come from the network or
    gRPC's core, not from the registry, and become REGISTRY_UNAVAILABLE. Calls that this service
    cancels raise no AioRpcError. A code without a ServiceError stays an AioRpcError: the caller
    gets INTERNAL, and the log has the details.
    """
    info = error_details_pb2.ErrorInfo()
    request = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    for detail in _details(error):
        for message in (info, request, retry):
            detail.Unpack(message)
    code, text = error.code(), error.details() or ""
    metadata: dict[str, object] = dict(info.metadata)
    if not info.reason:
        if code in _OF_THE_NETWORK:
            return UnavailableError("REGISTRY_UNAVAILABLE", _no_answer(text, address))
        return error
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        violations = [FieldViolation(v.field, v.description) for v in request.field_violations]
        return InvalidArgumentError(info.reason, text, violations, 0, **metadata)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        after = retry.retry_delay.ToMilliseconds() / 1000 or _DEFAULT_RETRY_AFTER
        return OverloadedError(info.reason, text, after, **metadata)
    if code is grpc.StatusCode.UNAVAILABLE:
        return UnavailableError(info.reason, text, **metadata)
    kind = _PLAIN.get(code)
    return error if kind is None else kind(info.reason, text, **metadata)


def _no_answer(text: str, address: str) -> str:
    if any(sign in text for sign in _SIGNS_OF_TLS):
        return (
            f"the suggestion service can't establish TLS with the registry at {address}: its "
            "operator must set --registry-tls-ca and the other --registry-tls options to match "
            "the registry, or none if the registry uses no TLS; the service's log has the details"
        )
    return f"the registry at {address} does not answer; retry the same request"


def _details(error: grpc.aio.AioRpcError) -> list[error_details_pb2.Any]:
    for key, value in error.trailing_metadata() or ():
        if key == STATUS_DETAILS_KEY and isinstance(value, bytes):
            return list(status_pb2.Status.FromString(value).details)
    return []
