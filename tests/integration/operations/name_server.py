"""A DNS server for one name, whose addresses may change."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence
from types import TracebackType
from typing import Self

_ADDRESS_TYPE = 1
# An answer, authoritative, without an error.
_FLAGS = bytes.fromhex("8580")
_HEADER_BYTES = 12


class NameServer(asyncio.DatagramProtocol):
    """Answers each query for IPv4 addresses with those in `addresses`, whatever the name.

    An async context manager. Answers may be kept for 0 s. Other queries get no addresses.

    Attributes:
        addresses: The addresses that the next answer has.
        queries: The number of queries for IPv4 addresses.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        self.addresses = addresses
        self.queries = 0
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        assert self._transport is not None
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._transport is not None
        self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a query, which has one question."""
        end = data.index(b"\0", _HEADER_BYTES) + 5
        question = data[_HEADER_BYTES:end]
        is_address = int.from_bytes(question[-4:-2]) == _ADDRESS_TYPE
        self.queries += is_address
        records = [
            # The name of the question, an IPv4 address of the internet, not kept, 4 bytes.
            b"\xc0\x0c\0\x01\0\x01\0\0\0\0\0\x04" + ipaddress.IPv4Address(address).packed
            for address in (self.addresses if is_address else ())
        ]
        counts = (1, len(records), 0, 0)
        header = data[:2] + _FLAGS + b"".join(count.to_bytes(2) for count in counts)
        assert self._transport is not None
        self._transport.sendto(header + question + b"".join(records), addr)
