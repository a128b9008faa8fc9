"""Some tens of inputs for each RPC, the same in each test run."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator, Mapping

import grpc.aio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.footprint import MOST_LOG_BYTES
from tests.fuzz.inputs import inputs
from tests.fuzz.proper_requests import proper_requests
from tests.fuzz.raw_calls import RAW_CALLS
from tests.fuzz.raw_floods import RAW_FLOODS
from tests.fuzz.raw_verdict import RawInput, try_raw
from tests.fuzz.rpcs import REGISTRY, SUGGESTION, Rpc, all_rpcs
from tests.fuzz.verdict import try_out
from tests.fuzz.world import World

EXAMPLES = 30
RPCS = all_rpcs()


@pytest.fixture(scope="module")
async def channels(
    registry_address: str, suggestion_address: str
) -> AsyncIterator[Mapping[str, grpc.aio.Channel]]:
    """Channels to both servers."""
    async with (
        grpc.aio.insecure_channel(registry_address) as registry,
        grpc.aio.insecure_channel(suggestion_address) as suggestion,
    ):
        yield {REGISTRY: registry, SUGGESTION: suggestion}


@pytest.fixture(scope="module")
def addresses(registry_address: str, suggestion_address: str) -> Mapping[str, str]:
    """The addresses of both servers."""
    return {REGISTRY: registry_address, SUGGESTION: suggestion_address}


@pytest.fixture(scope="module")
async def raw_world(channels: Mapping[str, grpc.aio.Channel]) -> World:
    """Sweeps for all raw forms, which do not get past the first check."""
    created = World(channels[REGISTRY], channels[SUGGESTION])
    await created.create()
    return created


@pytest.fixture
async def world(channels: Mapping[str, grpc.aio.Channel]) -> World:
    """New sweeps for each test, because some inputs end them."""
    created = World(channels[REGISTRY], channels[SUGGESTION])
    await created.create()
    return created


@pytest.mark.parametrize("rpc", RPCS, ids=[rpc.name for rpc in RPCS])
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
async def test_no_input_brings_an_rpc_to_fall(
    rpc: Rpc, data: st.DataObject, channels: Mapping[str, grpc.aio.Channel], world: World
) -> None:
    tried = data.draw(inputs(rpc))
    answer = await try_out(channels[rpc.server], rpc, tried.data(world), tried.metadata)
    assert not answer.faults


@pytest.mark.parametrize("rpc", RPCS, ids=[rpc.name for rpc in RPCS])
async def test_proper_requests_reach_what_is_behind_the_checks(
    rpc: Rpc, channels: Mapping[str, grpc.aio.Channel], world: World
) -> None:
    """Otherwise the first check would reject all changed requests."""
    codes = set()
    for request in proper_requests(rpc):
        data = world.with_real_names(request).SerializeToString()
        answer = await try_out(channels[rpc.server], rpc, data)
        assert not answer.faults
        codes.add(answer.code)
    assert not codes or grpc.StatusCode.OK in codes


@pytest.mark.parametrize(
    ("form", "server"),
    zip([*RAW_CALLS, *RAW_FLOODS], itertools.cycle([REGISTRY, SUGGESTION]), strict=False),
)
async def test_no_raw_form_brings_a_server_to_fall(
    form: str,
    server: str,
    channels: Mapping[str, grpc.aio.Channel],
    addresses: Mapping[str, str],
    raw_world: World,
    capfd: pytest.CaptureFixture[str],
) -> None:
    rng = random.Random(form + server)
    rpc = rng.choice([rpc for rpc in RPCS if rpc.server == server])
    tried = RawInput(form, rpc.path, rng.getrandbits(32))

    answer, seen = await try_raw(addresses[server], channels[server], rpc, raw_world, tried)

    assert not answer.faults
    assert seen.calls >= 2
    logged = "".join(capfd.readouterr())
    assert "Traceback (" not in logged
    assert len(logged) < MOST_LOG_BYTES
