"""What can be stored: texts, and any JSON value."""

from __future__ import annotations

import math
from collections.abc import Iterator

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.search_space.distributions import ParameterValue
from wanllmdb_registry.domain.config.wording import INT64, shown

Problems = Iterator[tuple[str, str]]

MAX_TEXT = 100_000
# How deep lists and objects may lie in each other.
MAX_DEPTH = 100


def problems_of_value(path: str, value: ParameterValue) -> Problems:
    """Finite numbers, integers of 64 bits, storable texts, and lists and objects of these."""
    # Put together for problems alone: within long keys each path is long.
    for rest, text in _problems_of_value(value, 0):
        yield path + rest, text


def _problems_of_value(value: ParameterValue, depth: int) -> Problems:
    """Problems with the rest of the path, from the value on."""
    if depth > MAX_DEPTH:
        yield "", f"is nested too deeply: at most {MAX_DEPTH} lists and objects in each other"
    elif isinstance(value, float) and not math.isfinite(value):
        yield "", f"must be a finite number, is {value}"
    elif isinstance(value, int) and value not in INT64:
        yield "", f"must fit into 64 bits, is {shown(value)}"
    elif isinstance(value, str):
        yield from problems_of_text("", value)
    elif isinstance(value, list | tuple):
        for index, inner in with_checkpoints(enumerate(value)):
            for rest, text in _problems_of_value(inner, depth + 1):
                yield f"[{index}]{rest}", text
    elif isinstance(value, dict):
        for key, inner in with_checkpoints(value.items()):
            if isinstance(key, str):
                yield from problems_of_text("", key)
                for rest, text in _problems_of_value(inner, depth + 1):
                    yield f".{key}{rest}", text
            else:
                yield "", f"the key {shown(key)} must be a text: put it in quotes"
    elif not isinstance(value, bool | int | float | None):
        yield "", f"must be a JSON value, is {shown(value)}"


def problems_of_text(path: str, text: str, limit: int = MAX_TEXT) -> Problems:
    """Storable, and not too long."""
    if len(text) > limit:
        yield path, f"has {len(text):,} characters, at most {limit:,} are allowed"
    elif "\x00" in text:
        yield path, "holds a NUL character, which can't be stored"
    elif not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            yield path, "holds half of a surrogate pair, which can't be stored"
