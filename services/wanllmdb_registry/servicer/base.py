"""What the parts of the servicer share."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from google.protobuf.message import Message

from wanllmdb_common.errors import AbortedError
from wanllmdb_registry.app import Registry
from wanllmdb_registry.domain.command import Command
from wanllmdb_registry.domain.model import Sweep
from wanllmdb_registry.domain.sweep_lifecycle import SpecChangedError
from wanllmdb_registry.domain.unit_of_work import RequestKey
from wanllmdb_registry.servicer.computing import computed

M = TypeVar("M", bound=Message)

# Each time another update was faster than the check of this one.
_TRIES = 10


class ServicerPart:
    """A group of RPCs over the registry."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    async def commit(self, sweep_id: str, change: Command, response: type[M]) -> M:
        """Carries a change out and gives its answer, new or repeated."""
        reply = await self.registry.commits.submit(sweep_id, change)
        return response.FromString(reply)

    async def commit_checked(
        self,
        sweep_id: str,
        key: RequestKey | None,
        check: Callable[[Sweep], Command],
        response: type[M],
    ) -> M:
        """As `commit`, for a change that `check` makes of the sweep, which takes long.

        It is computed beside the event loop and before the transaction, and once more
        where the spec was changed meanwhile.
        """
        # The sweep may be gone by now, and what was fine the first time may be so no more.
        earlier = await self.registry.store.earlier_reply(sweep_id, key)
        if earlier is not None:
            return response.FromString(earlier)
        for _ in range(_TRIES):
            sweep = await self.registry.sweeps.get(sweep_id)
            change = await computed(partial(check, sweep))
            try:
                return await self.commit(sweep_id, change, response)
            except SpecChangedError:
                continue
        raise AbortedError(
            "WRITE_CONFLICT",
            f"the spec of sweep '{sweep_id}' was changed by others again and again meanwhile; "
            "send the same request again",
            sweep_id=sweep_id,
        )
