"""The package in a training environment: its imports and its public names."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import wanllmdb
from wanllmdb._names import FRAMEWORKS, MODULES, PUBLIC

ROOT = Path(__file__).parents[3]

USE_EVERYTHING = """
import wanllmdb
for name in wanllmdb.__all__:
    getattr(wanllmdb, name)
"""

PRINT_LOADED = """
import sys
loaded = {name.partition(".")[0] for name, module in sys.modules.items()
          if getattr(module, "__file__", None)}
print(*sorted(loaded - set(sys.stdlib_module_names)))
"""


def python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-S", "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    ).stdout


def test_importing_it_loads_neither_grpc_nor_protobuf() -> None:
    # These modules take most of the import time; the first client loads them.
    loaded = set(python("import wanllmdb" + PRINT_LOADED).split())

    assert loaded == {"wanllmdb"}


def test_all_of_it_needs_grpcio_and_protobuf_only() -> None:
    loaded = set(python(USE_EVERYTHING + PRINT_LOADED).split())
    # grpcio imports the optional packages of its family if they are installed.
    theirs = set(python("import grpc, google.protobuf" + PRINT_LOADED).split())

    assert loaded == theirs | {"wanllmdb"}


def test_every_public_name_is_there() -> None:
    for name in dir(wanllmdb):
        if name != "run":
            assert getattr(wanllmdb, name) is not None
    assert wanllmdb.run is None
    # Type checkers cannot read `__all__` here: they take the names of a star import from the stub.
    assert getattr(wanllmdb, "__all__") == dir(wanllmdb) == PUBLIC  # noqa: B009
    assert not hasattr(wanllmdb, "no_such_name")


def test_type_checkers_see_the_names_that_programs_do() -> None:
    tree = ast.parse(Path(wanllmdb.__file__).with_suffix(".pyi").read_text())
    seen = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        # Without `as`, an imported name is not public in a stub.
        if alias.asname == alias.name
    }
    loaded = {f"{module}.{name}" for name, module in MODULES.items()}

    assert seen >= loaded
    assert {path.rpartition(".")[0] for path in seen - loaded} == {"wanllmdb"}
    assert {*PUBLIC, *FRAMEWORKS} == {path.rpartition(".")[2] for path in seen} | {"run"}


def test_importing_it_loads_nothing_but_its_version() -> None:
    modules = "print(*sorted(name for name in sys.modules if name.startswith('wanllmdb')))"

    loaded = python(f"import sys, wanllmdb; {modules}").split()

    assert loaded == ["wanllmdb", "wanllmdb._version"]


def test_a_star_import_brings_every_name() -> None:
    printed = python("from wanllmdb import *; print(Image.__name__, agent.__name__, plot.__name__)")

    assert printed.split() == ["Image", "agent", "wanllmdb.plot"]


def test_its_version_is_that_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert wanllmdb.__version__ == project["version"]
