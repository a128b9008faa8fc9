"""The tables of required roles, as docs/security.md shows them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from wanllmdb_common.calls.authorization import AccessTable
from wanllmdb_registry.rpc.rpc_table import ACCESS as REGISTRY_ACCESS
from wanllmdb_suggestion.rpc.rpc_table import ACCESS as SUGGESTION_ACCESS

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
TABLES: list[AccessTable] = [REGISTRY_ACCESS, SUGGESTION_ACCESS]

_BEGIN = (
    "<!-- Who may call what, from the servers' own tables: python -m tests.security_table page -->"
)
_END = "<!-- End of who may call what. -->"


def page_with_tables(page: str) -> str:
    """Return the page with the servers' current tables."""
    before, rest = page.split(_BEGIN)
    _, after = rest.split(_END)
    return f"{before}{_BEGIN}\n{''.join(_lines())}\n{_END}{after}"


def write_page() -> None:
    """Update the page."""
    PAGE.write_text(page_with_tables(PAGE.read_text()))


def _lines() -> Iterator[str]:
    service = ""
    for access_table in TABLES:
        for rpc, access in access_table.items():
            of, name = rpc[1:].split("/")
            if of != service:
                service = of
                yield f"\n### {of.rpartition('.')[2]}\n\n"
                yield "| RPC | role | where |\n| --- | --- | --- |\n"
            yield f"| {name} | {access.role.word} | {access.where} |\n"
