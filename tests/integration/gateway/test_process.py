"""The program: its ready line, health, metrics, logs, stop, and what it refuses."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import Authority
from tests.conftest import registry_server
from tests.gateway_backend import running_backend
from tests.gateway_calls import BrowserClient, CallError
from tests.integration.operations.collector import collector
from tests.integration.operations.server_process import ServerProcess, server
from tests.raw_http import Answer, send
from tests.security_table.keys import new_secret
from tests.sweeps import Registry, create_sweep
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import watch_pb2
from wanllmdb_local.postgres import create_database

REGISTRY = "/wanllmdb.api.registry.v1.SweepRegistryService"
GET_SWEEP, WATCH = f"{REGISTRY}/GetSweep", f"{REGISTRY}/WatchSweep"
NOWHERE = "127.0.0.1:9"


@contextlib.contextmanager
def gateway(registry: str, suggestion: str, folder: Path, *more: str) -> Iterator[ServerProcess]:
    arguments = ("--port", "0", "--registry", registry, "--suggestion", suggestion, *more)
    with server("wanllmdb_gateway", *arguments, log_file=folder / "gateway.log") as running:
        yield running


@contextlib.asynccontextmanager
async def started(
    registry: str, suggestion: str, folder: Path, *more: str
) -> AsyncIterator[ServerProcess]:
    with contextlib.ExitStack() as stack:
        yield await asyncio.to_thread(
            lambda: stack.enter_context(gateway(registry, suggestion, folder, *more))
        )


async def readiness(url: str, status: int) -> Answer:
    """Return the answer about readiness once it has this status."""
    async with asyncio.timeout(60):
        while True:
            answer = await send(url, "GET", "/readyz")
            if answer.status == status:
                return answer
            await asyncio.sleep(0.05)


async def test_it_serves_both_services_and_reports_health_and_metrics(
    registry_address: str, suggestion_address: str, registry: Registry, tmp_path: Path
) -> None:
    sweep = await create_sweep(registry)
    async with started(
        registry_address,
        suggestion_address,
        tmp_path,
        *("--metrics-port", "0", "--log-format", "json"),
    ) as process:
        url = process.address
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        assert (await send(url, "GET", "/healthz")).status == 200
        ready = await readiness(url, 200)
        assert json.loads(ready.body) == {
            "ready": True,
            "draining": False,
            "services": {"registry": True, "suggestion service": True},
        }
        seen = await BrowserClient(url).unary(
            GET_SWEEP, pb.GetSweepRequest(sweep_id=sweep.sweep_id), pb.GetSweepResponse
        )
        assert seen.sweep.sweep_id == sweep.sweep_id
        await send(url, "POST", GET_SWEEP, {"Origin": "https://evil.example"}, b"")
        (metrics_url,) = re.findall(r'"address": ?"(http://[^"]+/metrics)"', process.log())
        text = (await send(metrics_url, "GET", "/metrics")).text
        assert 'wanllmdb_rpcs_total{code="OK",rpc="GetSweep"} 1.0' in text
        assert 'wanllmdb_gateway_rejected_total{rule="origin"} 1.0' in text
        assert "wanllmdb_ready 1.0" in text
        code, _ = await asyncio.to_thread(process.end)
        assert code == 0
    lines = [json.loads(line) for line in process.log().splitlines() if line.startswith("{")]
    events = [line["event"] for line in lines]
    assert "serving" in events
    assert "stopping" in events


async def test_it_is_alive_and_not_ready_while_a_service_is_away(
    registry_address: str, tmp_path: Path
) -> None:
    async with started(registry_address, NOWHERE, tmp_path) as process:
        assert (await send(process.address, "GET", "/healthz")).status == 200
        ready = await readiness(process.address, 503)
        assert json.loads(ready.body)["services"] == {"registry": True, "suggestion service": False}


async def test_health_answers_under_any_host(tmp_path: Path) -> None:
    async with started(NOWHERE, NOWHERE, tmp_path) as process:
        for path in ("/healthz", "/readyz"):
            answer = await send(process.address, "GET", path, {"Host": "10.0.0.7"})
            assert answer.status in (200, 503)


async def test_at_sigterm_calls_finish_and_streams_end_as_unavailable(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def held(_body: bytes, _context: Any) -> bytes:
        await release.wait()
        return b""

    async def endless(_body: bytes, _context: Any) -> AsyncIterator[bytes]:
        yield b""
        await asyncio.Event().wait()

    async with (
        running_backend({GET_SWEEP: held}, {WATCH: endless}) as backend,
        started(
            backend.address, NOWHERE, tmp_path, *("--grace", "20", "--drain-delay", "0.5")
        ) as process,
    ):
        url = process.address
        client = BrowserClient(url)
        call = asyncio.create_task(
            client.unary(GET_SWEEP, pb.GetSweepRequest(), pb.GetSweepResponse)
        )
        async with asyncio.timeout(60):
            await backend.arrived.wait()
        async with client.stream(
            WATCH, watch_pb2.WatchSweepRequest(), watch_pb2.WatchSweepResponse
        ) as stream:
            await stream.next()
            process.process.send_signal(signal.SIGTERM)
            with pytest.raises(CallError) as caught:
                async with asyncio.timeout(60):
                    await stream.next()
        assert caught.value.ended.reason == "SHUTTING_DOWN"
        ready = await send(url, "GET", "/readyz")
        assert ready.status == 503
        assert json.loads(ready.body)["draining"]
        assert not call.done()
        release.set()
        async with asyncio.timeout(60):
            await call
        assert await asyncio.to_thread(process.process.wait, 15) == 0


def test_the_interpreter_of_a_gateway_never_ends() -> None:
    """While it ends, a thread of granian's that calls Python makes Rust abort the process."""
    program = (
        "import atexit; from wanllmdb_gateway.__main__ import main; "
        "atexit.register(print, 'the interpreter ends', flush=True); main()"
    )
    arguments = ("--port", "0", "--registry", NOWHERE, "--suggestion", NOWHERE)
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready gateway http://")
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")


async def test_a_stop_takes_no_longer_than_its_grace_period(tmp_path: Path) -> None:
    async def held(_body: bytes, _context: Any) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    async with (
        running_backend({GET_SWEEP: held}) as backend,
        started(
            backend.address, NOWHERE, tmp_path, *("--grace", "2", "--drain-delay", "0")
        ) as process,
    ):
        call = asyncio.create_task(
            BrowserClient(process.address).unary(
                GET_SWEEP, pb.GetSweepRequest(), pb.GetSweepResponse
            )
        )
        async with asyncio.timeout(60):
            await backend.arrived.wait()
        code, _ = await asyncio.to_thread(process.end)
        with pytest.raises(CallError) as caught:
            await call
        assert caught.value.ended.reason == "SHUTTING_DOWN"
        # The process would be ended by force, with another code.
        assert code == 0


async def test_each_call_is_a_span_between_the_page_s_and_the_service_s(tmp_path: Path) -> None:
    async def empty(_body: bytes, _context: Any) -> bytes:
        return b""

    trace_id, page_span = "1" * 32, "2" * 16
    with collector() as spans:
        async with (
            running_backend({GET_SWEEP: empty}) as backend,
            started(
                backend.address, NOWHERE, tmp_path, "--otlp-endpoint", spans.endpoint
            ) as process,
        ):
            headers = {"traceparent": f"00-{trace_id}-{page_span}-01"}
            await BrowserClient(process.address).unary(
                GET_SWEEP, pb.GetSweepRequest(), pb.GetSweepResponse, headers
            )
            code, _ = await asyncio.to_thread(process.end)
            assert code == 0
    (span,) = [span for span in spans.spans if span.name == GET_SWEEP[1:]]
    assert (span.service, span.trace_id, span.parent_id) == (
        "wanllmdb-gateway",
        trace_id,
        page_span,
    )
    assert backend.calls[0].metadata["traceparent"] == f"00-{trace_id}-{span.span_id}-01"


async def test_no_secret_is_in_any_line_of_the_log(postgres_url: str, tmp_path: Path) -> None:
    root = f"wsk_root_{new_secret()}"
    wrong = f"wsk_root_{new_secret()}"
    kind = {"Content-Type": "application/json"}
    caller = "/wanllmdb.api.registry.v1.KeyService/GetCaller"
    async with (
        registry_server(create_database(postgres_url, "log"), admin_key=root) as address,
        started(address, NOWHERE, tmp_path, "--log-level", "debug") as process,
    ):
        url = process.address
        for key in (root, wrong):
            body = json.dumps({"key": key}).encode()
            answer = await send(url, "POST", "/session", kind, body)
            cookie = "; ".join(answer.cookies).partition(";")[0]
            bearer = {**kind, "Authorization": f"Bearer {key}"}
            await send(url, "POST", caller, {**kind, "Cookie": cookie}, b"{}")
            await send(url, "POST", caller, bearer, b"{}")
            await send(url, "POST", caller, {**bearer, "Origin": "https://evil.example"}, b"{}")
        assert cookie == ""
    log = process.log()
    assert "signed in" in log
    assert "sign-in refused" in log
    for key in (root, wrong):
        # A secret may contain an underscore.
        assert key.removeprefix("wsk_root_") not in log


def refused(*arguments: str) -> str:
    """Return the one line with which the program refuses to start."""
    ended = subprocess.run(
        [sys.executable, "-m", "wanllmdb_gateway", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    return ended.stderr


def test_it_refuses_other_machines_without_tls() -> None:
    line = refused("--host", "0.0.0.0", "--port", "0")
    assert "--host 0.0.0.0 can be reached from other machines" in line


async def test_it_refuses_other_machines_for_a_registry_without_keys(
    registry_address: str, tmp_path: Path
) -> None:
    files = Authority(tmp_path).issue()
    line = await asyncio.to_thread(
        refused,
        *("--host", "0.0.0.0", "--port", "0", "--registry", registry_address),
        *("--tls-cert", str(files.cert), "--tls-key", str(files.key)),
    )
    assert "requires no API keys" in line


def test_it_refuses_files_and_ports_that_it_can_t_use(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("short")
    assert str(secret) in refused("--port", "0", "--session-key-file", str(secret))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert "the port is taken" in refused("--port", port)
    cert = tmp_path / "cert.pem"
    cert.write_text("nothing")
    assert "can't be used" in refused(
        "--port", "0", "--tls-cert", str(cert), "--tls-key", str(cert)
    )
