"""Errors that several RPCs raise, and the collector of a request's field violations."""

from __future__ import annotations

from collections.abc import Iterable

from wanllmdb_common.computing.cancellation import TookTooLongError
from wanllmdb_common.errors import (
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
    OverloadedError,
    invalid_request,
)
from wanllmdb_suggestion.optimizer.types import SweepState

# The most characters in the name of a sweep or a metric.
MAX_NAME = 200

# Seconds after which a call that took too long may be retried.
_TOO_LONG_PAUSE = 30.0


def no_metric(sweep_id: str) -> FailedPreconditionError:
    return FailedPreconditionError(
        "NO_METRIC",
        f"sweep '{sweep_id}' has no metric, so its runs can't be ranked; "
        "create a sweep with a metric, for example metric: {name: loss, goal: minimize}",
        sweep_id=sweep_id,
    )


def several_metrics(sweep_id: str, names: Iterable[str]) -> FailedPreconditionError:
    return FailedPreconditionError(
        "SEVERAL_METRICS",
        f"sweep '{sweep_id}' has several metrics; name one of {', '.join(names)}",
        sweep_id=sweep_id,
    )


def one_metric(sweep_id: str, name: str) -> FailedPreconditionError:
    return FailedPreconditionError(
        "NO_METRIC",
        f"sweep '{sweep_id}' has only the metric {name}, so it has no Pareto front; "
        "call GetOptimizationHistory for its best objective so far",
        sweep_id=sweep_id,
    )


def not_installed(algorithm: str, packages: Iterable[str]) -> FailedPreconditionError:
    needed = " ".join(f"'{package}'" for package in packages)
    return FailedPreconditionError(
        "ALGORITHM_NOT_INSTALLED",
        f"this server lacks packages that {algorithm} needs; install them and restart the server: "
        f"pip install {needed}",
        algorithm=algorithm,
        package=",".join(packages),
    )


def not_known(algorithm: str) -> FailedPreconditionError:
    return FailedPreconditionError(
        "ALGORITHM_NOT_INSTALLED",
        f"this server does not know {algorithm}, because it is older than the registry; update it",
        algorithm=algorithm,
        package="wanllmdb[suggestion]",
    )


def constraints_not_met(sweep_id: str, why: str) -> FailedPreconditionError:
    return FailedPreconditionError(
        "CONSTRAINTS_NOT_MET",
        f"sweep '{sweep_id}' has no point to propose: {why}. Its constraints exclude too much of "
        "the space: create a sweep with narrower ranges or looser constraints, with method "
        "random, or with parameters that depend on others (when) instead of a constraint",
        sweep_id=sweep_id,
    )


def took_too_long(sweep_id: str, error: TookTooLongError) -> OverloadedError:
    return OverloadedError(
        "OVERLOADED",
        f"the call for sweep '{sweep_id}' exceeded its limit of {error.seconds:g} s of computing; "
        "request less, for example fewer parameters or points",
        _TOO_LONG_PAUSE,
        sweep_id=sweep_id,
    )


def request_id_reused(request_id: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        "REQUEST_ID_REUSED",
        f"request_id '{request_id}' was used before with a different request; use a new id",
        request_id=request_id,
    )


def not_running(sweep_id: str, state: SweepState) -> FailedPreconditionError:
    todo = {
        SweepState.PAUSED: "; resume it first",
        SweepState.FINISHED: " by request; create a new sweep to continue",
    }.get(state, "; create a new sweep to continue")
    return FailedPreconditionError(
        "SWEEP_NOT_RUNNING",
        f"sweep '{sweep_id}' is {state}{todo}",
        sweep_id=sweep_id,
        state=state,
    )


class Violations:
    """Collects the field violations of a request."""

    def __init__(self) -> None:
        self._found: list[FieldViolation] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, field: str, description: str) -> None:
        """Add a violation; the description continues a sentence that starts with the field."""
        self._found.append(FieldViolation(field, description))

    def sweep_id(self, sweep_id: str) -> None:
        """Check that the sweep id is not empty and not too long."""
        self.name("sweep_id", sweep_id, required=True)

    def name(self, field: str, name: str, *, required: bool = False, most: int = MAX_NAME) -> None:
        """Check that a name has at most `most` characters, and is not empty if it is required."""
        if required and not name:
            self.add(field, "must not be empty")
        if len(name) > most:
            self.add(field, f"has {len(name):,} characters, at most {most:,} are allowed")

    def bounded(self, field: str, value: int, most: int, least: int = 1) -> None:
        """Check that a value is 0 or from `least` to `most`."""
        if value != 0 and not least <= value <= most:
            self.add(field, f"must be {least} to {most:,}, or 0 for the default, not {value}")

    def raise_any(self) -> None:
        """Raise INVALID_REQUEST if there are violations."""
        if self._found:
            raise invalid_request(*self._found)
