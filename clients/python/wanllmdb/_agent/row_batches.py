"""Splits metric rows into requests that the registry accepts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from wanllmdb._types.runs import MetricRow

VALUES_A_REQUEST = 5_000
"""The registry accepts 10,000."""
BYTES_A_REQUEST = 1024 * 1024
"""A message has 4 MiB; the end of a run holds a config and a traceback besides rows."""

_BYTES_A_ROW = 32
_BYTES_A_VALUE = 16
_VALUES_A_PIECE = 1_000
"""A name has at most 200 characters of up to 4 bytes, so this many always fit one request."""


def size_of(values: Iterable[str]) -> int:
    """Return the approximate size in bytes of a row with values of these names."""
    return _BYTES_A_ROW + sum(
        _BYTES_A_VALUE + (len(name) if name.isascii() else len(name.encode())) for name in values
    )


def fits(row: MetricRow) -> bool:
    """Return whether the whole row fits one request."""
    return len(row.values) <= VALUES_A_REQUEST and size_of(row.values) <= BYTES_A_REQUEST


def pieces(row: MetricRow) -> Iterator[MetricRow]:
    """Yield the row if it fits one request, else smaller rows of the same step."""
    if fits(row):
        yield row
        return
    values = iter(row.values.items())
    while piece := dict(islice(values, _VALUES_A_PIECE)):
        yield replace(row, values=piece)


def batches(rows: Iterable[MetricRow]) -> Iterator[list[MetricRow]]:
    """Split rows into batches that each fit one request."""
    batch: list[MetricRow] = []
    values = size = 0
    for row in rows:
        for piece in pieces(row):
            more, larger = len(piece.values), size_of(piece.values)
            if batch and (values + more > VALUES_A_REQUEST or size + larger > BYTES_A_REQUEST):
                yield batch
                batch, values, size = [], 0, 0
            batch.append(piece)
            values += more
            size += larger
    if batch:
        yield batch
