"""Cuts metric rows into what one request takes."""

from __future__ import annotations

from collections.abc import Iterator

from wanllmdb._types.run import MetricRow

VALUES_A_REQUEST = 5_000
"""The server takes 10,000."""


def first_batch(rows: list[MetricRow]) -> list[MetricRow]:
    """As many rows from the beginning as one request takes; one at least."""
    size = 0
    for count, row in enumerate(rows):
        size += len(row.values)
        if size > VALUES_A_REQUEST and count:
            return rows[:count]
    return rows


def batches(rows: list[MetricRow]) -> Iterator[list[MetricRow]]:
    """All rows, by what one request takes."""
    while rows:
        batch = first_batch(rows)
        yield batch
        rows = rows[len(batch) :]


def last_batch(rows: list[MetricRow]) -> list[MetricRow]:
    """As many rows from the end as one request takes; one at least."""
    return first_batch(rows[::-1])[::-1]
