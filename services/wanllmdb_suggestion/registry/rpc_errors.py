"""What the registry answered with an error, as an error of this service."""

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

# Without a reason they come from the network or from gRPC's core, which cancels calls that it
# can't queue.
_OF_THE_NETWORK = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
)

# In gRPC's texts.
_SIGNS_OF_TLS = ("WRONG_VERSION_NUMBER", "CERTIFICATE_VERIFY_FAILED", "Hostname Verification")

# Where the registry asks to come again but does not say when.
_DEFAULT_RETRY_AFTER = 1.0


def is_passed_on(error: grpc.aio.AioRpcError) -> bool:
    """Whether another replica may answer: the connection broke, or this one is about to stop
    or has more calls than its core can queue.
    """
    info = error_details_pb2.ErrorInfo()
    for detail in _details(error):
        detail.Unpack(info)
    if error.code() is grpc.StatusCode.CANCELLED:
        return not info.reason
    return error.code() is grpc.StatusCode.UNAVAILABLE and info.reason in ("", "SHUTTING_DOWN")


def service_error(error: grpc.aio.AioRpcError, address: str) -> Exception:
    """The same code, message, reason and details, to be raised here.

    UNAVAILABLE, DEADLINE_EXCEEDED and CANCELLED without a reason come from the network or
    gRPC's core, not from the registry: REGISTRY_UNAVAILABLE. What this service cancels itself
    does not come here. A code that no ServiceError stands
    for stays an AioRpcError, so that the caller sees INTERNAL and the log all.
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
            f"the suggestion service and the registry at {address} do not agree about TLS: its "
            "operator has to set --registry-tls-ca and the other --registry-tls options, or "
            "none; the service's log says more"
        )
    return f"the registry at {address} does not answer; the request may be sent again"


def _details(error: grpc.aio.AioRpcError) -> list[error_details_pb2.Any]:
    for key, value in error.trailing_metadata() or ():
        if key == STATUS_DETAILS_KEY and isinstance(value, bytes):
            return list(status_pb2.Status.FromString(value).details)
    return []
