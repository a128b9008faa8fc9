"""The gateway and its health check do without the packages of searches and of the database."""

from __future__ import annotations

import subprocess
import sys

import pytest

ABSENT = ("alembic", "asyncpg", "numpy", "optuna", "scipy", "simpleeval", "sqlalchemy")
IMPORT_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[2:]:
    sys.modules[name] = None
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
    importlib.import_module(module.name)
"""
IMPORT_HEALTH = """
import sys
for name in sys.argv[1:]:
    sys.modules[name] = None
import wanllmdb.cli.main, wanllmdb.cli.health
"""


@pytest.mark.parametrize(
    "program",
    [(IMPORT_ALL, "wanllmdb_gateway", *ABSENT), (IMPORT_HEALTH, *ABSENT)],
    ids=["gateway", "health"],
)
def test_it_loads_where_they_are_not_installed(program: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", *program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
