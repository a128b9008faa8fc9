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
    """Both services, for asyncio. Use it within one event loop.

    Iterators are asynchronous: `async for run in client.list_runs(...)`.

    Args:
        registry: the registry's address, `host:port`, several replicas with commas
            between. Where None: WANLLMDB_REGISTRY, else localhost:50051.
        suggestion: the suggestion service's address, likewise. Where None:
            WANLLMDB_SUGGESTION, else localhost:50052.
        timeout: seconds that a call may take, its retries included; where None, 30 s, and
            180 s for parameter importance.
        api_key: the key's text, or the path (a Path) of a file that holds it. Where None:
            WANLLMDB_API_KEY, else what is in the file WANLLMDB_API_KEY_FILE, else none.
        tls: True for TLS, by the authorities that gRPC trusts or that the environment names;
            a Tls for others; False for plain text. Where None: as the environment says
            (WANLLMDB_TLS, WANLLMDB_TLS_CA, WANLLMDB_TLS_CERT, WANLLMDB_TLS_KEY).
        insecure: True lets the key go in plain text to another machine; where None,
            WANLLMDB_INSECURE.

    Raises:
        InvalidArgumentError: an address, the key or a TLS file is not as it should be, or the
            key would go to another machine in plain text.

    Every method raises a WanllmdbError: InvalidArgumentError with every field at
    fault, NotFoundError, FailedPreconditionError with the present state,
    UnavailableError where no service answers, and so on. Every mutation takes a
    `request_id`: the same id gives the same answer and changes nothing twice. The
    client makes one up for each call and keeps it over its own retries; give one to
    keep it over yours.
    """
