"""The words of problems: what a value is, and what it should be."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from wanllmdb_common.algorithms.description import did_you_mean
from wanllmdb_common.errors import FieldViolation, InvalidArgumentError

INT64 = range(-(2**63), 2**63)


def shown(value: Any) -> str:
    """The value for a sentence, cut to 100 characters."""
    try:
        return f"{value!r:.100}"
    except ValueError:
        # Python writes no integer of more than 4,300 digits.
        return "an integer of thousands of digits"


def is_(value: Any) -> str:
    """`is 3`, or `is missing`."""
    return "is missing" if value is None else f"is {shown(value)}"


def must_be(what: str, value: Any) -> str:
    """`must be a text, is 3`."""
    return f"must be {what}, {is_(value)}"


def missing_or_must_be(what: str, value: Any) -> str:
    """`is required (a text)`, or `must be a text, is 3`."""
    return f"is required ({what})" if value is None else must_be(what, value)


def unknown_key(key: object, known: Collection[str]) -> str:
    """What is near, or else all that is known: an answer has room for some thousand bytes."""
    return "unknown key" + (did_you_mean(key, known) or f"; known are {', '.join(known)}")


def invalid_config(problems: list[FieldViolation]) -> InvalidArgumentError:
    """INVALID_SWEEP_CONFIG, every problem on a line of its own."""
    # What is no Unicode text could not be sent.
    problems = [FieldViolation(_sendable(p.field), _sendable(p.description)) for p in problems]
    lines = "\n".join(f"  {p.field}: {p.description}" for p in problems)
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return InvalidArgumentError(
        "INVALID_SWEEP_CONFIG", f"the sweep config has {count}:\n{lines}", problems
    )


def _sendable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()
