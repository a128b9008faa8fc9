"""The spool files of one attempt of a run, while its agent works on the run."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from google.protobuf.message import Message

from wanllmdb._errors import UnavailableError, WanllmdbError
from wanllmdb._spool.entry import BadSpoolFileError, SpooledRun
from wanllmdb._spool.folder import Spool, SpooledFile, SpoolFullError
from wanllmdb._types.runs import Run


class Overflow:
    """A queue on disk of one attempt's requests that memory does not hold.

    Safe to use from many threads. Any agent may deliver a file while no other agent works on it:
    nothing is counted twice.

    Args:
        spool: the spool's folder.
        registry: the address that the requests are for.
        run: the run, as it was assigned.
        warn: prints a line for people.
    """

    def __init__(self, spool: Spool, registry: str, run: Run, warn: Callable[[str], None]) -> None:
        self._spool = spool
        self._registry = registry
        self._run = run
        self._warn = warn
        self._lock = threading.Lock()
        self._next: int | None = None
        self._file: SpooledFile | None = None
        self._left: deque[Message] = deque()
        self._unreadable: set[Path] = set()

    def put(self, requests: Sequence[Message]) -> None:
        """Append requests on disk.

        Raises:
            SpoolFullError: the spool has no room for them.
            OSError: they can't be written.
        """
        run = self._run
        with self._lock:
            if self._next is None:
                # Continue after the files of an earlier process of the agent.
                there = self._parts()
                self._next = int(there[-1].name.split(".")[-3]) + 1 if there else 0
            content = SpooledRun(
                self._registry, run.sweep_id, run.number, run.attempt, tuple(requests)
            )
            self._spool.put(content, self._next).close()
            self._next += 1

    def first(self) -> Message | None:
        """The oldest request; None if there are none.

        Raises:
            UnavailableError: another process is delivering the requests.
        """
        with self._lock:
            if not self._left:
                self._open_next()
            return self._left[0] if self._left else None

    def done(self, request: Message) -> None:
        """Remove the first request, because it was delivered or can never be."""
        with self._lock:
            if not self._left or self._left[0] is not request:
                # Another thread has sent the request meanwhile.
                return
            self._left.popleft()
            if not self._left and self._file is not None:
                self._file.remove()
                self._file = None

    def drop(self) -> None:
        """Remove all requests, because the run is no longer this agent's."""
        with self._lock:
            if self._file is not None:
                self._file.remove()
                self._file = None
            self._left.clear()
            for path in self._parts():
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave the files for the next delivery."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
            self._left.clear()

    def _open_next(self) -> None:
        for path in self._parts():
            if path in self._unreadable:
                continue
            try:
                file = self._spool.take(path)
            except BadSpoolFileError as error:
                self._unreadable.add(path)
                self._warn(
                    f"logged values of run {self._run.number} in {path} can't be read and "
                    f"are skipped: {error}"
                )
                continue
            if file is not None and file.run.requests:
                self._file, self._left = file, deque(file.run.requests)
                return
            if file is None and path.exists():
                raise UnavailableError(f"another process is delivering {path}")

    def _parts(self) -> list[Path]:
        run = self._run
        try:
            return self._spool.parts(run.sweep_id, run.number, run.attempt)
        except OSError:
            # Then no file of this run can be read; `put` reports the reason.
            return []


class RunSpool:
    """The files of one attempt of a run. Safe to use from many threads.

    A spool that can't be written does not stop the run. `warn` is called about it once, and only
    while a registry is unavailable, because the spool does not matter before.

    Args:
        spool: the spool's folder.
        registry: the address that the requests are for.
        run: the run, as it was assigned.
        warn: prints a line for people.
    """

    def __init__(self, spool: Spool, registry: str, run: Run, warn: Callable[[str], None]) -> None:
        self._spool = spool
        self._registry = registry
        self._run = run
        self._warn = warn
        self._lock = threading.Lock()
        self._rows: SpooledFile | None = None
        self._end: SpooledFile | None = None
        self._end_requests: Sequence[Message] = ()
        self._is_secured = False
        self.overflow = Overflow(spool, registry, run, warn)
        """Requests that are only on disk, and are sent before the rest."""

    @property
    def end_path(self) -> Path | None:
        """The file of the run's end; None if there is none."""
        return self._end.path if self._end is not None else None

    def keep_rows(self, requests: Sequence[Message]) -> None:
        """Keep reports that the registry has not confirmed; remove the file if none are left."""
        with self._lock:
            if self._end is not None:
                return
            before = self._rows
            self._rows = None
            if requests:
                try:
                    self._rows = self._put(requests)
                except (OSError, SpoolFullError) as error:
                    self._warn(
                        f"unsent values of run {self._run.number} are lost if this process ends "
                        f"before the registry is back: {_problem(error, self._spool)}"
                    )
                if before is not None:
                    before.close()
            elif before is not None:
                before.remove()

    def keep_beyond_memory(self, requests: Sequence[Message]) -> bool:
        """Move requests from memory to disk; return whether they were written."""
        try:
            self.overflow.put(requests)
        except (OSError, SpoolFullError) as error:
            self._warn(
                f"run {self._run.number} logs more than the memory limit allows, and its oldest "
                f"values are lost unless the registry is back soon: {_problem(error, self._spool)}"
            )
            return False
        return True

    def take_over(self) -> tuple[Message, ...]:
        """The requests that the run's ended program could not send; they stay until the end."""
        with self._lock:
            run = self._run
            if self._rows is None:
                try:
                    self._rows = self._spool.take_rows(run.sweep_id, run.number, run.attempt)
                except BadSpoolFileError as error:
                    self._warn(
                        f"the values of run {run.number} in the spool can't be read and are not "
                        f"reported: {error}"
                    )
            return self._rows.run.requests if self._rows is not None else ()

    def keep_end(self, requests: Sequence[Message]) -> None:
        """Keep the run's end and its logged values, before they are sent.

        From here on, nothing is lost if this process ends at any moment.
        """
        with self._lock:
            self._end_requests = requests
            before, self._end = self._end, None
            # `secure` tries again, and reports a failure.
            with contextlib.suppress(OSError, SpoolFullError):
                self._end = self._put(requests)
            if before is not None:
                before.close()
            if self._end is not None and self._rows is not None:
                self._rows.remove()
                self._rows = None

    def secure(self) -> None:
        """Sync the run's end to disk while the registry is unavailable."""
        with self._lock:
            if self._is_secured or not self._end_requests:
                return
            self._is_secured = True
            try:
                if self._end is None:
                    self._end = self._put(self._end_requests)
                self._end.secure()
            except (OSError, SpoolFullError) as error:
                self._warn(
                    f"run {self._run.number} is done, and its result is lost if this process ends "
                    f"before the registry is back: {_problem(error, self._spool)}"
                )

    def delivered(self) -> None:
        """Delete all files; the registry has confirmed every request."""
        with self._lock:
            for file in (self._rows, self._end):
                if file is not None:
                    file.remove()
            self._rows = self._end = None
        self.overflow.drop()

    def rejected(self, error: WanllmdbError) -> None:
        """Drop a rejected end, or move it to `refused` if the registry was unavailable before."""
        self.overflow.drop()
        with self._lock:
            end, self._end = self._end, None
            if end is None:
                return
            if not self._is_secured:
                end.remove()
                return
            try:
                kept = end.reject(error)
            except OSError as problem:
                end.close()
                self._warn(
                    f"{end.path} can't be moved to the folder of rejected files: {problem.strerror}"
                )
            else:
                self._warn(
                    f"the registry rejected the result of run {self._run.number}, which is kept "
                    f"in {kept}"
                )

    def close(self) -> None:
        """Leave the files for the next delivery."""
        with self._lock:
            for file in (self._rows, self._end):
                if file is not None:
                    file.close()
        self.overflow.close()

    def _put(self, requests: Sequence[Message]) -> SpooledFile:
        run = self._run
        return self._spool.put(
            SpooledRun(self._registry, run.sweep_id, run.number, run.attempt, tuple(requests))
        )


def _problem(error: OSError | SpoolFullError, spool: Spool) -> str:
    if isinstance(error, SpoolFullError):
        return error.message
    return f"the spool {spool.path} can't be written: {error.strerror or error}"
