"""The language of constraints: the syntax of an expression, and the meaning of each part.

The library simpleeval evaluates expressions. Before that, an expression is parsed once, and any
syntax that is not listed here is rejected, so that no expression reaches a Python object or runs
for long: names become parameters, and arithmetic is bounded.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simpleeval import EvalWithCompoundTypes

from wanllmdb_common.did_you_mean import did_you_mean
from wanllmdb_common.search_space.distributions import ParameterValue

MAX_CHARACTERS = 1_000
MAX_DEPTH = 100
# The number of problems that are reported for one expression.
MAX_PROBLEMS = 10
MAX_EXPONENT = 1_000
# Characters of a text that an expression builds.
MAX_TEXT = 10_000
# Bits of an integer that an expression computes.
MAX_BITS = 4_096
MAX_DIGITS = 300

_ALLOWED = (
    "an expression may use names, numbers, texts, True, False, None, lists, + - * / // % **, "
    "comparisons, and, or, not, in, and the functions abs, min, max, round"
)
_INSTEAD = {
    ast.BitAnd: "& is not allowed: write 'and'",
    ast.BitOr: "| is not allowed: write 'or'",
    ast.Invert: "~ is not allowed: write 'not'",
    ast.Is: "'is' is not allowed: write ==",
    ast.IsNot: "'is not' is not allowed: write !=",
}

_UNCOMPUTABLE = (ArithmeticError, TypeError, ValueError, RecursionError)
_ASSIGNMENT = re.compile(r"(?<![=<>!])=(?!=)")


class ExpressionError(ValueError):
    """An expression is invalid; `problems` lists all reasons."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition between parameters. Not thread-safe.

    Attributes:
        text: The expression as it was written.
        names: The full names of its parameters.
        cost: About how many microseconds an evaluation takes.
    """

    text: str
    names: frozenset[str]
    cost: int = field(compare=False)
    _tree: ast.expr = field(repr=False, compare=False)
    _evaluator: EvalWithCompoundTypes = field(repr=False, compare=False)

    def holds(self, values: Mapping[str, ParameterValue]) -> bool:
        """Whether a run with these values satisfies the expression.

        The expression holds when one of its parameters has no value. It does not hold when it
        can't be computed (a division by zero, a text compared with a number) or when its
        result is no truth value.
        """
        if not self.names <= values.keys():
            return True
        self._evaluator.names = values
        try:
            return self._evaluator.eval(self.text, self._tree) is True
        except _UNCOMPUTABLE:
            return False

    def obstacle(self, values: Mapping[str, ParameterValue]) -> str | None:
        """Return why the expression can't be computed with these values; None if it can.

        The values must include all parameters of the expression.
        """
        self._evaluator.names = values
        try:
            self._evaluator.eval(self.text, self._tree)
        except _UNCOMPUTABLE as error:
            return f"{str(error) or type(error).__name__:.100}"
        return None


def parse(text: str, names: Collection[str], truth_values: Collection[str]) -> Expression:
    """Parse an expression.

    Args:
        text: The expression.
        names: The full names of all parameters.
        truth_values: The names of the parameters that can be True or False.

    Raises:
        ExpressionError: the expression is invalid; lists all problems.
    """
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError([f"has {len(text)} characters, at most {MAX_CHARACTERS} are allowed"])
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ExpressionError([_syntax(text, error, names)]) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError([f"can't be parsed; {_ALLOWED}"]) from None
    reader = _Reader(names)
    tree = reader.read(tree, 0)
    if not reader.problems and not _is_condition(tree, truth_values):
        reader.problems.append(
            "is not a condition, true or false: compare something in it, as in 'a < b'"
        )
    if not reader.problems and not reader.names:
        reader.problems.append("names no parameter")
    if reader.problems:
        raise ExpressionError(dict.fromkeys(reader.problems))
    cost = sum(isinstance(node, ast.expr) for node in ast.walk(tree))
    return Expression(text, frozenset(reader.names), cost, tree, _evaluator())


def spelled(name: str) -> str:
    """Return how the parameter is written in an expression."""
    parts = name.split("/")
    plain = all(part.isidentifier() and not keyword.iskeyword(part) for part in parts)
    return ".".join(parts) if plain else f'p["{name}"]'


class _Reader:
    """Validates a syntax tree and replaces names by parameters' full names."""

    def __init__(self, names: Collection[str]) -> None:
        self.names: set[str] = set()
        self.problems: list[str] = []
        self._known = names
        self._by_dotted: dict[str, list[str]] = {}
        for name in names:
            self._by_dotted.setdefault(name.replace("/", "."), []).append(name)

    def read(self, node: ast.expr, depth: int) -> ast.expr:
        """Return the tree with names resolved; syntax that is not allowed goes to `problems`."""
        if len(self.problems) >= MAX_PROBLEMS:
            return node
        if depth > MAX_DEPTH:
            self.problems.append(f"is nested more than {MAX_DEPTH} deep")
            return node
        match node:
            case ast.Constant(value=bool() | int() | float() | str() | None):
                pass
            case ast.Name() | ast.Attribute() | ast.Subscript():
                return self._parameter(node)
            case ast.BinOp(op=op):
                self._operator(op, node)
                node.left = self.read(node.left, depth + 1)
                node.right = self.read(node.right, depth + 1)
                if isinstance(op, ast.Pow):
                    self._exponent(node.right)
            case ast.UnaryOp(op=op):
                self._operator(op, node)
                node.operand = self.read(node.operand, depth + 1)
            case ast.BoolOp():
                node.values = [self.read(value, depth + 1) for value in node.values]
            case ast.Compare():
                for comparison in node.ops:
                    self._operator(comparison, node)
                node.left = self.read(node.left, depth + 1)
                node.comparators = [self.read(c, depth + 1) for c in node.comparators]
            case ast.List() | ast.Tuple():
                node.elts = [self.read(element, depth + 1) for element in node.elts]
            case ast.Call(func=ast.Name(id=function), keywords=[]):
                if function not in _FUNCTIONS:
                    hint = did_you_mean(function, _FUNCTIONS)
                    known = ", ".join(_FUNCTIONS)
                    self.problems.append(f"unknown function {function}{hint}; known are {known}")
                node.args = [self.read(argument, depth + 1) for argument in node.args]
            case _:
                self._reject(node)
        return node

    def _parameter(self, node: ast.Name | ast.Attribute | ast.Subscript) -> ast.expr:
        match node:
            case ast.Subscript(value=ast.Name(id="p"), slice=ast.Constant(value=str(written))):
                pass
            case ast.Subscript():
                self.problems.append(
                    f'{_source(node)} is not allowed: [...] may follow only p, as in p["name"]'
                )
                return node
            case _:
                dotted = _dotted(node)
                if dotted is None:
                    self._reject(node)
                    return node
                written = dotted
        found = [written] if written in self._known else self._by_dotted.get(written, [])
        if len(found) == 1:
            self.names.add(found[0])
            return ast.Name(found[0], ast.Load())
        if found:
            choices = " or ".join(f'p["{name}"]' for name in found)
            self.problems.append(f"{written} may be several parameters: write {choices}")
        else:
            self.problems.append(self._unknown(written))
        return node

    def _unknown(self, written: str) -> str:
        members = [spelled(name) for name in self._known if name.startswith(written + "/")]
        if members:
            return f"{written} is a group; its parameters are {_listed(members)}"
        # A name that reads as a difference, or ends at a keyword, may be part of a longer name.
        longer = [
            name
            for name in self._known
            if name.replace("/", ".").startswith(written) and spelled(name).startswith("p[")
        ]
        if longer:
            return f"no parameter is named {written}; write {_listed(map(spelled, longer))}"
        hint = did_you_mean(written, [name.replace("/", ".") for name in self._known])
        return f"no parameter is named {written}{hint}"

    def _operator(self, op: ast.AST, node: ast.expr) -> None:
        if type(op) not in _OPERATORS:
            self._reject(node, op)

    def _exponent(self, node: ast.expr) -> None:
        match node:
            case ast.Constant(value=int() | float() as value) if abs(value) > MAX_EXPONENT:
                self.problems.append(
                    f"the exponent {value:g} is too large, at most {MAX_EXPONENT} is allowed"
                )

    def _reject(self, node: ast.expr, op: ast.AST | None = None) -> None:
        instead = _INSTEAD.get(type(op))  # type: ignore[arg-type]  # None is in no dictionary
        self.problems.append(instead or f"{_source(node)} is not allowed: {_ALLOWED}")


def _is_condition(node: ast.expr, truth_values: Collection[str]) -> bool:
    match node:
        case ast.Compare() | ast.UnaryOp(op=ast.Not()) | ast.Constant(value=bool()):
            return True
        case ast.BoolOp(values=values):
            return all(_is_condition(value, truth_values) for value in values)
        case ast.Name(id=name):
            return name in truth_values
        case _:
            return False


def _dotted(node: ast.expr) -> str | None:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            before = _dotted(value)
            return None if before is None else f"{before}.{attr}"
        case _:
            return None


def _syntax(text: str, error: SyntaxError, names: Collection[str]) -> str:
    unwritable = [
        name
        for name in names
        if name.replace("/", ".") in text
        and any(map(keyword.iskeyword, re.split(r"[/.]", name)))
        and re.search(rf"(?<![\w\"']){re.escape(name.replace('/', '.'))}(?![\w\"'])", text)
    ]
    hint = f"; write {_listed(map(spelled, unwritable))}" if unwritable else ""
    if not text.strip():
        return "is empty"
    if not unwritable and _ASSIGNMENT.search(text):
        hint = "; to compare write =="
    where = "" if error.offset is None else f" at character {error.offset}"
    return f"is not a valid expression: {error.msg}{where}{hint}"


def _source(node: ast.expr) -> str:
    return f"{ast.unparse(node):.60}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)[:10])


def _evaluator() -> EvalWithCompoundTypes:
    evaluator = EvalWithCompoundTypes(operators=_OPERATORS, names={})
    allowed = (
        ast.Constant,
        ast.Name,
        ast.BinOp,
        ast.UnaryOp,
        ast.BoolOp,
        ast.Compare,
        ast.List,
        ast.Tuple,
        ast.Call,
    )
    evaluator.nodes = {kind: evaluator.nodes[kind] for kind in allowed}
    # Set here, because the constructor adds its own functions.
    evaluator.functions = _FUNCTIONS
    return evaluator


def _numbers(compute: Callable[..., Any]) -> Callable[..., Any]:
    """Return the operation limited to numbers: no repeated texts, no formatting with %."""

    def operation(*operands: Any) -> Any:
        for operand in operands:
            if not isinstance(operand, int | float):
                raise TypeError("arithmetic is for numbers")
        result = compute(*operands)
        if isinstance(result, int) and result.bit_length() > MAX_BITS:
            raise OverflowError
        return result

    return operation


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        if len(left) + len(right) > MAX_TEXT:
            raise OverflowError
        return left + right
    return _add_numbers(left, right)


def _power(base: float, exponent: float) -> Any:
    if abs(exponent) > MAX_EXPONENT:
        raise OverflowError
    if isinstance(base, int) and isinstance(exponent, int):
        if base.bit_length() * abs(exponent) > MAX_BITS:
            raise OverflowError
    elif base < 0 and not float(exponent).is_integer():
        raise ValueError("no real number")
    return base**exponent


def _round(number: Any, digits: Any = None) -> Any:
    if digits is None:
        return round(number)
    if not isinstance(digits, int) or abs(digits) > MAX_DIGITS:
        raise ValueError("digits")
    return round(number, digits)


_add_numbers = _numbers(lambda a, b: a + b)

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _add,
    ast.Sub: _numbers(lambda a, b: a - b),
    ast.Mult: _numbers(lambda a, b: a * b),
    ast.Div: _numbers(lambda a, b: a / b),
    ast.FloorDiv: _numbers(lambda a, b: a // b),
    ast.Mod: _numbers(lambda a, b: a % b),
    ast.Pow: _numbers(_power),
    ast.USub: _numbers(lambda a: -a),
    ast.UAdd: _numbers(lambda a: +a),
    ast.Not: lambda a: not a,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": _numbers(abs),
    "max": max,
    "min": min,
    "round": _numbers(_round),
}
