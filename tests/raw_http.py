"""Requests of HTTP whose every header the test decides about."""

from __future__ import annotations

import asyncio
import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


async def send(
    url: str,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    *,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Send a request with these headers, and with Host and Content-Length unless they are given.

    A Host of "" is not sent.
    """
    return await asyncio.to_thread(_send, url, method, path, dict(headers or {}), body, tls)


def _send(
    url: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes | None,
    tls: ssl.SSLContext | None,
) -> Answer:
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = (
        http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        if tls is None
        else http.client.HTTPSConnection(parts.hostname, parts.port, timeout=60, context=tls)
    )
    headers.setdefault("Host", parts.netloc)
    if body is not None:
        headers.setdefault("Content-Length", str(len(body)))
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            if name != "Host" or value:
                connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        content = response.read()
        return Answer(
            response.status,
            {
                name.lower(): ", ".join(response.headers.get_all(name) or ())
                for name in response.headers
            },
            content,
            tuple(response.headers.get_all("set-cookie") or ()),
        )
    finally:
        connection.close()


async def raw_until_closed(url: str, content: bytes) -> bytes:
    """Send bytes, and return what comes until the server closes the connection.

    Raises:
        TimeoutError: the server does not close it within a minute.
    """
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(content)
        await writer.drain()
        async with asyncio.timeout(60):
            return await reader.read()
    finally:
        writer.close()


async def raw(url: str, content: bytes, seconds: float = 10) -> bytes:
    """Send bytes, and return what comes until the server closes the connection or time is over."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    received = b""
    try:
        writer.write(content)
        await writer.drain()
        async with asyncio.timeout(seconds):
            while part := await reader.read(65_536):
                received += part
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return received
