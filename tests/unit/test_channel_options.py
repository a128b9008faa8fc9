"""gRPC's core silently ignores an unknown option name, so this test checks the names."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest
from grpc._cython import cygrpc  # type: ignore[attr-defined]  # has no types

ROOT = Path(__file__).parents[2]
# Servers and clients of both kinds, the launcher, and the tests' own.
FOLDERS = ("services", "clients/python/wanllmdb", "tests")
# Modules with such a name, for example of loggers, begin with an underscore or are `aio`.
_OPTION = re.compile(r"grpc\.(?!aio\b|health\b)[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")


@functools.cache
def core() -> bytes:
    """The path of the installed core."""
    return Path(cygrpc.__file__).read_bytes()


def options() -> list[tuple[str, str]]:
    """Return each text in the sources that has the form of an option name, with its file."""
    found = set()
    for folder in FOLDERS:
        for file in (ROOT / folder).rglob("*.py"):
            if file == Path(__file__):
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                match node:
                    case ast.Constant(value=str(name)) if _OPTION.fullmatch(name):
                        found.add((name, str(file.relative_to(ROOT))))
    return sorted(found)


def is_known(name: str) -> bool:
    """Return whether the core contains the name as a separate text."""
    # Digits may precede the name, because they are indistinguishable from text.
    return name.encode() + b"\0" in core()


def test_the_sources_set_options() -> None:
    names = {name for name, _ in options()}
    assert {"grpc.max_concurrent_streams", "grpc.service_config"} <= names
    assert len(names) > 20


@pytest.mark.parametrize(("name", "file"), options())
def test_the_core_knows_each_option_that_is_set(name: str, file: str) -> None:
    assert is_known(name), f"{file} sets {name}"


def test_a_misnamed_option_would_be_found() -> None:
    assert not is_known("grpc.http2.min_recv_ping_interval_without_data_ms")
