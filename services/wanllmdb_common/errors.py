"""The errors that both services raise, free of gRPC; `error_mapping` turns them into statuses.

Each class corresponds to one status code. The message is for the caller: what was wrong, where,
and what to do next. The reason is one of the protos' ErrorReason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One problem of one field.

    `field` is a path such as `parameters.lr.min`; `description` is one sentence. `line` and
    `column` count from 1 in a text with the problem; they are 0 without a place.
    """

    field: str
    description: str
    line: int = 0
    column: int = 0


class ServiceError(Exception):
    """The error that a caller receives: a reason, a sentence and metadata to act on."""

    def __init__(self, reason: str, message: str, **metadata: object) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.metadata: Mapping[str, str] = {key: str(value) for key, value in metadata.items()}


class InvalidArgumentError(ServiceError):
    """The request can't succeed in any state; the error names every invalid field.

    Where there are too many violations to list, `uncounted` is the least number of the others. The
    metadata has the number of all.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        violations: Sequence[FieldViolation] = (),
        uncounted: int = 0,
        **metadata: object,
    ) -> None:
        self.violations = tuple(violations)
        self.uncounted = uncounted
        if violations:
            metadata = {"problems": len(violations) + uncounted, **metadata}
        super().__init__(reason, message, **metadata)


class NotFoundError(ServiceError):
    """No resource has the id."""


class AlreadyExistsError(ServiceError):
    """Another resource already has the id."""


class FailedPreconditionError(ServiceError):
    """The current state, which the metadata holds, forbids the request."""


class AbortedError(ServiceError):
    """A concurrent change was faster: read again and retry."""


class UnauthenticatedError(ServiceError):
    """The call carried no valid API key."""


class PermissionDeniedError(ServiceError):
    """The caller's key does not permit the request, whether or not its target exists."""


class UnavailableError(ServiceError):
    """A dependency of the service is unavailable; the same request may be retried."""


class OverloadedError(ServiceError):
    """The server has too much to do; retry after `retry_after` seconds."""

    def __init__(self, reason: str, message: str, retry_after: float, **metadata: object) -> None:
        super().__init__(reason, message, **metadata)
        self.retry_after = retry_after


def invalid_request(*violations: FieldViolation) -> InvalidArgumentError:
    """Return INVALID_REQUEST, with all violations in the message too."""
    text = "; ".join(f"{v.field}: {v.description}" for v in violations)
    return InvalidArgumentError("INVALID_REQUEST", f"invalid request: {text}", violations)
