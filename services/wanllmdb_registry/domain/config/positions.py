"""Where the problems of a config are in its text.

The places are looked for only once there are problems, in one pass over the text's nodes.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import yaml

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.errors import FieldViolation, InvalidArgumentError
from wanllmdb_registry.domain.config.text import ReadText

# The problems that are placed; no answer has room for more.
MAX_PLACED = 500

# A line and a column, both counted from 1.
Place: TypeAlias = "tuple[int, int]"


@dataclass(slots=True)
class Node:
    """A value in a text, with the places of what it contains.

    `entries` are the values of an object, each with the place of its key; `items` those of a list,
    each with its own place.
    """

    entries: dict[str, tuple[Place, Node]] = field(default_factory=dict)
    items: list[tuple[Place, Node]] = field(default_factory=list)


@contextlib.contextmanager
def placed(read: ReadText) -> Iterator[None]:
    """Give the problems that are raised within the block their places in the text."""
    try:
        yield
    except InvalidArgumentError as error:
        error.violations = tuple(_with_places(read, error.violations))
        raise


def _with_places(read: ReadText, violations: Sequence[FieldViolation]) -> list[FieldViolation]:
    asked = violations[:MAX_PLACED]
    root = _json_nodes(read.text) if read.root is None else _yaml_nodes(read.root)
    places = find([violation.field for violation in asked], root)
    return [
        replace(violation, line=line, column=column)
        for violation, (line, column) in zip(asked, places, strict=True)
    ] + list(violations[MAX_PLACED:])


def find(paths: Sequence[str], root: Node) -> list[Place]:
    """Return the place of each path: of the last key or list item on it that the text has.

    (0, 0) for a path that begins with no key of the text.
    """
    places: list[Place] = [(0, 0)] * len(paths)
    # Nodes with the paths that lead into them, each with its index and where its rest begins.
    waiting: list[tuple[Node, list[tuple[int, int]]]] = [
        (root, [(index, 0) for index in range(len(paths))])
    ]
    while waiting:
        node, inner = waiting.pop()
        below: dict[int, tuple[Node, list[tuple[int, int]]]] = {}
        for index, begin in inner:
            found = _step(node, paths[index], begin)
            if found is not None:
                places[index], child, end = found
                below.setdefault(id(child), (child, []))[1].append((index, end))
        waiting += below.values()
    return places


_ITEM = re.compile(r"\[([0-9]{1,9})\]")


def _step(node: Node, path: str, begin: int) -> tuple[Place, Node, int] | None:
    """Return what the next part of a path names, its place, and where the rest begins.

    A key may contain dots and brackets, so the longest key that fits is taken.
    """
    item = _ITEM.match(path, begin)
    if item is not None and int(item[1]) < len(node.items):
        return *node.items[int(item[1])], item.end()
    if begin and path[begin : begin + 1] == ".":
        begin += 1
    for end in range(len(path), begin, -1):
        if end == len(path) or path[end] in ".[":
            entry = node.entries.get(path[begin:end])
            if entry is not None:
                return *entry, end
    return None


def _yaml_nodes(root: yaml.Node) -> Node:
    # An alias is the node that it repeats, so each node is read once.
    known: dict[int, Node] = {id(root): Node()}
    waiting = [root]
    while waiting:
        source = waiting.pop()
        node = known[id(source)]
        children: list[tuple[str | None, yaml.Node, yaml.Node]] = []
        if isinstance(source, yaml.MappingNode):
            children = [(key.value, key, value) for key, value in source.value]
        elif isinstance(source, yaml.SequenceNode):
            children = [(None, value, value) for value in source.value]
        for key, at, value in with_checkpoints(children):
            if id(value) not in known:
                known[id(value)] = Node()
                waiting.append(value)
            place = at.start_mark.line + 1, at.start_mark.column + 1
            if key is None:
                node.items.append((place, known[id(value)]))
            else:
                node.entries[key] = place, known[id(value)]
    return known[id(root)]


_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|[{}\[\],:]|[^\s{}\[\],:"]+|\n')
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def _json_nodes(text: str) -> Node:
    """Return the nodes of a valid JSON text."""
    root = Node()
    # The containers around the current token, and the key that a value is for.
    around: list[Node] = []
    key: tuple[str, Place] | None = None
    is_object: list[bool] = []
    line, line_begin = 1, 0
    expects_key = False
    for token in with_checkpoints(_TOKEN.finditer(text)):
        word = token[0]
        place = line, token.start() - line_begin + 1
        if word == "\n":
            line, line_begin = line + 1, token.end()
        elif word in "]}":
            around.pop()
            is_object.pop()
        elif word == ",":
            expects_key = is_object[-1]
        elif word == ":":
            expects_key = False
        elif expects_key:
            key = _unescaped(token[1]), place
        else:
            node = Node() if around else root
            if around and is_object[-1]:
                assert key is not None
                around[-1].entries[key[0]] = key[1], node
            elif around:
                around[-1].items.append((place, node))
            if word in "[{":
                around.append(node)
                is_object.append(word == "{")
                expects_key = word == "{"
    return root


def _unescaped(text: str) -> str:
    def character(match: re.Match[Any]) -> str:
        code, plain = match.groups()
        return chr(int(code, 16)) if code else _ESCAPES.get(plain, plain)

    return _ESCAPED.sub(character, text) if "\\" in text else text
