"""Pages of other origins reach neither a registry without keys nor a session's cookie."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import pytest

from tests.gateway_backend import Backend, running_backend
from tests.gateways import gateway_server
from tests.raw_http import Answer, raw, send

REGISTRY = "/wanllmdb.api.registry.v1.SweepRegistryService"
READ, CHANGE = f"{REGISTRY}/GetSweep", f"{REGISTRY}/CancelSweep"
TOOLS = "https://tools.example.org"


async def empty(_body: bytes, _context: object) -> bytes:
    return b""


@pytest.fixture(scope="module")
async def backend() -> AsyncIterator[Backend]:
    async with running_backend({READ: empty, CHANGE: empty}) as running:
        yield running


@pytest.fixture(scope="module")
async def gateway(backend: Backend) -> AsyncIterator[str]:
    async with gateway_server(backend.address, "127.0.0.1:9") as url:
        yield url


async def call(url: str, method: str = "POST", path: str = CHANGE, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    query = "?connect=v1&encoding=json&message=%7B%7D" if method == "GET" else ""
    if method == "POST":
        named = {"Content-Type": "application/json", **named}
    return await send(url, method, path + query, named, b"{}" if method == "POST" else None)


def port_of(url: str) -> str:
    return url.rpartition(":")[2]


async def test_programs_and_the_own_page_pass(gateway: str, backend: Backend) -> None:
    before = len(backend.calls)
    page = {"Origin": gateway, "Sec_Fetch_Site": "same-origin"}
    answers = [
        await call(gateway),
        await call(gateway, **page),
        await call(gateway, "GET", READ, Sec_Fetch_Site="none"),
        await call(gateway, Host=f"localhost:{port_of(gateway)}"),
    ]
    assert [answer.status for answer in answers] == [200] * 4
    assert len(backend.calls) == before + 4


HOSTS = {"own": None, "rebound": "evil.example", "none": ""}
ORIGINS = {"none": None, "own": "own", "other": "https://evil.example", "opaque": "null"}
SITES = {"none": None, "same-origin": "same-origin", "same-site": "same-site", "x": "cross-site"}
TYPES = {
    "json": "application/json",
    "proto": "application/proto",
    "web": "application/grpc-web+proto",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain",
    "multipart": "multipart/form-data; boundary=x",
    "none": None,
    "grpc": "application/grpc",
}
SIMPLE = {"form", "text", "multipart", "none", "grpc"}


@pytest.mark.parametrize(
    ("host", "origin", "site", "kind"), list(itertools.product(HOSTS, ORIGINS, SITES, TYPES))
)
async def test_a_call_passes_only_from_the_own_page_with_a_type_that_forms_can_t_send(
    gateway: str, backend: Backend, host: str, origin: str, site: str, kind: str
) -> None:
    sent = {
        "Host": HOSTS[host],
        "Origin": gateway if origin == "own" else ORIGINS[origin],
        "Sec-Fetch-Site": SITES[site],
        "Content-Type": TYPES[kind],
    }
    headers = {name: value for name, value in sent.items() if value is not None}
    before = len(backend.calls)
    body = b"\0\0\0\0\0" if kind == "web" else b""
    answer = await send(gateway, "POST", CHANGE, headers, body)
    expected = 200
    if host == "none":
        expected = 400
    elif host == "rebound":
        expected = 421
    elif origin in ("other", "opaque") or site in ("same-site", "x"):
        expected = 403
    elif kind in SIMPLE:
        expected = 415
    assert answer.status == expected
    assert len(backend.calls) == before + (expected == 200)
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_an_image_of_another_page_reads_nothing(
    gateway: str, backend: Backend, site: str
) -> None:
    before = len(backend.calls)
    answer = await call(gateway, "GET", READ, Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors")
    assert answer.status == 403
    assert len(backend.calls) == before


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
async def test_other_methods_call_nothing(gateway: str, backend: Backend, method: str) -> None:
    before = len(backend.calls)
    assert (await call(gateway, method)).status == 405
    assert len(backend.calls) == before


async def test_a_question_of_another_origin_is_refused(gateway: str) -> None:
    answer = await call(
        gateway, "OPTIONS", Origin="https://evil.example", Access_Control_Request_Method="POST"
    )
    assert answer.status == 403
    assert not any(name.startswith("access-control") for name in answer.headers)


async def test_a_header_that_comes_twice_is_refused(gateway: str) -> None:
    host = gateway.removeprefix("http://")
    for name, value in (("Host", host), ("Origin", gateway), ("Content-Type", "text/plain")):
        lines = [
            f"POST {CHANGE} HTTP/1.1",
            f"Host: {host}",
            f"Origin: {gateway}",
            "Content-Type: application/json",
            f"{name}: {value}",
            "Content-Length: 2",
            "Connection: close",
        ]
        answer = await raw(gateway, ("\r\n".join(lines) + "\r\n\r\n{}").encode())
        assert answer.startswith(b"HTTP/1.1 400"), name


async def test_a_listed_origin_may_call_with_a_key_and_gets_no_cookie_s_rights(
    backend: Backend,
) -> None:
    async with gateway_server(backend.address, "127.0.0.1:9", allow_origin=TOOLS) as url:
        asked = await call(
            url,
            "OPTIONS",
            Origin=TOOLS,
            Access_Control_Request_Method="POST",
            Sec_Fetch_Site="cross-site",
        )
        assert asked.status == 204
        assert asked.headers["access-control-allow-origin"] == TOOLS
        assert "authorization" in asked.headers["access-control-allow-headers"]
        assert "access-control-allow-credentials" not in asked.headers
        answer = await call(
            url, Origin=TOOLS, Sec_Fetch_Site="cross-site", Authorization="Bearer wsk_a_b"
        )
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == TOOLS
        assert "origin" in answer.headers["vary"]
        assert backend.calls[-1].metadata["authorization"] == "Bearer wsk_a_b"
        session = await send(
            url,
            "POST",
            "/session",
            {"Origin": TOOLS, "Content-Type": "application/json"},
            b'{"key": "wsk_a_b"}',
        )
        assert session.status == 403
        other = await call(url, Origin="https://evil.example", Sec_Fetch_Site="cross-site")
        assert other.status == 403


async def test_the_public_address_of_a_proxy_is_the_gateway_s_own(backend: Backend) -> None:
    public = "https://sweeps.example.org"
    async with gateway_server(backend.address, "127.0.0.1:9", public_url=public) as url:
        answer = await call(
            url, Host="sweeps.example.org", Origin=public, Sec_Fetch_Site="same-origin"
        )
        assert answer.status == 200


async def test_answers_of_calls_are_neither_stored_nor_run(gateway: str) -> None:
    for answer in (
        await call(gateway),
        await call(gateway, Host="evil.example"),
        await call(gateway, path="/wanllmdb.api.registry.v1.Nothing/Get"),
    ):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
