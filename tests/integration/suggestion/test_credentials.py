"""The suggestion service acts with the keys of its callers, for each within its own rights."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import grpc
import grpc.aio
import pytest
from google.protobuf.message import Message

from tests.errors import rpc_fails
from tests.keyed import OTHER, OWN, Agent, Keyed, keyed_services
from tests.security_table.keys import id_of, new_secret
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as apb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb_common.calls.authorization import AccessTableError, Authorization
from wanllmdb_common.calls.caller import Role
from wanllmdb_local.postgres import create_database
from wanllmdb_suggestion.app import SERVICES
from wanllmdb_suggestion.registry.client import CallScope
from wanllmdb_suggestion.rpc.rpc_table import ACCESS

CONFIG = """
method: random
seed: 7
metric: {name: loss, goal: minimize}
pruner: {name: median}
parameters:
  x: {min: 0.0, max: 1.0}
  y: {min: 0.0, max: 1.0}
"""
BAYES = CONFIG.replace("method: random", "method: bayes")
FRONT = CONFIG.replace(
    "metric: {name: loss, goal: minimize}",
    "metrics: [{name: loss, goal: minimize}, {name: size, goal: minimize}]",
).replace("pruner: {name: median}\n", "")

Code = grpc.StatusCode
Ask = Callable[[Agent, str], Awaitable[Message]]


@pytest.fixture(scope="module")
async def services(postgres_url: str) -> AsyncIterator[Keyed]:
    async with keyed_services(create_database(postgres_url, "credentials")) as services:
        yield services


async def warm_sweep(services: Keyed, config: str = CONFIG, finished: int = 6) -> str:
    """Create a sweep in the own project with finished runs, whose model is in memory."""
    sweep_id = await services.sweep(OWN, config)
    root = await services.agent(services.root_key)
    for number in range(finished):
        await root.suggest(sweep_id)
        await root.finish(sweep_id, number, number / 10)
    await root.suggest(sweep_id)
    return sweep_id


READS: dict[str, Ask] = {
    "ShouldStop": lambda a, s: a.suggestion.ShouldStop(pb.ShouldStopRequest(sweep_id=s, number=0)),
    "GetBestRuns": lambda a, s: a.suggestion.GetBestRuns(pb.GetBestRunsRequest(sweep_id=s)),
    "GetParameterImportance": lambda a, s: a.analysis.GetParameterImportance(
        apb.GetParameterImportanceRequest(sweep_id=s, evaluator=apb.IMPORTANCE_EVALUATOR_PED_ANOVA)
    ),
    "GetOptimizationHistory": lambda a, s: a.analysis.GetOptimizationHistory(
        apb.GetOptimizationHistoryRequest(sweep_id=s)
    ),
    "GetSlices": lambda a, s: a.analysis.GetSlices(apb.GetSlicesRequest(sweep_id=s)),
    "GetContour": lambda a, s: a.analysis.GetContour(
        apb.GetContourRequest(sweep_id=s, x_parameter="x", y_parameter="y")
    ),
    "GetCorrelations": lambda a, s: a.analysis.GetCorrelations(
        apb.GetCorrelationsRequest(sweep_id=s)
    ),
    "GetEdf": lambda a, s: a.analysis.GetEdf(apb.GetEdfRequest(sweep_ids=[s])),
    "CompareSweeps": lambda a, s: a.analysis.CompareSweeps(apb.CompareSweepsRequest(sweep_ids=[s])),
}
ALL: dict[str, Ask] = {"Suggest": lambda a, s: a.suggest(s), **READS}


async def test_a_model_in_memory_answers_no_caller_that_may_not_read_the_sweep(
    services: Keyed,
) -> None:
    sweep_id = await warm_sweep(services)
    reader = await services.new_agent(Role.READER)
    stranger = await services.new_agent(Role.ADMIN, OTHER)
    nobody = await services.agent("")
    wrong = await services.agent(f"wsk_{id_of(reader.key)}_{new_secret()}")
    for name, ask in ALL.items():
        if name != "Suggest":
            await ask(reader, sweep_id)
        with rpc_fails(Code.PERMISSION_DENIED, "PERMISSION_DENIED") as elsewhere:
            await ask(stranger, sweep_id)
        assert elsewhere.metadata["key_id"] == id_of(stranger.key)
        with rpc_fails(Code.PERMISSION_DENIED, "PERMISSION_DENIED") as nowhere:
            await ask(stranger, "nosuchsweep0")
        assert nowhere.message == elsewhere.message.replace(sweep_id, "nosuchsweep0")
        assert nowhere.metadata == elsewhere.metadata
        with rpc_fails(Code.UNAUTHENTICATED, "KEY_MISSING"):
            await ask(nobody, sweep_id)
        with rpc_fails(Code.UNAUTHENTICATED, "KEY_INVALID"):
            await ask(wrong, sweep_id)
    with rpc_fails(Code.PERMISSION_DENIED, "PERMISSION_DENIED") as denied:
        await reader.suggest(sweep_id)
    assert denied.metadata == {"key_id": id_of(reader.key), "needed_role": "AGENT"}


async def test_a_key_of_all_projects_gets_not_found_for_a_missing_sweep(services: Keyed) -> None:
    everywhere = await services.new_agent(Role.AGENT, "*")
    for ask in ALL.values():
        with rpc_fails(Code.NOT_FOUND, "SWEEP_NOT_FOUND"):
            await ask(everywhere, "nosuchsweep0")


async def test_a_pareto_front_from_memory_requires_read_access(services: Keyed) -> None:
    sweep_id = await services.sweep(OWN, FRONT)
    agent, stranger = await services.new_agent(), await services.new_agent(Role.ADMIN, OTHER)
    await agent.suggest(sweep_id)
    request = apb.GetHypervolumeHistoryRequest(sweep_id=sweep_id)
    await agent.analysis.GetHypervolumeHistory(request)
    await READS["GetBestRuns"](agent, sweep_id)
    with rpc_fails(Code.PERMISSION_DENIED, "PERMISSION_DENIED"):
        await stranger.analysis.GetHypervolumeHistory(request)
    with rpc_fails(Code.PERMISSION_DENIED, "PERMISSION_DENIED"):
        await READS["GetBestRuns"](stranger, sweep_id)


async def test_a_comparison_requires_read_access_to_every_sweep(
    services: Keyed,
) -> None:
    own = await warm_sweep(services)
    other = await services.sweep(OTHER, CONFIG)
    both = await services.new_agent(Role.READER, OWN, OTHER)
    one = await services.new_agent(Role.READER)
    await both.analysis.GetEdf(apb.GetEdfRequest(sweep_ids=[own, other]))
    for ids in ([own, other], [other, own], [own, "nosuchsweep0"]):
        with rpc_fails(Code.PERMISSION_DENIED, "PERMISSION_DENIED"):
            await one.analysis.GetEdf(apb.GetEdfRequest(sweep_ids=ids))
        with rpc_fails(Code.PERMISSION_DENIED, "PERMISSION_DENIED"):
            await one.analysis.CompareSweeps(apb.CompareSweepsRequest(sweep_ids=ids))
    with rpc_fails(Code.INVALID_ARGUMENT, "INVALID_REQUEST"):
        await one.analysis.GetEdf(apb.GetEdfRequest(sweep_ids=[other] * 51))


async def test_a_revoked_key_is_rejected_although_it_was_cached(services: Keyed) -> None:
    sweep_id = await warm_sweep(services)
    for ask in ALL.values():
        agent = await services.new_agent()
        await ask(agent, sweep_id)
        await services.revoke(agent.key)
        with rpc_fails(Code.UNAUTHENTICATED, "KEY_REVOKED") as told:
            await ask(agent, sweep_id)
        assert told.metadata == {"key_id": id_of(agent.key)}
        # By then, calls that need nothing else from the registry are rejected too.
        with rpc_fails(Code.UNAUTHENTICATED, "KEY_REVOKED"):
            await agent.suggestion.ListAlgorithms(pb.ListAlgorithmsRequest())


async def test_an_expired_key_is_rejected(services: Keyed) -> None:
    sweep_id = await warm_sweep(services)
    key = await services.new_key(Role.AGENT, OWN, lifetime=timedelta(seconds=1.5))
    agent = await services.agent(key)
    await agent.suggest(sweep_id)
    await asyncio.sleep(1.6)
    with rpc_fails(Code.UNAUTHENTICATED, "KEY_EXPIRED"):
        await agent.suggest(sweep_id)


async def test_every_key_may_list_the_algorithms(services: Keyed) -> None:
    reader = await services.new_agent(Role.READER, OTHER)
    before = len(services.recorder.of(reader.key))
    for _ in range(5):
        assert (await reader.suggestion.ListAlgorithms(pb.ListAlgorithmsRequest())).algorithms
    # The key is cached for seconds, so the call costs the registry nothing.
    assert len(services.recorder.of(reader.key)) == before + 1
    for key, reason in (("", "KEY_MISSING"), ("wsk_x", "KEY_INVALID"), ("Basic", "KEY_INVALID")):
        nobody = await services.agent(key)
        with rpc_fails(Code.UNAUTHENTICATED, reason):
            await nobody.suggestion.ListAlgorithms(pb.ListAlgorithmsRequest())


async def test_a_caller_without_rights_waits_for_no_model_and_delays_no_call(
    services: Keyed,
) -> None:
    """While another call holds the model, callers without rights are rejected at once."""
    sweep_id = await warm_sweep(services)
    agent = await services.new_agent()
    without = [
        await services.new_agent(Role.ADMIN, OTHER),
        await services.agent(""),
        await services.agent(f"wsk_{id_of(agent.key)}_{new_secret()}"),
    ]
    reader = await services.new_agent(Role.READER)
    scope = CallScope(key_text=services.root_key)
    async with (
        services.app.sweeps.using(sweep_id, scope) as sweep,
        sweep.session.fresh_model(scope),
    ):
        waiting = asyncio.create_task(agent.suggest(sweep_id))
        for ask in ALL.values():
            for caller in without:
                with pytest.raises(grpc.aio.AioRpcError):
                    await asyncio.wait_for(ask(caller, sweep_id), 10)
        with rpc_fails(Code.PERMISSION_DENIED, "PERMISSION_DENIED"):
            await asyncio.wait_for(reader.suggest(sweep_id), 10)
        assert not waiting.done()
        for caller in without:
            assert not services.recorder.of(caller.key or "wsk_none_", "SyncRuns", "CreateRuns")
    assert len((await waiting).runs) == 1


async def test_calls_without_rights_add_no_sweep_to_the_cache_and_evict_none(
    postgres_url: str,
) -> None:
    database = create_database(postgres_url, "credentials_cache")
    async with keyed_services(database, cached_sweeps=2) as services:
        kept = [await warm_sweep(services) for _ in range(2)]
        others = [await services.sweep(OTHER, CONFIG) for _ in range(4)]
        agent = await services.new_agent()
        everywhere = await services.new_agent(Role.AGENT, "*")
        nobody = await services.agent("")
        for ask in ALL.values():
            for sweep_id in (*others, "nosuchsweep0"):
                for caller in (agent, nobody):
                    with pytest.raises(grpc.aio.AioRpcError):
                        await ask(caller, sweep_id)
            with rpc_fails(Code.NOT_FOUND, "SWEEP_NOT_FOUND"):
                await ask(everywhere, "nosuchsweep0")
        for sweep_id in kept:
            await agent.suggest(sweep_id)
        assert all(
            call.request.since_revision > 0 for call in services.recorder.of(agent.key, "SyncRuns")
        )


async def test_a_terminator_finishes_the_sweep_with_an_agent_s_key(services: Keyed) -> None:
    config = CONFIG.replace("pruner: {name: median}", "") + (
        "terminate: {name: no_improvement, options: {runs: 2}}\n"
    )
    sweep_id = await services.sweep(OWN, config)
    agent = await services.new_agent()
    for number in range(60):
        answer = await agent.suggest(sweep_id)
        if not answer.runs:
            break
        await agent.finish(sweep_id, number, 1.0)
    assert answer.exhausted == pb.EXHAUSTED_REASON_TERMINATED
    sweep = (await agent.registry.GetSweep(rpb.GetSweepRequest(sweep_id=sweep_id))).sweep
    assert sweep.finish_reason == sweep_pb2.FINISH_REASON_TERMINATED


async def test_callers_share_syncs_and_rounds_only_with_the_same_key(
    services: Keyed,
) -> None:
    sweep_id = await warm_sweep(services, BAYES)
    first, second = await services.new_agent(), await services.new_agent()
    await first.suggest(sweep_id)
    await second.suggest(sweep_id)
    services.recorder.calls.clear()
    scope = CallScope(key_text=services.root_key)
    async with (
        services.app.sweeps.using(sweep_id, scope) as sweep,
        sweep.session.fresh_model(scope),
    ):
        asked = [
            asyncio.ensure_future(READS["ShouldStop"](agent, sweep_id))
            for _ in range(8)
            for agent in (first, second)
        ]
        async with asyncio.timeout(60):
            # This call and the others.
            while sweep.calls < 17:  # noqa: ASYNC110  # no event reports it
                await asyncio.sleep(0.01)
    await asyncio.gather(*asked)
    for agent in (first, second):
        assert len(services.recorder.of(agent.key, "SyncRuns")) == 1


@pytest.mark.parametrize("config", [CONFIG, BAYES], ids=["random", "bayes"])
@pytest.mark.parametrize("seed", range(4))
async def test_many_callers_with_many_keys_at_once(services: Keyed, seed: int, config: str) -> None:
    """The key alone decides the result of a call; every answer uses a call with that key."""
    draw = random.Random(seed)
    sweep_id = await warm_sweep(services, config)
    good = [await services.new_agent() for _ in range(3)]
    readers = [await services.new_agent(Role.READER) for _ in range(2)]
    revoked = await services.new_agent()
    await services.revoke(revoked.key)
    bad = [
        (await services.new_agent(Role.ADMIN, OTHER), "PERMISSION_DENIED"),
        (revoked, "KEY_REVOKED"),
        (await services.agent(""), "KEY_MISSING"),
        (await services.agent(f"wsk_{id_of(good[0].key)}_{new_secret()}"), "KEY_INVALID"),
    ]
    # The key is revoked while its callers work.
    leaving = await services.new_agent()
    numbers: list[int] = []
    seen: Counter[str] = Counter()
    services.recorder.calls.clear()

    async def call(agent: Agent, name: str, reason: str) -> None:
        await asyncio.sleep(draw.random() * 0.3)
        began = time.perf_counter()
        ask = ALL[name](agent, sweep_id)
        if reason:
            code = Code.PERMISSION_DENIED if reason == "PERMISSION_DENIED" else Code.UNAUTHENTICATED
            with rpc_fails(code, reason):
                await ask
            seen[reason] += 1
            return
        answer = await ask
        ended = time.perf_counter()
        seen["answered"] += 1
        if isinstance(answer, pb.SuggestResponse):
            numbers.extend(run.number for run in answer.runs)
        own = services.recorder.of(agent.key)
        assert any(began < c.began and c.ended < ended for c in own if c.rpc != "GetCaller"), name

    async def call_until_revoked() -> None:
        for name in draw.choices(list(ALL), k=10_000):
            was_revoked = revoking.done()
            try:
                answer = await ALL[name](leaving, sweep_id)
            except grpc.aio.AioRpcError as error:
                seen[str(error.code())] += 1
                return
            assert not was_revoked, name
            if isinstance(answer, pb.SuggestResponse):
                numbers.extend(run.number for run in answer.runs)

    async def revoke_later() -> None:
        await asyncio.sleep(draw.random() * 0.3)
        await services.revoke(leaving.key)

    calls = []
    for _ in range(240):
        kind = draw.random()
        if kind < 0.5:
            calls.append(call(draw.choice(good), draw.choice(list(ALL)), ""))
        elif kind < 0.65:
            calls.append(call(draw.choice(readers), draw.choice(list(READS)), ""))
        elif kind < 0.75:
            calls.append(call(draw.choice(readers), "Suggest", "PERMISSION_DENIED"))
        else:
            agent, reason = draw.choice(bad)
            calls.append(call(agent, draw.choice(list(ALL)), reason))
    revoking = asyncio.create_task(revoke_later())
    await asyncio.gather(*calls, call_until_revoked(), revoking)
    first = min(numbers)
    assert sorted(numbers) == list(range(first, first + len(numbers)))
    assert seen["answered"] > 100
    assert min(seen[reason] for _, reason in bad) > 3
    assert seen[str(Code.UNAUTHENTICATED)] == 1


async def test_a_key_costs_the_registry_next_to_no_calls(services: Keyed) -> None:
    sweep_id = await warm_sweep(services, BAYES)
    agent = await services.new_agent()
    for _ in range(12):
        await agent.suggest(sweep_id)
    calls = Counter(call.rpc for call in services.recorder.of(agent.key))
    # A Suggest is a sync and a write; the key's owner and the sweep's project are cached.
    assert calls.pop("SyncRuns") == calls.pop("CreateRuns") == 12
    assert calls.pop("GetCaller") <= 3
    assert calls == {"GetSweep": 1}


def test_a_server_with_an_rpc_that_is_not_in_the_table_does_not_start() -> None:
    lacking = {rpc: access for rpc, access in ACCESS.items() if not rpc.endswith("/GetSlices")}
    with pytest.raises(AccessTableError, match=r"AnalysisService/GetSlices has no row"):
        Authorization(lacking, SERVICES, lambda _call, _ids: None)  # type: ignore[arg-type, return-value]  # never called
