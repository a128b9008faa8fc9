"""Sweep files as text: YAML 1.2 or JSON, read safely, and written."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from wanllmdb_common.errors import FieldViolation, InvalidArgumentError
from wanllmdb_common.turns import checkpoint, with_checkpoints
from wanllmdb_registry.domain.config.size import ConfigSize

MAX_TEXT = 1024 * 1024


# The scalars of YAML 1.2's core schema, with the characters that each may begin
# with; all else is text: on, 1:30 and 2020-01-01 too, which YAML 1.1 takes for others.
_SCALARS = {
    "null": (re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    "bool": (re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    "int": (re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"), list("-+0123456789")),
    "float": (
        re.compile(
            r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
        ),
        list("-+.0123456789"),
    ),
}
_BASES = {"0o": 8, "0x": 16}


class _ConfigLoader(yaml.SafeLoader):
    """Plain data only: no tags, no aliases, no key twice, no more than a config may hold."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._size = ConfigSize("config_text")
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # its stub has no types
        problem = None
        if isinstance(event, yaml.events.AliasEvent):
            problem = "aliases (*name) are not allowed: write the value out"
        elif getattr(event, "tag", None) is not None:
            problem = f"tags are not allowed: leave {event.tag:.100} out"
        if problem is not None:
            mark: Any = event.start_mark
            raise yaml.composer.ComposerError(None, None, problem, mark)
        is_key = isinstance(parent, yaml.MappingNode) and index is None
        self._size.enter(self._depth, 0 if is_key else 1)
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in with_checkpoints(node.value):
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be a text", key_node.start_mark
                )
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key '{key_node.value:.100}' is there twice", key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)

    def construct_integer(self, node: yaml.ScalarNode) -> int:
        """An integer: 010 is ten, 0o10 is eight."""
        text = self.construct_scalar(node)
        base = _BASES.get(text[:2], 10)
        return int(text if base == 10 else text[2:], base)


class _ConfigDumper(yaml.SafeDumper):
    """Quotes the texts that `_ConfigLoader`, or a reader of YAML 1.1, would take for others."""

    def represent_data(self, data: Any) -> yaml.Node:
        checkpoint()
        return super().represent_data(data)

    def emit(self, event: yaml.Event) -> None:
        checkpoint()
        super().emit(event)


_ConfigLoader.yaml_implicit_resolvers = {}
for _name, (_pattern, _first) in _SCALARS.items():
    for _kind in (_ConfigLoader, _ConfigDumper):
        _kind.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _pattern, _first)
_ConfigLoader.add_constructor("tag:yaml.org,2002:int", _ConfigLoader.construct_integer)


def read_text(text: str) -> dict[str, Any]:
    """The object that a sweep file holds.

    Raises:
        InvalidArgumentError: too long, not YAML or JSON, or not an object; says where.
    """
    if len(text) > MAX_TEXT:
        raise _invalid(f"has {len(text)} characters, at most {MAX_TEXT} are allowed")
    try:
        is_json = text.lstrip().startswith("{")
        data = _read_json(text) if is_json else yaml.load(text, _ConfigLoader)
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
    return data


def _read_json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique_keys)
    except json.JSONDecodeError:
        # YAML's flow style also starts with a brace.
        return yaml.load(text, _ConfigLoader)


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
