"""The macros of a sweep's command, as W&B has them: `${env} ${interpreter} ${program} ${args}`.

A macro is a word of its own and becomes any number of words; `${envvar:NAME}` may also
stand within one. In the flat style names of grouped parameters are written with dots,
`--optimizer.lr=0.1`; in W&B's a group is one argument, `--optimizer={'lr': 0.1}`.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wanllmdb import ArgsStyle
from wanllmdb._agent.config_entries import SEPARATOR, nested

DEFAULT_COMMAND = ("${env}", "${interpreter}", "${program}", "${args}")

_MACRO = re.compile(r"\$\{([^{}]*)\}")
_ENVIRONMENT = re.compile(r"\$\{envvar:([^{}]*)\}")
_PLAIN_HYDRA = re.compile(r"[A-Za-z_][A-Za-z0-9_./@+-]*")
_HYDRA_KEYWORDS = frozenset({"true", "false", "null", "nan", "inf"})

Parameters = Mapping[str, Any]


class BadCommandError(ValueError):
    """A command that can't be expanded; names every word at fault."""


class CommandTemplate:
    """A command with macros, checked once and expanded for each run.

    Args:
        words: the command; see the module.
        program: what `${program}` stands for.

    Raises:
        BadCommandError: a macro is unknown, `${program}` has no program, or an environment
            variable is not set.
    """

    def __init__(self, words: Sequence[str], program: str = "") -> None:
        problems = [problem for word in words if (problem := _problem_of(word, program))]
        if problems:
            raise BadCommandError("; ".join(problems))
        self.words = tuple(words)
        self._program = program

    @classmethod
    def with_args(cls, words: Sequence[str], program: str = "") -> CommandTemplate:
        """A command as a user types it: `${args}` is appended where it names no arguments."""
        names = {_macro_of(word) for word in words}
        has_args = not names.isdisjoint({*_FORMS, "args_json", "args_json_file"})
        return cls([*words, *([] if has_args else ["${args}"])], program)

    @property
    def needs_file(self) -> bool:
        """Whether a file of parameters is to be written for each run."""
        return "${args_json_file}" in self.words

    def expand(
        self, parameters: Parameters, file: str = "", style: ArgsStyle = ArgsStyle.FLAT
    ) -> list[str]:
        """The command for a run.

        Args:
            parameters: by full name.
            file: the path of the file with `json_of(parameters)`, where one is needed.
            style: how macros other than those of JSON write the parameters.
        """
        command: list[str] = []
        for word in self.words:
            name = _macro_of(word)
            if name in _FORMS or name == "args_json":
                command += _arguments(name, parameters, style)
            elif name == "env":
                command += ["/usr/bin/env"] if os.name == "posix" else []
            elif name == "interpreter":
                command.append(sys.executable)
            elif name == "program":
                command.append(self._program)
            elif name == "args_json_file":
                command.append(file)
            else:
                command.append(_ENVIRONMENT.sub(lambda found: os.environ[found[1]], word))
        return command


def json_of(parameters: Parameters) -> str:
    """Parameters as a JSON object, groups as objects within it."""
    return json.dumps(nested(parameters), ensure_ascii=False)


# Names with their values, still to be written as texts.
_Pairs = list[tuple[str, Any]]
_Text = Callable[[Any], str]


def _args(pairs: _Pairs, text: _Text) -> list[str]:
    return [f"--{name}={text(value)}" for name, value in pairs]


def _args_no_hyphens(pairs: _Pairs, text: _Text) -> list[str]:
    return [f"{name}={text(value)}" for name, value in pairs]


def _args_no_equals(pairs: _Pairs, text: _Text) -> list[str]:
    return [word for name, value in pairs for word in (f"--{name}", text(value))]


def _args_no_boolean_flags(pairs: _Pairs, text: _Text) -> list[str]:
    return [
        f"--{name}" if value is True else f"--{name}={text(value)}"
        for name, value in pairs
        if value is not False
    ]


def _args_append_hydra(pairs: _Pairs, text: _Text) -> list[str]:
    return [f"+{name}={text(value)}" for name, value in pairs]


def _args_override_hydra(pairs: _Pairs, text: _Text) -> list[str]:
    return [f"++{name}={text(value)}" for name, value in pairs]


_FORMS = {
    "args": _args,
    "args_no_hyphens": _args_no_hyphens,
    "args_no_equals": _args_no_equals,
    "args_no_boolean_flags": _args_no_boolean_flags,
    "args_append_hydra": _args_append_hydra,
    "args_override_hydra": _args_override_hydra,
}
_HYDRA = ("args_append_hydra", "args_override_hydra")
NAMES = ("env", "interpreter", "program", *_FORMS, "args_json", "args_json_file")


def _arguments(name: str, parameters: Parameters, style: ArgsStyle) -> list[str]:
    """What the parameters become."""
    if name == "args_json":
        return [json_of(parameters)]
    if style is ArgsStyle.WANDB:
        # Its agent passes what Python prints of a value, to Hydra too.
        return _FORMS[name](list(nested(parameters).items()), str)
    return _FORMS[name](_dotted(parameters), _hydra if name in _HYDRA else _text)


def _macro_of(word: str) -> str | None:
    """The macro that a word is, or None."""
    found = _MACRO.fullmatch(word)
    return found[1] if found else None


def _problem_of(word: str, program: str) -> str | None:
    unset = [name for name in _ENVIRONMENT.findall(word) if name not in os.environ]
    if unset:
        return f"{word}: the environment variable {unset[0]!r} is not set"
    name = _macro_of(word)
    if name is None or name.startswith("envvar:"):
        return None
    if name == "program" and not program:
        return "${program}: the sweep names no program; add `program: train.py` to its config"
    if name not in NAMES:
        close = difflib.get_close_matches(name, NAMES, n=1)
        guess = f"did you mean ${{{close[0]}}}?" if close else f"there are {', '.join(NAMES)}"
        return f"{word}: no such macro; {guess}"
    return None


def _dotted(parameters: Parameters) -> list[tuple[str, Any]]:
    return [(name.replace(SEPARATOR, "."), value) for name, value in parameters.items()]


def _text(value: Any) -> str:
    """A value as Python prints it, lists and objects as JSON."""
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _hydra(value: Any) -> str:
    """A value in the grammar of Hydra's overrides, in which it keeps its type.

    See hydra.cc/docs/advanced/override_grammar.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        is_plain = _PLAIN_HYDRA.fullmatch(value) and value.lower() not in _HYDRA_KEYWORDS
        return value if is_plain else _quoted(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_hydra, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_hydra(inner)}" for key, inner in value.items()) + "}"
    return str(value)


def _quoted(text: str) -> str:
    # Backslashes count as such only before a quote.
    text = re.sub(r"(\\*)'", lambda found: found[1] * 2 + "\\'", text)
    trailing = len(text) - len(text.rstrip("\\"))
    return "'" + text + "\\" * trailing + "'"
