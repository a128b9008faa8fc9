"""KeyService, and how keys change the registry's other services."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tests.conftest import registry_server
from tests.errors import RpcFailure, rpc_fails
from tests.integration.registry.key_calls import Office, With, office
from tests.security_table.keys import id_of, key_request, new_secret
from tests.security_table.processes import running_process
from tests.sweeps import request_id
from wanllmdb.api.registry.v1 import key_service_pb2 as pb
from wanllmdb.api.registry.v1 import key_service_pb2_grpc as key_grpc
from wanllmdb_common.calls.caller import Role
from wanllmdb_local.postgres import create_database

Code = grpc.StatusCode
ROOT_KEY = f"wsk_root_{new_secret()}"
WHO = pb.GetCallerRequest()


@pytest.fixture(scope="module")
def keys_database(postgres_url: str) -> str:
    return create_database(postgres_url, "keys")


@pytest.fixture(scope="module")
async def at(keys_database: str) -> AsyncIterator[Office]:
    async with (
        registry_server(keys_database, admin_key=ROOT_KEY) as address,
        office(address, ROOT_KEY) as made,
    ):
        yield made


@pytest.fixture(scope="module")
async def root(at: Office) -> With:
    return await at.root()


async def listed(calls: With, page_size: int = 100) -> list[pb.ApiKey]:
    """Return all keys, page by page."""
    keys: list[pb.ApiKey] = []
    token = ""
    while True:
        page = await calls.keys.ListKeys(pb.ListKeysRequest(page_size=page_size, page_token=token))
        assert len(page.keys) <= page_size
        keys += page.keys
        token = page.next_page_token
        if not token:
            return keys


async def test_without_keys_every_caller_may_do_everything(registry_address: str) -> None:
    async with grpc.aio.insecure_channel(registry_address) as channel:
        stub = key_grpc.KeyServiceStub(channel)
        who = await stub.GetCaller(WHO)
        assert not who.keys_required
        assert not who.HasField("key")
        created = (await stub.CreateKey(key_request(Role.ADMIN, "*"))).key
        assert created.creator_key_id == ""
        # A client that is configured with a key can still call a registry without keys.
        bad = (("authorization", "Bearer nonsense"),)
        assert not (await stub.GetCaller(WHO, metadata=bad)).keys_required
        await stub.RevokeKey(pb.RevokeKeyRequest(key_id=created.key_id))


async def test_who_the_caller_is(at: Office, root: With) -> None:
    who = await root.keys.GetCaller(WHO)
    assert who.keys_required
    assert (who.key.key_id, who.key.role, list(who.key.projects)) == ("root", pb.ROLE_ADMIN, ["*"])
    before = datetime.now(UTC) - timedelta(seconds=5)
    agent = await at.new(Role.AGENT, "p", "q", lifetime=timedelta(hours=1))
    key = (await agent.keys.GetCaller(WHO)).key
    assert (key.key_id, key.role, list(key.projects)) == (agent.key_id, pb.ROLE_AGENT, ["p", "q"])
    assert (key.name, key.creator_key_id) == ("agent of p, q", "root")
    created = key.create_time.ToDatetime(tzinfo=UTC)
    assert before < created < before + timedelta(seconds=60)
    assert key.expire_time.ToDatetime(tzinfo=UTC) > created + timedelta(minutes=59)
    assert not key.HasField("revoke_time")


async def test_a_repeated_request_makes_no_second_key(at: Office, root: With) -> None:
    request = key_request(Role.READER, "once", lifetime=timedelta(seconds=1.5))
    answers = await asyncio.gather(*(root.keys.CreateKey(request) for _ in range(8)))
    assert len({answer.SerializeToString() for answer in answers}) == 1
    await asyncio.sleep(1.6)
    # The repeated request succeeds even after the key expired, though a new key may not be
    # expired.
    assert await root.keys.CreateKey(request) == answers[0]
    # It also succeeds after the key was revoked, with the first answer.
    await root.keys.RevokeKey(pb.RevokeKeyRequest(key_id=answers[0].key.key_id))
    assert await root.keys.CreateKey(request) == answers[0]
    other = pb.CreateKeyRequest()
    other.CopyFrom(request)
    other.name = "another"
    with rpc_fails(Code.INVALID_ARGUMENT, "REQUEST_ID_REUSED"):
        await root.keys.CreateKey(other)
    # A request id belongs to its caller: another admin learns nothing from the id.
    admin = await at.new(Role.ADMIN, "once")
    other.ClearField("expire_time")
    theirs = (await admin.keys.CreateKey(other)).key
    assert theirs.key_id != answers[0].key.key_id
    assert theirs.creator_key_id == admin.key_id
    # Without a request id, each request is carried out.
    other.request_id = ""
    assert (await admin.keys.CreateKey(other)).key.key_id != theirs.key_id


async def test_all_that_is_wrong_with_a_new_key_is_reported_at_once(root: With) -> None:
    request = pb.CreateKeyRequest(
        name="n" * 201,
        role=pb.Role.ValueType(7),
        projects=["*", "p", "", "x" * 201],
        secret_sha256=b"short",
        request_id="no uuid",
    )
    request.expire_time.seconds = 2**60
    with rpc_fails(Code.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await root.keys.CreateKey(request)
    assert set(failure.fields) == {
        "name",
        "role",
        "projects",
        "projects[2]",
        "projects[3]",
        "secret_sha256",
        "expire_time",
        "request_id",
    }
    late = key_request(Role.READER, "p", lifetime=timedelta(seconds=-1))
    with rpc_fails(Code.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await root.keys.CreateKey(late)
    assert set(failure.fields) == {"expire_time"}


async def test_an_admin_gives_what_it_has_and_no_more(at: Office, root: With) -> None:
    admin = await at.new(Role.ADMIN, "mine", "ours")
    deputy = await at.new(Role.ADMIN, "ours", by=admin)
    await at.new(Role.EDITOR, "ours", by=deputy)
    for projects in (["mine"], ["ours", "mine"], ["*"], ["ours", "*"], ["nowhere"]):
        with rpc_fails(Code.PERMISSION_DENIED, "PERMISSION_DENIED") as failure:
            await deputy.keys.CreateKey(key_request(Role.READER, *projects))
        assert failure.metadata == {"key_id": deputy.key_id, "needed_role": "ADMIN"}
    # Other errors are returned only to callers with permission.
    bad = pb.CreateKeyRequest(projects=["mine"], secret_sha256=b"short")
    with rpc_fails(Code.PERMISSION_DENIED, "PERMISSION_DENIED"):
        await deputy.keys.CreateKey(bad)
    with rpc_fails(Code.INVALID_ARGUMENT, "INVALID_REQUEST"):
        await admin.keys.CreateKey(bad)


async def test_keys_are_listed_newest_first_and_to_whom_they_may_be_known(
    at: Office, root: With
) -> None:
    admin = await at.new(Role.ADMIN, "list-a", "list-b")
    within = [["list-a"], ["list-b"], ["list-a", "list-b"]] * 3
    readers = [await at.new(Role.READER, *projects) for projects in within]
    keys = [admin.key_id, *(reader.key_id for reader in readers)]
    for projects in (["list-a", "elsewhere"], ["*"], ["elsewhere"]):
        await at.new(Role.READER, *projects)
    gone = keys[-1]
    await admin.keys.RevokeKey(pb.RevokeKeyRequest(key_id=gone))
    for page_size in (1, 3, 10, 100):
        assert [key.key_id for key in await listed(admin, page_size)] == keys[::-1]
    found = {key.key_id: key for key in await listed(root, 7)}
    assert keys[::-1] == [key_id for key_id in found if key_id in keys]
    assert found[gone].HasField("revoke_time")
    assert len(found) >= len(keys) + 3
    # A page token is valid only for callers that may see the same keys.
    token = (await admin.keys.ListKeys(pb.ListKeysRequest(page_size=1))).next_page_token
    with rpc_fails(Code.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"):
        await root.keys.ListKeys(pb.ListKeysRequest(page_size=1, page_token=token))


async def test_revoking_changes_nothing_the_second_time(at: Office, root: With) -> None:
    reader = await at.new(Role.READER, "p")
    await reader.keys.GetCaller(WHO)
    first = await root.keys.RevokeKey(
        pb.RevokeKeyRequest(key_id=reader.key_id, request_id=request_id())
    )
    assert first.key.HasField("revoke_time")
    # This replica notices at once.
    with rpc_fails(Code.UNAUTHENTICATED, "KEY_REVOKED") as failure:
        await reader.keys.GetCaller(WHO)
    assert failure.metadata == {"key_id": reader.key_id}
    assert await root.keys.RevokeKey(pb.RevokeKeyRequest(key_id=reader.key_id)) == first


async def test_keys_that_can_not_be_revoked(at: Office, root: With) -> None:
    admin = await at.new(Role.ADMIN, "mine")
    others = await at.new(Role.READER, "theirs")
    shared = await at.new(Role.READER, "mine", "theirs")
    everywhere = await at.new(Role.READER, "*")
    messages = set()
    for key_id in (
        others.key_id,
        shared.key_id,
        everywhere.key_id,
        "root",
        "nobody000000",
        "",
        "\x00",
        "x" * 5000,
        "No Key",
    ):
        with rpc_fails(Code.PERMISSION_DENIED, "PERMISSION_DENIED") as failure:
            await admin.keys.RevokeKey(pb.RevokeKeyRequest(key_id=key_id, request_id="no uuid"))
        messages.add((failure.message, tuple(sorted(failure.metadata.items()))))
    assert len(messages) == 1
    for key_id in ("nobody000000", "root", "No Key"):
        with rpc_fails(Code.NOT_FOUND, "KEY_NOT_FOUND") as failure:
            await root.keys.RevokeKey(pb.RevokeKeyRequest(key_id=key_id))
        assert failure.metadata == {"key_id": key_id}
    with rpc_fails(Code.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await root.keys.RevokeKey(pb.RevokeKeyRequest(request_id="no uuid"))
    assert set(failure.fields) == {"key_id", "request_id"}
    # An admin may revoke its own key, because the operator's key remains.
    await admin.keys.RevokeKey(pb.RevokeKeyRequest(key_id=admin.key_id))
    with rpc_fails(Code.UNAUTHENTICATED, "KEY_REVOKED"):
        await admin.keys.ListKeys(pb.ListKeysRequest())


async def test_a_key_expires(at: Office) -> None:
    reader = await at.new(Role.READER, "p", lifetime=timedelta(seconds=1.5))
    await reader.keys.GetCaller(WHO)
    await asyncio.sleep(1.6)
    with rpc_fails(Code.UNAUTHENTICATED, "KEY_EXPIRED") as failure:
        await reader.keys.GetCaller(WHO)
    assert failure.metadata == {"key_id": reader.key_id}
    stranger = await at.calls(f"wsk_{id_of(reader.text)}_{new_secret()}")
    with rpc_fails(Code.UNAUTHENTICATED, "KEY_INVALID") as failure:
        await stranger.keys.GetCaller(WHO)
    assert failure.metadata == {}


async def test_a_revocation_reaches_other_replicas_within_seconds(
    at: Office, keys_database: str, root: With
) -> None:
    async with registry_server(keys_database, admin_key=ROOT_KEY) as other_address:
        reader = await at.new(Role.READER, "p")
        elsewhere = await at.calls(reader.text, other_address)
        await elsewhere.keys.GetCaller(WHO)
        await root.keys.RevokeKey(pb.RevokeKeyRequest(key_id=reader.key_id))
        revoked = time.monotonic()
        failure: RpcFailure | None = None
        while failure is None:
            # Never longer than the documentation promises.
            assert time.monotonic() - revoked < 30
            try:
                await elsewhere.keys.GetCaller(WHO)
                await asyncio.sleep(0.1)
            except grpc.aio.AioRpcError:
                with rpc_fails(Code.UNAUTHENTICATED, "KEY_REVOKED") as failure:
                    await elsewhere.keys.GetCaller(WHO)


async def test_the_secret_is_stored_nowhere(at: Office, keys_database: str) -> None:
    reader = await at.new(Role.READER, "p")
    secret = reader.text.rpartition(f"{reader.key_id}_")[2]
    connection = await asyncpg.connect(keys_database)
    try:
        for (table,) in await connection.fetch(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ):
            for (row,) in await connection.fetch(f"SELECT t::text FROM {table} t"):
                assert secret not in row
                assert secret.encode().hex() not in row
    finally:
        await connection.close()


async def test_health_and_reflection_ask_for_no_key(at: Office) -> None:
    async with grpc.aio.insecure_channel(at.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        answer = await health.Check(health_pb2.HealthCheckRequest())
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        reflection = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        async for response in reflection.ServerReflectionInfo(iter([request])):
            names = {service.name for service in response.list_services_response.service}
            assert "wanllmdb.api.registry.v1.KeyService" in names


async def test_a_registry_that_no_caller_could_enter_reports_it(
    database_url: str, tmp_path: Path
) -> None:
    async def started(*flags: str, admin_key: str = "") -> str:
        log = tmp_path / new_secret()
        environment = {"WANLLMDB_REGISTRY_DATABASE_URL": database_url}
        if admin_key:
            environment["WANLLMDB_REGISTRY_ADMIN_KEY"] = admin_key
        async with (
            running_process(
                "wanllmdb_registry", "--port=0", *flags, environment=environment, log=log
            ) as address,
            office(address, admin_key) as at,
        ):
            if admin_key:
                await at.new(Role.ADMIN, "p")
        return await asyncio.to_thread(log.read_text)

    told = "no key can be created"
    assert told in await started("--require-keys")
    assert told not in await started()
    assert told not in await started(admin_key=ROOT_KEY)
    # Now there is a key.
    assert told not in await started("--require-keys")
