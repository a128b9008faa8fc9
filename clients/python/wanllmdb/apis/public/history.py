"""The history of a run, in rows as W&B's public API returns them."""

from __future__ import annotations

import heapq
import importlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from wanllmdb._types.runs import MetricHistory, MetricPoint
from wanllmdb.apis.public._errors import InvalidQueryError, MissingPackageError

if TYPE_CHECKING:
    from wanllmdb.apis.public.runs import Run

Row = dict[str, Any]

_OWN = ("_step", "_timestamp", "_runtime")
_LARGEST_PAGE = 50_000
"""The number of points that the registry returns at once."""


class HistoryScan(Iterator[Row]):
    """All rows of a run's history, by step; each iteration starts with the first row.

    A row has `_step`, `_timestamp` (seconds since 1970), `_runtime` (seconds since the run
    began) and the metrics of that step. With `keys`, a row has only these metrics, and rows
    without all of them are omitted. The history is read in pages, starting at the first row.
    """

    def __init__(
        self,
        run: Run,
        *,
        keys: Sequence[str] | None = None,
        min_step: int | None = None,
        max_step: int | None = None,
    ) -> None:
        self.run = run
        self.keys = None if keys is None else list(keys)
        self.min_step = 0 if min_step is None else min_step
        self._stop = max_step
        self._rows: Iterator[Row] | None = None

    def __iter__(self) -> HistoryScan:
        return HistoryScan(self.run, keys=self.keys, min_step=self.min_step, max_step=self._stop)

    def __next__(self) -> Row:
        if self._rows is None:
            # If this fails, the next call reads again.
            self._rows = self._read()
        return next(self._rows)

    next = __next__

    def _read(self) -> Iterator[Row]:
        record = self.run._record
        if self._stop is not None and self._stop <= self.min_step:
            return iter(())
        names = [key for key in self.keys or () if key not in _OWN]
        histories = self.run._reader.client.get_metric_history(
            record.sweep_id,
            record.number,
            names=names,
            min_step=self.min_step,
            page_size=_LARGEST_PAGE,
        )
        return self._within(_merged(histories.values(), record.start_time or record.create_time))

    def _within(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            if self._stop is not None and row["_step"] >= self._stop:
                return
            if not self.keys:
                yield row
            elif all(key in row for key in self.keys):
                yield {key: row[key] for key in self.keys}


def sampled(rows: Iterable[Row], samples: int) -> list[Row]:
    """At most `samples` rows at even distances, the first and the last among them.

    Raises:
        InvalidQueryError: `samples` is not a number of rows.
    """
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
        raise InvalidQueryError(f"samples must be at least 1, but is {samples!r:.100}")
    whole = list(rows)
    last = len(whole) - 1
    if last < samples:
        return whole
    if samples == 1:
        return [whole[last]]
    return [whole[round(index * last / (samples - 1))] for index in range(samples)]


def known_keys(keys: Any) -> list[str] | None:
    """The keys that a program requests.

    Raises:
        InvalidQueryError: the keys are not a list of texts.
    """
    if keys is None:
        return None
    if not isinstance(keys, list | tuple) or not all(isinstance(key, str) for key in keys):
        raise InvalidQueryError(f"keys must be a list of metrics' names, but is {keys!r:.100}")
    return list(keys)


def table_package(name: str) -> Any:
    """The package that makes tables, such as pandas.

    Raises:
        MissingPackageError: the package is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        without = "history(pandas=False)" if name == "pandas" else 'format="default"'
        raise MissingPackageError(
            f"a history as a table needs {name}, which is not installed: `pip install {name}`, or "
            f"take a list of dictionaries with {without}"
        ) from error


def _merged(histories: Iterable[MetricHistory], began: datetime | None) -> Iterator[Row]:
    points = heapq.merge(*map(_named, histories), key=itemgetter(0))
    for step, group in groupby(points, key=itemgetter(0)):
        row: Row = {}
        time: datetime | None = None
        for _, name, point in group:
            row[name] = point.value
            if point.time is not None:
                time = point.time if time is None else max(time, point.time)
        if time is not None and began is not None:
            row["_runtime"] = (time - began).total_seconds()
        row["_step"] = step
        if time is not None:
            row["_timestamp"] = time.timestamp()
        yield row


def _named(history: MetricHistory) -> Iterator[tuple[int, str, MetricPoint]]:
    return ((point.step, history.name, point) for point in history.points)
