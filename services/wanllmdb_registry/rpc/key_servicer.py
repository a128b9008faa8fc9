"""RPCs on API keys."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from wanllmdb.api.registry.v1 import key_service_pb2 as pb
from wanllmdb.api.registry.v1 import key_service_pb2_grpc as pb_grpc
from wanllmdb_common.calls.call import current_call
from wanllmdb_common.calls.caller import Caller, Role
from wanllmdb_common.error_mapping import Context
from wanllmdb_registry.domain.api_keys.api_key import (
    ALL_PROJECTS,
    ROOT_KEY,
    ROOT_KEY_ID,
    ApiKey,
    NewKey,
    key_not_found,
)
from wanllmdb_registry.domain.unit_of_work import RequestKey
from wanllmdb_registry.rpc.base import BaseServicer, require_admin_of
from wanllmdb_registry.rpc.conversion import time_from_proto, timestamp
from wanllmdb_registry.rpc.page_tokens import as_text, as_time, fitting, read_token, write_token
from wanllmdb_registry.rpc.request_reader import RequestReader

MAX_PROJECTS = 100
_SHA256_BYTES = 32
_ROLES = {role.value: role for role in Role}
_KEY_ID = re.compile("[a-z0-9]{1,40}")
# Sorts after every key.
_START = (datetime.max.replace(tzinfo=UTC), "")

# Request ids belong to the caller, so that no response reveals another caller's ids.
_REQUESTS = uuid.UUID("f5c1d6b4-2f0b-4b53-8f0f-0b5d2c6b7a90")


class KeyServicer(BaseServicer, pb_grpc.KeyServiceServicer):
    """RPCs on API keys; the protos state the contract of each RPC."""

    async def CreateKey(
        self, request: pb.CreateKeyRequest, context: Context
    ) -> pb.CreateKeyResponse:
        caller = current_call().caller
        reader = RequestReader()
        key = reader.key(request)
        new = NewKey(
            name=reader.text("name", request.name),
            role=_role(reader, request.role),
            projects=_projects(reader, list(request.projects)),
            secret_sha256=request.secret_sha256,
            creator_key_id=caller.key_id,
        )
        if len(request.secret_sha256) != _SHA256_BYTES:
            reader.problem(
                "secret_sha256",
                f"must be the {_SHA256_BYTES} bytes of a SHA-256, are {len(request.secret_sha256)}",
            )
        if request.HasField("expire_time"):
            expire_time = reader.attempt(
                "expire_time", lambda: time_from_proto(request.expire_time)
            )
            new = replace(new, expire_time=expire_time)
        reader.done()
        created = await self.registry.keys.create(new, _of_caller(caller, key))
        return pb.CreateKeyResponse(key=key_to_proto(created))

    async def ListKeys(self, request: pb.ListKeysRequest, context: Context) -> pb.ListKeysResponse:
        caller = current_call().caller
        reader = RequestReader()
        limit = reader.limit("page_size", request.page_size, default=100, maximum=1000)
        reader.done()
        position = read_token(request, request.page_token, (as_time, as_text), caller.projects)
        before = _START
        if position is not None:
            before = (position[0], position[1])
        found = await self.registry.keys.list(caller.projects, before, limit + 1)
        page = fitting(list(map(key_to_proto, found[:limit])))
        response = pb.ListKeysResponse(keys=page)
        if len(found) > len(page):
            last = found[len(page) - 1]
            assert last.create_time is not None
            response.next_page_token = write_token(
                request, [last.create_time.isoformat(), last.key_id], caller.projects
            )
        return response

    async def RevokeKey(
        self, request: pb.RevokeKeyRequest, context: Context
    ) -> pb.RevokeKeyResponse:
        known = _KEY_ID.fullmatch(request.key_id) is not None
        found = await self.registry.keys.find([request.key_id]) if known else {}
        present = found.get(request.key_id)
        require_admin_of(None if present is None else present.key)
        reader = RequestReader()
        reader.key(request)
        key_id = reader.text("key_id", request.key_id, required=True)
        reader.done()
        revoked = None if present is None else await self.registry.keys.revoke(key_id)
        if revoked is None:
            raise key_not_found(key_id)
        self.registry.key_ring.forget(key_id)
        # Wakes all watches, which then check their keys.
        self.registry.hub.notify_all()
        return pb.RevokeKeyResponse(key=key_to_proto(revoked))

    async def GetCaller(
        self, request: pb.GetCallerRequest, context: Context
    ) -> pb.GetCallerResponse:
        key_id = current_call().caller.key_id
        if not self.registry.key_ring.required:
            return pb.GetCallerResponse(keys_required=False)
        if key_id == ROOT_KEY_ID:
            key = ROOT_KEY
        else:
            key = (await self.registry.keys.find([key_id]))[key_id].key
        return pb.GetCallerResponse(keys_required=True, key=key_to_proto(key))


def key_to_proto(key: ApiKey) -> pb.ApiKey:
    """Return the message."""
    return pb.ApiKey(
        key_id=key.key_id,
        name=key.name,
        role=pb.Role.ValueType(key.role.value),
        projects=key.projects,
        create_time=timestamp(key.create_time),
        expire_time=timestamp(key.expire_time),
        revoke_time=timestamp(key.revoke_time),
        creator_key_id=key.creator_key_id,
    )


def _of_caller(caller: Caller, key: RequestKey | None) -> RequestKey:
    if key is None:
        return RequestKey(str(uuid.uuid4()), b"")
    return RequestKey(
        str(uuid.uuid5(_REQUESTS, f"{caller.key_id} {key.request_id}")), key.fingerprint
    )


def _role(reader: RequestReader, number: int) -> Role:
    role = _ROLES.get(number)
    if role is None:
        reader.problem("role", f"must be one of {', '.join(pb.Role.keys()[1:])}")
    return role or Role.READER


def _projects(reader: RequestReader, projects: Sequence[str]) -> tuple[str, ...]:
    """Return the projects, each once."""
    if not 1 <= len(projects) <= MAX_PROJECTS:
        text = (
            f"must be 1 to {MAX_PROJECTS}, or '{ALL_PROJECTS}' alone for all; has {len(projects)}"
        )
        reader.problem("projects", text)
    for index, project in enumerate(projects):
        reader.text(f"projects[{index}]", project, required=True)
    if ALL_PROJECTS in projects and len(projects) > 1:
        text = f"contains '{ALL_PROJECTS}', which means all projects, and others"
        reader.problem("projects", text)
    return tuple(dict.fromkeys(projects))
