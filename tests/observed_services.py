"""Both services on a database of their own, with the registry's calls counted."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from tests.conftest import LEASE, suggestion_server
from wanllmdb_common.calls.call import Call
from wanllmdb_common.server.lifecycle import running_server
from wanllmdb_common.server.settings import LimitSettings, ServerSettings
from wanllmdb_registry.app import running_registry
from wanllmdb_registry.rpc.services import SERVICES, add_to, steps_of


class SeenCalls:
    """The step of a registry that counts its calls by RPC."""

    def __init__(self) -> None:
        self.calls = Counter[str]()

    async def before(self, call: Call) -> None:
        self.calls[call.rpc] += 1

    def after(self, call: Call) -> None:
        pass


@dataclass(slots=True)
class ObservedServices:
    """The services' addresses, and the registry's calls.

    Attributes:
        suggestion_stack: Closing it stops the suggestion service.
    """

    registry: str
    suggestion: str
    seen: SeenCalls
    suggestion_stack: contextlib.AsyncExitStack = field(repr=False)


@contextlib.asynccontextmanager
async def observed_services(database_url: str) -> AsyncIterator[ObservedServices]:
    """Run both services on the database for the block."""
    seen = SeenCalls()
    settings = ServerSettings(port=0, grace=1, drain_delay=0)
    async with (
        running_registry(database_url, pool_size=4, lease=LEASE) as registry,
        running_server(
            settings,
            services=SERVICES,
            register=lambda server: add_to(server, registry),
            steps=[seen, *steps_of(registry, LimitSettings())],
            readiness=registry.readiness,
        ) as address,
        contextlib.AsyncExitStack() as stack,
    ):
        suggestion = await stack.enter_async_context(suggestion_server(address))
        yield ObservedServices(address, suggestion, seen, stack)
