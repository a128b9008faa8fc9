"""The errors that both services raise, free of gRPC; `error_mapping` turns them into statuses.

Each class stands for one status code. Its message is for the caller: what was
wrong, where, and what to do next. Its reason is one of the protos' ErrorReason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One problem of one field.

    `field` is a path such as `parameters.lr.min`; `description` one sentence.
    """

    field: str
    description: str


class ServiceError(Exception):
    """What a caller is told: a reason, a sentence and details to act on."""

    def __init__(self, reason: str, message: str, **metadata: object) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.metadata: Mapping[str, str] = {key: str(value) for key, value in metadata.items()}


class InvalidArgumentError(ServiceError):
    """The request can't succeed whatever the state: names every field at fault.

    Where there are too many to tell, `uncounted` is how many more there are at least.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        violations: Sequence[FieldViolation] = (),
        uncounted: int = 0,
        **metadata: object,
    ) -> None:
        super().__init__(reason, message, **metadata)
        self.violations = tuple(violations)
        self.uncounted = uncounted


class NotFoundError(ServiceError):
    """Nothing has that id."""


class AlreadyExistsError(ServiceError):
    """Something else has that id."""


class FailedPreconditionError(ServiceError):
    """The state forbids it; the metadata holds the state."""


class AbortedError(ServiceError):
    """Somebody else was faster: read again and retry."""


class UnauthenticatedError(ServiceError):
    """The call brought no API key that is good."""


class PermissionDeniedError(ServiceError):
    """The caller's key does not allow it, whether or not what it asks for exists."""


class UnavailableError(ServiceError):
    """Something behind the service is away; the same request may be sent again."""


class OverloadedError(ServiceError):
    """Too much at once; come again after `retry_after` seconds."""

    def __init__(self, reason: str, message: str, retry_after: float, **metadata: object) -> None:
        super().__init__(reason, message, **metadata)
        self.retry_after = retry_after


def invalid_request(*violations: FieldViolation) -> InvalidArgumentError:
    """INVALID_REQUEST with all its fields named in the message too."""
    text = "; ".join(f"{v.field}: {v.description}" for v in violations)
    return InvalidArgumentError("INVALID_REQUEST", f"invalid request: {text}", violations)
