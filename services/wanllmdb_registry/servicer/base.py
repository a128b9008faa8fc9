"""What the parts of the servicer share."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import Message

from wanllmdb_registry.app import Registry
from wanllmdb_registry.domain.change import Change

M = TypeVar("M", bound=Message)


class ServicerPart:
    """A group of RPCs over the registry."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    async def commit(self, sweep_id: str, change: Change, response: type[M]) -> M:
        """Carries a change out and gives its answer, new or repeated."""
        reply = await self.registry.commits.submit(sweep_id, change)
        return response.FromString(reply)
