"""Write the tables of W&B's names into docs/coming-from.md, from `wanllmdb._wandb.names`.

python docs/generate_names.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from wanllmdb._wandb.names import NAMES, RUN_NAMES, Name

PAGE = Path(__file__).with_name("coming-from.md")
BEGIN = "<!-- names: made by `make docs` from clients/python/wanllmdb/_wandb/names.py -->"
END = "<!-- end of names -->"


def main() -> None:
    """Write the page; with `--check`, exit with a message if it differs."""
    text = PAGE.read_text()
    made = page(text)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(made)
    elif made != text:
        raise SystemExit(f"{PAGE.name} differs from the names: run 'make docs' and commit")


def page(text: str) -> str:
    """Return the page with the current tables."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise SystemExit(f"{PAGE.name} lacks the markers of the names: {BEGIN} ... {END}")
    lines = [
        BEGIN,
        "",
        *table("`wandb.`", NAMES),
        "",
        *table("of a run", RUN_NAMES),
        "",
        END,
    ]
    return before + "\n".join(lines) + after


def table(title: str, names: Mapping[str, Name]) -> Iterator[str]:
    """Yield the lines of one table; names that do the same share a row."""
    yield f"| {title} | does | what |"
    yield "| --- | --- | --- |"
    rows: dict[Name, list[str]] = {}
    for word, name in names.items():
        rows.setdefault(name, []).append(f"`{word}`")
    for name, words in rows.items():
        yield f"| {', '.join(words)} | {name.does} | {name.what} |"


if __name__ == "__main__":
    main()
