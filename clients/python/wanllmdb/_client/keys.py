# Generated from _async_client/keys.py by generate_blocking.py; edit that file.
"""Calls about API keys, blocking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from wanllmdb._calls import key_calls
from wanllmdb._client.connection import Connection
from wanllmdb._types.enums import Role
from wanllmdb._types.keys import ApiKey, CallerInfo, CreatedKey


class KeyCalls(Connection):
    """Calls about API keys."""

    def create_key(
        self,
        name: str = "",
        *,
        role: Role | str,
        projects: str | Iterable[str],
        expires: datetime | timedelta | None = None,
        secret: str | None = None,
        request_id: str | None = None,
    ) -> CreatedKey:
        """Creates a key; its text is in this answer alone.

        Args:
            name: what it is for.
            role: "reader", "agent", "editor" or "admin"; each may do what those before it may.
            projects: one or several; "*" alone for all.
            expires: when, or in how long from now; where None, never.
            secret: where None, one is made up. The server gets its SHA-256 alone. Who
                repeats a call by `request_id` must give the same one again.
            request_id: see the class.

        Raises:
            PermissionDeniedError: the client's key is no admin of all these projects.
        """
        return self._invoke(key_calls.create_key(name, role, projects, expires, secret, request_id))

    def list_keys(self, *, page_size: int = 0) -> Iterator[ApiKey]:
        """The keys of one's projects, newest first, those that are no longer good too.

        `page_size` (1 to 1,000; 0 for 100) are fetched at a time.
        """
        return self._pages(key_calls.list_keys(page_size))

    def revoke_key(self, key_id: str, *, request_id: str | None = None) -> ApiKey:
        """Has a key refused from now on, by all servers within seconds.

        Args:
            key_id: the part of its text between the underscores.
            request_id: see the class.

        Raises:
            NotFoundError: KEY_NOT_FOUND.
        """
        return self._invoke(key_calls.revoke_key(key_id, request_id))

    def get_caller(self) -> CallerInfo:
        """Who the registry takes this client for.

        Raises:
            UnauthenticatedError: the key is not good, or there is none and must be one.
        """
        return self._invoke(key_calls.get_caller())
