"""Calls about API keys, asynchronous."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta

from wanllmdb._async_client.connection import AsyncConnection
from wanllmdb._calls import key_calls
from wanllmdb._types.enums import Role
from wanllmdb._types.keys import ApiKey, CallerInfo, CreatedKey


class AsyncKeyCalls(AsyncConnection):
    """Calls about API keys."""

    async def create_key(
        self,
        name: str = "",
        *,
        role: Role | str,
        projects: str | Iterable[str],
        expires: datetime | timedelta | None = None,
        secret: str | None = None,
        request_id: str | None = None,
    ) -> CreatedKey:
        """Create an API key. Only this answer contains the key's text.

        Args:
            name: what the key is for.
            role: "reader", "agent", "editor" or "admin"; each role includes the roles before it.
            projects: one project or several; "*" alone means all projects.
            expires: the expiry time, or the time from now until then; None for never.
            secret: the key's secret part; generated if None. The server receives only its
                SHA-256. A repeated call with the same `request_id` must pass the same secret.
            request_id: see the class.

        Raises:
            PermissionDeniedError: the client's key is not an admin key of all these projects.
        """
        return await self._invoke(
            key_calls.create_key(name, role, projects, expires, secret, request_id)
        )

    def list_keys(self, *, page_size: int = 0) -> AsyncIterator[ApiKey]:
        """The keys of the caller's projects, newest first, including expired and revoked ones.

        Keys are fetched in pages of `page_size` (1 to 1,000; 0 for 100).
        """
        return self._pages(key_calls.list_keys(page_size))

    async def revoke_key(self, key_id: str, *, request_id: str | None = None) -> ApiKey:
        """Revoke a key. All servers reject it within seconds.

        Args:
            key_id: the part of the key's text between the underscores.
            request_id: see the class.

        Raises:
            NotFoundError: KEY_NOT_FOUND.
        """
        return await self._invoke(key_calls.revoke_key(key_id, request_id))

    async def get_caller(self) -> CallerInfo:
        """The key by which the registry identifies this client.

        Raises:
            UnauthenticatedError: the key is invalid, or is missing where the registry requires one.
        """
        return await self._invoke(key_calls.get_caller())
