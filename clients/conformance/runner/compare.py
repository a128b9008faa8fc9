"""Whether an answer is the expected one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from clients.conformance.runner.cases import Case
from clients.conformance.runner.messages import (
    RESULT,
    BadAnswerError,
    answered_message,
    expected_message,
    shown,
)


def difference(case: Case, answer: Mapping[str, Any]) -> str | None:
    """Return how an answer differs from the expected one; None if it does not."""
    error = answer.get("error")
    if case.error is not None:
        return _difference_of_errors(case, answer)
    if error is not None:
        return f"error {error.get('kind')}: {error.get('message')}"
    if "result" not in answer:
        return f"neither a result nor an error: {json.dumps(answer)}"
    result = answer["result"]
    if case.operation not in RESULT:
        return None if _same(case.result, result) else _both(case.result, result)
    expected = expected_message(case.operation, case.result)
    try:
        actual = answered_message(case.operation, result)
    except BadAnswerError as problem:
        return str(problem)
    return None if actual == expected else f"expected {shown(expected)}\ngot      {shown(actual)}"


def _difference_of_errors(case: Case, answer: Mapping[str, Any]) -> str | None:
    assert case.error is not None
    error = answer.get("error")
    if error is None:
        return f"expected the error {case.error.kind}, got {json.dumps(answer.get('result'))}"
    if error.get("kind") != case.error.kind:
        return (
            f"expected the error {case.error.kind}, got {error.get('kind')}: {error.get('message')}"
        )
    missing = [text for text in case.error.mentions if text not in str(error.get("message"))]
    if missing:
        return f"the error does not name {', '.join(missing)}: {error.get('message')}"
    return None


def _same(expected: Any, actual: Any) -> bool:
    """Whether two JSON values are equal; 1 and 1.0 are, 1 and true are not."""
    if isinstance(expected, dict):
        return (
            isinstance(actual, dict)
            and expected.keys() == actual.keys()
            and all(_same(value, actual[name]) for name, value in expected.items())
        )
    if isinstance(expected, list):
        return (
            isinstance(actual, list)
            and len(expected) == len(actual)
            and all(map(_same, expected, actual))
        )
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    return bool(expected == actual)


def _both(expected: Any, actual: Any) -> str:
    return (
        f"expected {json.dumps(expected, ensure_ascii=False)}\n"
        f"got      {json.dumps(actual, ensure_ascii=False)}"
    )
