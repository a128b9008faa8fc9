"""Sweep files as text: YAML 1.2 or JSON, read safely, and written."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from typing import Any

import yaml

from wanllmdb_common.computing.time_slices import checkpoint, with_checkpoints
from wanllmdb_common.errors import FieldViolation, InvalidArgumentError
from wanllmdb_registry.domain.config.problems import MAX_WARNINGS
from wanllmdb_registry.domain.config.validation.values import ConfigSize

# The scalars of YAML 1.2's core schema, with the characters that each may begin with. All others
# are texts, including on, 1:30 and 2020-01-01, which are other values in YAML 1.1.
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
# Tags that state the type of a plain value.
_TAGS = ("str", *SCALARS, "seq", "map")
_ALLOWED_TAGS = {_TAG + name for name in _TAGS}
# Words without quotes that PyYAML reads as truth values and as octal numbers.
_TRUTH = {
    cased: value
    for word, value in (("yes", True), ("on", True), ("no", False), ("off", False))
    for cased in (word, word.capitalize(), word.upper())
}
_OCTAL = re.compile(r"[-+]?0[0-7]*[1-7][0-7]*")


class ConfigLoader(yaml.SafeLoader):
    """Loads plain data only: no objects, no duplicate keys, no more than a config may hold.

    An alias counts as much as the value that it repeats.

    Attributes:
        warnings: A sentence for each word that other parsers read differently.
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
            problem = f"the tag {tag:.100} is not allowed: remove it; allowed are {known}"
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
        """Count the value that an alias repeats."""
        if anchor in self._anchored:
            entries, height = self._anchored[anchor]
            self._size.enter(self._depth + height, entries)
            self._deepest = max(self._deepest, self._depth + height)
        elif anchor in self.anchors:
            problem = f"the alias *{anchor:.100} is inside the value that it repeats"
            raise yaml.composer.ComposerError(None, None, problem, mark)

    def _warn(self, text: str, mark: Any) -> None:
        """Warn of a word without quotes that is another value in YAML 1.1, which W&B reads."""
        if len(self.warnings) > MAX_WARNINGS or len(text) > 20:
            return
        line = f"line {mark.line + 1}"
        if text in _TRUTH:
            word = "true" if _TRUTH[text] else "false"
            self.warnings.append(
                f"{line}: {text} is read as a text, but W&B reads {word}: write {word} if you "
                "mean that"
            )
        elif _OCTAL.fullmatch(text):
            self.warnings.append(
                f"{line}: {text} is read as {int(text)}, but W&B reads the octal number "
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
                    None, None, f"key '{key_node.value:.100}' appears twice", key_node.start_mark
                )
            seen.add(key_node.value)
        return node

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Replace `<<` with the keys of its objects; own keys go first, then earlier objects."""
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
                None, None, "!!map requires an object", node.start_mark
            )
        return super().construct_mapping(node, deep)

    def construct_number(self, node: yaml.ScalarNode) -> float:
        """Return a floating-point number; with a tag an integer is allowed."""
        text = self._matching(node, "int", "float")
        return float(text.replace(".inf", "inf").replace(".nan", "nan"))

    def construct_truth(self, node: yaml.ScalarNode) -> bool:
        """Return true or false."""
        return self._matching(node, "bool").lower() == "true"

    def construct_nothing(self, node: yaml.ScalarNode) -> None:
        """Return None for null."""
        self._matching(node, "null")

    def _matching(self, node: yaml.ScalarNode, *names: str) -> str:
        """Return a node's text if it matches the node's type; with a tag, it may not."""
        text: str = self.construct_scalar(node)
        if not any(SCALARS[name][0].match(text) for name in names):
            raise yaml.constructor.ConstructorError(
                None, None, f"{text!r:.100} is not a value of !!{names[-1]}", node.start_mark
            )
        return text

    def construct_integer(self, node: yaml.ScalarNode) -> int:
        """Return an integer: 010 is ten, 0o10 is eight."""
        text = self._matching(node, "int")
        base = _BASES.get(text[:2], 10)
        return int(text if base == 10 else text[2:], base)


def add_scalars(kind: Any) -> None:
    """Register the texts without quotes that are other values with a loader or a dumper."""
    for name, (pattern, first) in SCALARS.items():
        kind.add_implicit_resolver(_TAG + name, pattern, first)


ConfigLoader.yaml_implicit_resolvers = {}
add_scalars(ConfigLoader)
# `<<: *base` copies the keys of the object `base`.
ConfigLoader.add_implicit_resolver(_MERGE, re.compile(r"^<<$"), ["<"])
for _name, _construct in (
    ("int", ConfigLoader.construct_integer),
    ("float", ConfigLoader.construct_number),
    ("bool", ConfigLoader.construct_truth),
    ("null", ConfigLoader.construct_nothing),
    # `<<` is a text where it is not a key.
    ("merge", ConfigLoader.construct_yaml_str),
):
    ConfigLoader.add_constructor(_TAG + _name, _construct)

MAX_TEXT = 1024 * 1024


class _ConfigDumper(yaml.SafeDumper):
    """Quotes texts that are other values to `ConfigLoader` or to a parser of YAML 1.1."""

    def represent_data(self, data: Any) -> yaml.Node:
        checkpoint()
        return super().represent_data(data)

    def emit(self, event: yaml.Event) -> None:
        checkpoint()
        super().emit(event)


add_scalars(_ConfigDumper)


@dataclass(frozen=True, slots=True)
class ReadText:
    """The object in a sweep file.

    Attributes:
        text: The text.
        data: The object.
        warnings: A warning for each word that W&B reads differently.
        root: The text's node, with the places of all values; None if the text is JSON.
    """

    text: str
    data: dict[str, Any]
    warnings: list[str]
    root: yaml.Node | None

    @property
    def is_json(self) -> bool:
        """Whether the text is JSON, so that a program may have written it."""
        return self.root is None


def read_text(text: str) -> dict[str, Any]:
    """Return the object in a sweep file.

    Raises:
        InvalidArgumentError: the text is too long, is not YAML or JSON, or is not an object.
    """
    return read_config_text(text).data


def read_config_text(text: str) -> ReadText:
    """Return the object in a sweep file, and what to know about its text.

    Raises:
        InvalidArgumentError: as for `read_text`; a problem of the syntax has its place.
    """
    if len(text) > MAX_TEXT:
        raise _invalid(f"has {len(text)} characters, at most {MAX_TEXT} are allowed")
    try:
        data, warnings, root = _read(text)
    except yaml.MarkedYAMLError as error:
        where = error.problem_mark
        if where is None:
            raise _invalid(f"{error.problem}") from None
        line, column = where.line + 1, where.column + 1
        problem = f"line {line}, column {column}: {error.problem}"
        raise _invalid(problem, line, column) from None
    except (yaml.YAMLError, ValueError) as error:
        raise _invalid(f"is neither YAML nor JSON: {error}") from None
    except RecursionError:
        raise _invalid("is nested too deeply") from None
    if not isinstance(data, dict):
        name = isinstance(data, str) and "\n" not in data
        hint = f", is {data!r:.100}: give the content of a file, not its name" if name else ""
        raise _invalid(f"must be an object (method: ..., parameters: ...){hint}")
    return ReadText(text, data, warnings, root)


def _read(text: str) -> tuple[Any, list[str], yaml.Node | None]:
    """Return the value in a text, warnings, and the text's node unless it is JSON."""
    if text.lstrip().startswith("{"):
        # YAML's flow style starts with a brace, too.
        with contextlib.suppress(json.JSONDecodeError):
            return json.loads(text, object_pairs_hook=_unique_keys), [], None
    loader = ConfigLoader(text)
    try:
        root: yaml.Node | None = loader.get_single_node()
        data = None if root is None else loader.construct_document(root)
        return data, loader.warnings, root
    finally:
        loader.dispose()


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in pairs:
        if key in data:
            raise ValueError(f"key '{key:.100}' appears twice")
        data[key] = value
    return data


def write_yaml(config: dict[str, Any]) -> str:
    """Return the config as YAML in its key order; `read_text` returns the same config."""
    text = _dump(config, allow_unicode=True)
    # Some characters, such as a next-line mark, must be escaped to be read back, and some would
    # reverse or hide the text around them on a terminal.
    is_plain = _is_printable(text) and _reads_as(text, config)
    return text if is_plain else _dump(config, allow_unicode=False)


def _reads_as(text: str, config: dict[str, Any]) -> bool:
    # The escaped text is longer, and a config of another form may be too large as text.
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
    """Return the config as JSON in its key order."""
    text = json.dumps(config, indent=2, ensure_ascii=False)
    if not _is_printable(text):
        # json.dumps escapes everything but ASCII, and leaves DEL unescaped.
        text = json.dumps(config, indent=2).replace("\x7f", "\\u007f")
    return text + "\n"


def _is_printable(text: str) -> bool:
    return text.replace("\n", "").isprintable()


def write_compact(config: dict[str, Any]) -> str:
    """Return the config as JSON on one line, which is also YAML."""
    return json.dumps(config, ensure_ascii=False, separators=(",", ":")) + "\n"


def _invalid(description: str, line: int = 0, column: int = 0) -> InvalidArgumentError:
    return InvalidArgumentError(
        "INVALID_SWEEP_CONFIG",
        f"the sweep config {description}",
        [FieldViolation("config_text", description, line, column)],
    )
