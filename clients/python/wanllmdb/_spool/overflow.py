"""What a run logged that its agent does not hold in memory: on disk alone, in order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from google.protobuf.message import Message

from wanllmdb._errors import UnavailableError
from wanllmdb._spool.entry import BadSpoolFileError, SpooledRun
from wanllmdb._spool.folder import Spool, SpooledFile
from wanllmdb._types.run import Run


class Overflow:
    """Requests of one attempt of a run, first in, first out. Safe to use from many threads.

    Any agent may deliver a file while none works on it: nothing is counted twice.

    Args:
        spool: the folder.
        registry: the address that the requests are for.
        run: the run, as handed out.
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
        """Writes requests to disk, behind those that are there.

        Raises:
            SpoolFullError: there is no room for them.
            OSError: they can't be written.
        """
        run = self._run
        with self._lock:
            if self._next is None:
                # After those of an earlier life of the agent.
                there = self._parts()
                self._next = int(there[-1].name.split(".")[-3]) + 1 if there else 0
            content = SpooledRun(
                self._registry, run.sweep_id, run.number, run.attempt, tuple(requests)
            )
            self._spool.put(content, self._next).close()
            self._next += 1

    def first(self) -> Message | None:
        """The oldest request; None when there are none.

        Raises:
            UnavailableError: another process delivers them at the moment.
        """
        with self._lock:
            if not self._left:
                self._open_next()
            return self._left[0] if self._left else None

    def done(self, request: Message) -> None:
        """The first one, which is this, is delivered, or will never be."""
        with self._lock:
            if not self._left or self._left[0] is not request:
                # Another thread has sent it meanwhile.
                return
            self._left.popleft()
            if not self._left and self._file is not None:
                self._file.remove()
                self._file = None

    def drop(self) -> None:
        """Removes all: the run is no longer this agent's."""
        with self._lock:
            if self._file is not None:
                self._file.remove()
                self._file = None
            self._left.clear()
            for path in self._parts():
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Leaves what is there to the next one who delivers."""
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
                self._warn(f"{path}, which run {self._run.number} logged, is left alone: {error}")
                continue
            if file is not None and file.run.requests:
                self._file, self._left = file, deque(file.run.requests)
                return
            if file is None and path.exists():
                raise UnavailableError(f"another process delivers {path}")

    def _parts(self) -> list[Path]:
        run = self._run
        try:
            return self._spool.parts(run.sweep_id, run.number, run.attempt)
        except OSError:
            # Then nothing of this run can be read there, and `put` says why.
            return []
