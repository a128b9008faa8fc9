"""Create the API keys of a sweep's project, by calls that are recorded like all others."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.robustness.calls import Calls, new_id
from tests.robustness.history import History
from tests.robustness.keys import Key, Keyring
from tests.robustness.schedule import SweepPlan
from tests.security_table.keys import id_of, new_secret
from wanllmdb.api.registry.v1 import key_service_pb2 as key_pb
from wanllmdb_common.calls.caller import Role


async def open_project(calls: Calls, history: History, plan: SweepPlan, root_key: str) -> Key:
    """Give the sweep a project of its own, with a key for each role.

    Returns an admin's key of another project.
    """
    root = Key("operator's", root_key, role=Role.ADMIN)
    history.project = f"project {plan.seed}"
    admin = await new_key(calls, "admin", Role.ADMIN, history.project, by=root)
    made = {
        role: await new_key(calls, role.word, role, history.project, by=admin)
        for role in (Role.EDITOR, Role.AGENT, Role.READER)
    }
    calls.keyring = Keyring(
        history.project, admin, made[Role.EDITOR], made[Role.AGENT], made[Role.READER]
    )
    return await new_key(calls, "foreign", Role.ADMIN, f"beside {plan.seed}", by=root)


async def new_key(
    calls: Calls, name: str, role: Role, project: str, *, by: Key, seconds: float | None = None
) -> Key:
    """Create a key, with a limited lifetime if one is given."""
    secret = new_secret()
    request = key_pb.CreateKeyRequest(
        name=name,
        role=key_pb.Role.ValueType(role.value),
        projects=[project],
        secret_sha256=hashlib.sha256(secret.encode()).digest(),
        request_id=new_id(),
    )
    key = Key(name, "", project, role)
    if seconds is not None:
        key.expires = calls.clock.now() + seconds
        request.expire_time.FromDatetime(datetime.now(UTC) + timedelta(seconds=seconds))
    answer: Any = await calls.ask("CreateKey", request, by)
    key.text = f"wsk_{answer.key.key_id}_{secret}"
    return key


async def revoke(calls: Calls, key: Key) -> None:
    """Revoke a key; record the time and the replica that acknowledged it."""
    request = key_pb.RevokeKeyRequest(key_id=id_of(key.text), request_id=new_id())
    key.revoking = calls.clock.now()
    await calls.ask("RevokeKey", request)
    sent = calls.history.of("RevokeKey")
    answered = [one for one in sent if one.key == request.request_id and one.is_answered]
    first = min(answered, key=lambda one: one.returned)
    key.revoked, key.revoked_by = first.returned, first.target
