"""Decodes the columns of ReadRunColumns and WatchSweep."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.sweeps import Registry, request_id
from wanllmdb.api.registry.v1 import plots_pb2, run_columns_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.search_space.proto_conversion import value_from_proto

CATEGORY = plots_pb2.AXIS_SCALE_CATEGORY


def key(**which: Any) -> run_columns_pb2.RunColumnKey:
    """Return the key of a column."""
    return run_columns_pb2.RunColumnKey(**which)


@dataclass
class Table:
    """Runs by number: the state and the values of the columns, None where there is none."""

    schema: run_columns_pb2.RunColumnsSchema
    rows: dict[int, tuple[int, list[Any]]] = field(default_factory=dict)
    categories: list[list[Any]] = field(default_factory=list)
    chunks: int = 0

    def __post_init__(self) -> None:
        self.categories = [
            [value_from_proto(value) for value in column.categories]
            for column in self.schema.columns
        ]

    def add(self, chunk: run_columns_pb2.RunColumnsChunk) -> None:
        """Add the rows; those of a known run replace its earlier row."""
        self.chunks += 1
        count = len(chunk.run_numbers)
        assert len(chunk.states) == count
        columns = [self._values(index, values, count) for index, values in enumerate(chunk.columns)]
        for row, number in enumerate(chunk.run_numbers):
            self.rows[number] = chunk.states[row], [column[row] for column in columns]

    def _values(self, index: int, values: run_columns_pb2.RunColumnValues, count: int) -> list[Any]:
        if self.schema.columns[index].scale == CATEGORY:
            categories = self.categories[index]
            categories += map(value_from_proto, values.new_categories)
            assert len(values.categories) == count
            return [categories[at - 1] if at else None for at in values.categories]
        assert len(values.numbers) == count
        if values.present:
            there = [bool(values.present[row // 8] >> row % 8 & 1) for row in range(count)]
            return [
                value if is_there else None
                for value, is_there in zip(values.numbers, there, strict=True)
            ]
        return [None if math.isnan(value) else value for value in values.numbers]


async def read(
    registry: Registry,
    sweep_id: str,
    columns: Iterable[run_columns_pb2.RunColumnKey] = (),
    **fields: Any,
) -> tuple[Table, run_columns_pb2.RunColumnsEnd]:
    """Read the columns of a sweep's runs to the end."""
    request = run_columns_pb2.ReadRunColumnsRequest(
        sweep_id=sweep_id, columns=list(columns), **fields
    )
    table: Table | None = None
    end: run_columns_pb2.RunColumnsEnd | None = None
    async for part in registry.ReadRunColumns(request):
        assert end is None
        match part.WhichOneof("part"):
            case "schema":
                assert table is None
                table = Table(part.schema)
            case "chunk":
                assert table is not None
                table.add(part.chunk)
            case "end":
                end = part.end
    assert table is not None
    assert end is not None
    return table, end


async def enqueue_long_labels(registry: Registry, sweep_id: str) -> None:
    """Queue 8,000 runs with a text of 1 KB each: several pages of several chunks."""
    for batch in range(8):
        runs = [
            pb.EnqueuedRun(labels={"note": f"{batch} {place} {'n' * 900}"})
            for place in range(1_000)
        ]
        await registry.EnqueueRuns(
            pb.EnqueueRunsRequest(sweep_id=sweep_id, runs=runs, request_id=request_id())
        )


def read_long_labels(sweep_id: str) -> run_columns_pb2.ReadRunColumnsRequest:
    """Return the request that reads these texts."""
    return run_columns_pb2.ReadRunColumnsRequest(sweep_id=sweep_id, columns=[key(label="note")])
