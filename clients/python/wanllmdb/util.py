"""W&B's helper functions that programs use."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = [
    "from_human_size",
    "generate_id",
    "get_module",
    "json_friendly",
    "json_friendly_val",
    "make_artifact_name_safe",
    "rand_alphanumeric",
    "random_string",
    "to_human_size",
]

_LETTERS = string.ascii_lowercase + string.digits
_STEP = 1000.0
_UNITS = ("B", "KB", "MB", "GB", "TB", "PB", "EB")


def generate_id(length: int = 8) -> str:
    """A unique random id of letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def random_string(length: int = 12) -> str:
    """A random text of letters and digits."""
    return generate_id(length)


def rand_alphanumeric(length: int = 8, rand: Any = None) -> str:
    """Letters of both cases and digits, chosen by `rand`, a random.Random, if given."""
    choose = secrets.choice if rand is None else rand.choice
    return "".join(choose(string.ascii_letters + string.digits) for _ in range(length))


def get_module(name: str, required: str | None = None, lazy: bool = True) -> Any:
    """The module of that name; None if it is not installed.

    Raises:
        UsageError: the module is not installed, and `required` says what needs the module.
    """
    del lazy
    try:
        return import_module(name)
    except ImportError as error:
        if required is None:
            return None
        from wanllmdb._errors import UsageError

        raise UsageError(required) from error


def make_artifact_name_safe(name: str) -> str:
    """The name, cut to 128 characters, with `_` for characters that artifact names can't have."""
    safe = re.sub(r"[^a-zA-Z0-9_\-.]", "_", name)
    return safe if len(safe) <= 128 else f"{safe[:63]}..{safe[-63:]}"


def to_human_size(size: int, units: Any = None) -> str:
    """A number of bytes with a unit, such as 1.5MB; the units are thousands."""
    del units
    value, unit = float(size), 0
    while abs(value) >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{value:.1f}{_UNITS[unit]}"


def from_human_size(size: str, units: Any = None) -> int:
    """The number of bytes of a text such as 1.5MB.

    Raises:
        ValueError: the text is not a number with a known unit.
    """
    del units
    matched = re.fullmatch(r"\s*([\d.]+)\s*([KMGTPE]?)B?\s*", size, re.IGNORECASE)
    if matched is None:
        raise ValueError(f"{size!r} is not a size: write, for example, 1.5MB")
    prefixes = [unit.removesuffix("B") for unit in _UNITS]
    return int(float(matched[1]) * _STEP ** prefixes.index(matched[2].upper()))


def json_friendly(obj: Any, *, preserve_numpy_nan: bool = False) -> tuple[Any, bool]:
    """The value in JSON's types, and whether it had to be converted."""
    del preserve_numpy_nan
    changed = obj
    if hasattr(obj, "detach"):
        changed = changed.detach().cpu()
    if hasattr(changed, "tolist"):
        # A scalar of NumPy, torch, JAX and similar libraries becomes a number, an array a list.
        changed = changed.tolist()
    elif isinstance(changed, bytes):
        changed = changed.decode("utf-8", "backslashreplace")
    elif isinstance(changed, set | frozenset | tuple):
        changed = list(changed)
    return changed, changed is not obj


def json_friendly_val(val: Any) -> Any:
    """The value in JSON's types, at any depth; other objects become text."""
    if isinstance(val, Mapping):
        return {str(key): json_friendly_val(inner) for key, inner in val.items()}
    friendly, _ = json_friendly(val)
    if isinstance(friendly, list):
        return [json_friendly_val(inner) for inner in friendly]
    return (
        friendly if friendly is None or isinstance(friendly, bool | int | float | str) else str(val)
    )


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        from wanllmdb._wandb.names import missing

        raise AttributeError(missing(name, __all__, "wanllmdb.util", {}))
