"""A suggestion service that other machines can reach needs a registry that requires keys."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.conftest import registry_server
from wanllmdb_local.ports import WantedPort, bind_ports
from wanllmdb_suggestion.registry.client import RegistryClient
from wanllmdb_suggestion.rpc.authentication import registry_asks_for_keys

ADMIN_KEY = "wsk_root_" + "k" * 43


async def test_the_registry_reports_whether_it_requires_keys(
    registry_address: str, database_url: str
) -> None:
    async with RegistryClient(registry_address, 10) as client:
        assert not await registry_asks_for_keys(client)
    async with (
        registry_server(database_url, admin_key=ADMIN_KEY) as address,
        RegistryClient(address, 10) as client,
    ):
        assert await registry_asks_for_keys(client)


async def test_the_check_waits_for_a_registry_that_starts_later(database_url: str) -> None:
    (port,) = bind_ports([WantedPort()])
    async with RegistryClient(f"127.0.0.1:{port}", 0.2) as client:
        asking = asyncio.create_task(registry_asks_for_keys(client))
        await asyncio.sleep(0.5)
        assert not asking.done()
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking


@pytest.mark.parametrize("asks", [False, True])
async def test_the_program_serves_other_machines_only_with_keys(
    registry_address: str, database_url: str, tmp_path: Path, asks: bool
) -> None:
    files = Authority(tmp_path).issue()
    async with contextlib.AsyncExitStack() as stack:
        registry = registry_address
        if asks:
            registry = await stack.enter_async_context(
                registry_server(database_url, admin_key=ADMIN_KEY)
            )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "wanllmdb_suggestion", "--host", "0.0.0.0", "--port", "0"),
            *("--tls-cert", str(files.cert), "--tls-key", str(files.key), "--registry", registry),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        first = "never"
        try:
            async with asyncio.timeout(60):
                first = (await process.stdout.readline()).decode()
        finally:
            if first:
                process.terminate()
            _, errors = await process.communicate()
    if asks:
        assert first.startswith("ready suggestion 0.0.0.0:")
    else:
        assert first == ""
        assert process.returncode == 2
        assert b"requires no API keys: start the registry with --require-keys" in errors
