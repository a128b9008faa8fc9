"""Role and project are checked, before anything else."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from wanllmdb.api.registry.v1 import key_service_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.calls.authentication import key_text_of
from wanllmdb_common.calls.authorization import (
    Access,
    AccessTable,
    AccessTableError,
    Authorization,
    InProject,
    OnSweep,
    of_service,
    rpcs_of,
)
from wanllmdb_common.calls.call import Call
from wanllmdb_common.calls.caller import ANYONE, Caller, Role
from wanllmdb_common.errors import PermissionDeniedError

SERVICE = key_service_pb2.DESCRIPTOR.services_by_name["KeyService"].full_name
RPC = f"/{SERVICE}/GetCaller"


@dataclass
class Projects:
    """The projects of sweeps; records the look-ups."""

    projects: Mapping[str, str]
    asked: list[set[str]] = field(default_factory=list)

    async def __call__(self, _call: Call, sweep_ids: Set[str]) -> Mapping[str, str]:
        self.asked.append(set(sweep_ids))
        return {each: self.projects[each] for each in sweep_ids if each in self.projects}


def table_with(access: Access) -> AccessTable:
    rows = {rpc.rpartition("/")[2]: Access(Role.READER, "") for rpc in rpcs_of(SERVICE)}
    return of_service(SERVICE, {**rows, "GetCaller": access})


def call_of(caller: Caller, request: Any = None, *metadata: tuple[str, str]) -> Call:
    return Call(RPC, request, cast("Any", None), is_stream=False, headers=metadata, caller=caller)


async def decide(access: Access, caller: Caller, projects: Projects) -> str:
    """Return an empty text where the call passes, else the reason."""
    step = Authorization(table_with(access), [SERVICE], projects)
    try:
        await step.before(call_of(caller))
    except PermissionDeniedError as error:
        metadata = error.metadata
        return f"{metadata['needed_role']}: {error.message} ({metadata['key_id']})"
    return ""


def heartbeat(*sweep_ids: str) -> Access:
    return Access(
        Role.AGENT, "", lambda _: [OnSweep(sweep_id, Role.AGENT) for sweep_id in sweep_ids]
    )


AGENT = Caller("k", Role.AGENT, frozenset({"p", "q"}))
EVERYWHERE = Caller("k", Role.AGENT, None)


async def test_every_sweep_must_be_in_a_project_of_the_key() -> None:
    projects = Projects({"a": "p", "b": "q", "c": "r"})
    assert await decide(heartbeat("a", "b", "a"), AGENT, projects) == ""
    denied = await decide(heartbeat("a", "c", "b"), AGENT, projects)
    absent = await decide(heartbeat("a", "d", "b"), AGENT, projects)
    assert denied.startswith("AGENT: ")
    assert denied.endswith("(k)")
    assert denied.replace("'c'", "'d'") == absent
    # One look-up a call, whatever the number of sweeps.
    assert projects.asked == [{"a", "b"}, {"a", "b", "c"}, {"a", "b", "d"}]


async def test_a_key_of_all_projects_needs_no_look_up() -> None:
    projects = Projects({})
    assert await decide(heartbeat("a"), EVERYWHERE, projects) == ""
    assert await decide(heartbeat("a"), ANYONE, projects) == ""
    assert projects.asked == []


async def test_the_role_comes_first_and_no_sweep_is_looked_for() -> None:
    projects = Projects({"a": "r"})
    reader = Caller("k", Role.READER, frozenset({"p"}))
    assert (await decide(heartbeat("a"), reader, projects)).startswith("AGENT: ")
    assert projects.asked == []


async def test_a_request_may_need_more_than_its_rpc() -> None:
    access = Access(Role.AGENT, "", lambda _: [OnSweep("a", Role.EDITOR)])
    projects = Projects({"a": "p"})
    assert (await decide(access, AGENT, projects)).startswith("EDITOR: ")
    assert (await decide(access, EVERYWHERE, projects)).startswith("EDITOR: ")
    editor = Caller("k", Role.EDITOR, frozenset({"p"}))
    assert await decide(access, editor, projects) == ""


async def test_projects_that_a_request_names() -> None:
    projects = Projects({})

    def named(*names: str | None) -> Access:
        return Access(Role.AGENT, "", lambda _: [InProject(name, Role.AGENT) for name in names])

    assert await decide(named("p", "q"), AGENT, projects) == ""
    assert "project 'r'" in await decide(named("p", "r"), AGENT, projects)
    assert "all projects" in await decide(named(None), AGENT, projects)
    # No project is called so.
    assert "project '*'" in await decide(named("*"), AGENT, projects)
    assert await decide(named("p", None), EVERYWHERE, projects) == ""


def test_a_server_with_an_rpc_that_has_no_row_does_not_start() -> None:
    table = dict(table_with(Access(Role.READER, "")))
    del table[RPC]
    table[f"/{SERVICE}/Forgotten"] = Access(Role.READER, "")
    with pytest.raises(AccessTableError) as caught:
        Authorization(table, [SERVICE], Projects({}))
    assert str(caught.value) == (
        f"the access table is wrong: {RPC} has no row; the row /{SERVICE}/Forgotten matches no RPC"
    )


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        ((), ""),
        ((("authorization", ""),), ""),
        ((("other", "x"),), ""),
        ((("authorization", "Bearer wsk_a_b"),), "wsk_a_b"),
        ((("authorization", "bearer  wsk_a_b "),), "wsk_a_b"),
        ((("authorization", "wsk_a_b"),), "wsk_a_b"),
        ((("authorization", "Basic d3Nr"),), "Basic d3Nr"),
    ],
)
def test_the_key_that_a_call_brings(metadata: tuple[tuple[str, str], ...], text: str) -> None:
    assert key_text_of(call_of(ANYONE, pb.GetSweepRequest(), *metadata)) == text
