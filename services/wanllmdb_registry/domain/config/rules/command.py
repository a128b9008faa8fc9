"""The command line of command-line agents and its macros."""

from __future__ import annotations

import re

from wanllmdb_common.did_you_mean import did_you_mean
from wanllmdb_registry.domain.config.rules.values import Problems, problems_of_text

MAX_PARTS = 100
MAX_PART = 10_000
# Each macro that an agent fills in; `envvar` stands for ${envvar:NAME}.
MACROS = (
    "env",
    "interpreter",
    "program",
    "args",
    "args_no_hyphens",
    "args_no_equals",
    "args_no_boolean_flags",
    "args_json",
    "args_json_file",
    "args_append_hydra",
    "args_override_hydra",
)
_MACRO = re.compile(r"\$\{([^{}]*)\}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def problems_of_command(program: str, command: tuple[str, ...]) -> Problems:
    """Texts that can be stored, macros that exist."""
    yield from problems_of_text("program", program, MAX_PART)
    if len(command) > MAX_PARTS:
        yield "command", f"has {len(command)} parts, at most {MAX_PARTS} are allowed"
        return
    for index, part in enumerate(command):
        path = f"command[{index}]"
        if not part and index == 0:
            yield path, "must not be empty: it is the program that runs"
        yield from problems_of_text(path, part, MAX_PART)
        for match in _MACRO.finditer(part):
            yield from _macro(path, match[1], program, is_whole=match[0] == part)


def _macro(path: str, name: str, program: str, *, is_whole: bool) -> Problems:
    """A part that is a macro must be a known one; within a part a shell may have its own."""
    text = f"${{{name:.50}}}"
    if name.startswith("envvar:"):
        if not _VARIABLE.fullmatch(name.removeprefix("envvar:")):
            yield path, f"{text} names no environment variable"
    elif not is_whole:
        if name in MACROS:
            yield path, f"{text} stands alone, as a part of its own; only ${{envvar:NAME}} need not"
    elif name not in MACROS:
        hint = did_you_mean(name, MACROS)
        hint = hint.replace("mean ", "mean ${").replace("?", "}?")
        known = ", ".join(f"${{{macro}}}" for macro in MACROS)
        yield (
            path,
            f"unknown macro {text}{hint}; known are {known} and ${{envvar:NAME}}, which is "
            "how environment variables are written",
        )
    elif name == "program" and not program:
        yield path, "${program} is used, but there is no program: add program: train.py"
