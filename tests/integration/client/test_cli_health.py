"""`wanllmdb health` asks real services and gateways, and explains what is wrong with them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.certificates import Authority
from tests.conftest import registry_server, suggestion_server
from tests.gateways import gateway_server
from tests.security_table.keys import new_secret
from wanllmdb.cli.app import build_app
from wanllmdb_common.server.lifecycle import running_server
from wanllmdb_common.server.settings import ServerSettings
from wanllmdb_registry.app import running_registry
from wanllmdb_registry.domain.api_keys.api_key import parse_root_key
from wanllmdb_registry.rpc.services import SERVICES, add_to, steps_of

NOWHERE = "127.0.0.1:1"


async def ask(*arguments: str, **variables: str) -> tuple[int, str, str]:
    """Run the command in a thread; return its exit code, and what it printed on both streams."""
    command = list(arguments)
    done = await asyncio.to_thread(
        lambda: CliRunner().invoke(build_app(), command, env={"COLUMNS": "200", **variables})
    )
    return done.exit_code, done.stdout, done.stderr


async def problem_of(*arguments: str, **variables: str) -> str:
    """Return the problem that the command prints; it exits with 1."""
    code, out, err = await ask(*arguments, **variables)
    assert (code, out) == (1, "")
    return err.removeprefix("wanllmdb health: ")


@contextlib.asynccontextmanager
async def protected_registry(
    database_url: str, **settings: Any
) -> AsyncIterator[tuple[str, ServerSettings]]:
    """A registry that requires API keys, with these settings of its server."""
    chosen = ServerSettings(port=0, **{"grace": 1, "drain_delay": 0, **settings})
    async with (
        running_registry(
            database_url,
            pool_size=2,
            lease=timedelta(seconds=60),
            require_keys=True,
            root_key=parse_root_key(f"wsk_root_{new_secret()}"),
        ) as registry,
        running_server(
            chosen,
            services=SERVICES,
            register=lambda server: add_to(server, registry),
            steps=steps_of(registry, chosen),
            readiness=registry.readiness,
        ) as address,
    ):
        yield address, chosen


async def test_it_asks_both_services_and_a_gateway(
    registry_address: str, suggestion_address: str
) -> None:
    addresses = ("--registry", registry_address, "--suggestion", suggestion_address)
    lines = (f"registry {registry_address}: {{0}}", f"suggestion {suggestion_address}: {{0}}")
    for options, word in ((), "serving"), (("--ready",), "ready"):
        code, out, err = await ask(*addresses, "health", *options)
        assert (code, out.splitlines(), err) == (0, [line.format(word) for line in lines], "")
    async with gateway_server(registry_address, suggestion_address) as url:
        assert await ask("health", "gateway", "--url", url) == (0, f"gateway {url}: serving\n", "")
        await until(lambda: ask("health", "gateway", "--ready", WANLLMDB_DASHBOARD=url), 0)


async def until(asked: Callable[[], Any], code: int) -> str:
    """Ask until the exit code is the wanted one; return what was printed on stderr."""
    while True:
        found, _, err = await asked()
        if found == code:
            return str(err)


async def test_as_json_it_lists_every_replica(registry_address: str) -> None:
    both = f"{registry_address},{NOWHERE}"
    code, out, err = await ask("--registry", both, "health", "registry", "--json")
    assert code == 1
    good, bad = json.loads(out)
    assert good == {"part": "registry", "address": registry_address, "problem": None}
    assert bad["address"] == NOWHERE
    assert err == f"wanllmdb health: {bad['problem']}\n"


async def test_where_nothing_answers_it_says_how_to_start_one() -> None:
    told = await problem_of("--suggestion", NOWHERE, "health", "suggestion")
    assert told.startswith(f"no suggestion service answers at {NOWHERE}: start one with")
    assert "`wanllmdb-suggestion`, or set WANLLMDB_SUGGESTION (or --suggestion)" in told
    told = await problem_of("health", "gateway", "--url", f"http://{NOWHERE}")
    assert told.startswith(f"no gateway answers at http://{NOWHERE} (Connection refused): start")
    assert "--url or WANLLMDB_DASHBOARD" in told


async def test_another_program_at_the_address_is_named(
    registry_address: str, suggestion_address: str
) -> None:
    told = await problem_of("--registry", suggestion_address, "health", "registry")
    assert told.startswith(f"what answers at {suggestion_address} is not a registry of wanllmdb")
    url = f"http://{registry_address}"
    told = await problem_of("health", "gateway", "--url", url)
    assert f"at {url}" in told
    assert "WANLLMDB_DASHBOARD" in told


async def test_it_needs_no_key_and_checks_certificates(database_url: str, tmp_path: Path) -> None:
    files = Authority(tmp_path).issue()
    other = Authority(tmp_path, "other")
    tls = {"tls_cert": files.cert, "tls_key": files.key}
    async with protected_registry(database_url, **tls) as (address, _):
        asked = ("--registry", address, "health", "registry", "--ready")
        assert (await ask("--tls-ca", str(files.ca), *asked))[0] == 0
        assert (await ask(*asked, WANLLMDB_TLS_CA=str(files.ca)))[0] == 0
        told = await problem_of("--tls-ca", str(other.file), *asked)
        assert "has a certificate of an authority that is not trusted" in told
        named = {"WANLLMDB_TLS_CA": str(files.ca), "WANLLMDB_TLS_SERVER_NAME": "elsewhere"}
        assert "has a certificate for another name" in await problem_of(*asked, **named)
        assert "set WANLLMDB_TLS=1" in await problem_of(*asked)


async def test_a_client_certificate_is_shown(database_url: str, tmp_path: Path) -> None:
    files, clients = Authority(tmp_path).issue(), Authority(tmp_path, "clients")
    mine = clients.issue("probe", file="client")
    tls = {"tls_cert": files.cert, "tls_key": files.key, "tls_client_ca": clients.file}
    async with protected_registry(database_url, **tls) as (address, _):
        asked = ("--tls-ca", str(files.ca), "--registry", address)
        identity = ("--tls-cert", str(mine.cert), "--tls-key", str(mine.key))
        assert (await ask(*asked, *identity, "health", "registry"))[0] == 0
        told = await problem_of(*asked, "health", "registry")
        assert "set WANLLMDB_TLS_CERT and WANLLMDB_TLS_KEY" in told


async def test_a_gateway_with_tls(
    registry_address: str, suggestion_address: str, tmp_path: Path
) -> None:
    files = Authority(tmp_path).issue("sweeps.example.org")
    tls: dict[str, Any] = {"tls_cert": files.cert, "tls_key": files.key}
    async with gateway_server(registry_address, suggestion_address, **tls) as url:
        asked = ("--tls-ca", str(files.ca), "health", "gateway", "--url", url)
        named = {"WANLLMDB_TLS_SERVER_NAME": "sweeps.example.org"}
        assert await ask(*asked, **named) == (0, f"gateway {url}: serving\n", "")
        told = await problem_of(*asked)
        assert told.startswith(f"the certificate of the gateway at {url} is not accepted (")
        assert "WANLLMDB_TLS_CA (or --tls-ca)" in told


async def test_a_service_without_what_it_needs_serves_but_is_not_ready(database_url: str) -> None:
    async with contextlib.AsyncExitStack() as rest:
        async with registry_server(database_url) as registry:
            suggestion = await rest.enter_async_context(suggestion_server(registry))
            url = await rest.enter_async_context(gateway_server(registry, suggestion))
        asked = ("--suggestion", suggestion, "health")
        told = await until(lambda: ask(*asked, "suggestion", "--ready"), 1)
        assert f"the suggestion service at {suggestion} runs, but is not ready" in told
        assert "`wanllmdb health registry --ready`" in told
        told = await until(lambda: ask(*asked, "gateway", "--ready", "--url", url), 1)
        assert f"the gateway at {url} runs, but is not ready: it does not reach the " in told
        assert (await ask(*asked, "suggestion"))[0] == 0
        assert (await ask(*asked, "gateway", "--url", url))[0] == 0


async def test_a_server_that_drains_is_stopping(database_url: str) -> None:
    # As long as the delay, the server accepts the question.
    async with contextlib.AsyncExitStack() as registry:
        address, _ = await registry.enter_async_context(
            protected_registry(database_url, grace=40, drain_delay=20)
        )
        stopping = asyncio.create_task(registry.aclose())
        told = await until(lambda: ask("--registry", address, "health", "registry"), 1)
        stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)
    assert f"the registry at {address} is stopping: ask another replica" in told


@pytest.mark.parametrize("arguments", [("gatway",), ("gateway", "--url", "localhost:8080")])
async def test_a_wrong_command_line_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    code, out, err = await ask("health", *arguments)
    assert (code, out) == (2, "")
    assert "Invalid value for" in err
