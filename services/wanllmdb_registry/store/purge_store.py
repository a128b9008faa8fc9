"""Deletes the rows of deleted sweeps in small parts, one replica at a time.

The row of `deleted_sweeps` says when the next part may follow, whichever replica deletes it. So a
replica that ends between two parts, or within one, is replaced by any other.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    Integer,
    Interval,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    tuple_,
    update,
)

from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.schema import (
    deleted_sweeps,
    last_values,
    metric_points,
    prior_runs,
    runs,
    sweep_events,
    sweeps,
)
from wanllmdb_registry.store.statement import Connection, Statement

# Rows of one part: the first part of a replica, and the bounds. With fewer rows, a part on a busy
# machine takes as long, because its statements wait for a processor.
FIRST_ROWS, LEAST_ROWS, MOST_ROWS = 2_000, 1_000, 10_000
# Seconds that a part should take: longer parts halve the next ones, much shorter ones double them.
PART_SECONDS = 0.1
# A part is followed by a pause of this many times its duration, for other callers.
PAUSES = 3

_sweep_id = bindparam("sweep_id", type_=Text)
_due = deleted_sweeps.c.purge_time
# A sweep of the same id exists only if an older registry created it again. Its rows must stay.
_is_gone = ~select(sweeps.c.sweep_id).where(sweeps.c.sweep_id == deleted_sweeps.c.sweep_id).exists()
_first = (
    select(deleted_sweeps.c.sweep_id)
    .where(_due.is_not(None), _is_gone)
    .order_by(deleted_sweeps.c.delete_time, deleted_sweeps.c.sweep_id)
    .limit(literal_column("1"))
    .scalar_subquery()
)
_COUNT = Statement(
    select(func.count().label("sweeps")).select_from(deleted_sweeps).where(_due.is_not(None))
)
# None while another replica deletes its rows, or in the pause.
_CLAIM = Statement(
    select(deleted_sweeps.c.sweep_id)
    .where(deleted_sweeps.c.sweep_id == _first, _due <= func.clock_timestamp())
    .with_for_update(skip_locked=True)
)
_schedule = update(deleted_sweeps).where(deleted_sweeps.c.sweep_id == _sweep_id)
_PAUSE = Statement(
    _schedule.values(purge_time=func.clock_timestamp() + bindparam("pause", type_=Interval))
)
_END = Statement(_schedule.values(purge_time=None))


# The values of the columns of a key after `sweep_id`.
_Key = tuple[Any, ...]


class _Rows:
    """The rows of one table that belong to a sweep, by their key.

    They are deleted by ranges of the key. That takes one scan of its index, which finds every row
    in the one partition of the sweep, and locks runs in the order in which heartbeats lock them.
    """

    def __init__(self, table: Table) -> None:
        key = list(table.primary_key)[1:]
        self._names = [column.name for column in key]
        self.start: _Key = tuple("" if isinstance(c.type, Text) else -1 for c in key)
        """Before every key; a key has no negative number."""

        def bound(prefix: str) -> Any:
            return tuple_(*(bindparam(prefix + column.name, type_=column.type) for column in key))

        later = and_(table.c.sweep_id == _sweep_id, tuple_(*key) > bound("after_"))
        self._last_of = Statement(
            select(*key)
            .where(later)
            .order_by(*key)
            .offset(bindparam("others", type_=Integer))
            .limit(literal_column("1"))
        )
        self._delete = Statement(delete(table).where(later, tuple_(*key) <= bound("until_")))
        self._delete_rest = Statement(delete(table).where(later))

    async def delete(
        self, connection: Connection, sweep_id: str, after: _Key, limit: int
    ) -> tuple[int, _Key | None]:
        """Delete the first `limit` rows after a key; return their number and the last key.

        The key is None if no rows are left.
        """
        values = {"sweep_id": sweep_id, **self._named("after_", after)}
        found = await self._last_of.fetch_one(connection, **values, others=limit - 1)
        if found is None:
            return await self._delete_rest.execute(connection, **values), None
        last = tuple(found[name] for name in self._names)
        until = self._named("until_", last)
        return await self._delete.execute(connection, **values, **until), last

    def _named(self, prefix: str, key: _Key) -> dict[str, Any]:
        return {prefix + name: value for name, value in zip(self._names, key, strict=True)}


# Runs first, because other tables refer to them.
_TABLES = [_Rows(each) for each in (runs, prior_runs, sweep_events, last_values, metric_points)]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the next part of a sweep begins: all rows of earlier tables and keys are deleted.

    In memory alone: without it, the next part passes over the index entries of deleted rows.
    """

    sweep_id: str
    table: int = 0
    after: _Key = _TABLES[0].start


@dataclass(frozen=True, slots=True)
class PurgedPart:
    """What one transaction deleted of a sweep.

    Attributes:
        sweep_id: The sweep.
        rows: How many rows were deleted.
        is_last: Whether nothing is left of the sweep.
        pause: Seconds until the next part may follow.
    """

    sweep_id: str
    rows: int
    is_last: bool
    pause: float


class PurgeStore:
    """Deletes what is left of deleted sweeps."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows = FIRST_ROWS
        self._place = _Place("")

    async def waiting(self) -> int:
        """Return the number of deleted sweeps that have rows left."""
        async with self._database.read() as connection:
            (row,) = await _COUNT.fetch(connection)
        return int(row["sweeps"])

    async def purge_part(self) -> PurgedPart | None:
        """Delete a part of the sweep that was deleted first, in one transaction.

        Returns:
            None if no sweep has rows left, another replica deletes them, or a pause is not over.
        """
        began = time.perf_counter()
        async with self._database.transaction() as connection:
            claimed = await _CLAIM.fetch_one(connection)
            if claimed is None:
                return None
            sweep_id: str = claimed["sweep_id"]
            place = self._place if self._place.sweep_id == sweep_id else _Place(sweep_id)
            left, next_place = self._rows, place
            while left and next_place.table < len(_TABLES):
                deleted, next_place = await _delete(connection, next_place, left)
                left -= deleted
            seconds = time.perf_counter() - began
            pause = PAUSES * seconds
            is_last = next_place.table == len(_TABLES)
            if is_last:
                await _END.execute(connection, sweep_id=sweep_id)
            else:
                await _PAUSE.execute(connection, sweep_id=sweep_id, pause=timedelta(seconds=pause))
        # Only now, because another replica deletes these rows if the transaction failed.
        self._place = next_place
        rows = self._rows - left
        self._adapt(seconds, is_full=not left)
        return PurgedPart(sweep_id, rows, is_last, pause)

    def _adapt(self, seconds: float, *, is_full: bool) -> None:
        if seconds > PART_SECONDS:
            self._rows = max(LEAST_ROWS, self._rows // 2)
        elif is_full and seconds < PART_SECONDS / 4:
            self._rows = min(MOST_ROWS, self._rows * 2)


async def _delete(connection: Connection, place: _Place, limit: int) -> tuple[int, _Place]:
    """Delete rows of one table; return their number and where to go on."""
    deleted, last = await _TABLES[place.table].delete(
        connection, place.sweep_id, place.after, limit
    )
    if last is not None:
        return deleted, _Place(place.sweep_id, place.table, last)
    following = place.table + 1
    start = _TABLES[following].start if following < len(_TABLES) else ()
    return deleted, _Place(place.sweep_id, following, start)
