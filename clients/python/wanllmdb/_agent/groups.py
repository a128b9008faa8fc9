"""Parameters in groups: flat names with "/" between on the wire, nested for a program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

SEPARATOR = "/"


def nested(
    parameters: Mapping[str, Any],
    group: Callable[[], dict[str, Any]] = dict,
) -> dict[str, Any]:
    """`{"optimizer/lr": 0.1}` becomes `{"optimizer": {"lr": 0.1}}`, in the order given.

    `group` makes the dictionaries. A name within a name that has a plain value stays
    flat; a sweep's space has none.
    """
    tree = group()
    for name, value in parameters.items():
        *groups, leaf = name.split(SEPARATOR)
        node = tree
        for inner in groups:
            below = node.setdefault(inner, group())
            if not isinstance(below, dict):
                tree[name] = value
                break
            node = below
        else:
            node[leaf] = value
    return tree
