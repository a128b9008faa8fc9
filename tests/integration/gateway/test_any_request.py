"""Whatever a request holds, the gateway answers it, and never with a defect of its own."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway_backend import Backend, running_backend
from tests.gateways import gateway_server
from wanllmdb_gateway.allowed_rpcs import allowed_rpcs, withheld_rpcs
from wanllmdb_gateway.app import CONTENT_TYPES

STREAMS = {rpc.path for rpc in allowed_rpcs() if rpc.is_stream}
UNARY = {rpc.path for rpc in allowed_rpcs() if not rpc.is_stream}


async def echo(body: bytes, _context: Any) -> bytes:
    return body


async def echo_twice(body: bytes, _context: Any) -> AsyncIterator[bytes]:
    yield body
    yield body


@pytest.fixture(scope="module")
async def backend() -> AsyncIterator[Backend]:
    async with running_backend(
        dict.fromkeys(UNARY, echo), dict.fromkeys(STREAMS, echo_twice)
    ) as running:
        yield running


@pytest.fixture(scope="module")
async def gateway(backend: Backend) -> AsyncIterator[str]:
    async with gateway_server(backend.address, backend.address, body_timeout=2.0) as url:
        yield url


_letters = st.characters(min_codepoint=33, max_codepoint=126)
texts = st.text(_letters, max_size=40)
paths = st.one_of(
    st.sampled_from(sorted(UNARY | STREAMS | set(withheld_rpcs()))),
    st.sampled_from(["/", "/session", "/healthz", "/readyz", "/assets/x.js", "/wanllmdb.", "//"]),
    texts.map(lambda text: "/" + text),
)
content_types = st.one_of(
    st.sampled_from([*sorted(CONTENT_TYPES), "application/json; charset=utf-8", "text/plain", ""]),
    texts,
)
bodies = st.one_of(
    st.binary(max_size=60),
    st.binary(max_size=60).map(lambda data: b"\0" + len(data).to_bytes(4, "big") + data),
    st.sampled_from([b"{}", b'{"sweepId": "a"}', b"null", b"[1", b'{"key": "wsk_a_b"}', b""]),
)
headers = st.dictionaries(
    st.sampled_from(
        [
            *("Connect-Timeout-Ms", "grpc-timeout", "Connect-Protocol-Version", "Cookie"),
            *("Content-Encoding", "Connect-Content-Encoding", "grpc-encoding", "Accept-Encoding"),
            *("Authorization", "X-Request-Id", "traceparent", "X-Forwarded-For", "If-None-Match"),
        ]
    ),
    st.one_of(texts, st.sampled_from(["gzip", "1", "0", "99999999S", "wanllmdb-session=AAAA"])),
    max_size=4,
)
queries = st.one_of(
    st.just(""),
    st.just("?connect=v1&encoding=json&message=%7B%7D"),
    texts.map(lambda text: "?encoding=proto&base64=1&message=" + text),
    texts.map(lambda text: "?" + text),
)


@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"]),
    path=paths,
    query=queries,
    content_type=content_types,
    body=bodies,
    more=headers,
)
@settings(max_examples=400)
def _try(
    url: str, method: str, path: str, query: str, content_type: str, body: bytes, more: Any
) -> None:
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    try:
        connection.putrequest(method, path + query, skip_accept_encoding=True)
        if content_type:
            connection.putheader("Content-Type", content_type)
        for name, value in more.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    assert response.status != 500, content
    assert b"Traceback" not in content
    # What is no HTTP gets an empty answer of the server under the application.
    is_http = (response.status, content) != (400, b"")
    assert not is_http or response.headers["x-content-type-options"] == "nosniff"


async def test_any_request_is_answered_and_none_is_a_defect(gateway: str) -> None:
    attempt: Callable[..., None] = _try
    await asyncio.to_thread(attempt, gateway)
