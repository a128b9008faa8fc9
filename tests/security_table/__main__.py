"""`python -m tests.security_table` prints the table; the exit code is 1 if a cell is wrong.

`python -m tests.security_table page` writes the servers' tables into docs/security.md.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.security_table.cases import CASES
from tests.security_table.matrix import table, try_case
from tests.security_table.page import write_page
from tests.security_table.world import running_world
from wanllmdb_local.postgres import create_database, embedded_postgres


async def print_table(database_url: str, log: Path) -> bool:
    """Print the table and return whether every cell is as expected."""
    async with running_world(database_url, log) as world:
        cells = [cell for case in CASES for cell in await try_case(world, case)]
    print(table(cells))
    return all(cell.holds for cell in cells)


def main() -> None:
    """Run the table on new servers and a new database."""
    if sys.argv[1:] == ["page"]:
        write_page()
        return
    with tempfile.TemporaryDirectory() as folder:
        # Under root the server runs as a user of its own, which must be able to enter the folder.
        Path(folder).chmod(0o755)
        with embedded_postgres(Path(folder) / "data") as url:
            database = create_database(url, "security")
            holds = asyncio.run(print_table(database, Path(folder) / "log"))
    sys.exit(not holds)


if __name__ == "__main__":
    main()
