"""Cuts metric rows into what one request takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from wanllmdb._types.runs import MetricRow

VALUES_A_REQUEST = 5_000
"""The server takes 10,000."""
BYTES_A_REQUEST = 1024 * 1024
"""A message has 4 MiB, and the end of a run takes a config and a traceback beside rows."""

_BYTES_A_ROW = 32
_BYTES_A_VALUE = 16
_VALUES_A_PIECE = 1_000
"""A name has at most 200 characters of up to 4 bytes: so many fit into any request."""


def size_of(values: Iterable[str]) -> int:
    """About how many bytes a row with values of these names takes in a message."""
    return _BYTES_A_ROW + sum(
        _BYTES_A_VALUE + (len(name) if name.isascii() else len(name.encode())) for name in values
    )


def fits(row: MetricRow) -> bool:
    """Whether a request takes the row whole."""
    return len(row.values) <= VALUES_A_REQUEST and size_of(row.values) <= BYTES_A_REQUEST


def pieces(row: MetricRow) -> Iterator[MetricRow]:
    """The row whole where one request takes it, else rows of the same step that are smaller."""
    if fits(row):
        yield row
        return
    values = iter(row.values.items())
    while piece := dict(islice(values, _VALUES_A_PIECE)):
        yield replace(row, values=piece)


def batches(rows: Iterable[MetricRow]) -> Iterator[list[MetricRow]]:
    """All rows, by what one request takes."""
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
