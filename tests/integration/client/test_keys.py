"""API keys with the Python client and the command line, on services that require keys."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.client.command_line import CommandLine
from tests.integration.client.conftest import config
from tests.integration.client.programs import WANLLMDB, end_of, started
from tests.keyed import Keyed, keyed_services
from tests.sweeps import request_id
from wanllmdb import (
    AsyncClient,
    Client,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    Role,
    RunState,
    UnauthenticatedError,
)
from wanllmdb_local.postgres import create_database

TRAIN = """
import wanllmdb as wandb
with wandb.init() as run:
    wandb.log({"loss": 1.0})
"""


@pytest.fixture(scope="module")
async def services(postgres_url: str) -> AsyncIterator[Keyed]:
    async with keyed_services(create_database(postgres_url, "client_keys")) as services:
        yield services


def client_with(services: Keyed, key: str) -> AsyncClient:
    return AsyncClient(services.registry_address, services.suggestion_address, api_key=key)


@pytest.fixture
async def admin(services: Keyed) -> AsyncIterator[AsyncClient]:
    async with client_with(services, services.root_key) as client:
        yield client


@pytest.fixture
def cli(services: Keyed, tmp_path: Path) -> CommandLine:
    """Runs a command with the operator's key in a file."""
    file = tmp_path / "admin.key"
    file.write_text(f"{services.root_key}\n")
    return CommandLine(
        services.registry_address, services.suggestion_address, ("--api-key-file", str(file))
    )


async def test_a_key_that_was_created_works_until_it_is_revoked(
    services: Keyed, admin: AsyncClient
) -> None:
    key, text = await admin.create_key(
        "night runs", role="agent", projects=["vision", "audio"], expires=timedelta(days=30)
    )
    assert (key.name, key.role, key.projects) == ("night runs", Role.AGENT, ("vision", "audio"))
    assert key.expire_time is not None
    assert abs(key.expire_time - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=5)
    assert key.creator_key_id == "root"
    assert key.is_good
    assert text.startswith(f"wsk_{key.key_id}_")

    async with client_with(services, text) as client:
        caller = await client.get_caller()
        assert caller.keys_required
        assert caller.key == key
        with pytest.raises(PermissionDeniedError, match="needs the role admin"):
            await client.create_key(role=Role.READER, projects="vision")

        revoked = await admin.revoke_key(key.key_id)
        assert revoked.revoke_time is not None
        assert not revoked.is_good
        assert revoked in [each async for each in admin.list_keys(page_size=1)]
        with pytest.raises(UnauthenticatedError) as told:
            await client.get_caller()
    assert told.value.reason == "KEY_REVOKED"
    assert "it is from the argument api_key=" in str(told.value)
    assert text not in str(told.value)


async def test_both_clients_make_keys(services: Keyed, admin: AsyncClient) -> None:
    def make() -> str:
        with Client(services.registry_address, api_key=services.root_key) as client:
            key, text = client.create_key(role=Role.ADMIN, projects="*")
            with Client(services.registry_address, api_key=text) as other:
                assert other.get_caller().key == key
            assert client.revoke_key(key.key_id).revoke_time is not None
            assert key.key_id in [each.key_id for each in client.list_keys()]
        return text

    async with client_with(services, await asyncio.to_thread(make)) as client:
        with pytest.raises(UnauthenticatedError):
            await client.get_caller()


async def test_a_key_that_is_replaced_in_its_file_is_read_again(
    services: Keyed, admin: AsyncClient, tmp_path: Path
) -> None:
    keys = [await admin.create_key(role="agent", projects="p") for _ in range(3)]
    file = tmp_path / "agent.key"
    file.write_text(keys[0].text)
    addresses = services.registry_address, services.suggestion_address
    async with AsyncClient(*addresses, api_key=file) as client:
        with Client(*addresses, api_key=file) as blocking:
            await admin.revoke_key(keys[0].key.key_id)
            for left in ("", "nothing good", keys[0].text):
                file.write_text(left)
                with pytest.raises(UnauthenticatedError) as told:
                    await client.get_caller()
                assert told.value.reason == "KEY_REVOKED"
            for new, old in ((keys[1], ""), (keys[2], keys[1].key.key_id)):
                file.write_text(new.text)
                if old:
                    await admin.revoke_key(old)
                assert (await client.get_caller()).key == new.key
                assert (await asyncio.to_thread(blocking.get_caller)).key == new.key
                assert await client.list_algorithms()
        assert client.environment["WANLLMDB_API_KEY_FILE"] == str(file)


async def test_a_repeated_call_makes_no_second_key(admin: AsyncClient) -> None:
    name, again, secret = request_id(), request_id(), "s" * 43

    async def create(secret: str) -> str:
        created = await admin.create_key(
            name, role="reader", projects="p", secret=secret, request_id=again
        )
        return created.text

    assert await create(secret) == await create(secret)
    assert [each.name async for each in admin.list_keys()].count(name) == 1
    with pytest.raises(InvalidArgumentError) as told:
        await create("t" * 43)
    assert told.value.reason == "REQUEST_ID_REUSED"


async def test_impossible_requests_are_rejected(admin: AsyncClient) -> None:
    with pytest.raises(InvalidArgumentError, match="one of: reader, agent, editor, admin"):
        await admin.create_key(role="owner", projects="p")
    with pytest.raises(InvalidArgumentError, match="projects"):
        await admin.create_key(role="reader", projects=[])
    with pytest.raises(InvalidArgumentError, match="omit it for a key that never expires"):
        await admin.create_key(role="reader", projects="p", expires=timedelta.max)
    with pytest.raises(InvalidArgumentError, match="secret: must be 32 to 128 letters"):
        await admin.create_key(role="reader", projects="p", secret="short")
    with pytest.raises(NotFoundError):
        await admin.revoke_key("nosuchkey")


async def test_the_error_of_a_missing_key_says_how_to_give_one(services: Keyed) -> None:
    async with AsyncClient(services.registry_address, services.suggestion_address) as client:
        for call, name in (
            (client.get_caller(), f"registry at {services.registry_address}"),
            (client.list_algorithms(), f"suggestion service at {services.suggestion_address}"),
        ):
            with pytest.raises(UnauthenticatedError) as told:
                await call
            for part in (name, "WANLLMDB_API_KEY", "WANLLMDB_API_KEY_FILE", "api_key="):
                assert part in str(told.value)


async def test_an_agent_with_a_key_works_on_a_sweep_of_its_project_alone(
    services: Keyed, admin: AsyncClient, tmp_path: Path
) -> None:
    """The agent's program reaches the services with the same key."""
    file = tmp_path / "agent.key"
    file.write_text((await admin.create_key(role="agent", projects="vision")).text)
    train = tmp_path / "train.py"
    train.write_text(TRAIN)
    sweeps = [
        (await admin.create_sweep(config(), project=project)).sweep.sweep_id
        for project in ("vision", "audio")
    ]
    environment = os.environ | {
        "WANLLMDB_REGISTRY": services.registry_address,
        "WANLLMDB_SUGGESTION": services.suggestion_address,
        # For another platform; the option comes before it.
        "WANLLMDB_API_KEY": f"wsk_elsewhere_{'s' * 43}",
    }
    ended = []
    for sweep_id in sweeps:
        command = (*WANLLMDB, "--api-key-file", str(file), "agent", sweep_id, "--count", "2")
        async with started(
            *command, "--", sys.executable, str(train), environment=environment
        ) as agent:
            said = await end_of(agent)
            ended.append((agent.returncode, *said))
    code, out, err = ended[0]
    assert code == 0, ended[0]
    runs = [run async for run in admin.list_runs(sweeps[0])]
    assert [run.state for run in runs] == [RunState.FINISHED] * 2
    assert [run.objective for run in runs] == [1.0, 1.0]
    code, out, err = ended[1]
    assert code == 1
    assert "there is no such sweep in the projects of API key" in err
    assert "waiting" not in out + err


async def test_key_create_prints_the_key_alone(cli: CommandLine, services: Keyed) -> None:
    said = await cli(
        "key", "create", "--role", "agent", "--project", "a", "--project", "b", "--expires", "12h",
        "--name", "ours",
    )  # fmt: skip
    text = said.out.strip()
    assert text.startswith("wsk_")
    assert said.out == f"{text}\n"
    assert "(ours): agent in a, b, expires in 11h 59m" in said.err
    assert "WANLLMDB_API_KEY" in said.err
    assert text not in said.err
    assert "does not require keys" not in said.err

    file = Path(cli.options[1]).with_name("ours.key")
    file.write_text(said.out)
    mine = replace(cli, options=("--api-key-file", str(file)))
    shown = (await mine("key", "whoami")).out
    for part in (text.split("_")[1], "ours", "agent", "a, b", "good", "in 11h"):
        assert part in shown
    caller = await mine.json("key", "whoami")
    assert caller["keys_required"] is True
    assert caller["key"]["projects"] == ["a", "b"]
    denied = await mine("key", "ls", code=1)
    assert "needs the role admin" in denied.err

    listed = (await cli("key", "ls")).out
    assert text.split("_", 2)[2] not in listed
    assert text.split("_")[1] in listed
    said = await cli("key", "revoke", text.split("_")[1])
    assert said.out == f"Revoked key {text.split('_')[1]} (ours).\n"
    refused = await mine("key", "whoami", code=1)
    assert f"was revoked: ask an admin for a new one (it is from the file {file}" in refused.err
    listed = (await cli("key", "ls")).out
    assert "revoked" in next(line for line in listed.splitlines() if text.split("_")[1] in line)


async def test_key_create_as_json(cli: CommandLine) -> None:
    made = await cli.json(
        "key", "create", "--role", "reader", "--all-projects", "--expires", "2999-01-31"
    )
    assert made["text"].startswith(f"wsk_{made['key']['key_id']}_")
    assert made["key"]["projects"] == ["*"]
    assert made["key"]["expire_time"] == "2999-01-31T00:00:00Z"
    listed = json.dumps(await cli.json("key", "ls", "--limit", "5"))
    assert made["key"]["key_id"] in listed
    assert made["text"].split("_", 2)[2] not in listed
    assert (await cli.json("key", "revoke", made["key"]["key_id"]))["revoke_time"] is not None


async def test_a_failed_handshake_is_one_line(services: Keyed) -> None:
    environment = os.environ | {"WANLLMDB_REGISTRY": services.registry_address}
    async with started(*WANLLMDB, "--tls", "key", "whoami", environment=environment) as whoami:
        out, err = await end_of(whoami)
    assert whoami.returncode == 1
    assert out == ""
    [line] = err.splitlines()
    assert line.startswith("wanllmdb: the registry at 127.0.0.1:")
    assert "does not speak TLS" in line


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["create", "--role", "agent"], "give either"),
        (["create", "--role", "agent", "--project", "p", "--all-projects"], "give either"),
        (["create", "--role", "agent", "--project", "p", "--expires", "soon"], "'soon' is neither"),
        (["create", "--role", "agent", "--project", "p", "--expires", "3y"], "'3y' is neither"),
        (["revoke", f"wsk_abc_{'s' * 43}"], "give only the key's id"),
    ],
)
async def test_a_wrong_command_line_is_rejected(
    cli: CommandLine, arguments: list[str], problem: str
) -> None:
    said = await cli("key", *arguments, code=2)
    assert problem in said.err
    assert "sss" not in said.err


async def test_where_no_keys_are_asked_for_it_is_said(
    registry_address: str, suggestion_address: str
) -> None:
    cli = CommandLine(registry_address, suggestion_address)
    assert "requires no keys" in (await cli("key", "whoami")).out
    assert (await cli.json("key", "whoami")) == {"keys_required": False, "key": None}
    said = await cli("key", "create", "--role", "reader", "--all-projects")
    assert "does not require keys at present" in said.err
