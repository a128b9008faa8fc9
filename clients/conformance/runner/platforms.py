"""The platforms of all live scenarios, each started when one needs it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from clients.conformance.runner.platform import Platform, PlatformError, platform
from clients.conformance.runner.registry import Registry, registry_of


class Platforms:
    """One platform that anyone on this machine may call, and one that requires keys and TLS.

    An async context manager: its end stops them.
    """

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._started: dict[bool, tuple[Platform, Registry] | None] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def get(self, *, is_protected: bool) -> tuple[Platform, Registry]:
        """Return a platform and its registry.

        Raises:
            PlatformError: it does not start, or has ended.
        """
        if is_protected not in self._started:
            # Only the first scenario that needs it waits for one that does not start.
            self._started[is_protected] = None
            self._started[is_protected] = await self._start(is_protected)
        started = self._started[is_protected]
        if started is None:
            raise PlatformError("wanllmdb up did not start: an earlier scenario says why")
        if started[0].process.returncode is not None:
            raise started[0].error(f"ended with {started[0].process.returncode}")
        return started

    async def _start(self, is_protected: bool) -> tuple[Platform, Registry]:
        running = await self._stack.enter_async_context(platform(is_protected=is_protected))
        return running, await self._stack.enter_async_context(registry_of(running))
