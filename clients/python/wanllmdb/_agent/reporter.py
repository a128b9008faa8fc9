"""Sends a run's metrics from a background thread, in batches.

Training calls `Reporter.add`, which waits for nothing but a lock. A thread that holds this lock
neither sends, encodes nor reads or writes a file, except where `add` itself moves rows to disk.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Protocol

from google.protobuf.message import Message

from wanllmdb._agent.row_batches import BYTES_A_REQUEST, pieces, size_of
from wanllmdb._agent.wait_policy import is_passing
from wanllmdb._errors import DeadlineExceededError, InternalError, WanllmdbError
from wanllmdb._types.runs import MetricRow

_VALUES_AT_ONCE = 1_000
"""Values that the thread sends in one request, unless one row has more. Encoding a request keeps
the interpreter's lock, and with it training."""
_ROWS_AT_ONCE = 64
"""Rows that the thread handles before it lets training go on."""
_BREATH = 0.0001

FLUSH_INTERVAL = 0.2
"""Seconds that a value waits for others in the same batch."""

MOST_IN_MEMORY = 25_000
"""Number of rows and values beyond which rows are moved from memory to disk."""
MOST_WITHOUT_DISK = 4 * MOST_IN_MEMORY
"""The limit when the disk accepts no rows; beyond it, the oldest rows are lost."""

_PAUSE_AFTER_FAILURE = 1.0
_KEEP_EVERY = 1.0
_SHARE_OF_KEEPING = 20.0
"""Saving rows slows training down; the next save comes this many times the last duration later."""
_DISK_PAUSE = 10.0
"""Seconds after which a disk that accepted no rows is tried again."""
_LAST_WAIT = 2.0
"""Seconds that the end of a run waits for a request in progress."""

_Key = tuple[int, bool]
"""A row's step, and whether its values are set for the summary rather than logged."""

_Row = tuple[datetime, dict[str, float]]
"""When a row was begun, and its values, to which others may be added."""

Send = Callable[[list[MetricRow], float | None], None]


class BeyondMemory(Protocol):
    """A first-in, first-out store for rows that exceed the memory limit."""

    def put(self, rows: list[MetricRow]) -> bool:
        """Store rows; return whether that succeeded."""

    def first(self) -> Message | None:
        """Return the oldest request; None if there is none."""

    def send(self, request: Message, timeout: float | None) -> None:
        """Send a request to the registry."""

    def done(self, request: Message) -> None:
        """Remove the first request, which the registry has stored."""


class Reporter:
    """Collects metric rows and sends them from its own thread.

    Unsent rows stay until they are sent, or until `close` returns them. With `beyond`, memory
    holds a bounded number of them.

    Args:
        send: sends rows to the registry, within a timeout in seconds if one is given. The same
            rows may be sent again: a repeated step overwrites.
        failed: receives an error that waiting does not resolve.
        keep: receives all unsent rows while the registry is unavailable, again about a second
            after an addition; then an empty list, once all are sent.
        beyond: stores older rows when there are too many; None keeps all rows in memory.
        last_step: the highest step that the registry has.
    """

    def __init__(
        self,
        send: Send,
        failed: Callable[[WanllmdbError], None],
        keep: Callable[[list[MetricRow]], None],
        beyond: BeyondMemory | None = None,
        *,
        last_step: int = 0,
    ) -> None:
        self._send = send
        self._failed = failed
        self._keep = keep
        self._beyond = beyond
        self._is_beyond = False
        """Whether some rows are only on disk; the rows in memory are newer."""
        self._kept = 0
        self.is_failing = False
        """Whether the registry was unavailable at the last attempt."""
        self._rows: dict[_Key, _Row] = {}
        self._last_step = last_step
        self._has_summary = False
        self._values = 0
        self._most = MOST_IN_MEMORY
        self._added = 0
        self._under_way: list[MetricRow] = []
        self._disk_not_before = 0.0
        self._moves = 0
        """How often rows were moved to disk."""
        self._changed = threading.Condition()
        self._sending = threading.Lock()
        self._keeping = threading.Lock()
        """Held while rows are kept; a thread that holds `_changed` never waits for it."""
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._keeper: threading.Thread | None = None

    def add(self, step: int, values: dict[str, float]) -> None:
        """Add values of one step, to be sent soon."""
        if step > self._last_step:
            self._last_step = step
        self._add((step, False), values)

    def set_summary(self, values: Mapping[str, float]) -> None:
        """Set summary values, which hold until the next values of their metrics."""
        self._add((self._last_step, True), values)

    def _add(self, key: _Key, values: Mapping[str, float]) -> None:
        if not values:
            return
        with self._changed:
            if self._has_summary:
                self._forget_summary(values)
            is_first = not self._rows
            _, row = self._rows.setdefault(key, (datetime.now(UTC), {}))
            self._has_summary |= key[1]
            before = len(row)
            row.update(values)
            self._values += len(row) - before
            self._added += 1
            if self._thread is None and not self._closed.is_set():
                thread = threading.Thread(target=self._work, name="wanllmdb-reporter", daemon=True)
                # Ctrl-C may come here, and a thread that did not start can't be joined.
                thread.start()
                self._thread = thread
            # In between, the thread waits for more, and waking it would make training wait for it.
            if is_first or self._values >= _VALUES_AT_ONCE:
                self._changed.notify_all()
            if self._values + len(self._rows) > self._most and self._beyond is not None:
                self._move_beyond_memory(self._beyond)

    def flush(self, timeout: float | None = None) -> None:
        """Send everything that was added before, and wait until the registry has it.

        Args:
            timeout: longest duration in seconds of each request, and of the wait for a request
                in progress.

        Raises:
            WanllmdbError: some rows could not be sent; they are kept.
        """
        with self._changed:
            last = next(reversed(self._rows), None)
        # Rows that another thread adds meanwhile follow the last one, and are not waited for.
        while self._send_some(timeout) and (self._is_beyond or last in self._rows):
            pass

    def close(self) -> list[MetricRow]:
        """End the thread; return the rows in memory that the registry has not confirmed.

        These include the rows of a slow request in progress, which may be sent twice.
        """
        with self._changed:
            self._closed.set()
            self._changed.notify_all()
        for thread in (self._thread, self._keeper):
            if thread is not None and thread is not threading.current_thread():
                thread.join(_LAST_WAIT)
        with self._changed:
            if self._under_way:
                self._put_back(self._under_way)
            return self._take_all()

    def _forget_summary(self, values: Collection[str]) -> None:
        """Drop earlier summary values of these metrics, since newer values exist."""
        self._has_summary = False
        for key in [key for key in self._rows if key[1]]:
            time, row = self._rows.pop(key)
            kept = {name: value for name, value in row.items() if name not in values}
            self._values -= len(row) - len(kept)
            if kept:
                # At the end, since rows are stored in order.
                self._rows[key] = (time, kept)
                self._has_summary = True

    def _work(self) -> None:
        while self._wait_for_rows():
            try:
                self._send_some()
            except WanllmdbError as error:
                if not passes(error):
                    if not self._closed.is_set():
                        self._failed(error)
                    return
                self._closed.wait(_PAUSE_AFTER_FAILURE)
            except Exception:
                # This thread may briefly lack memory or stack, which training uses. Training
                # continues, and the rows are still there.
                self._closed.wait(_PAUSE_AFTER_FAILURE)

    def _wait_for_rows(self) -> bool:
        """Wait for rows to send; return False when the reporter was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._rows or self._is_beyond or self._closed.is_set())
            self._changed.wait_for(
                lambda: self._values >= _VALUES_AT_ONCE or self._is_beyond or self._closed.is_set(),
                FLUSH_INTERVAL,
            )
        return not self._closed.is_set()

    def _send_some(self, timeout: float | None = None) -> bool:
        """Send the rows of one request, if any; return whether more are left."""
        if not self._sending.acquire(timeout=-1 if timeout is None else timeout):
            # The request in progress hangs: training waits for it once.
            self._begin_keeping()
            raise DeadlineExceededError(f"earlier values are still not sent after {timeout:g} s")
        try:
            if self._is_beyond and self._beyond is not None and self._send_stored(timeout):
                return True
            try:
                rows = self._take_some()
                if not rows:
                    return self._is_beyond
                self._send(rows, timeout)
            except BaseException as error:
                with self._changed:
                    # Empty if the rows were moved to disk meanwhile.
                    left, self._under_way = self._under_way, []
                    self._put_back(left)
                self._note_failure(error)
                raise
            with self._changed:
                self._under_way = []
            self._note_success()
            return bool(self._rows) or self._is_beyond
        finally:
            self._sending.release()

    def _send_stored(self, timeout: float | None) -> bool:
        """Send the oldest request on disk; return False if there is none."""
        assert self._beyond is not None
        moves = self._moves
        # Outside of the lock, because it reads a file.
        request = self._beyond.first()
        if request is None:
            with self._changed:
                if self._moves == moves:
                    self._is_beyond = False
            return self._is_beyond
        try:
            self._beyond.send(request, timeout)
        except BaseException as error:
            self._note_failure(error)
            raise
        self._beyond.done(request)
        self._note_success()
        return True

    def _note_failure(self, error: BaseException) -> None:
        if isinstance(error, WanllmdbError) and passes(error):
            self._begin_keeping()
            self._keep_unsent()

    def _begin_keeping(self) -> None:
        """Have a thread keep what training adds from now on, since this one's request may hang."""
        self.is_failing = True
        if self._closed.is_set() or (self._keeper is not None and self._keeper.is_alive()):
            return
        keeper = threading.Thread(
            target=self._keep_while_failing, name="wanllmdb-keeper", daemon=True
        )
        # A process that is ending, or has too many threads, starts no more.
        with contextlib.suppress(RuntimeError):
            keeper.start()
            self._keeper = keeper

    def _note_success(self) -> None:
        self.is_failing = False
        if self._kept and not self._rows and not self._closed.is_set():
            with self._keeping:
                self._kept = 0
                self._keep([])

    def _keep_while_failing(self) -> None:
        pause = _KEEP_EVERY
        while not self._closed.wait(pause) and self.is_failing:
            began = time.monotonic()
            # This thread may briefly lack memory; the next round may have it.
            with contextlib.suppress(Exception):
                self._keep_unsent()
            pause = max(_KEEP_EVERY, _SHARE_OF_KEEPING * (time.monotonic() - began))

    def _keep_unsent(self) -> None:
        with self._keeping:
            with self._changed:
                if self._closed.is_set() or self._added == self._kept:
                    return
                self._kept = added = self._added
                under_way = list(self._under_way)
                rows = self._rows.copy()
            self._keep([*under_way, *paced(_as_rows(rows))])
            with self._changed:
                is_moved = self._kept != added
            if is_moved:
                # They are in the files of `beyond` now.
                self._keep([])

    def _move_beyond_memory(self, beyond: BeyondMemory) -> None:
        """Move all rows to disk, those of the request in progress first, to keep the order.

        The rows in progress may then be sent twice. If the disk accepts no rows, the oldest rows
        are lost once there are too many.
        """
        now = time.monotonic()
        if now >= self._disk_not_before and beyond.put(self._under_way + self._unsent()):
            self._is_beyond = True
            self._moves += 1
            self._under_way = []
            self._rows, self._values = {}, 0
            self._most = MOST_IN_MEMORY
            if self._kept:
                self._kept = 0
                self._keep([])
            return
        if now >= self._disk_not_before:
            self._disk_not_before = now + _DISK_PAUSE
        if self._most < MOST_WITHOUT_DISK:
            self._most += MOST_IN_MEMORY
            return
        for key in list(self._rows):
            if self._values + len(self._rows) <= MOST_WITHOUT_DISK - MOST_IN_MEMORY:
                return
            _, lost = self._rows.pop(key)
            self._values -= len(lost)

    def _take_some(self) -> list[MetricRow]:
        """Move the oldest rows that fit one request to those under way; return them.

        Returns no rows if training has just moved all rows to disk.
        """
        taken: list[MetricRow] = []
        values = size = 0
        while True:
            with self._changed:
                if self._is_beyond:
                    return []
                self._under_way = taken
                is_full = False
                for key in list(islice(self._rows, _ROWS_AT_ONCE)):
                    at, row = self._rows[key]
                    whole = MetricRow(key[0], row, at, is_summary=key[1])
                    before = len(taken)
                    for piece in pieces(whole):
                        more, larger = len(piece.values), size_of(piece.values)
                        if taken and (
                            values + more > _VALUES_AT_ONCE or size + larger > BYTES_A_REQUEST
                        ):
                            is_full = True
                            break
                        taken.append(piece)
                        values += more
                        size += larger
                        self._values -= more
                    if not is_full:
                        del self._rows[key]
                        continue
                    parts = taken[before:]
                    if parts:
                        # A copy, since the rows that are being kept have this one.
                        gone = {name for part in parts for name in part.values}
                        left = {name: value for name, value in row.items() if name not in gone}
                        self._rows[key] = (at, left)
                    break
                is_full = is_full or not self._rows
            if is_full:
                return taken
            let_others_go()

    def _take_all(self) -> list[MetricRow]:
        rows = self._unsent()
        self._rows, self._values = {}, 0
        return rows

    def _unsent(self) -> list[MetricRow]:
        return list(_as_rows(self._rows))

    def _put_back(self, rows: list[MetricRow]) -> None:
        """Put rows back before the later ones; for equal steps the later values win."""
        if not rows:
            return
        if not self._has_summary and not any(row.is_summary for row in rows):
            self._put_before(rows)
            return
        later, self._rows = self._rows, {}
        for row in rows:
            time = row.time or datetime.now(UTC)
            key = (row.step, row.is_summary)
            self._rows.setdefault(key, (time, {}))[1].update(row.values)
            self._has_summary |= row.is_summary
        for key, (time, values) in later.items():
            if self._has_summary:
                self._forget_summary(values)
            self._rows.setdefault(key, (time, {}))[1].update(values)
            self._has_summary |= key[1]
        self._values = sum(len(values) for _, values in self._rows.values())
        # The thread may have found no rows, because a flush had just taken them.
        self._changed.notify_all()

    def _put_before(self, rows: list[MetricRow]) -> None:
        """Put logged rows back; costs next to nothing for each of the later ones."""
        first: dict[_Key, _Row] = {}
        for row in rows:
            time = row.time or datetime.now(UTC)
            first.setdefault((row.step, False), (time, {}))[1].update(row.values)
        for key, (_, values) in first.items():
            _, newer = self._rows.get(key, (None, {}))
            self._values -= len(newer)
            values.update(newer)
            self._values += len(values)
        self._rows = first | self._rows | first
        # The thread may have found no rows, because a flush had just taken them.
        self._changed.notify_all()


def _as_rows(rows: Mapping[_Key, _Row]) -> Iterator[MetricRow]:
    for (step, is_summary), (at, values) in rows.items():
        yield MetricRow(step, dict(values), at, is_summary=is_summary)


def let_others_go() -> None:
    """Pause for an instant, in which training continues.

    A thread that computes in Python gives up the interpreter's lock after 5 ms only, which training
    would wait in the middle of `log`.
    """
    time.sleep(_BREATH)


def paced(rows: Iterable[MetricRow]) -> Iterator[MetricRow]:
    """Yield the rows, with pauses in which training continues."""
    for count, row in enumerate(rows, start=1):
        yield row
        if count % _ROWS_AT_ONCE == 0:
            let_others_go()


def passes(error: WanllmdbError) -> bool:
    """Return whether the rows may be accepted later; a server error may be temporary too."""
    return is_passing(error) or isinstance(error, InternalError)
