"""Delivers the spool's files for one registry."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from google.protobuf.message import Message

from wanllmdb._calls.run_calls import resent
from wanllmdb._client import Client
from wanllmdb._client.connection import invoke
from wanllmdb._connection.addresses import REGISTRY, are_same
from wanllmdb._errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    ResourceExhaustedError,
    UnauthenticatedError,
    UnavailableError,
    WanllmdbError,
)
from wanllmdb._spool.entry import BadSpoolFileError, SpooledRun
from wanllmdb._spool.folder import Spool, SpooledFile
from wanllmdb._spool.rejected import reduced, rejects_content
from wanllmdb._types.enums import RunState
from wanllmdb.api.registry.v1.registry_service_pb2 import FinishRunRequest

_CALL_TIMEOUT = 10.0
_REJECTIONS = (FailedPreconditionError, NotFoundError, InvalidArgumentError)
_FOR_ALL = (
    UnavailableError,
    DeadlineExceededError,
    ResourceExhaustedError,
    UnauthenticatedError,
    PermissionDeniedError,
)
"""Errors that the next file would cause, too."""

_STATES = {
    "succeeded": (RunState.FINISHED,),
    "failed": (RunState.FAILED, RunState.QUEUED),
    "pruned": (RunState.PRUNED,),
    "canceled": (RunState.CANCELED,),
}
"""The run states that an outcome leads to: the registry queues failed runs again."""

_BY_PROCESSES = (RunState.FINISHED, RunState.PRUNED)
"""The states to which only processes of the attempt bring a run."""


@dataclass(slots=True)
class DeliveryReport:
    """The numbers of files that were delivered, rejected and left, and the last error."""

    delivered: int = 0
    rejected: int = 0
    left: int = 0
    error: WanllmdbError | None = None


class SpoolDelivery:
    """Sends the files for the client's registry. Safe to use from many threads.

    Skips files that another process works on, and files for other registries.

    Args:
        client: the client of the registry.
        spool: the spool's folder.
        say: a function that prints a line for people about each file.
    """

    def __init__(self, client: Client, spool: Spool, say: Callable[[str], None]) -> None:
        self._client = client.with_timeout(_CALL_TIMEOUT)
        self._spool = spool
        self._say = say
        self._at_work = threading.Lock()

    def has_any(self) -> bool:
        """Whether the spool holds a file for this registry; False if it can't be read."""
        try:
            return any(self._is_ours(path) for path in self._spool.paths())
        except OSError:
            return False

    def deliver(
        self, paths: Iterable[Path] | None = None, stop: Callable[[], bool] = lambda: False
    ) -> DeliveryReport:
        """Send the given files, or all, one after another, until the registry is unavailable.

        Does nothing while another thread delivers. `stop` is checked before each file.
        """
        done = DeliveryReport()
        if not self._at_work.acquire(blocking=False):
            return done
        try:
            if paths is None:
                self._spool.clear_unfinished()
                paths = self._spool.paths()
            for path in paths:
                if stop() or isinstance(done.error, _FOR_ALL):
                    break
                self._deliver(path, done)
        except OSError as error:
            self._say(f"the spool {self._spool.path} can't be read: {error.strerror}")
        finally:
            self._at_work.release()
        return done

    def deliver_in_background(self) -> None:
        """Send all files in a thread of its own."""
        threading.Thread(target=self.deliver, name="wanllmdb-delivery", daemon=True).start()

    def _deliver(self, path: Path, done: DeliveryReport) -> None:
        try:
            file = self._spool.take(path)
        except BadSpoolFileError as error:
            self._say(f"{path} was skipped: {error}")
            done.left += 1
            return
        if file is None:
            return
        with file:
            if not are_same(file.run.registry, self._client.registry_address, REGISTRY):
                return
            try:
                self._send(file.run)
            except _REJECTIONS as error:
                self._rejected(file, error, done)
            except WanllmdbError as error:
                done.left += 1
                done.error = error
                self._say(
                    f"{_what(file.run)} could not be delivered and stays in the spool: "
                    f"{error.message}"
                )
            else:
                done.delivered += 1
                self._say(f"{_what(file.run)} was delivered, {_age(file.run)} late")
                self._remove(file)

    def _send(self, run: SpooledRun) -> None:
        """Send all requests of a file that the registry accepts.

        Raises:
            WanllmdbError: the last rejected request, unless the file has a run's end, which the
                registry accepts without values.
        """
        refused: WanllmdbError | None = None
        for request in run.requests:
            refused = self._send_what_passes(run, request) or refused
        if refused is not None and not run.is_end:
            raise refused

    def _send_what_passes(self, run: SpooledRun, request: Message) -> WanllmdbError | None:
        refused: WanllmdbError | None = None
        while True:
            try:
                invoke(self._client, resent(request))
            except WanllmdbError as error:
                rest = reduced(request, error) if rejects_content(error) else None
                if rest is None and (
                    isinstance(request, FinishRunRequest) or not rejects_content(error)
                ):
                    raise
                refused = error
                self._say(f"the registry rejected a part of {_what(run)}: {error}")
                if rest is None:
                    return refused
                request = rest
            else:
                return refused

    def _rejected(self, file: SpooledFile, error: WanllmdbError, done: DeliveryReport) -> None:
        run = file.run
        if self._had_arrived(run, error):
            done.delivered += 1
            self._remove(file)
            return
        try:
            kept = file.reject(error)
        except OSError as problem:
            done.left += 1
            self._say(
                f"{file.path} can't be moved to the folder of rejected files: {problem.strerror}"
            )
        else:
            done.rejected += 1
            self._say(
                f"the registry rejected {_what(run)}: {error.message}; its file was moved to {kept}"
            )

    def _remove(self, file: SpooledFile) -> None:
        try:
            file.remove()
        except OSError as problem:
            # A second delivery is harmless: the registry recognizes its request ids.
            self._say(f"{file.path} can't be removed: {problem.strerror}")

    def _had_arrived(self, run: SpooledRun, error: WanllmdbError) -> bool:
        """Whether the run has a result of this attempt.

        The registry received it so long ago that it forgot the request, or the run's program
        ended the run before its agent did.
        """
        if error.reason != "RUN_NOT_RUNNING":
            return False
        try:
            now = self._client.get_run(run.sweep_id, run.number)
        except WanllmdbError:
            return False
        ends = _STATES.get(run.outcome, ())
        return now.attempt == run.attempt and (now.state in ends or now.state in _BY_PROCESSES)

    def _is_ours(self, path: Path) -> bool:
        try:
            run = self._spool.read(path)
        except BadSpoolFileError:
            return False
        return run is not None and are_same(run.registry, self._client.registry_address, REGISTRY)


def _what(run: SpooledRun) -> str:
    what = "the result" if run.is_end else "the metric history"
    return f"{what} of run {run.number} of sweep {run.sweep_id}"


def _age(run: SpooledRun) -> str:
    seconds = max((datetime.now(UTC) - run.time).total_seconds(), 0.0)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5_400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"
