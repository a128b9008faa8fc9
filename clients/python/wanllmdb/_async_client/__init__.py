"""The asynchronous client: one method per RPC of both services."""

from __future__ import annotations

from wanllmdb._async_client.activity import AsyncActivityCalls
from wanllmdb._async_client.analysis import AsyncAnalysisCalls
from wanllmdb._async_client.frames import AsyncFrameCalls
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
    AsyncActivityCalls,
    AsyncFrameCalls,
):
    """Both services, for asyncio. Use it within one event loop.

    Iterators are asynchronous: `async for run in client.list_runs(...)`.

    Args:
        registry: the registry's address, `host:port`; separate several replicas with commas.
            Defaults to WANLLMDB_REGISTRY, else localhost:50051.
        suggestion: the suggestion service's address, in the same form. Defaults to
            WANLLMDB_SUGGESTION, else localhost:50052.
        timeout: seconds that a call may take, retries included. Defaults to 30 s, and to
            180 s for parameter importance and imports.
        api_key: the key's text, or a Path to a file that holds the key. Defaults to
            WANLLMDB_API_KEY, else the content of the file WANLLMDB_API_KEY_FILE, else no key.
        tls: True for TLS with the certificate authorities of the environment variables, or else
            those that gRPC trusts; a Tls for other authorities; False for plain text. Defaults
            to the environment (WANLLMDB_TLS, WANLLMDB_TLS_CA, WANLLMDB_TLS_CERT,
            WANLLMDB_TLS_KEY).
        insecure: True allows sending the key in plain text to another machine. Defaults to
            WANLLMDB_INSECURE.

    Raises:
        InvalidArgumentError: an address, the key or a TLS file is invalid, or the key would go
            to another machine in plain text.

    Every method raises a WanllmdbError on failure: for example InvalidArgumentError, which lists
    every invalid field, NotFoundError, FailedPreconditionError with the current state, or
    UnavailableError when no service answers. Every mutation takes a `request_id`: repeating a
    request with the same id returns the same answer and changes nothing twice. The client makes
    up an id for each call and keeps it over its own retries; pass an id to keep it over yours.
    """
