"""The exceptions of the client.

    WanllmdbError
     ├─ UsageError                  the program made an invalid call
     │   ├─ InvalidArgumentError    an invalid request; lists every invalid field
     │   ├─ NoRunError              log, config or init outside of a run
     │   └─ UnsupportedError        a W&B name that needs data which the platform does not keep
     ├─ CommError                   an error from a service, or no answer
     │   ├─ NotFoundError           no such sweep, run or template
     │   ├─ AlreadyExistsError      the id is taken
     │   ├─ FailedPreconditionError the current state does not allow the request
     │   ├─ AbortedError            another request was faster, for example a stale etag
     │   ├─ AuthenticationError
     │   │   ├─ UnauthenticatedError    the API key is missing or invalid
     │   │   └─ PermissionDeniedError   the key's role does not allow the request
     │   ├─ ResourceExhaustedError  too many requests; `retry_after` says when to retry
     │   ├─ UnavailableError        no service answers at the address
     │   ├─ DeadlineExceededError   no answer in time; the request may have been carried out
     │   ├─ UnimplementedError      the server is older than this client
     │   └─ InternalError           a defect of the server
     └─ AgentGaveUpError            too many of an agent's runs failed

The intermediate classes are W&B's, so that `except wandb.errors.CommError` in a program catches
the errors that it is meant to catch.

`RunStopped` is not an error: `log` raises it to end a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from wanllmdb._shown import shown_lines


class FieldProblem(NamedTuple):
    """One problem of one field of a request or a sweep's config."""

    path: str
    """The path of the field, for example `parameters.learning_rate.min`."""
    description: str
    """The problem, in one sentence."""


class TextPosition(NamedTuple):
    """A place in a text; both numbers count from 1."""

    line: int
    column: int
    """In characters."""


class WanllmdbError(Exception):
    """The base class of all errors of the client.

    Attributes:
        message: what was wrong, where, and what to do, in one sentence.
        reason: a name for programs: the protos' ErrorReason without its prefix, for example
            "SWEEP_NOT_FOUND"; empty if no server gave one.
        metadata: details of the reason, for example `{"sweep_id": ..., "state": ...}`.
        fields: every invalid field, for an InvalidArgumentError.
        context: extra context of a program that raises the error, as W&B's base class takes it.
    """

    def __init__(
        self,
        message: str,
        context: Mapping[str, Any] | None = None,
        *,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        fields: Sequence[FieldProblem] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.context = context
        self.reason = reason
        self.metadata: dict[str, str] = dict(metadata or {})
        self.fields: list[FieldProblem] = list(fields)

    def __str__(self) -> str:
        # Terminals show this text, which repeats names that other people chose.
        return shown_lines(self._text())

    def _text(self) -> str:
        return self.message


class UsageError(WanllmdbError):
    """The program made an invalid call."""


class UnsupportedError(UsageError):
    """A W&B name was used that needs data which the platform does not keep."""


class CommError(WanllmdbError):
    """A service returned an error, or did not answer.

    Attributes:
        exc: the cause that a program gives when it raises the error, as W&B's class takes it.
    """

    def __init__(
        self,
        msg: str,
        exc: Exception | None = None,
        *,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        fields: Sequence[FieldProblem] = (),
    ) -> None:
        super().__init__(msg, reason=reason, metadata=metadata, fields=fields)
        self.exc = exc


class AuthenticationError(CommError):
    """The API key is missing, invalid, or has too few rights."""


class InvalidArgumentError(UsageError):
    """The request is invalid; `str()` lists the invalid fields, each on its own line.

    Attributes:
        positions: for each of `fields`, where it is in the config's text; None where it is at no
            single place. Empty if the request had no config as text.
        file: the name of the file with the text, if a caller knows it; `str()` then begins the
            line of each field with its place, as `sweep.yaml:3:5`.
    """

    positions: Sequence[TextPosition | None] = ()
    file: str = ""

    _HEADLINES: ClassVar[Mapping[str, str]] = {"INVALID_SWEEP_CONFIG": "invalid sweep config"}

    def _text(self) -> str:
        if not self.fields:
            return self.message
        headline = self._HEADLINES.get(self.reason, "invalid request")
        count = len(self.fields) + self.unnamed
        problems = "1 problem" if count == 1 else f"{count:,} problems"
        lines = [
            f"  {place}{path}: {text}" if path else f"  {place}{text}"
            for place, (path, text) in zip(self._places(), self.fields, strict=True)
        ]
        if self.unnamed:
            lines.append(f"  and {self.unnamed:,} more")
        return "\n".join([f"{headline}, {problems}:", *lines])

    def _places(self) -> list[str]:
        if not self.file or len(self.positions) != len(self.fields):
            return [""] * len(self.fields)
        return [
            f"{self.file}: " if place is None else f"{self.file}:{place.line}:{place.column}: "
            for place in self.positions
        ]

    @property
    def unnamed(self) -> int:
        """The number of problems that `fields` does not name: an answer has room for the first."""
        total = self.metadata.get("problems", "")
        return max(int(total) - len(self.fields), 0) if total.isdecimal() else 0


class NotFoundError(CommError):
    """There is no such sweep, run or template."""


class AlreadyExistsError(CommError):
    """The id or name is taken."""


class FailedPreconditionError(CommError):
    """The current state, in `state`, does not allow the request."""

    @property
    def state(self) -> str:
        """The state of the sweep or run, for example "paused"; empty if it is not the reason."""
        state = self.metadata.get("state", "").lower()
        return state.removeprefix("sweep_state_").removeprefix("run_state_")


class AbortedError(CommError):
    """A concurrent request was faster: read the object again, and retry."""


class UnauthenticatedError(AuthenticationError):
    """The API key is missing or invalid."""


class PermissionDeniedError(AuthenticationError):
    """The API key's role does not allow the request."""


class ResourceExhaustedError(CommError):
    """The server is overloaded, or a limit was reached.

    Attributes:
        retry_after: seconds after which to retry; None if the server gave no time.
    """

    retry_after: float | None = None


class UnavailableError(CommError):
    """No service answers at the address, perhaps temporarily; the request may be sent again."""


class DeadlineExceededError(CommError):
    """The service did not answer in time; it may have carried out the request."""


class UnimplementedError(CommError):
    """The server does not know the RPC, because it is older than this client."""


class InternalError(CommError):
    """The server has a defect; its log has the details under `metadata["reference"]`."""


class NoRunError(UsageError):
    """`init`, `log`, `config` or `finish` was used outside of a run."""


class AgentGaveUpError(WanllmdbError):
    """Too many of an agent's runs failed; `__cause__` is the last failure, if it has one."""


class RunStopped(SystemExit):  # a signal to the training function, not an error
    """`log` raises this when the run must stop: early termination, a canceled sweep, a lost lease.

    The class is not an `Exception`, so that an `except Exception` around a training loop does
    not swallow it. It is a `SystemExit`, so that a training script which a command agent started
    ends quietly. Let it propagate.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(0)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason
