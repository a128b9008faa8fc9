"""The connections over which the asynchronous client sends calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self, TypeVar

import grpc
import grpc.aio

from wanllmdb._calls.call import Call, Page
from wanllmdb._connection.base import BaseConnection
from wanllmdb._connection.peer import Peer
from wanllmdb._errors import WanllmdbError

T = TypeVar("T")


class AsyncConnection(BaseConnection[grpc.aio.Channel]):
    """Both services over asyncio channels."""

    async def close(self) -> None:
        """Close the connections and cancel calls in flight."""
        for channel in self._begin_close():
            await channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _invoke(self, call: Call[T]) -> T:
        peer = self._peers[call.service]
        timeout = call.timeout if self._timeout is None else self._timeout
        resends = 0
        while True:
            replica = peer.replica_for(call)
            send = peer.rpc(self._stub(call.service, replica), call.rpc)
            key_text = peer.key_text
            try:
                response = await send(
                    call.request,
                    timeout=timeout,
                    wait_for_ready=replica is None and peer.waits_for(call),
                    metadata=peer.metadata,
                )
            except grpc.RpcError as error:
                if replica is not None and peer.should_try_others(replica, error):
                    continue
                failure = peer.failure(call.rpc, timeout, error)
            else:
                peer.has_answered = True
                return call.convert(response)
            delay = peer.resend_delay(failure, resends, key_text)
            if delay is None:
                raise failure
            resends += 1
            await asyncio.sleep(delay)

    async def _pages(self, page: Callable[[str], Call[Page[T]]]) -> AsyncIterator[T]:
        token = ""
        while True:
            answer = await self._invoke(page(token))
            for item in answer.items:
                yield item
            token = answer.next_page_token
            if not token:
                return

    async def _stream(self, call: Call[T], *, resends: bool = True) -> AsyncIterator[T]:
        """The messages of a stream; a request that fails before the first message may be resent."""
        peer = self._peers[call.service]
        resent, has_begun = 0, False
        while True:
            open_stream = peer.rpc(self._stub(call.service), call.rpc)
            key_text = peer.key_text
            stream = open_stream(
                call.request, wait_for_ready=peer.has_answered, metadata=peer.metadata
            )
            failure: WanllmdbError
            try:
                async for message in stream:
                    peer.has_answered = has_begun = True
                    yield call.convert(message)
            except grpc.RpcError as error:
                failure = peer.failure(call.rpc, None, error)
            else:
                return
            finally:
                stream.cancel()
            may_resend = resends and not has_begun
            delay = peer.resend_delay(failure, resent, key_text) if may_resend else None
            if delay is None:
                raise failure
            resent += 1
            await asyncio.sleep(delay)

    async def _every(self, page: Callable[[str], Call[Page[T]]]) -> list[T]:
        """The items of all pages."""
        items: list[T] = []
        token = ""
        while True:
            answer = await self._invoke(page(token))
            items += answer.items
            token = answer.next_page_token
            if not token:
                return items

    def _new_channel(self, peer: Peer, replica: str | None) -> grpc.aio.Channel:
        return peer.aio_channel(replica)


async def invoke(connection: AsyncConnection, call: Call[T]) -> T:
    """Send a call that was built outside of the client's methods, and return its result."""
    return await connection._invoke(call)
