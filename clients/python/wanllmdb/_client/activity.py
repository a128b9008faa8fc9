# Generated from _async_client/activity.py by generate_blocking.py; edit that file.
"""Calls about agents, events and the server, blocking."""

from __future__ import annotations

from collections.abc import Iterator

from wanllmdb._calls import activity_calls
from wanllmdb._client.connection import Connection
from wanllmdb._types.activity import ServerInfo, SweepAgent, SweepEvent


class ActivityCalls(Connection):
    """Calls about what happens in a sweep, and about the server."""

    def list_agents(
        self, sweep_id: str, *, include_idle: bool = False, page_size: int = 0
    ) -> Iterator[SweepAgent]:
        """The agents that work on a sweep, by name.

        Agents are fetched in pages of `page_size` (1 to 1,000; 0 for 100).

        Args:
            sweep_id: the sweep.
            include_idle: whether to list also agents that hold no run now.
            page_size: the number of agents on a page.
        """
        return self._pages(activity_calls.list_agents(sweep_id, include_idle, page_size))

    def list_sweep_events(self, sweep_id: str, *, page_size: int = 0) -> Iterator[SweepEvent]:
        """What happened to a sweep, latest first: who did what, and when.

        Events are fetched in pages of `page_size` (1 to 1,000; 0 for 100).
        """
        return self._pages(activity_calls.list_sweep_events(sweep_id, page_size))

    def get_server_info(self) -> ServerInfo:
        """The registry's version, limits and time."""
        return self._invoke(activity_calls.get_server_info())
