"""The security table on real servers: each RPC x each role x (projects; bad keys).

The tests also check what no answer and no log line may contain. See `tests.security_table` for how
rows are added.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.security_table.case import Case, Scope
from tests.security_table.cases import CASES
from tests.security_table.matrix import ending_of, table, try_case
from tests.security_table.world import OTHER, OWN, SERVED, Key, World, running_world
from wanllmdb_common.calls.authorization import rpcs_of
from wanllmdb_common.calls.caller import Role
from wanllmdb_local.postgres import create_database


@pytest.fixture(scope="module")
def server_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("security") / "log"


@pytest.fixture(scope="module")
async def world(postgres_url: str, server_log: Path) -> AsyncIterator[World]:
    async with running_world(create_database(postgres_url, "security"), server_log) as world:
        yield world


def of_cases(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


def key_of(world: World, role: Role) -> Key:
    """Return the key that is valid in one project."""
    return next(k for k in world.keys if k.role is role and k.projects is not None)


def test_every_rpc_has_a_row() -> None:
    rpcs = {rpc for service in SERVED for rpc in rpcs_of(service)}
    assert rpcs == {case.rpc for case in CASES}


@of_cases(CASES)
async def test_each_key_may_do_what_its_role_and_projects_allow(world: World, case: Case) -> None:
    cells = await try_case(world, case)
    assert all(cell.holds for cell in cells), f"\n{table(cells)}"


@of_cases([case for case in CASES if case.scope is Scope.PROJECT])
async def test_foreign_and_missing_objects_are_rejected_alike(world: World, case: Case) -> None:
    key = key_of(world, case.role)
    world.made.clear()
    elsewhere = await case.make(world, OTHER)
    absent = elsewhere
    foreign = [made for made, project in world.made.items() if project == OTHER]
    for made in foreign:
        # An id as long as any other, so that the whole message can be compared.
        content = absent.SerializeToString().replace(made.encode(), b"0" * len(made))
        absent = type(elsewhere).FromString(content)
    named = [made for made in foreign if made.encode() in elsewhere.SerializeToString()]
    refusals = [await ending_of(world, case.rpc, each, key) for each in (elsewhere, absent)]
    assert [refusal.reason for refusal in refusals] == ["PERMISSION_DENIED"] * 2
    assert refusals[0].metadata == refusals[1].metadata
    for made in named:
        assert refusals[0].message.replace(made, "0" * len(made)) == refusals[1].message
    if named:
        assert OTHER not in refusals[0].message


async def test_bad_keys_are_rejected_alike_whatever_is_wrong_with_them(world: World) -> None:
    case = next(case for case in CASES if case.name == "GetCaller")
    request = await case.make(world, OWN)
    invalid = [key for key in world.keys if key.refused == "KEY_INVALID"]
    endings = {await ending_of(world, case.rpc, request, key) for key in invalid}
    assert len(invalid) == 3
    assert len(endings) == 1


async def test_no_secret_is_in_any_line_of_the_log(world: World, server_log: Path) -> None:
    # The log of all calls of this module, at the lowest level, which has at least these entries.
    case = next(case for case in CASES if case.name == "CancelSweep")
    for key in world.keys:
        await ending_of(world, case.rpc, await case.make(world, OTHER), key)
    text = await asyncio.to_thread(server_log.read_text)
    for reason in ("KEY_MISSING", "KEY_INVALID", "KEY_EXPIRED", "KEY_REVOKED", "PERMISSION_DENIED"):
        assert f'"{reason}"' in text
    assert len(world.secrets) == len(world.keys)
    assert [secret for secret in world.secrets if secret in text] == []
