"""The cost of API keys: the two steps alone, and a call with and without keys."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from tests.benchmarks.figures import Figure, in_rounds
from tests.benchmarks.load import table
from tests.registry_stub import RegistryStub
from tests.security_table.keys import channel_with, create_key, metadata_of, new_secret
from tests.security_table.processes import running_process
from tests.sweeps import create_runs, create_sweep, proposal, row
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.calls.authentication import Authentication
from wanllmdb_common.calls.authorization import Authorization
from wanllmdb_common.calls.call import Call, CallStep
from wanllmdb_common.calls.caller import Role
from wanllmdb_local.platform import Endpoints
from wanllmdb_registry.domain.api_keys.api_key import ApiKey, FoundKey, KeyText
from wanllmdb_registry.domain.api_keys.authentication import KeyRing
from wanllmdb_registry.domain.api_keys.sweep_projects import SweepProjects
from wanllmdb_registry.rpc.rpc_table import ACCESS
from wanllmdb_registry.rpc.services import SERVICES

CALLS = 20_000
ROUNDS = 5
RPCS = 400
_REPORT = "/wanllmdb.api.registry.v1.SweepRegistryService/ReportMetrics"
_PROJECT = "bench"


async def run(platform: Endpoints) -> list[Figure]:
    """Measure the two steps alone, and a call with and without keys."""
    secret = new_secret()
    ring = KeyRing(_OneKey(secret), required=True)
    projects = SweepProjects(_OneProject())
    open_ring = KeyRing(_OneKey(secret), required=False)
    good = f"wsk_bench_{secret}"
    figures = [
        Figure("steps of a call, no keys", "us", await _steps(open_ring, projects, good)),
        Figure("steps of a call, a key of one project", "us", await _steps(ring, projects, good)),
    ]
    table(
        f"(g) Authentication and authorization alone, medians of {ROUNDS}",
        ["", "us a call"],
        [[each.name, f"{each.value:.1f}"] for each in figures],
    )
    return figures + await _calls(platform.database_url)


class _OneKey:
    def __init__(self, secret: str) -> None:
        key = ApiKey("bench", "", Role.AGENT, (_PROJECT,))
        self._found = {"bench": FoundKey(key, KeyText("bench", secret).secret_sha256, None)}

    async def find(self, key_ids: Sequence[str]) -> Mapping[str, FoundKey]:
        return self._found


class _OneProject:
    async def find_projects(self, sweep_ids: object) -> Mapping[str, str]:
        return {"sweep": _PROJECT}


async def _steps(ring: KeyRing, projects: SweepProjects, text: str) -> tuple[float, ...]:
    """Return the microseconds that the two steps take in each call, by round."""
    steps: list[CallStep] = [
        Authentication(ring.authenticate),
        Authorization(
            ACCESS, SERVICES, lambda call, ids: projects.of(ids, call.caller.projects or set())
        ),
    ]
    request, context = pb.ReportMetricsRequest(sweep_id="sweep"), cast("Any", None)
    headers = (("user-agent", "grpc-python"), ("x-request-id", "id"), *metadata_of(text))
    rounds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(CALLS):
            call = Call(_REPORT, request, context, is_stream=False, headers=headers)
            for step in steps:
                await step.before(call)
            for step in reversed(steps):
                step.after(call)
        rounds.append((time.perf_counter() - started) / CALLS * 1e6)
    return tuple(rounds)


async def _calls(database_url: str) -> list[Figure]:
    """Measure ReportMetrics with and without keys, alternating, on one database."""
    root_key = f"wsk_root_{new_secret()}"
    database = {"WANLLMDB_REGISTRY_DATABASE_URL": database_url}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        async with (
            running_process("wanllmdb_registry", "--port=0", environment=database, log=log) as bare,
            running_process(
                "wanllmdb_registry",
                "--port=0",
                environment={**database, "WANLLMDB_REGISTRY_ADMIN_KEY": root_key},
                log=log,
            ) as asking,
            channel_with(asking, root_key) as root,
        ):
            key = await create_key(root, Role.AGENT, _PROJECT)
            registry = RegistryStub(root)
            sweep = await create_sweep(registry, project=_PROJECT)
            (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
            async with channel_with(bare, "") as first, channel_with(asking, "") as second:
                without = _reports(RegistryStub(first), run.sweep_id, "")
                asked = _reports(RegistryStub(second), run.sweep_id, key)
                times = [(await without(2 * n), await asked(2 * n + 1)) for n in range(RPCS)]
    without_ms, with_ms = (
        in_rounds([seconds * 1e3 for seconds in side])
        for side in zip(*times[RPCS // 10 :], strict=True)
    )
    figures = [
        Figure("ReportMetrics, no keys", "ms", without_ms, clients=1, hops=1),
        Figure("ReportMetrics, a key of one project", "ms", with_ms, clients=1, hops=1),
    ]
    first_ms = figures[0].value
    table(
        "(h) ReportMetrics, in turns, medians",
        ["", "ms a call", "ratio"],
        [[each.name, f"{each.value:.2f}", f"{each.value / first_ms:.3f}"] for each in figures],
    )
    return figures


def _reports(registry: RegistryStub, sweep_id: str, key: str) -> Callable[[int], Awaitable[float]]:
    metadata = metadata_of(key) if key else ()

    async def report(step: int) -> float:
        request = pb.ReportMetricsRequest(
            sweep_id=sweep_id, number=0, attempt=1, rows=[row(step, {"loss": 1.0})]
        )
        started = time.perf_counter()
        await registry.ReportMetrics(request, metadata=metadata)
        return time.perf_counter() - started

    return report
