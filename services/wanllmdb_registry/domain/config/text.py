"""Sweep files as text: YAML 1.2 or JSON, read safely, and written."""

from __future__ import annotations

import json
from typing import Any

import yaml

from wanllmdb_common.computing.time_slices import checkpoint
from wanllmdb_common.errors import FieldViolation, InvalidArgumentError
from wanllmdb_registry.domain.config.yaml_loader import ConfigLoader, add_scalars

MAX_TEXT = 1024 * 1024


class _ConfigDumper(yaml.SafeDumper):
    """Quotes the texts that `ConfigLoader`, or a reader of YAML 1.1, would take for others."""

    def represent_data(self, data: Any) -> yaml.Node:
        checkpoint()
        return super().represent_data(data)

    def emit(self, event: yaml.Event) -> None:
        checkpoint()
        super().emit(event)


add_scalars(_ConfigDumper)


def read_text(text: str) -> dict[str, Any]:
    """The object that a sweep file holds.

    Raises:
        InvalidArgumentError: too long, not YAML or JSON, or not an object; says where.
    """
    return read_text_with_remarks(text)[0]


def read_text_with_remarks(text: str) -> tuple[dict[str, Any], list[str]]:
    """As `read_text`, with a sentence for each word that W&B reads otherwise."""
    if len(text) > MAX_TEXT:
        raise _invalid(f"has {len(text)} characters, at most {MAX_TEXT} are allowed")
    try:
        is_json = text.lstrip().startswith("{")
        data, remarks = _read_json(text) if is_json else _read_yaml(text)
    except yaml.MarkedYAMLError as error:
        where = error.problem_mark
        at = f"line {where.line + 1}, column {where.column + 1}: " if where else ""
        raise _invalid(f"{at}{error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise _invalid(f"is neither YAML nor JSON: {error}") from None
    except RecursionError:
        raise _invalid("is nested too deeply") from None
    if not isinstance(data, dict):
        name = isinstance(data, str) and "\n" not in data
        hint = f", is {data!r:.100}: for a file give what is in it" if name else ""
        raise _invalid(f"must hold an object (method: ..., parameters: ...){hint}")
    return data, remarks


def _read_json(text: str) -> tuple[Any, list[str]]:
    try:
        return json.loads(text, object_pairs_hook=_unique_keys), []
    except json.JSONDecodeError:
        # YAML's flow style also starts with a brace.
        return _read_yaml(text)


def _read_yaml(text: str) -> tuple[Any, list[str]]:
    loader = ConfigLoader(text)
    try:
        return loader.get_single_data(), loader.remarks
    finally:
        loader.dispose()


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in pairs:
        if key in data:
            raise ValueError(f"key '{key:.100}' is there twice")
        data[key] = value
    return data


def write_yaml(config: dict[str, Any]) -> str:
    """The config as YAML, keys in their order, such that `read_text` gives it back."""
    text = _dump(config, allow_unicode=True)
    # Some characters only survive when they are escaped (a next-line mark), and some would
    # turn or hide the text around them on a terminal.
    is_plain = _is_printable(text) and _reads_as(text, config)
    return text if is_plain else _dump(config, allow_unicode=False)


def _reads_as(text: str, config: dict[str, Any]) -> bool:
    # Escaped it is longer, and a config that came in another form may have no text that is read.
    try:
        return read_text(text) == config
    except InvalidArgumentError:
        return False


def _dump(config: dict[str, Any], *, allow_unicode: bool) -> str:
    text: str = yaml.dump(
        config, Dumper=_ConfigDumper, sort_keys=False, allow_unicode=allow_unicode
    )
    return text


def write_json(config: dict[str, Any]) -> str:
    """The config as JSON, keys in their order."""
    text = json.dumps(config, indent=2, ensure_ascii=False)
    if not _is_printable(text):
        # Of ASCII it leaves DEL as it is.
        text = json.dumps(config, indent=2).replace("\x7f", "\\u007f")
    return text + "\n"


def _is_printable(text: str) -> bool:
    return text.replace("\n", "").isprintable()


def write_compact(config: dict[str, Any]) -> str:
    """The config as JSON, on one line: YAML too, as all JSON is."""
    return json.dumps(config, ensure_ascii=False, separators=(",", ":")) + "\n"


def _invalid(description: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        "INVALID_SWEEP_CONFIG",
        f"the sweep config {description}",
        [FieldViolation("config_text", description)],
    )
