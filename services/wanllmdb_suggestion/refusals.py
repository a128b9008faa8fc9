"""Errors that several RPCs answer with."""

from __future__ import annotations

from collections.abc import Iterable

from wanllmdb_common.computing.cancellation import TookTooLongError
from wanllmdb_common.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    OverloadedError,
)
from wanllmdb_suggestion.study.records import SweepState

# Seconds after which a call that took too long may be made again.
_TOO_LONG_PAUSE = 30.0


def no_metric(sweep_id: str) -> FailedPreconditionError:
    return FailedPreconditionError(
        "NO_METRIC",
        f"sweep '{sweep_id}' has no metric, so no run is better than another; "
        "create it with one, such as metric: {name: loss, goal: minimize}",
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
        f"sweep '{sweep_id}' has the metric {name} alone, so there is no front of several; "
        "its best objective so far is in GetOptimizationHistory",
        sweep_id=sweep_id,
    )


def not_installed(algorithm: str, packages: Iterable[str]) -> FailedPreconditionError:
    needed = " ".join(f"'{package}'" for package in packages)
    return FailedPreconditionError(
        "ALGORITHM_NOT_INSTALLED",
        f"this server lacks what {algorithm} needs; install it there and start it again: "
        f"pip install {needed}",
        algorithm=algorithm,
        package=",".join(packages),
    )


def not_known(algorithm: str) -> FailedPreconditionError:
    return FailedPreconditionError(
        "ALGORITHM_NOT_INSTALLED",
        f"this server knows no {algorithm}: it is older than the registry; update it",
        algorithm=algorithm,
        package="wanllmdb[suggestion]",
    )


def constraints_not_met(sweep_id: str, why: str) -> FailedPreconditionError:
    return FailedPreconditionError(
        "CONSTRAINTS_NOT_MET",
        f"sweep '{sweep_id}' has nothing to try: {why}. Its constraints leave too little of the "
        "space: create a sweep with narrower ranges or looser constraints, with method random, "
        "or with parameters that depend on others (when) in place of a constraint",
        sweep_id=sweep_id,
    )


def took_too_long(sweep_id: str, error: TookTooLongError) -> OverloadedError:
    return OverloadedError(
        "OVERLOADED",
        f"what was asked of sweep '{sweep_id}' takes more than {error.seconds:g} s of "
        "computing, as much as one call may: ask for less, such as fewer parameters or points",
        _TOO_LONG_PAUSE,
        sweep_id=sweep_id,
    )


def request_id_reused(request_id: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        "REQUEST_ID_REUSED",
        f"request_id '{request_id}' was used before with another request; make up a new one",
        request_id=request_id,
    )


def not_running(sweep_id: str, state: SweepState) -> FailedPreconditionError:
    todo = {
        SweepState.PAUSED: "; resume it first",
        SweepState.FINISHED: " by request; create a new sweep to go on",
    }.get(state, "; create a new sweep to go on")
    return FailedPreconditionError(
        "SWEEP_NOT_RUNNING",
        f"sweep '{sweep_id}' is {state}{todo}",
        sweep_id=sweep_id,
        state=state,
    )
