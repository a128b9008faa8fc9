"""Filters and orders of runs, in the part of MongoDB's query language that W&B supports.

The registry filters by sweeps and states; the client applies the rest of a filter to each page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from wanllmdb._types.enums import RunState
from wanllmdb.apis.public._errors import InvalidQueryError
from wanllmdb.apis.public._fields import (
    MISSING,
    STATES_BY_WORD,
    Reading,
    canonical,
    field,
    is_there,
    is_time,
    time_of,
)

if TYPE_CHECKING:
    from wanllmdb.apis.public.runs import Run

Test = Callable[[Any], bool]
Predicate = Callable[["Run"], bool]

_GROUPS = ("$and", "$or", "$nor", "$not")
_OPERATORS = (
    *("$eq", "$ne", "$gt", "$gte", "$lt", "$lte"),
    *("$in", "$nin", "$exists", "$regex", "$not"),
)


@dataclass(frozen=True, slots=True)
class RunFilter:
    """A parsed filter.

    Attributes:
        matches: whether a run passes the filter.
        sweeps: the ids of the only sweeps whose runs can pass; None for any.
        states: the only states in which runs can pass; None for any.
        is_exact: whether every run of these sweeps in these states passes.
    """

    matches: Predicate
    sweeps: frozenset[str] | None
    states: frozenset[RunState] | None
    is_exact: bool


def run_filter(filters: Mapping[str, Any] | None) -> RunFilter:
    """Parse a filter.

    Raises:
        InvalidQueryError: the filter has an unknown field or operator.
    """
    filters = filters or {}
    predicate = _all_of(filters, "filters")
    conditions = list(_conjunction(filters))
    sweeps = _narrowed(conditions, ("sweep", "sweep_name"))
    sweeps = None if sweeps is None else frozenset(map(_last_part, sweeps))
    words = _narrowed(conditions, ("state",))
    states = None if words is None else frozenset().union(*map(_states_of, words))
    return RunFilter(
        predicate,
        sweeps,
        states,
        is_exact=all(_chosen(condition) is not None for _, condition in conditions)
        and {canonical(key) for key, _ in conditions} <= {"sweep", "sweep_name", "state"}
        # One state of the registry has two of W&B's words.
        and not ({"pending", "preempted"} & (words or frozenset())),
    )


def _last_part(path: str) -> str:
    """The id at the end of a sweep's path."""
    return path.rpartition("/")[2]


def _states_of(word: str) -> frozenset[RunState]:
    return STATES_BY_WORD.get(word, frozenset())


def _conjunction(filters: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The conditions that must all hold, by field; other groups are keyed by their operator."""
    conditions: list[tuple[str, Any]] = []
    for key, condition in filters.items():
        if key == "$and":
            for part in condition:
                conditions += _conjunction(part)
        else:
            conditions.append((key, condition))
    return conditions


def _narrowed(conditions: Sequence[tuple[str, Any]], keys: Sequence[str]) -> frozenset[str] | None:
    """The only values that a field can have; None if its conditions do not list them."""
    narrowed: frozenset[str] | None = None
    for key, condition in conditions:
        values = _chosen(condition) if canonical(key) in keys else None
        if values is not None:
            narrowed = values if narrowed is None else narrowed & values
    return narrowed


def _chosen(condition: Any) -> frozenset[str] | None:
    """The texts of which a condition requires one; None for any other condition."""
    if isinstance(condition, Mapping):
        if list(condition) == ["$in"]:
            values = list(condition["$in"])
        elif list(condition) == ["$eq"]:
            values = [condition["$eq"]]
        else:
            return None
    else:
        values = [condition]
    return frozenset(values) if all(isinstance(value, str) for value in values) else None


def _all_of(filters: Any, where: str) -> Predicate:
    if not isinstance(filters, Mapping):
        raise InvalidQueryError(
            f'{where} must be a dictionary, such as {{"state": "finished"}}, '
            f"but is {filters!r:.100}"
        )
    parts = [_part(key, condition, where) for key, condition in filters.items()]
    return lambda run: all(part(run) for part in parts)


def _part(key: Any, condition: Any, where: str) -> Predicate:
    if key == "$not":
        inner = _all_of(condition, f"{where}.$not")
        return lambda run: not inner(run)
    if key in _GROUPS:
        return _group(key, condition, f"{where}.{key}")
    if isinstance(key, str) and key.startswith("$"):
        raise _unknown_operator(key, where, _GROUPS)
    return _condition(key, condition, f"{where}[{key!r}]")


def _group(key: str, condition: Any, where: str) -> Predicate:
    if not isinstance(condition, Sequence) or isinstance(condition, str) or not condition:
        raise InvalidQueryError(f"{where} must be a list of filters, but is {condition!r:.100}")
    parts = [_all_of(part, f"{where}[{index}]") for index, part in enumerate(condition)]
    if key == "$and":
        return lambda run: all(part(run) for part in parts)
    if key == "$or":
        return lambda run: any(part(run) for part in parts)
    return lambda run: not any(part(run) for part in parts)


def _condition(key: Any, condition: Any, where: str) -> Predicate:
    read = field(key, where)
    prepared = _prepared(canonical(key), where)
    if isinstance(condition, Mapping) and any(str(name).startswith("$") for name in condition):
        return _holding(read, [_test(*pair, prepared, where) for pair in condition.items()])
    return _holding(read, [_equals(prepared(condition))])


def _holding(read: Reading, tests: Sequence[Test]) -> Predicate:
    def holds(run: Run) -> bool:
        value = read(run)
        return all(test(value) for test in tests)

    return holds


def _prepared(name: str, where: str) -> Callable[[Any], Any]:
    """The conversion of a condition's values before they are compared."""
    if is_time(name):
        return lambda value: None if value is None else time_of(value, where)
    if name in ("sweep", "sweep_name"):
        return lambda value: _last_part(value) if isinstance(value, str) else value
    if name == "state":

        def known(value: Any) -> Any:
            if not isinstance(value, str) or value not in STATES_BY_WORD:
                raise InvalidQueryError(
                    f"{where}: a run has no state {value!r:.100}; the states are "
                    f"{', '.join(sorted(STATES_BY_WORD))}"
                )
            return value

        return known
    return lambda value: value


def _test(operator: Any, operand: Any, prepared: Callable[[Any], Any], where: str) -> Test:
    if operator == "$not":
        if not isinstance(operand, Mapping):
            raise InvalidQueryError(f"{where}.$not must be a dictionary of operators")
        tests = [_test(*pair, prepared, where) for pair in operand.items()]
        return lambda value: not all(test(value) for test in tests)
    if operator in ("$in", "$nin"):
        if not isinstance(operand, Sequence | set | frozenset) or isinstance(operand, str):
            raise InvalidQueryError(f"{where}.{operator} must be a list, but is {operand!r:.100}")
        each = [_equals(prepared(value)) for value in operand]
        if operator == "$in":
            return lambda value: any(equals(value) for equals in each)
        return lambda value: not any(equals(value) for equals in each)
    if operator == "$exists":
        return lambda value: (value is not MISSING and value is not None) == bool(operand)
    if operator == "$regex":
        return _finds(operand, where)
    if operator == "$eq":
        return _equals(prepared(operand))
    if operator == "$ne":
        equals = _equals(prepared(operand))
        return lambda value: not equals(value)
    if operator in _COMPARISONS:
        return _compares(_COMPARISONS[operator], prepared(operand))
    raise _unknown_operator(operator, where, _OPERATORS)


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda value, bound: value > bound,
    "$gte": lambda value, bound: value >= bound,
    "$lt": lambda value, bound: value < bound,
    "$lte": lambda value, bound: value <= bound,
}


def _finds(operand: Any, where: str) -> Test:
    try:
        pattern = re.compile(operand)
    except (re.error, TypeError) as error:
        raise InvalidQueryError(f"{where}.$regex: {operand!r:.100}: {error}") from None
    return lambda value: any(
        isinstance(one, str) and pattern.search(one) is not None for one in _values(value)
    )


def _compares(comparison: Callable[[Any, Any], bool], bound: Any) -> Test:
    kind = _kind(bound)
    return lambda value: any(
        is_there(one) and _kind(one) == kind and comparison(one, bound) for one in _values(value)
    )


def _equals(wanted: Any) -> Test:
    if wanted is None:
        return lambda value: value is None or value is MISSING
    kind = _kind(wanted)
    return lambda value: (
        any(_kind(one) == kind and one == wanted for one in (*_values(value),))
        or (isinstance(value, list) and value == wanted)
    )


def _values(value: Any) -> Sequence[Any]:
    """The values to test: a condition holds for a list if it holds for one of its values."""
    return value if isinstance(value, list) else (value,)


def _kind(value: Any) -> str:
    # True equals 1 in Python, but not in MongoDB. A program's bound may be a NumPy number.
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, Real) else type(value).__name__


def _unknown_operator(operator: Any, where: str, known: Sequence[str]) -> InvalidQueryError:
    return InvalidQueryError(
        f"{where}: there is no operator {operator!r:.100}; the operators are {', '.join(known)}"
    )


_OF_A_RUN = ("createdAt", "updatedAt", "name", "sweep")
_SECTIONS = ("config", "summary_metrics", "tags")


@dataclass(frozen=True, slots=True)
class RunOrdering:
    """A parsed order; `by` is None for the creation time."""

    by: Reading | None
    is_descending: bool

    def sorted(self, runs: Iterable[Run]) -> list[Run]:
        """The runs in this order; runs without a value, or with NaN, come last."""
        if self.by is None:
            raise AssertionError("the registry lists runs by their time of creation")
        values = [(self.by(run), run) for run in runs]
        there = [(value, run) for value, run in values if is_there(value)]
        there.sort(key=lambda pair: _key(pair[0]), reverse=self.is_descending)
        return [run for _, run in there] + [run for value, run in values if not is_there(value)]


def ordering(order: Any) -> RunOrdering:
    """Parse an order: a field after `+` or nothing (ascending) or `-` (descending).

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
    """The order of `Sweep.best_run`: a bare name is a metric, and the default is descending."""
    sign, key = (order[0], order[1:]) if order[:1] in ("+", "-") else ("-", order)
    section, dot, _ = key.partition(".")
    is_known = section in _SECTIONS if dot else key in _OF_A_RUN
    return f"{sign}{key}" if is_known else f"{sign}summary_metrics.{key}"


def _key(value: Any) -> tuple[int, Any]:
    """A sort key for values of several types: numbers, then texts, then others."""
    if isinstance(value, int | float):
        return 0, value
    if isinstance(value, str):
        return 1, value
    if isinstance(value, dict | list):
        return 3, json.dumps(value, sort_keys=True, default=str)
    return 2, value
