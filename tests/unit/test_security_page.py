"""docs/security.md shows the tables by which the servers decide."""

from __future__ import annotations

from tests.security_table.page import PAGE, page_with_tables


def test_the_page_shows_the_servers_tables() -> None:
    page = PAGE.read_text()
    assert page_with_tables(page) == page, "run python -m tests.security_table page"


def test_a_changed_row_is_noticed() -> None:
    page = PAGE.read_text()
    changed = page.replace("| GetSweep | reader |", "| GetSweep | agent |")
    assert changed != page
    assert page_with_tables(changed) == page
