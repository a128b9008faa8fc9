"""Reads and changes templates in the database, besides the built-in templates."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy import Integer, Interval, Text, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from wanllmdb_common.errors import UnavailableError
from wanllmdb_registry.domain.bounds import READ_BYTES
from wanllmdb_registry.domain.reads import Page
from wanllmdb_registry.domain.templates.template import (
    ABSENT,
    Absent,
    Placeholder,
    Template,
    built_in_templates,
    template_not_found,
)
from wanllmdb_registry.domain.unit_of_work import RequestKey, StoredReply, matching_reply
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.database_errors import write_conflict
from wanllmdb_registry.store.query_parts import bytes_of, page_of, within_bytes
from wanllmdb_registry.store.schema import template_replies, templates
from wanllmdb_registry.store.statement import Connection, Row, Statement

_of_name = templates.c.name == bindparam("name")
_GET = Statement(select(templates).where(_of_name))
_LOCK = Statement(select(templates).where(_of_name).with_for_update())
_t = templates.c
_page = (
    select(templates, bytes_of(_t.description, _t.config_text, _t.placeholders).label("bytes"))
    .where(_t.name > bindparam("after", type_=Text))
    .limit(bindparam("most", type_=Integer))
)
_LIST = Statement(within_bytes(_page, lambda c: [c.name]).order_by("name"))
_INSERT = Statement(insert(templates), templates.c.keys())
_CHANGED = [column.name for column in templates.c if column.name != "name"]
_UPDATE = Statement(update(templates).where(templates.c.name == bindparam("key")), _CHANGED)
_DELETE = Statement(delete(templates).where(_of_name))
_NOW = Statement(select(func.clock_timestamp().label("now")))
_REPLY = Statement(
    select(template_replies.c.fingerprint, template_replies.c.reply).where(
        template_replies.c.request_id == bindparam("request_id")
    )
)
_INSERT_REPLY = Statement(insert(template_replies), template_replies.c.keys())
_old = (
    select(template_replies.c.request_id)
    .where(
        template_replies.c.create_time < func.clock_timestamp() - bindparam("age", type_=Interval)
    )
    .limit(bindparam("limit", type_=Integer))
    .scalar_subquery()
)
_DELETE_OLD_REPLIES = Statement(
    delete(template_replies).where(template_replies.c.request_id.in_(_old))
)

TemplateChange = Callable[[Template | None, datetime], tuple[Template | None, bytes]]
"""Maps the present template (None if it does not exist) and the time to the changed template
(None deletes it) and the encoded response. Raises the error of an invalid change. Must be fast,
because the template is locked."""

# The second attempt sees the writes that the first one conflicted with.
_TRIES = 4


class TemplateStore:
    """Reads templates and changes them, each request exactly once.

    A template in the database hides a built-in template of the same name, which a later
    release may add.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, name: str) -> Template:
        """Return the template.

        Raises:
            NotFoundError: TEMPLATE_NOT_FOUND.
        """
        async with self._database.read() as connection:
            row = await _GET.fetch_one(connection, name=name)
        template = built_in_templates().get(name) if row is None else _from_row(row)
        if template is None:
            raise template_not_found(name)
        return template

    async def list(self, after: str, limit: int) -> Page[Template]:
        """Return at most `limit` templates with names after `after`, by name."""
        async with self._database.read() as connection:
            rows = await _LIST.fetch(connection, after=after, most=limit + 1, most_bytes=READ_BYTES)
        stored = await page_of(_from_row, rows, limit)
        # Built-in templates after the last stored one belong to a later page if more are stored.
        last = stored.items[-1].name if stored.has_more else None
        found = {
            name: each
            for name, each in built_in_templates().items()
            if name > after and (last is None or name <= last)
        }
        found |= {template.name: template for template in stored.items}
        items = [found[name] for name in sorted(found)]
        return Page(items[:limit], stored.has_more or len(items) > limit, stored.size)

    async def apply(self, name: str, key: RequestKey | None, change: TemplateChange) -> bytes:
        """Carry out a change in a transaction, or return the first response to the same request.

        Raises:
            InvalidArgumentError: REQUEST_ID_REUSED.
            ServiceError: the change raised it.
        """
        for _ in range(_TRIES):
            try:
                async with self._database.transaction() as connection:
                    return await self._apply(connection, name, key, change)
            except UnavailableError as error:
                # A concurrent write created the template or answered the request.
                if not isinstance(error.__cause__, asyncpg.UniqueViolationError):
                    raise
        raise write_conflict()

    async def _apply(
        self, connection: Connection, name: str, key: RequestKey | None, change: TemplateChange
    ) -> bytes:
        row = await _LOCK.fetch_one(connection, name=name)
        if key is not None:
            stored = await _REPLY.fetch_one(connection, request_id=key.request_id)
            if stored is not None:
                return matching_reply(key, StoredReply(stored["fingerprint"], stored["reply"]))
        clock = await _NOW.fetch_one(connection)
        assert clock is not None
        present = None if row is None else _from_row(row)
        template, reply = change(present, clock["now"])
        try:
            if template is None:
                await _DELETE.execute(connection, name=name)
            elif row is None:
                await _INSERT.execute(connection, **_to_row(template))
            else:
                await _UPDATE.execute(connection, key=name, **_to_row(template))
            if key is not None:
                await _INSERT_REPLY.execute(
                    connection,
                    request_id=key.request_id,
                    fingerprint=key.fingerprint,
                    reply=reply,
                    create_time=clock["now"],
                )
        except asyncpg.UniqueViolationError as error:
            raise write_conflict() from error
        return reply

    async def delete_old_replies(self, age: timedelta, limit: int = 10_000) -> int:
        """Delete at most `limit` replies older than `age`; return their number."""
        async with self._database.transaction() as connection:
            return await _DELETE_OLD_REPLIES.execute(connection, age=age, limit=limit)


def _from_row(row: Row) -> Template:
    return Template(
        name=row["name"],
        description=row["description"],
        config_text=row["config_text"],
        placeholders=tuple(map(_placeholder, json.loads(row["placeholders"]))),
        version=row["version"],
        create_time=row["create_time"],
        update_time=row["update_time"],
    )


def _placeholder(entry: Mapping[str, Any]) -> Placeholder:
    return Placeholder(
        entry["name"],
        entry["description"],
        entry.get("default", ABSENT),
        entry.get("example", ABSENT),
    )


def _to_row(template: Template) -> dict[str, Any]:
    entries = []
    for placeholder in template.placeholders:
        entry: dict[str, Any] = {
            "name": placeholder.name,
            "description": placeholder.description,
        }
        if not isinstance(placeholder.default, Absent):
            entry["default"] = placeholder.default
        if not isinstance(placeholder.example, Absent):
            entry["example"] = placeholder.example
        entries.append(entry)
    return {
        "name": template.name,
        "description": template.description,
        "config_text": template.config_text,
        "placeholders": json.dumps(entries),
        "version": template.version,
        "create_time": template.create_time,
        "update_time": template.update_time,
    }
