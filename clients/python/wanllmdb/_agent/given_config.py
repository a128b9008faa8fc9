"""The config that a program gives to `init`: defaults for keys of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wanllmdb._agent.config import as_mapping
from wanllmdb._agent.text import shown
from wanllmdb._errors import InvalidArgumentError


def given_config(
    config: Any, exclude: Sequence[str] | None = None, include: Sequence[str] | None = None
) -> Mapping[str, Any] | None:
    """The keys that are meant, from a dictionary, argparse's result, or a file; None for none.

    Raises:
        InvalidArgumentError: it is none of these, or a file that can't be read as one.
    """
    if config is None:
        return None
    given = _read(config) if isinstance(config, str) else as_mapping(config)
    if not isinstance(given, Mapping):
        raise InvalidArgumentError(
            f"config must be a dictionary, argparse's result, or the path of a YAML or JSON file, "
            f"but is {shown(config)}"
        )
    if include is not None:
        return {key: given[key] for key in given if key in include}
    if exclude is not None:
        return {key: given[key] for key in given if key not in exclude}
    return given


def _read(path: str) -> Any:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InvalidArgumentError(
            f"config must be a dictionary, argparse's result, or the path of a YAML or JSON file; "
            f"{shown(path)} can't be read: {error}"
        ) from None
    found = _parsed(path, text)
    if not isinstance(found, Mapping):
        return found
    # In a file of W&B's own each value stands below a description.
    return {
        key: value["value"] if isinstance(value, Mapping) and "value" in value else value
        for key, value in found.items()
        if key != "wandb_version"
    }


def _parsed(path: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        import yaml
    except ImportError:
        raise InvalidArgumentError(
            f"config: {shown(path)} is no JSON, and to read YAML the package PyYAML is needed"
        ) from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidArgumentError(f"config: {shown(path)} is no YAML: {error}") from None
