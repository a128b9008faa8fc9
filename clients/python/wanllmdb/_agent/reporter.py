"""Sends a run's metrics in the background, many at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from wanllmdb._agent.batches import VALUES_A_REQUEST
from wanllmdb._agent.outage import is_passing
from wanllmdb._errors import DeadlineExceededError, InternalError, WanllmdbError
from wanllmdb._types.run import MetricRow

FLUSH_INTERVAL = 0.2
"""Seconds that a value waits for others to be sent with."""

_PAUSE_AFTER_FAILURE = 1.0
_KEEP_EVERY = 1.0
_SHARE_OF_KEEPING = 20.0
"""Training waits while rows are kept: so many times longer it does not."""
_LAST_WAIT = 2.0
"""Seconds for which the end of a run waits for what is just being sent."""

Send = Callable[[list[MetricRow], float | None], None]


class Reporter:
    """Collects metric rows and sends them from a thread of its own.

    What could not be sent stays until it is, or until `close` hands it over.

    Args:
        send: stores rows on the server, within so many seconds where a number is given; may
            be called again with the same ones: reporting a step again overwrites.
        failed: gets an error that waiting does not help.
        keep: while the server is away, gets all rows that it has not got, each time that
            there are more; then none, once it has them.
    """

    def __init__(
        self,
        send: Send,
        failed: Callable[[WanllmdbError], None],
        keep: Callable[[list[MetricRow]], None],
    ) -> None:
        self._send = send
        self._failed = failed
        self._keep = keep
        self._kept = 0
        self.is_failing = False
        """Whether the server was away when something was sent last."""
        self._rows: dict[int, tuple[datetime, dict[str, float]]] = {}
        self._values = 0
        self._added = 0
        self._under_way: list[MetricRow] = []
        self._keep_not_before = 0.0
        self._changed = threading.Condition()
        self._sending = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, step: int, values: dict[str, float]) -> None:
        """Takes values of one step, to be sent soon."""
        if not values:
            return
        with self._changed:
            _, row = self._rows.setdefault(step, (datetime.now(UTC), {}))
            row.update(values)
            self._values += len(values)
            self._added += 1
            if self._thread is None and not self._closed.is_set():
                thread = threading.Thread(target=self._work, name="wanllmdb-reporter", daemon=True)
                # Ctrl-C may come within: one that did not start can't be joined.
                thread.start()
                self._thread = thread
            self._changed.notify_all()
        if self.is_failing and time.monotonic() >= self._keep_not_before:
            self._keep_unsent()

    def flush(self, timeout: float | None = None) -> None:
        """Sends everything that was added before; returns when the server has it.

        Args:
            timeout: seconds that each request may take, and that this waits for one that
                is under way.

        Raises:
            WanllmdbError: it could not be sent; it is kept.
        """
        while self._send_some(timeout):
            pass

    def close(self) -> list[MetricRow]:
        """Ends the thread; returns the rows that the server has not confirmed.

        Those that are just being sent too, if that takes its time: they may be sent twice.
        """
        with self._changed:
            self._closed.set()
            self._changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_LAST_WAIT)
        with self._changed:
            if self._under_way:
                self._put_back(self._under_way)
            return self._take(None)

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

    def _wait_for_rows(self) -> bool:
        """Waits for something worth sending; False when the reporter was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._rows or self._closed.is_set())
            self._changed.wait_for(
                lambda: self._values >= VALUES_A_REQUEST or self._closed.is_set(), FLUSH_INTERVAL
            )
        return not self._closed.is_set()

    def _send_some(self, timeout: float | None = None) -> bool:
        """Sends one request's worth, if there is any; says whether more is left."""
        if not self._sending.acquire(timeout=-1 if timeout is None else timeout):
            raise DeadlineExceededError(f"what was logged before is not sent after {timeout:g} s")
        try:
            with self._changed:
                rows = self._under_way = self._take(VALUES_A_REQUEST)
            if not rows:
                return False
            try:
                self._send(rows, timeout)
            except BaseException as error:
                with self._changed:
                    self._under_way = []
                    self._put_back(rows)
                if isinstance(error, WanllmdbError) and passes(error):
                    self.is_failing = True
                    self._keep_unsent()
                raise
            with self._changed:
                self._under_way = []
            self.is_failing = False
            self._keep_none()
            return bool(self._rows)
        finally:
            self._sending.release()

    def _keep_unsent(self) -> None:
        with self._changed:
            if self._closed.is_set() or self._added == self._kept:
                return
            self._kept = self._added
            under_way = list(self._under_way)
            rows = self._unsent()
        began = time.monotonic()
        self._keep(under_way + rows)
        took = time.monotonic() - began
        self._keep_not_before = time.monotonic() + max(_KEEP_EVERY, _SHARE_OF_KEEPING * took)

    def _keep_none(self) -> None:
        if self._kept and not self._rows and not self._closed.is_set():
            self._kept = 0
            self._keep([])

    def _take(self, limit: int | None) -> list[MetricRow]:
        taken: list[MetricRow] = []
        size = 0
        for step in list(self._rows):
            time, values = self._rows[step]
            if limit is not None and taken and size + len(values) > limit:
                break
            del self._rows[step]
            taken.append(MetricRow(step, values, time))
            size += len(values)
        self._values = sum(len(values) for _, values in self._rows.values())
        return taken

    def _unsent(self) -> list[MetricRow]:
        return [MetricRow(step, dict(row), time) for step, (time, row) in self._rows.items()]

    def _put_back(self, rows: list[MetricRow]) -> None:
        with self._changed:
            later = self._rows
            self._rows = {
                row.step: (row.time or datetime.now(UTC), dict(row.values)) for row in rows
            }
            for step, (time, values) in later.items():
                self._rows.setdefault(step, (time, {}))[1].update(values)
            self._values = sum(len(values) for _, values in self._rows.values())


def passes(error: WanllmdbError) -> bool:
    """Whether the rows may be taken later; a server's defect may pass too."""
    return is_passing(error) or isinstance(error, InternalError)
