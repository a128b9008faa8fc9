"""Reads metric histories of many runs, reduced to buckets of points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Double,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.types import TypeEngine

from wanllmdb_registry.domain.reads import MetricCurve
from wanllmdb_registry.domain.unit_of_work import sweep_not_found
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.query_parts import of_sweep
from wanllmdb_registry.store.schema import metric_points, runs, sweeps
from wanllmdb_registry.store.statement import Row, Statement

# Runs of one statement, so that no statement runs long.
RUNS_AT_ONCE = 20

_sweep_id = bindparam("sweep_id", type_=Text)
_REVISION = Statement(select(sweeps.c.revision).where(sweeps.c.sweep_id == _sweep_id))

_p = metric_points.c
_one: ColumnElement[int] = literal_column("1", BigInteger)
_nan = cast(literal_column("'NaN'"), Double)
_infinity = cast(literal_column("'Infinity'"), Double)
# The points of a run's latest attempt by step: their places from 0 on, and how many there are.
_points = (
    select(
        _p.step,
        _p.value,
        (func.row_number(type_=BigInteger).over(order_by=_p.step) - _one).label("place"),
        func.count().over().label("count"),
    )
    .where(
        _p.sweep_id == _sweep_id,
        _p.number == runs.c.number,
        _p.attempt == runs.c.attempt,
        _p.name == bindparam("name", type_=Text),
    )
    .correlate(runs)
    .subquery("points")
)
_place, _count, _value = _points.c.place, _points.c.count, _points.c.value
_most = bindparam("most", type_=BigInteger)
# Points in a bucket: the count divided by the number of buckets, rounded up.
_in_bucket = (_count + _most - _one) // _most
_is_last = or_((_place + _one) % _in_bucket == literal_column("0"), _place + _one == _count)
# PostgreSQL sorts NaN after infinity.
_is_finite = and_(_value < _infinity, _value > -_infinity)
_buckets = (
    select(
        (_place // _in_bucket).label("bucket"),
        func.max(_points.c.step).label("step"),
        func.max(_value).filter(_is_last).label("value"),
        func.coalesce(func.min(_value).filter(_is_finite), _nan).label("low"),
        func.coalesce(func.max(_value).filter(_is_finite), _nan).label("high"),
        func.max(_count).label("count"),
    )
    .group_by(_place // _in_bucket)
    .correlate(runs)
    .subquery("buckets")
)


def _by_bucket(name: str, kind: type[TypeEngine[Any]]) -> ColumnElement[Any]:
    column = aggregate_order_by(_buckets.c[name], _buckets.c.bucket)
    return func.array_agg(column, type_=ARRAY(kind)).label(name)


_curve = (
    select(
        _by_bucket("step", BigInteger),
        _by_bucket("value", Double),
        _by_bucket("low", Double),
        _by_bucket("high", Double),
        func.max(_buckets.c.count).label("count"),
    )
    .correlate(runs)
    .lateral("curve")
)
_CURVES = Statement(
    select(runs.c.number, runs.c.attempt, *_curve.c)
    .select_from(runs.join(_curve, true()))
    .where(
        of_sweep(runs.c),
        runs.c.number == func.any(bindparam("numbers", type_=ARRAY(BigInteger))),
    )
)


class CurveReads:
    """Reads metric histories in buckets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def revision(self, sweep_id: str) -> int:
        """Return the sweep's revision.

        Raises:
            NotFoundError: SWEEP_NOT_FOUND.
        """
        async with self._database.read() as connection:
            row = await _REVISION.fetch_one(connection, sweep_id=sweep_id)
        if row is None:
            raise sweep_not_found(sweep_id)
        return int(row["revision"])

    async def curves(
        self, sweep_id: str, numbers: Sequence[int], name: str, most: int
    ) -> dict[int, MetricCurve]:
        """Return the curves of runs that reported the metric, each of at most `most` buckets.

        One query for each RUNS_AT_ONCE runs.
        """
        curves: dict[int, MetricCurve] = {}
        for start in range(0, len(numbers), RUNS_AT_ONCE):
            async with self._database.read_many() as connection:
                rows = await _CURVES.fetch(
                    connection,
                    sweep_id=sweep_id,
                    numbers=list(numbers[start : start + RUNS_AT_ONCE]),
                    name=name,
                    most=most,
                )
            curves |= {row["number"]: _curve_from_row(row) for row in rows if row["step"]}
        return curves


def _curve_from_row(row: Row) -> MetricCurve:
    is_whole = len(row["step"]) == row["count"]
    return MetricCurve(
        number=row["number"],
        attempt=row["attempt"],
        steps=row["step"],
        values=row["value"],
        min_values=() if is_whole else row["low"],
        max_values=() if is_whole else row["high"],
        points=row["count"],
    )
