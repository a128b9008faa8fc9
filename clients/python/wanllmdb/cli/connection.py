"""The client that a command talks through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from wanllmdb import Client, Tls
from wanllmdb._connection.tls import named_tls


@dataclass(frozen=True)
class ConnectionOptions:
    """What the global options say; None leaves it to the client's defaults."""

    registry: str | None = None
    suggestion: str | None = None
    api_key_file: Path | None = None
    tls: bool | None = None
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    insecure: bool | None = None

    def client(self) -> Client:
        """A new client."""
        return Client(
            registry=self.registry,
            suggestion=self.suggestion,
            api_key=self.api_key_file,
            tls=self._tls(),
            insecure=self.insecure,
        )

    def _tls(self) -> bool | Tls | None:
        if self.tls is False or not (self.tls_ca or self.tls_cert or self.tls_key):
            return self.tls
        named = named_tls()
        return Tls(
            ca=self.tls_ca or named.ca,
            cert=self.tls_cert or named.cert,
            key=self.tls_key or named.key,
            server_name=named.server_name,
        )


@contextmanager
def client_of(context: typer.Context) -> Iterator[Client]:
    """A client by the global options, closed at the end."""
    options = context.find_object(ConnectionOptions)
    assert options is not None, "the program's callback sets it"
    with options.client() as client:
        yield client
