"""The exceptions of the client.

    WanllmdbError
     ├─ UsageError                  the program asks for what can't be
     │   ├─ InvalidArgumentError    a request that can't succeed; names every field at fault
     │   ├─ NoRunError              log, config or init outside a run
     │   └─ UnsupportedError        one of W&B's names that would read what is not kept here
     ├─ CommError                   a service's answer, or none
     │   ├─ NotFoundError           no such sweep, run or template
     │   ├─ AlreadyExistsError      something else has that id
     │   ├─ FailedPreconditionError the present state forbids it
     │   ├─ AbortedError            another request was faster, for example a stale etag
     │   ├─ AuthenticationError
     │   │   ├─ UnauthenticatedError    no key or a bad one
     │   │   └─ PermissionDeniedError   the key's role does not allow it
     │   ├─ ResourceExhaustedError  too much at once; `retry_after` says when to come again
     │   ├─ UnavailableError        no service at that address, or it is away for now
     │   ├─ DeadlineExceededError   no answer in time; the request may have been carried out
     │   ├─ UnimplementedError      the server is older than this client
     │   └─ InternalError           a defect of the server
     └─ AgentGaveUpError            an agent's first runs all failed

The classes between are W&B's, so that a program's `except wandb.errors.CommError` catches what it
means to catch.

`RunStopped` stands apart: it is no error, and ends a run from within `log`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from wanllmdb._shown import shown_lines


class FieldProblem(NamedTuple):
    """One problem of one field of a request or a sweep's config."""

    path: str
    """Where, e.g. `parameters.learning_rate.min`."""
    description: str
    """What, in a sentence."""


class WanllmdbError(Exception):
    """The base of everything that the client raises.

    Attributes:
        message: one sentence: what was wrong, where, what to do.
        reason: a name for programs, one of the protos' ErrorReason without its
            prefix, e.g. "SWEEP_NOT_FOUND"; empty where no server gave one.
        metadata: what the reason is about, e.g. `{"sweep_id": ..., "state": ...}`.
        fields: every field at fault, for an InvalidArgumentError.
        context: what a program raised it with, as W&B's base takes it.
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
        # It ends up on terminals, and repeats names that other people chose.
        return shown_lines(self._text())

    def _text(self) -> str:
        return self.message


class UsageError(WanllmdbError):
    """The program asks for what can't be."""


class UnsupportedError(UsageError):
    """One of W&B's names, which would read what the platform does not keep."""


class CommError(WanllmdbError):
    """A service's answer to a request, or none.

    Attributes:
        exc: what a program raised it for, as W&B's class takes it.
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
    """A key that is missing, bad, or not enough."""


class InvalidArgumentError(UsageError):
    """The request can't succeed; `str()` lists every field at fault on a line of its own."""

    _HEADLINES: ClassVar[Mapping[str, str]] = {"INVALID_SWEEP_CONFIG": "invalid sweep config"}

    def _text(self) -> str:
        if not self.fields:
            return self.message
        headline = self._HEADLINES.get(self.reason, "invalid request")
        # A last entry "..." says how many more there are than a server's answer can hold.
        is_cut = self.fields[-1][0] == "..."
        count = len(self.fields) - is_cut
        problems = ("the first " if is_cut else "") + (
            "1 problem" if count == 1 else f"{count} problems"
        )
        lines = [f"  {path}: {text}" if path else f"  {text}" for path, text in self.fields]
        return "\n".join([f"{headline}, {problems}:", *lines])


class NotFoundError(CommError):
    """No such sweep, run or template."""


class AlreadyExistsError(CommError):
    """Something else has that id."""


class FailedPreconditionError(CommError):
    """The present state forbids it; `state` says which one that is."""

    @property
    def state(self) -> str:
        """The state of the sweep or run, e.g. "paused"; empty where it does not matter."""
        state = self.metadata.get("state", "").lower()
        return state.removeprefix("sweep_state_").removeprefix("run_state_")


class AbortedError(CommError):
    """Somebody else was faster: read again, and retry."""


class UnauthenticatedError(AuthenticationError):
    """No key or a bad one."""


class PermissionDeniedError(AuthenticationError):
    """The key's role does not allow it."""


class ResourceExhaustedError(CommError):
    """Too much at once.

    Attributes:
        retry_after: seconds after which to come again; None where the server did not say.
    """

    retry_after: float | None = None


class UnavailableError(CommError):
    """No service answers at the address, or it is away for now; the request may be sent again."""


class DeadlineExceededError(CommError):
    """No answer in time; the request may have been carried out."""


class UnimplementedError(CommError):
    """The server does not know the call: it is older than this client."""


class InternalError(CommError):
    """A defect of the server; `metadata["reference"]` finds the details in its log."""


class NoRunError(UsageError):
    """`init`, `log`, `config` or `finish` was used outside a run."""


class AgentGaveUpError(WanllmdbError):
    """The first runs of an agent all failed; `__cause__` is the last failure, where it has one."""


class RunStopped(SystemExit):  # a signal to the training function, not an error
    """Raised by `log` when the run is to stop: early termination, a canceled sweep, a lost lease.

    Not an `Exception`, so that an `except Exception` around a training loop does
    not swallow it, and a `SystemExit`, so that a training script which a command agent
    started ends quietly. Let it pass.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(0)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason
