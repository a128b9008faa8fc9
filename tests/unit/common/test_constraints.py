"""Constraints between parameters: the language, and the points that satisfy them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.processor_time import soon
from wanllmdb_common.search_space.constraints import (
    MAX_CONSTRAINTS,
    Constraints,
    problems_of_constraints,
)
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Distribution,
    IntUniform,
    Parameter,
    SearchSpace,
    Uniform,
)
from wanllmdb_common.search_space.expressions import (
    MAX_CHARACTERS,
    ExpressionError,
    parse,
    spelled,
)

DISTRIBUTIONS: dict[str, Distribution] = {
    "a": IntUniform(0, 10),
    "b": IntUniform(0, 10),
    "grid-size": IntUniform(0, 10),
    "lambda": Uniform(0.0, 1.0),
    "model/a.b": IntUniform(0, 10),
    "model/a/b": IntUniform(0, 10),
    "opt": Categorical(("adam", "sgd")),
    "optimizer/lr": Uniform(0.0, 1.0),
    "optimizer/schedule/end": IntUniform(0, 10),
    "optimizer/schedule/values": IntUniform(0, 10),
    "p": IntUniform(0, 10),
    "use_bn": Categorical((True, False)),
}
VALUES: dict[str, Any] = {
    "a": 2,
    "b": 3,
    "grid-size": 4,
    "lambda": 0.5,
    "model/a.b": 6,
    "model/a/b": 7,
    "opt": "sgd",
    "optimizer/lr": 0.1,
    "optimizer/schedule/end": 5,
    "optimizer/schedule/values": 8,
    "p": 9,
    "use_bn": True,
}


def space(*constraints: str) -> SearchSpace:
    return SearchSpace(
        tuple(Parameter(n, distribution) for n, distribution in DISTRIBUTIONS.items()), constraints
    )


def problems(text: str) -> list[str]:
    return [problem for _, problem in problems_of_constraints(space(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b", True),
        ("a >= b", False),
        ("0 < a < b <= 3", True),
        ("a + b * 2 - 1 == 7 and b / a == 1.5", True),
        ("b // a == 1 and b % a == 1 and a ** b == 8 and -a == +a - 4", True),
        ("opt == 'sgd' or a > 100", True),
        ("not opt == 'sgd'", False),
        ("opt in ('adam', 'rmsprop')", False),
        ("opt not in ['adam'] and a in (1, 2)", True),
        ("'sg' in opt", True),
        ("opt + '!' == 'sgd!'", True),
        ("use_bn", True),
        ("not use_bn or a > 5", False),
        ("use_bn == True and opt != None", True),
        ("abs(a - b) == 1 and min(a, b, 9) == 2 and max(a, b) == 3", True),
        ("round(optimizer.lr) == 0 and round(optimizer.lr * 1.26, 2) == 0.13", True),
        ("optimizer.lr < 0.5 and optimizer.schedule.end == 5", True),
        # Names of Python's own methods are parameters like any other.
        ("optimizer.schedule.values == 8", True),
        ('p["optimizer/lr"] == 0.1 and p["optimizer.lr"] == 0.1', True),
        ('p["grid-size"] == 4 and p["lambda"] == 0.5', True),
        ("p == 9 and p['p'] == 9", True),
        ('p["model/a.b"] == 6 and p["model/a/b"] == 7', True),
    ],
)
def test_expressions_mean_what_they_state(text: str, expected: bool) -> None:
    assert problems(text) == []
    constraints = Constraints(space(text))
    assert constraints.hold(VALUES) is expected
    assert constraints.broken(VALUES) == ([] if expected else [text])


@pytest.mark.parametrize(
    "text",
    [
        "1 / (a - 2) > 0",
        "opt < 3",
        "opt * 3 == 'sgdsgdsgd'",
        "'%d' % a == '2'",
        "a in b",
        "a ** 1000 ** 1000 > 0 or a > 0",
        "9 ** 9 ** 9 ** a > 1",
        "(0 - a) ** 0.5 == 1",
        "(a - 2) ** -1 > 0",
        "10.0 ** a ** 10 > 1",
        "round(a, -10 ** 9) == 0",
        "round(opt) == 0",
        "abs(opt) == 'sgd'",
        "use_bn and a ** a ** a ** a ** a > 0",
    ],
)
def test_what_cant_be_computed_is_not_met_and_ends_at_once(text: str) -> None:
    with soon():
        assert problems(text) == []
        assert not Constraints(space(text)).hold(VALUES)


def test_an_expression_whose_parameter_is_absent_is_met() -> None:
    constraints = Constraints(space("a > b", "b > 100", "a > 100"))
    assert constraints.hold({})
    assert constraints.broken({"a": 1}) == ["a > 100"]
    assert constraints.broken({"a": 1, "b": 2}) == ["a > b", "b > 100", "a > 100"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("a <", "invalid syntax at character"),
        ("a = b", "invalid syntax"),
        ("a < b; a", "invalid syntax"),
        ("lambda < 1", 'write p["lambda"]'),
        ("grid-size < 3", 'no parameter is named grid; write p["grid-size"]'),
        ("optimizer.rl < 3", "did you mean optimizer.lr?"),
        ('p["optimizer/rl"] < 3', "did you mean optimizer.lr?"),
        ("optimizer < 3", "is a group; its parameters are optimizer.lr, optimizer.schedule.end"),
        ("model.a.b < 3", 'write p["model/a.b"] or p["model/a/b"]'),
        ("a + b", "is not a condition"),
        ("a and b > 1", "is not a condition"),
        ("opt", "is not a condition"),
        ("1 < 2", "names no parameter"),
        ("a & b", "write 'and'"),
        ("a < 3 | b < 3", "write 'or'"),
        ("~a < 3", "write 'not'"),
        ("a is 3", "write =="),
        ("a << 2 > 3", "a << 2 is not allowed"),
        ("a @ b == 3", "a @ b is not allowed"),
        ("mx(a, b) > 3", "unknown function mx, did you mean max?"),
        ("list(opt) == []", "unknown function list"),
        ("max(a, key=b) > 3", "is not allowed"),
        ("max(*[a]) > 3", "is not allowed"),
        ("a ** 100000 > 3", "the exponent 100000 is too large"),
        ("a[0] > 3", "[...] may follow only p"),
        ('p["a"]["b"] > 3', "[...] may follow only p"),
        ("a.real > 3", "no parameter is named a.real"),
        ("(a + b).real > 3", "is not allowed"),
        ("opt.__class__ == a", "no parameter is named opt.__class__"),
        ("'x'.format(a) == 'x'", "is not allowed"),
        ("__import__('os').system('true') == a", "is not allowed"),
        ("eval('1') == a", "unknown function eval"),
        ("(lambda: a)() == 1", "is not allowed"),
        ("[a for a in (1,)] == a", "is not allowed"),
        ("{1: a} == a", "is not allowed"),
        ("a == 1 if b else a == 2", "is not allowed"),
        ("f'{a}' == '1'", "is not allowed"),
        ("(a := 3) == 3", "is not allowed"),
        ("a == 1j", "is not allowed"),
        ("a == b'x'", "is not allowed"),
        ("a == ...", "is not allowed"),
        ("a < \x00", "is not a valid expression"),
        ("a = 3", "to compare write =="),
        ("-" * 200 + "a < 1", "nested more than"),
        ("not " * 200 + "a", "nested more than"),
        ("(" * 300 + "a" + ")" * 300, "is not a valid expression"),
        ("a < " + "1" * MAX_CHARACTERS, "characters"),
    ],
)
def test_what_is_no_expression_is_rejected(text: str, words: str) -> None:
    assert any(words in problem for problem in problems(text)), problems(text)
    with pytest.raises(ExpressionError):
        Constraints(space(text))


def test_all_problems_are_reported_with_their_places() -> None:
    found = list(problems_of_constraints(space("a < c & d", "a < b", "x")))
    assert [index for index, _ in found] == [0, 0, 0, 2]
    too_many = list(problems_of_constraints(space(*["a < b"] * (MAX_CONSTRAINTS + 5))))
    assert [index for index, _ in too_many] == [MAX_CONSTRAINTS]


def test_how_a_name_is_spelled_is_how_it_is_read() -> None:
    for name in DISTRIBUTIONS:
        text = f"{spelled(name)} == 1"
        if name not in ("model/a.b", "model/a/b"):
            assert parse(text, DISTRIBUTIONS, ()).names == {name}


PIECES = [
    *["a", "b", "opt", "use_bn", "optimizer", ".", "lr", "p", '["grid-size"]', "[", "]", "(", ")"],
    *["1", "0", "2.5", "1e308", "'x'", "True", "None", ",", " ", "not ", " and ", " or ", " in "],
    *["+", "-", "*", "/", "//", "%", "**", "<", "<=", "==", "!=", "abs", "max", "min", "round"],
    *["lambda", "__class__", "{", "}", ":", "=", "if ", " else ", "for ", "\\", "\n", "é"],
]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=40))
@example("max(opt,opt)*max(opt)<a")
@example("((((a)))**((1e308)))<a")
def test_no_text_does_harm(text: str) -> None:
    """Any text gives problems or a truth value, soon and without an exception."""
    with soon():
        if not problems(text):
            assert Constraints(space(text)).hold(VALUES) in (True, False)
