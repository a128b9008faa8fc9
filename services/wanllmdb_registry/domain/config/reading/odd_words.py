"""Texts that some YAML parsers read as numbers or truth values, and others as texts.

PyYAML, which W&B uses, follows YAML 1.1: to it `1e-5` is a text, and `yes` and `1_000` are
none. The configs here follow YAML 1.2.
"""

from __future__ import annotations

import re
from typing import Any

# PyYAML wants a point before an exponent and a sign in it.
_EXPONENT = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))[eE]([-+]?)([0-9]+)")
_UNDERSCORES = re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?")
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def odd_number(value: Any) -> tuple[int | float, str] | None:
    """The number that a text is to some YAML parsers alone, and how all of them read it.

    None for any other value: for "0.1" too, which is a text to all where it is in quotes.
    """
    if not isinstance(value, str) or len(value) > 100:
        return None
    match = _EXPONENT.fullmatch(value)
    if match is not None:
        mantissa, sign, exponent = match.groups()
        mantissa += "" if "." in mantissa else ".0"
        return float(value), f"{mantissa}e{sign or '+'}{exponent}"
    if "_" in value and _UNDERSCORES.fullmatch(value):
        plain = value.replace("_", "")
        return (float(plain) if "." in plain else int(plain)), plain
    return None


def how_to_write(text: str, plain: str) -> str:
    """What makes the text a number to every parser: `write 1.0e-5, or tag it: !!float 1e-5`."""
    tag = f", or tag it: !!float {text}" if "_" not in text else ""
    return f"write {plain}{tag}"


def odd_truth(value: Any) -> bool | None:
    """What a text such as `yes` or `off` means; None for any other value."""
    return _TRUTH.get(value.lower()) if isinstance(value, str) and len(value) < 10 else None
