"""Sweep files as text: YAML 1.2 or JSON, read safely, and written."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from wanllmdb_common.computing.time_slices import checkpoint, with_checkpoints
from wanllmdb_common.errors import FieldViolation, InvalidArgumentError
from wanllmdb_registry.domain.config.problems import MAX_WARNINGS
from wanllmdb_registry.domain.config.validation.values import ConfigSize

# The scalars of YAML 1.2's core schema, with the characters that each may begin
# with; all else is text: on, 1:30 and 2020-01-01 too, which YAML 1.1 takes for others.
SCALARS = {
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
_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
# Tags that say what a plain value is.
_TAGS = ("str", *SCALARS, "seq", "map")
_ALLOWED_TAGS = {_TAG + name for name in _TAGS}
# What PyYAML reads without quotes as truth values and as octal numbers.
_TRUTH = {
    cased: value
    for word, value in (("yes", True), ("on", True), ("no", False), ("off", False))
    for cased in (word, word.capitalize(), word.upper())
}
_OCTAL = re.compile(r"[-+]?0[0-7]*[1-7][0-7]*")


class ConfigLoader(yaml.SafeLoader):
    """Plain data only: no objects, no key twice, no more than a config may hold.

    An alias counts as much as what it stands for.

    Attributes:
        remarks: Which words other parsers read otherwise.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.warnings: list[str] = []
        self._size = ConfigSize("config_text")
        self._depth = 0
        self._deepest = 0
        self._anchored: dict[str, tuple[int, int]] = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # its stub has no types
        if isinstance(event, yaml.events.AliasEvent):
            self._enter_alias(str(event.anchor), event.start_mark)
            return super().compose_node(parent, index)
        if event.tag not in (None, *_ALLOWED_TAGS):
            known = ", ".join(f"!!{name}" for name in _TAGS)
            tag = event.tag.replace(_TAG, "!!")
            problem = f"the tag {tag:.100} is not allowed: leave it out; allowed are {known}"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        is_key = isinstance(parent, yaml.MappingNode) and index is None
        before, outer = self._size.entries, self._deepest
        self._size.enter(self._depth, 0 if is_key else 1)
        self._deepest = self._depth
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        if event.anchor is not None:
            height = self._deepest - self._depth
            self._anchored[event.anchor] = self._size.entries - before, height
        self._deepest = max(outer, self._deepest)
        if isinstance(event, yaml.ScalarEvent) and event.implicit[0] and not is_key:
            self._warn(event.value, event.start_mark)
        return node

    def _enter_alias(self, anchor: str, mark: Any) -> None:
        """Counts what an alias stands for, which lies here once more."""
        if anchor in self._anchored:
            entries, height = self._anchored[anchor]
            self._size.enter(self._depth + height, entries)
            self._deepest = max(self._deepest, self._depth + height)
        elif anchor in self.anchors:
            problem = f"the alias *{anchor:.100} lies within what it stands for"
            raise yaml.composer.ComposerError(None, None, problem, mark)

    def _warn(self, text: str, mark: Any) -> None:
        """Notes a word without quotes that YAML 1.1, which W&B reads, takes for another value."""
        if len(self.warnings) > MAX_WARNINGS or len(text) > 20:
            return
        line = f"line {mark.line + 1}"
        if text in _TRUTH:
            word = "true" if _TRUTH[text] else "false"
            self.warnings.append(
                f"{line}: {text} is a text; W&B reads {word}, and for that write {word}"
            )
        elif _OCTAL.fullmatch(text):
            self.warnings.append(
                f"{line}: {text} is read as {int(text)}; W&B reads it as the octal number "
                f"{int(text, 8)}"
            )

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen = set()
        for key_node, _ in with_checkpoints(node.value):
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.composer.ComposerError(
                    None, None, "a key must be a text", key_node.start_mark
                )
            if key_node.value in seen:
                raise yaml.composer.ComposerError(
                    None, None, f"key '{key_node.value:.100}' is there twice", key_node.start_mark
                )
            seen.add(key_node.value)
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Puts what `<<` names in its place: its own keys come first, then earlier objects'."""
        own = [pair for pair in node.value if pair[0].tag != _MERGE]
        if len(own) == len(node.value):
            return
        keys = {key.value for key, _ in own}
        taken: list[tuple[yaml.Node, yaml.Node]] = []
        for _, value in (pair for pair in node.value if pair[0].tag == _MERGE):
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                if not isinstance(source, yaml.MappingNode):
                    raise yaml.constructor.ConstructorError(
                        None, None, "<< takes an object or a list of objects", source.start_mark
                    )
                self.flatten_mapping(source)
                for pair in with_checkpoints(source.value):
                    if pair[0].value not in keys:
                        keys.add(pair[0].value)
                        taken.append(pair)
        node.value = [*taken, *own]

    def construct_mapping(self, node: yaml.Node, deep: bool = False) -> dict[Any, Any]:
        if not isinstance(node, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(
                None, None, "is no object, which !!map says it is", node.start_mark
            )
        return super().construct_mapping(node, deep)

    def construct_number(self, node: yaml.ScalarNode) -> float:
        """A floating-point number; with a tag an integer will do."""
        text = self._matching(node, "int", "float")
        return float(text.replace(".inf", "inf").replace(".nan", "nan"))

    def construct_truth(self, node: yaml.ScalarNode) -> bool:
        """True or false."""
        return self._matching(node, "bool").lower() == "true"

    def construct_nothing(self, node: yaml.ScalarNode) -> None:
        """Null."""
        self._matching(node, "null")

    def _matching(self, node: yaml.ScalarNode, *names: str) -> str:
        """The text of a node, which with a tag may be none of its kind."""
        text: str = self.construct_scalar(node)
        if not any(SCALARS[name][0].match(text) for name in names):
            raise yaml.constructor.ConstructorError(
                None, None, f"{text!r:.100} is no value for !!{names[-1]}", node.start_mark
            )
        return text

    def construct_integer(self, node: yaml.ScalarNode) -> int:
        """An integer: 010 is ten, 0o10 is eight."""
        text = self._matching(node, "int")
        base = _BASES.get(text[:2], 10)
        return int(text if base == 10 else text[2:], base)


def add_scalars(kind: Any) -> None:
    """Lets a loader or a dumper know which texts without quotes are other values."""
    for name, (pattern, first) in SCALARS.items():
        kind.add_implicit_resolver(_TAG + name, pattern, first)


ConfigLoader.yaml_implicit_resolvers = {}
add_scalars(ConfigLoader)
# `<<: *base` takes over what the object `base` has.
ConfigLoader.add_implicit_resolver(_MERGE, re.compile(r"^<<$"), ["<"])
for _name, _construct in (
    ("int", ConfigLoader.construct_integer),
    ("float", ConfigLoader.construct_number),
    ("bool", ConfigLoader.construct_truth),
    ("null", ConfigLoader.construct_nothing),
    # Elsewhere than as a key it is a text.
    ("merge", ConfigLoader.construct_yaml_str),
):
    ConfigLoader.add_constructor(_TAG + _name, _construct)

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
    return read_text_with_warnings(text)[0]


def read_text_with_warnings(text: str) -> tuple[dict[str, Any], list[str]]:
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
        return loader.get_single_data(), loader.warnings
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
