"""The asynchronous client: one method per RPC of both services."""

from __future__ import annotations

from wanllmdb._async_client.analysis import AsyncAnalysisCalls
from wanllmdb._async_client.keys import AsyncKeyCalls
from wanllmdb._async_client.runs import AsyncRunCalls
from wanllmdb._async_client.suggestions import AsyncSuggestionCalls
from wanllmdb._async_client.sweeps import AsyncSweepCalls
from wanllmdb._async_client.templates import AsyncTemplateCalls


class AsyncClient(
    AsyncSweepCalls,
    AsyncRunCalls,
    AsyncSuggestionCalls,
    AsyncAnalysisCalls,
    AsyncTemplateCalls,
    AsyncKeyCalls,
):
    """Both services for asyncio; the methods, arguments and errors of Client.

    Use it within one event loop. Iterators are asynchronous: `async for run in
    client.list_runs(...)`. See Client for the arguments.
    """
