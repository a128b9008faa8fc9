"""The client that a command talks through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import typer

from wanllmdb import Client


@dataclass(frozen=True)
class Addresses:
    """What the global options say; None leaves it to the client's defaults."""

    registry: str | None
    suggestion: str | None


@contextmanager
def client_of(context: typer.Context) -> Iterator[Client]:
    """A client for the addresses of the global options, closed at the end."""
    addresses = context.find_object(Addresses)
    assert addresses is not None, "the program's callback sets it"
    with Client(registry=addresses.registry, suggestion=addresses.suggestion) as client:
        yield client
