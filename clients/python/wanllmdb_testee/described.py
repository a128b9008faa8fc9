"""Native values as JSON that says their types, since JSON alone loses 1.0 and large integers."""

from __future__ import annotations

from typing import Any


def described(value: Any) -> dict[str, Any]:
    """Return the description of a native value."""
    match value:
        case None:
            return {"type": "null"}
        case bool():
            return {"type": "bool", "value": value}
        case int():
            return {"type": "int", "value": str(value)}
        case float():
            return {"type": "float", "value": value}
        case str():
            return {"type": "string", "value": value}
        case list():
            return {"type": "list", "items": [described(item) for item in value]}
        case dict():
            return {
                "type": "map",
                "entries": {key: described(inner) for key, inner in value.items()},
            }
    raise TypeError(f"no native value: {type(value).__name__}")


def native(description: dict[str, Any]) -> Any:
    """Return the native value that a description stands for."""
    match description["type"]:
        case "null":
            return None
        case "bool" | "string":
            return description["value"]
        case "int":
            return int(description["value"])
        case "float":
            return float(description["value"])
        case "list":
            return [native(item) for item in description["items"]]
        case "map":
            return {key: native(inner) for key, inner in description["entries"].items()}
    raise ValueError(f"unknown type {description['type']!r}")
