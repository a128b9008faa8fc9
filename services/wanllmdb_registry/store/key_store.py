"""Creates, reads and revokes API keys in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import asyncpg
from sqlalchemy import ARRAY, DateTime, Integer, Text, bindparam, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from wanllmdb_common.calls.caller import Role
from wanllmdb_common.errors import UnavailableError
from wanllmdb_registry.domain.api_keys.api_key import (
    ApiKey,
    FoundKey,
    NewKey,
    new_key_id,
    require_in_future,
)
from wanllmdb_registry.domain.unit_of_work import RequestKey, StoredReply, matching_reply
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.database_errors import write_conflict
from wanllmdb_registry.store.schema import api_keys
from wanllmdb_registry.store.statement import Row, Statement

_c = api_keys.c
_FIND = Statement(
    select(api_keys, (_c.expire_time - func.clock_timestamp()).label("lifetime")).where(
        _c.key_id == func.any(bindparam("key_ids", type_=ARRAY(Text)))
    )
)
_OF_REQUEST = Statement(select(api_keys).where(_c.request_id == bindparam("request_id")))
_NOW = Statement(select(func.clock_timestamp().label("now")))
_INSERT = Statement(insert(api_keys), _c.keys())
_REVOKE = Statement(
    update(api_keys)
    .where(_c.key_id == bindparam("revoked_key_id", type_=Text))
    .values(revoke_time=func.coalesce(_c.revoke_time, func.clock_timestamp()))
    .returning(api_keys)
)
_HAS_ADMIN = Statement(
    select(
        select(_c.key_id)
        .where(
            _c.role == Role.ADMIN.value,
            _c.revoke_time.is_(None),
            or_(_c.expire_time.is_(None), _c.expire_time > func.clock_timestamp()),
        )
        .exists()
        .label("has_admin")
    )
)
_wanted = bindparam("projects", type_=ARRAY(Text))
_projects = (
    func.json_array_elements_text(_c.projects)
    .table_valued("project", name="good_in")
    .render_derived()
)
_other_project = (
    select(_projects.c.project).where(_projects.c.project != func.all(_wanted)).exists()
)
_LIST = Statement(
    select(api_keys)
    .where(
        or_(_wanted.is_(None), ~_other_project),
        tuple_(_c.create_time, _c.key_id)
        < tuple_(
            bindparam("before_time", type_=DateTime(timezone=True)),
            bindparam("before_key_id", type_=Text),
        ),
    )
    .order_by(_c.create_time.desc(), _c.key_id.desc())
    .limit(bindparam("most", type_=Integer))
)

# An id of 62 random bits collides only if the source of random bits is bad.
_TRIES = 3


class KeyStore:
    """Creates, reads and revokes keys, which are never deleted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key_ids: Sequence[str]) -> Mapping[str, FoundKey]:
        """Return the existing keys among `key_ids`, by id."""
        async with self._database.read() as connection:
            rows = await _FIND.fetch(connection, key_ids=list(key_ids))
        return {
            row["key_id"]: FoundKey(_from_row(row), row["secret_sha256"], row["lifetime"])
            for row in rows
        }

    async def has_admin(self) -> bool:
        """Return whether a valid admin key exists, which can create and revoke other keys."""
        async with self._database.read() as connection:
            row = await _HAS_ADMIN.fetch_one(connection)
        return row is not None and bool(row["has_admin"])

    async def list(
        self, projects: frozenset[str] | None, before: tuple[datetime, str], limit: int
    ) -> Sequence[ApiKey]:
        """Return at most `limit` keys, newest first, that are older than `before`.

        Args:
            projects: Only keys that are valid in no other projects; None for all keys.
            before: The create_time and key_id of the previous page's last key.
            limit: The maximum number of keys.
        """
        async with self._database.read() as connection:
            rows = await _LIST.fetch(
                connection,
                projects=None if projects is None else sorted(projects),
                before_time=before[0],
                before_key_id=before[1],
                most=limit,
            )
        return [_from_row(row) for row in rows]

    async def create(self, new: NewKey, request: RequestKey) -> ApiKey:
        """Create the key, or return the one that the same request created before.

        Raises:
            InvalidArgumentError: REQUEST_ID_REUSED; INVALID_REQUEST: its expire_time has passed.
        """
        for _ in range(_TRIES):
            try:
                return await self._create(new, request)
            except UnavailableError as error:
                # The same request ran concurrently and was faster.
                if not isinstance(error.__cause__, asyncpg.UniqueViolationError):
                    raise
        raise write_conflict()

    async def _create(self, new: NewKey, request: RequestKey) -> ApiKey:
        async with self._database.transaction() as connection:
            stored = await _OF_REQUEST.fetch_one(connection, request_id=request.request_id)
            if stored is not None:
                matching_reply(request, StoredReply(stored["fingerprint"], b""))
                # The first response had no revoke_time, but the key may have been revoked since.
                return replace(_from_row(stored), revoke_time=None)
            clock = await _NOW.fetch_one(connection)
            assert clock is not None
            require_in_future(new.expire_time, clock["now"])
            row = {
                "key_id": new_key_id(),
                "name": new.name,
                "role": new.role.value,
                "projects": list(new.projects),
                "secret_sha256": new.secret_sha256,
                "creator_key_id": new.creator_key_id,
                "request_id": request.request_id,
                "fingerprint": request.fingerprint,
                "create_time": clock["now"],
                "expire_time": new.expire_time,
                "revoke_time": None,
            }
            try:
                await _INSERT.execute(connection, **row)
            except asyncpg.UniqueViolationError as error:
                raise write_conflict() from error
            return _from_row(row)

    async def revoke(self, key_id: str) -> ApiKey | None:
        """Revoke a key and return it; None if it does not exist."""
        async with self._database.transaction() as connection:
            row = await _REVOKE.fetch_one(connection, revoked_key_id=key_id)
        return None if row is None else _from_row(row)


def _from_row(row: Row) -> ApiKey:
    return ApiKey(
        key_id=row["key_id"],
        name=row["name"],
        role=Role(row["role"]),
        projects=tuple(row["projects"]),
        creator_key_id=row["creator_key_id"],
        create_time=row["create_time"],
        expire_time=row["expire_time"],
        revoke_time=row["revoke_time"],
    )
