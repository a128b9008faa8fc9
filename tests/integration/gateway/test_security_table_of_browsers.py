"""The security table through the gateway: each allowed RPC x each role x (projects; bad keys).

Over Connect the key travels in a cookie, as a signed-in browser sends it, and over gRPC-Web in a
header. A key that gets no cookie is sent in the header over both.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message
from google.rpc import error_details_pb2

from tests.gateway_calls import BrowserClient, CallError, Ended, Protocol
from tests.gateways import gateway_server
from tests.raw_http import send
from tests.security_table.case import Case, Code
from tests.security_table.cases import CASES
from tests.security_table.matrix import Ending, table, try_case
from tests.security_table.world import OWN, Key, World, running_world
from wanllmdb_gateway.allowed_rpcs import allowed_rpcs, withheld_rpcs
from wanllmdb_local.postgres import create_database
from wanllmdb_registry.rpc.services import SERVICES as REGISTRY_SERVICES
from wanllmdb_suggestion.app import SERVICES as SUGGESTION_SERVICES

ALLOWED = {rpc.path for rpc in allowed_rpcs()}
CASES_OF_BROWSERS = [case for case in CASES if case.rpc in ALLOWED]


@dataclass(frozen=True)
class Door:
    """A gateway, and the cookies of the keys that it accepted."""

    url: str
    cookies: dict[str, str]

    def headers(self, protocol: Protocol, key: Key) -> dict[str, str]:
        """Return the headers with which a key is sent."""
        if protocol is Protocol.CONNECT and key.name in self.cookies:
            return {"cookie": self.cookies[key.name], "origin": self.url}
        return {"authorization": f"Bearer {key.text}"} if key.text else {}


@pytest.fixture(scope="module")
async def world(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    log = tmp_path_factory.mktemp("browsers") / "log"
    async with running_world(create_database(postgres_url, "browsers"), log) as running:
        yield running


@pytest.fixture(scope="module")
async def door(world: World, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    async with gateway_server(
        world.addresses[REGISTRY_SERVICES[0]],
        world.addresses[SUGGESTION_SERVICES[0]],
        failed_sign_ins_per_second=0,
        static_dir=Path(tmp_path_factory.mktemp("nothing")),
    ) as url:
        cookies = {}
        for key in world.keys:
            body = json.dumps({"key": key.text}).encode()
            answer = await send(url, "POST", "/session", {"Content-Type": "application/json"}, body)
            assert (answer.status == 200) == (not key.refused), key.name
            for cookie in answer.cookies:
                cookies[key.name] = cookie.partition(";")[0]
        yield Door(url, cookies)


@pytest.mark.parametrize("protocol", list(Protocol), ids=lambda each: each.value)
@pytest.mark.parametrize("case", CASES_OF_BROWSERS, ids=[case.name for case in CASES_OF_BROWSERS])
async def test_each_key_may_do_through_the_gateway_what_it_may_do_directly(
    world: World, door: Door, case: Case, protocol: Protocol
) -> None:
    async def call(_world: World, rpc: str, request: Message, key: Key) -> Ending:
        return await ending_of(door, protocol, rpc, request, key)

    cells = await try_case(world, case, call)
    assert all(cell.holds for cell in cells), f"\n{table(cells)}"


@pytest.mark.parametrize("rpc", sorted(withheld_rpcs()))
async def test_what_agents_do_does_not_pass_with_any_key(
    world: World, door: Door, rpc: str
) -> None:
    case = next(case for case in CASES if case.rpc == rpc)
    for key in world.keys:
        request = await case.make(world, OWN)
        ending = await ending_of(door, Protocol.CONNECT, rpc, request, key)
        assert ending.code is Code.UNIMPLEMENTED


def test_the_table_has_a_row_for_most_allowed_rpcs() -> None:
    """Rows of the services' own table are complete; here none may get lost on the way."""
    assert {case.rpc for case in CASES_OF_BROWSERS} == ALLOWED & {case.rpc for case in CASES}
    assert len(CASES_OF_BROWSERS) >= 40


async def ending_of(door: Door, protocol: Protocol, rpc: str, request: Message, key: Key) -> Ending:
    """Return how the call ends; a stream ends with its first message or without one."""
    service, name = rpc[1:].split("/")
    method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    answer = message_factory.GetMessageClass(method.output_type)
    client = BrowserClient(door.url, protocol, headers=door.headers(protocol, key))
    try:
        if method.server_streaming:
            async with client.stream(rpc, request, answer) as stream:
                await anext(stream.messages, None)
        else:
            await client.unary(rpc, request, answer)
    except CallError as error:
        return _refusal(error.ended)
    return Ending(Code.OK)


def _refusal(ended: Ended) -> Ending:
    info = ended.detail(error_details_pb2.ErrorInfo) or error_details_pb2.ErrorInfo()
    return Ending(ended.code, info.reason, ended.message, tuple(sorted(info.metadata.items())))
