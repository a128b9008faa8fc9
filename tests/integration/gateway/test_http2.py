"""HTTP/2 over TLS: many streams on one connection, and the cookie that is bound to the host."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyqwest
import pytest

from tests.certificates import Authority, CertificateFiles, replace
from tests.conftest import registry_server
from tests.gateway_backend import running_backend
from tests.gateway_calls import BrowserClient, Protocol
from tests.gateways import gateway_server
from tests.raw_http import send
from tests.security_table.keys import new_secret
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import watch_pb2
from wanllmdb_gateway import serving
from wanllmdb_local.postgres import create_database

REGISTRY = "/wanllmdb.api.registry.v1.SweepRegistryService"
GET_SWEEP, WATCH = f"{REGISTRY}/GetSweep", f"{REGISTRY}/WatchSweep"
NOWHERE = "127.0.0.1:9"


@pytest.fixture
def files(tmp_path: Path) -> CertificateFiles:
    return Authority(tmp_path).issue()


def http2(files: CertificateFiles) -> pyqwest.HTTPTransport:
    return pyqwest.HTTPTransport(
        tls_ca_cert=files.ca.read_bytes(), http_version=pyqwest.HTTPVersion.HTTP2
    )


@pytest.mark.parametrize("protocol", list(Protocol), ids=lambda each: each.value)
async def test_a_hundred_streams_share_one_connection_with_calls(
    files: CertificateFiles, protocol: Protocol
) -> None:
    async def named(body: bytes, _context: Any) -> AsyncIterator[bytes]:
        yield body
        await asyncio.Event().wait()

    async def empty(_body: bytes, _context: Any) -> bytes:
        return b""

    async with (
        running_backend({GET_SWEEP: empty}, {WATCH: named}) as backend,
        gateway_server(backend.address, NOWHERE, tls_cert=files.cert, tls_key=files.key) as url,
        contextlib.AsyncExitStack() as stack,
    ):
        assert url.startswith("https://")
        client = BrowserClient(url, protocol, transport=http2(files))
        for number in range(100):
            stream = await stack.enter_async_context(
                client.stream(
                    WATCH,
                    watch_pb2.WatchSweepRequest(sweep_id=str(number)),
                    watch_pb2.WatchSweepRequest,
                )
            )
            assert (await stream.next()).sweep_id == str(number)
        async with asyncio.timeout(60):
            await client.unary(GET_SWEEP, pb.GetSweepRequest(), pb.GetSweepResponse)


async def test_a_stream_of_http2_that_is_reset_is_canceled(files: CertificateFiles) -> None:
    async def endless(_body: bytes, _context: Any) -> AsyncIterator[bytes]:
        yield b""
        await asyncio.Event().wait()

    async with (
        running_backend(streams={WATCH: endless}) as backend,
        gateway_server(backend.address, NOWHERE, tls_cert=files.cert, tls_key=files.key) as url,
    ):
        client = BrowserClient(url, transport=http2(files))
        async with client.stream(
            WATCH, watch_pb2.WatchSweepRequest(), watch_pb2.WatchSweepResponse
        ) as stream:
            await stream.next()
        async with asyncio.timeout(60):
            await backend.ended.wait()


async def test_the_host_of_http2_is_checked_too(files: CertificateFiles) -> None:
    async with gateway_server(NOWHERE, NOWHERE, tls_cert=files.cert, tls_key=files.key) as url:
        client = pyqwest.Client(http2(files))
        good = await client.get(url + "/")
        assert good.status == 200
        rebound = await client.post(
            url + GET_SWEEP, {"content-type": "application/proto", "host": "evil.example"}, b""
        )
        assert rebound.status in (400, 421)


async def test_the_cookie_is_secure_and_bound_to_the_host(
    files: CertificateFiles, postgres_url: str
) -> None:
    root = f"wsk_root_{new_secret()}"
    database = create_database(postgres_url, "http2")
    context = ssl.create_default_context(cafile=str(files.ca))
    async with (
        registry_server(database, admin_key=root) as address,
        gateway_server(address, NOWHERE, tls_cert=files.cert, tls_key=files.key) as url,
    ):
        answer = await send(
            url,
            "POST",
            "/session",
            {"Content-Type": "application/json", "Origin": url},
            f'{{"key": "{root}"}}'.encode(),
            tls=context,
        )
        assert answer.status == 200
        (cookie,) = answer.cookies
        assert cookie.startswith("__Host-wanllmdb=")
        assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))


async def test_plain_text_is_refused_on_the_port_of_tls(files: CertificateFiles) -> None:
    async with gateway_server(NOWHERE, NOWHERE, tls_cert=files.cert, tls_key=files.key) as url:
        with pytest.raises((OSError, http.client.HTTPException)):
            await send(url.replace("https:", "http:"), "GET", "/healthz")


async def test_a_new_certificate_is_used_from_the_next_connection_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def twice(body: bytes, _context: Any) -> AsyncIterator[bytes]:
        yield body
        await going_on.wait()
        yield body

    going_on = asyncio.Event()
    monkeypatch.setattr(serving, "TLS_INTERVAL", 0.05)
    ours, new = Authority(tmp_path), Authority(tmp_path, "new")
    files, trusts_new = ours.issue(), ssl.create_default_context(cafile=str(new.file))
    async with (
        running_backend(streams={WATCH: twice}) as backend,
        gateway_server(backend.address, NOWHERE, tls_cert=files.cert, tls_key=files.key) as url,
        BrowserClient(url, transport=http2(files)).stream(
            WATCH, watch_pb2.WatchSweepRequest(sweep_id="s"), watch_pb2.WatchSweepRequest
        ) as stream,
    ):
        await stream.next()
        replace(files.cert, b"nothing")
        with pytest.raises(ssl.SSLError):
            await send(url, "GET", "/healthz", tls=trusts_new)
        fresh = new.issue()
        replace(files.key, fresh.key.read_bytes())
        replace(files.cert, fresh.cert.read_bytes())
        async with asyncio.timeout(60):
            answer = None
            while answer is None:
                with contextlib.suppress(OSError):
                    answer = await send(url, "GET", "/healthz", tls=trusts_new)
        assert answer.status == 200
        # The stream on the old certificate goes on.
        going_on.set()
        assert (await stream.next()).sweep_id == "s"
