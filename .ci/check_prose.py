"""Fails where prose uses words that `prose-words.txt` replaces.

Reads the pages of docs/, the comments of the protos and of the code in Go, Java, Rust and
TypeScript, and the docstrings, comments and messages of the Python code. Code blocks, inline code
and quotations are left alone.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
WORDS = Path(__file__).with_name("prose-words.txt")
# Made from other files, which are checked.
GENERATED = (
    *("clients/python/wanllmdb/api/", "clients/go/api/", "clients/rust/src/gen/"),
    *("clients/typescript/src/gen/", "clients/web/src/gen/", "docs/api.md"),
)
# Not the slashes of an address.
COMMENT = re.compile(r"(?<!:)//|/\*")


class Rule(NamedTuple):
    """What is not written, and what is written instead."""

    pattern: re.Pattern[str]
    advice: str


class Text(NamedTuple):
    """A piece of prose and the line where it begins."""

    line: int
    text: str


def rules() -> list[Rule]:
    """The rules of the word list."""
    lines = WORDS.read_text().splitlines()
    pairs = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [Rule(re.compile(pattern, re.IGNORECASE), advice) for pattern, advice in pairs]


def markdown(source: str) -> Iterator[Text]:
    """The lines of a page outside of code blocks."""
    fenced = False
    for number, line in enumerate(source.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield Text(number, line)


def slashed(source: str) -> Iterator[Text]:
    """The comments of a language in which they begin with slashes."""
    is_block = False
    for number, line in enumerate(source.splitlines(), 1):
        if is_block:
            yield Text(number, line)
        elif found := COMMENT.search(line):
            yield Text(number, line[found.end() :])
            is_block = found[0] == "/*"
        is_block = is_block and "*/" not in line


def python(source: str) -> Iterator[Text]:
    """The comments, docstrings and messages of a module."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield Text(token.start[0], token.string)
    for node in ast.walk(ast.parse(source)):
        # A string without a space is a name.
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield from _lines(node.lineno, node.value)


def _lines(first: int, text: str) -> Iterator[Text]:
    for offset, line in enumerate(text.splitlines()):
        yield Text(first + offset, line)


SLASHED = (".go", ".java", ".proto", ".rs", ".ts", ".tsx")
READERS = {".md": markdown, ".py": python, **dict.fromkeys(SLASHED, slashed)}


def problems(path: Path, words: list[Rule]) -> Iterator[str]:
    """One line for each word of a file that is to be replaced."""
    for line, text in READERS[path.suffix](path.read_text()):
        prose = re.sub(r"`[^`]*`|\"[^\"]*\"", "", text)
        for rule in words:
            for match in rule.pattern.finditer(prose):
                name = path.relative_to(ROOT)
                yield f"{name}:{line}: '{match[0].strip()}': write {rule.advice}"


def main() -> int:
    """The exit code: 1 if there is a problem."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    names = [n for n in listed.stdout.splitlines() if not n.startswith(GENERATED)]
    paths = [ROOT / n for n in names if Path(n).suffix in READERS and (ROOT / n).exists()]
    words = rules()
    found = sorted({problem for path in paths for problem in problems(path, words)})
    print("\n".join(found) or f"{len(paths)} files are written in the words of the glossary")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
