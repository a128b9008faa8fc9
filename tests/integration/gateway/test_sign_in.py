"""Signing in: a key becomes a cookie, the cookie becomes the key's rights, and nothing shows it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import grpc.aio
import pytest

from tests.conftest import registry_server
from tests.gateways import gateway_server
from tests.raw_http import Answer, send
from tests.security_table.keys import channel_with, create_key, id_of, new_secret
from wanllmdb.api.registry.v1 import key_service_pb2, key_service_pb2_grpc
from wanllmdb_common.calls.caller import Role
from wanllmdb_local.postgres import create_database

GET_CALLER = "/wanllmdb.api.registry.v1.KeyService/GetCaller"
ROOT = f"wsk_root_{new_secret()}"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
async def keyed_registry(postgres_url: str) -> AsyncIterator[str]:
    async with registry_server(create_database(postgres_url, "sign_in"), admin_key=ROOT) as address:
        yield address


@pytest.fixture(scope="module")
async def root(keyed_registry: str) -> AsyncIterator[grpc.aio.Channel]:
    async with channel_with(keyed_registry, ROOT) as channel:
        yield channel


@pytest.fixture(scope="module")
async def gateway(keyed_registry: str) -> AsyncIterator[str]:
    async with gateway_server(keyed_registry, "127.0.0.1:9", failed_sign_ins_per_second=0) as url:
        yield url


async def sign_in(url: str, key: str, **headers: str) -> Answer:
    return await send(
        url, "POST", "/session", {**JSON, **headers}, json.dumps({"key": key}).encode()
    )


def cookie_of(answer: Answer) -> str:
    (cookie,) = answer.cookies
    return cookie.partition(";")[0]


async def caller(url: str, **headers: str) -> Answer:
    return await send(url, "POST", GET_CALLER, {**JSON, **headers}, b"{}")


async def test_a_key_becomes_a_cookie_and_the_cookie_the_key(
    gateway: str, root: grpc.aio.Channel
) -> None:
    key = await create_key(root, Role.EDITOR, "vision", "speech")
    answer = await sign_in(gateway, key)
    assert answer.status == 200
    told = json.loads(answer.body)
    assert (told["key_id"], told["role"]) == (id_of(key), "editor")
    assert sorted(told["projects"]) == ["speech", "vision"]
    (cookie,) = answer.cookies
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    seen = await caller(gateway, Cookie=cookie_of(answer))
    assert json.loads(seen.body)["key"]["keyId"] == id_of(key)
    assert (await caller(gateway)).status == 401


async def test_no_answer_shows_the_key(gateway: str, root: grpc.aio.Channel) -> None:
    key = await create_key(root, Role.READER, "*")
    secret = key.split("_", 2)[2]
    good = await sign_in(gateway, key)
    wrong = await sign_in(gateway, key[:-4] + "AAAA")
    for answer in (good, wrong, await caller(gateway, Cookie=cookie_of(good))):
        text = answer.text + repr(answer.headers) + repr(answer.cookies)
        assert secret not in text
        assert secret[:20] not in text


async def test_a_key_in_a_header_wins_over_the_cookie(gateway: str, root: grpc.aio.Channel) -> None:
    first, second = [await create_key(root, Role.READER, "*") for _ in range(2)]
    cookie = cookie_of(await sign_in(gateway, first))
    seen = await caller(gateway, Cookie=cookie, Authorization=f"Bearer {second}")
    assert json.loads(seen.body)["key"]["keyId"] == id_of(second)
    # A bad key in a header does not fall back to the cookie.
    bad = await caller(gateway, Cookie=cookie, Authorization="Bearer wsk_no_one")
    assert bad.status == 401


@pytest.mark.parametrize("key", ["wsk_nobody_" + "x" * 43, "nonsense", "wsk_"])
async def test_a_key_that_the_registry_does_not_know_gets_no_cookie(gateway: str, key: str) -> None:
    answer = await sign_in(gateway, key)
    assert answer.status == 401
    assert answer.cookies == ()
    assert json.loads(answer.body)["code"] == "unauthenticated"


async def test_a_revoked_key_s_session_ends(gateway: str, root: grpc.aio.Channel) -> None:
    key = await create_key(root, Role.READER, "*")
    cookie = cookie_of(await sign_in(gateway, key))
    assert (await caller(gateway, Cookie=cookie)).status == 200
    await key_service_pb2_grpc.KeyServiceStub(root).RevokeKey(
        key_service_pb2.RevokeKeyRequest(key_id=id_of(key))
    )
    refused = await caller(gateway, Cookie=cookie)
    assert refused.status == 401
    assert b"KEY_REVOKED" in refused.body or "revoked" in refused.text


async def test_the_cookie_does_not_outlive_the_key(gateway: str, root: grpc.aio.Channel) -> None:
    key = await create_key(root, Role.READER, "*", lifetime=timedelta(minutes=10))
    (cookie,) = (await sign_in(gateway, key)).cookies
    (age,) = [part for part in cookie.split("; ") if part.startswith("Max-Age=")]
    assert 500 < int(age.removeprefix("Max-Age=")) <= 600


async def test_deleting_the_session_ends_it_in_the_browser(gateway: str) -> None:
    answer = await send(gateway, "DELETE", "/session")
    assert answer.status == 204
    (cookie,) = answer.cookies
    assert "Max-Age=0" in cookie
    assert cookie.split(";")[0].endswith("=")


@pytest.mark.parametrize(
    ("method", "headers", "body", "status"),
    [
        ("GET", {}, None, 405),
        ("POST", {"Content-Type": "text/plain"}, b'{"key": "wsk_a_b"}', 415),
        ("POST", {"Content-Type": "application/x-www-form-urlencoded"}, b"key=wsk", 415),
        ("POST", {}, b'{"key": "wsk_a_b"}', 415),
        ("POST", JSON, b"", 400),
        ("POST", JSON, b"wsk_a_b", 400),
        ("POST", JSON, b"[]", 400),
        ("POST", JSON, b'{"key": 7}', 400),
        ("POST", JSON, b'{"key": ""}', 400),
        ("POST", JSON, b'{"key": "wsk a"}', 400),
        ("POST", JSON, b'{"key": "wsk\\r\\nx: y"}', 400),
        ("POST", JSON, b"[" * 4_000, 400),
        ("POST", JSON, b'{"key": "' + b"k" * 9_000 + b'"}', 413),
        ("POST", {**JSON, "Origin": "https://evil.example"}, b'{"key": "wsk_a_b"}', 403),
        ("POST", {**JSON, "Sec-Fetch-Site": "cross-site"}, b'{"key": "wsk_a_b"}', 403),
        ("POST", {**JSON, "Sec-Fetch-Site": "same-site"}, b'{"key": "wsk_a_b"}', 403),
        ("POST", {**JSON, "Host": "evil.example"}, b'{"key": "wsk_a_b"}', 421),
        ("DELETE", {"Origin": "https://evil.example"}, None, 403),
    ],
)
async def test_what_is_no_sign_in_of_the_own_page_is_refused(
    gateway: str, method: str, headers: dict[str, str], body: bytes | None, status: int
) -> None:
    answer = await send(gateway, method, "/session", headers, body)
    assert answer.status == status
    assert answer.cookies == ()


async def test_failed_sign_ins_of_an_address_are_limited(
    keyed_registry: str, root: grpc.aio.Channel
) -> None:
    key = await create_key(root, Role.READER, "*")
    async with gateway_server(
        keyed_registry,
        "127.0.0.1:9",
        failed_sign_ins_per_second=0.5,
        trusted_proxies="127.0.0.1",
    ) as url:
        attacker = {"X-Forwarded-For": "198.51.100.7"}
        statuses = [(await sign_in(url, "wsk_nobody", **attacker)).status for _ in range(4)]
        assert statuses[0] == 401
        assert statuses[-1] == 429
        limited = await sign_in(url, key, **attacker)
        assert limited.status == 429
        assert int(limited.headers["retry-after"]) >= 1
        # Other addresses sign in meanwhile.
        assert (await sign_in(url, key, **{"X-Forwarded-For": "198.51.100.8"})).status == 200


async def test_gateways_with_one_secret_share_sessions_and_others_do_not(
    keyed_registry: str, root: grpc.aio.Channel, tmp_path: Path
) -> None:
    key = await create_key(root, Role.READER, "*")
    secret = tmp_path / "secret"
    secret.write_text("5e" * 32)
    async with (
        gateway_server(keyed_registry, "127.0.0.1:9", session_key_file=secret) as first,
        gateway_server(keyed_registry, "127.0.0.1:9", session_key_file=secret) as second,
        gateway_server(keyed_registry, "127.0.0.1:9") as stranger,
    ):
        cookie = cookie_of(await sign_in(first, key))
        statuses = [(await caller(url, Cookie=cookie)).status for url in (first, second, stranger)]
    assert statuses == [200, 200, 401]


async def test_a_registry_without_keys_has_nothing_to_sign_in_to(
    registry_address: str,
) -> None:
    async with gateway_server(registry_address, "127.0.0.1:9") as url:
        answer = await sign_in(url, "wsk_a_" + "b" * 43)
        assert (answer.status, answer.cookies) == (409, ())
        assert (await caller(url, Cookie="wanllmdb-session=stale")).status == 200


async def test_a_registry_that_does_not_answer_is_no_failed_sign_in() -> None:
    async with gateway_server("127.0.0.1:9", "127.0.0.1:9") as url:
        answers = await asyncio.gather(*(sign_in(url, "wsk_a") for _ in range(5)))
        assert [answer.status for answer in answers] == [503] * 5


async def test_each_session_has_limits_of_its_own(
    keyed_registry: str, root: grpc.aio.Channel
) -> None:
    keys = [await create_key(root, Role.READER, "*") for _ in range(2)]
    async with gateway_server(keyed_registry, "127.0.0.1:9", calls_per_second=2) as url:
        busy, quiet = [cookie_of(await sign_in(url, key)) for key in keys]
        statuses = [(await caller(url, Cookie=busy)).status for _ in range(12)]
        assert statuses[0] == 200
        assert 429 in statuses
        assert (await caller(url, Cookie=quiet)).status == 200
