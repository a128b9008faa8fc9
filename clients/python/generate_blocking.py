"""Generate the blocking client, `wanllmdb/_client`, from the asynchronous one.

python clients/python/generate_blocking.py [--check]

Edit `wanllmdb/_async_client`, then run this script. With `--check` it changes nothing and fails
when the committed blocking client differs from what it would generate.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).with_name("wanllmdb")
SOURCE, TARGET = PACKAGE / "_async_client", PACKAGE / "_client"
HEADER = "# Generated from {source} by generate_blocking.py; edit that file.\n"

# Applied in this order: two texts of the class's docstring, then regular expressions.
REPLACEMENTS = (
    ('"""Both services, for asyncio. Use it within one event loop.', '"""Both services, blocking.'),
    (
        "Iterators are asynchronous: `async for run in client.list_runs(...)`.",
        "Safe to use from many threads, but not across a fork.",
    ),
    (r"\basynchronous\b", "blocking"),
    (r"\basyncio channels\b", "blocking channels"),
    (r"\bimport asyncio\b", "import time"),
    (r"\basyncio\.sleep\b", "time.sleep"),
    (r"\bgrpc\.aio\.Channel\b", "grpc.Channel"),
    (r"\bimport grpc\.aio\n", ""),
    (r"\baio_channel\b", "channel"),
    (r"\basync (?=def|for|with)", ""),
    (r"\bawait ", ""),
    (r"\b__a(enter|exit)__\b", r"__\1__"),
    (r"\b_async_client\b", "_client"),
    (r"\bAsync(?=[A-Z])", ""),
)


def main() -> None:
    """Write the blocking client; with `--check`, compare instead."""
    made = {source.name: formatted(blocking(source), source.name) for source in SOURCE.glob("*.py")}
    there = {path.name: path.read_text() for path in TARGET.glob("*.py")}
    if made == there:
        return
    if "--check" in sys.argv[1:]:
        names = sorted(n for n in made.keys() | there.keys() if made.get(n) != there.get(n))
        raise SystemExit(
            f"{', '.join(names)} of {TARGET.name} are not generated from {SOURCE.name}: run "
            f"'python clients/python/generate_blocking.py' and commit"
        )
    for name in there.keys() - made.keys():
        (TARGET / name).unlink()
    for name, text in made.items():
        (TARGET / name).write_text(text)


def formatted(text: str, name: str) -> str:
    """The text with imports sorted and lines joined, which became shorter."""
    for command in (["check", "--quiet", "--select", "I", "--fix"], ["format", "--quiet"]):
        text = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", TARGET / name, "-"],
            input=text,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
    return text


def blocking(source: Path) -> str:
    """The blocking form of a module of the asynchronous client."""
    text = source.read_text()
    for pattern, replacement in REPLACEMENTS:
        if pattern.startswith(('"""', "Iterators")):
            text = text.replace(pattern, replacement)
        else:
            text = re.sub(pattern, replacement, text)
    return HEADER.format(source=f"_async_client/{source.name}") + text


if __name__ == "__main__":
    main()
