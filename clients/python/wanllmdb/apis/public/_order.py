"""The orders of runs that W&B knows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wanllmdb.apis.public._errors import InvalidQueryError
from wanllmdb.apis.public._fields import Reading, canonical, field, is_there

if TYPE_CHECKING:
    from wanllmdb.apis.public.runs import Run

_OF_A_RUN = ("createdAt", "updatedAt", "name", "sweep")
_SECTIONS = ("config", "summary_metrics", "tags")


@dataclass(frozen=True, slots=True)
class RunOrdering:
    """An order that was read; `by` is None for the time of creation."""

    by: Reading | None
    is_descending: bool

    def sorted(self, runs: Iterable[Run]) -> list[Run]:
        """The runs in this order; those that have no such value, or NaN, come last."""
        if self.by is None:
            raise AssertionError("the registry lists runs by their time of creation")
        values = [(self.by(run), run) for run in runs]
        there = [(value, run) for value, run in values if is_there(value)]
        there.sort(key=lambda pair: _key(pair[0]), reverse=self.is_descending)
        return [run for _, run in there] + [run for value, run in values if not is_there(value)]


def ordering(order: Any) -> RunOrdering:
    """Reads an order: a field, `+` (or nothing) before it for ascending, `-` for descending.

    Raises:
        InvalidQueryError: there is no such field.
    """
    if not isinstance(order, str):
        raise InvalidQueryError(f"order must be a text, but is {order!r:.100}")
    order = order or "+created_at"
    is_descending = order.startswith("-")
    key = order[1:] if order[0] in "+-" else order
    by = field(key, f"order {order!r}")
    return RunOrdering(None if canonical(key) == "created_at" else by, is_descending)


def metric_order(order: str) -> str:
    """The order of `Sweep.best_run`: a bare name is a metric's, and without sign it descends."""
    sign, key = (order[0], order[1:]) if order[:1] in ("+", "-") else ("-", order)
    section, dot, _ = key.partition(".")
    is_known = section in _SECTIONS if dot else key in _OF_A_RUN
    return f"{sign}{key}" if is_known else f"{sign}summary_metrics.{key}"


def _key(value: Any) -> tuple[int, Any]:
    """Sorts values of several types: numbers before texts before others."""
    if isinstance(value, int | float):
        return 0, value
    if isinstance(value, str):
        return 1, value
    if isinstance(value, dict | list):
        return 3, json.dumps(value, sort_keys=True, default=str)
    return 2, value
