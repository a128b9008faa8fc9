"""What the client reads from the environment, and what follows from settings without a call."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from wanllmdb import Client
from wanllmdb._agent.commands import interval_of
from wanllmdb._agent.wait_policy import WaitPolicy
from wanllmdb._connection.addresses import (
    REGISTRY,
    SUGGESTION,
    Service,
    authority_of,
    replicas_of,
)
from wanllmdb._connection.routing import Routing
from wanllmdb._connection.tls import StrPath, tls_of
from wanllmdb._env import RunEnvironment
from wanllmdb.api.suggestion.v1.suggestion_service_pb2 import SuggestRequest


def configure(given: dict[str, Any]) -> Any:
    """Return the settings of a client that is made in an environment."""
    with environment(given["environment"]), Client() as client:
        patience = WaitPolicy.of()
        tls = tls_of(None)
        return {
            "registry": _replicas(client.registry_address, REGISTRY),
            "suggestion": _replicas(client.suggestion_address, SUGGESTION),
            "key": client.api_key or None,
            "tls": None
            if tls is None
            else {
                "ca": _text(tls.ca),
                "cert": _text(tls.cert),
                "key": _text(tls.key),
                "server_name": tls.server_name or _host(client.registry_address, REGISTRY),
            },
            "patience": patience.seconds,
            "first_patience": patience.at_first,
        }


def find_run(given: dict[str, Any]) -> Any:
    """Return the run that an environment names, for a program of a command agent."""
    with environment(given["environment"]):
        run = RunEnvironment.read()
    if run is None:
        return None
    return {
        "sweep_id": run.sweep_id,
        "number": run.number,
        "attempt": run.attempt,
        "resumed": run.resumed,
    }


def choose_replica(given: dict[str, Any]) -> Any:
    """Return the replica to which the calls of a sweep go first; None for any."""
    replicas = Routing(replicas_of(given["address"], SUGGESTION))
    return replicas.replica_for(SuggestRequest(sweep_id=given["sweep_id"]))


def heartbeat_pause(given: dict[str, Any]) -> Any:
    """Return the seconds between two heartbeats of a lease."""
    return interval_of(timedelta(seconds=given["lease_seconds"]))


def _replicas(address: str, service: Service) -> list[str]:
    return list(replicas_of(address, service)) or [address]


def _host(address: str, service: Service) -> str | None:
    authority = authority_of(address, service)
    return None if authority is None else urlsplit(f"//{authority}").hostname


def _text(path: StrPath | None) -> str | None:
    return None if path is None else os.fspath(path)


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set the variables, and remove all others of the client."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("WANLLMDB_"):
            del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
