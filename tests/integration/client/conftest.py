"""Clients of the session's two services.

The services run in the tests' event loop: what blocks is called in a thread.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.client.command_line import CommandLine
from wanllmdb import Api, AsyncClient, Client

SPACE: dict[str, Any] = {
    "x": {"min": 0.0, "max": 1.0},
    "n": {"values": [16, 32]},
}

MakeSweep = Callable[..., str]
Script = Callable[[str], str]


@pytest.fixture
def client(registry_address: str, suggestion_address: str) -> Iterator[Client]:
    """Runs a command; blocks, so call it through asyncio.to_thread."""
    with Client(registry_address, suggestion_address) as client:
        yield client


@pytest.fixture
async def async_client(
    registry_address: str, suggestion_address: str
) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(registry_address, suggestion_address) as client:
        yield client


@pytest.fixture
def environment(registry_address: str, suggestion_address: str) -> dict[str, str]:
    """The environment of a program that uses the services."""
    return os.environ | {
        "WANLLMDB_REGISTRY": registry_address,
        "WANLLMDB_SUGGESTION": suggestion_address,
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Writes a program and returns its path."""

    def write(text: str) -> str:
        file = tmp_path / "program.py"
        file.write_text(text)
        return str(file)

    return write


def config(**more: Any) -> dict[str, Any]:
    """A random search that minimizes `loss`."""
    return {
        "method": "random",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": SPACE,
        "seed": 1,
        **more,
    }


@pytest.fixture
def cli(registry_address: str, suggestion_address: str) -> CommandLine:
    """The command line."""
    return CommandLine(registry_address, suggestion_address)


@pytest.fixture
def api(registry_address: str, suggestion_address: str, monkeypatch: pytest.MonkeyPatch) -> Api:
    """A client with the environment of the services; use it in a thread."""
    monkeypatch.setenv("WANLLMDB_REGISTRY", registry_address)
    monkeypatch.setenv("WANLLMDB_SUGGESTION", suggestion_address)
    for name in ("WANDB_ENTITY", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    return Api()
