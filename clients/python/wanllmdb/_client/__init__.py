# Generated from _async_client/__init__.py by generate_blocking.py; edit that file.
"""The blocking client: one method per RPC of both services."""

from __future__ import annotations

from wanllmdb._client.analysis import AnalysisCalls
from wanllmdb._client.keys import KeyCalls
from wanllmdb._client.runs import RunCalls
from wanllmdb._client.suggestions import SuggestionCalls
from wanllmdb._client.sweeps import SweepCalls
from wanllmdb._client.templates import TemplateCalls


class Client(
    SweepCalls,
    RunCalls,
    SuggestionCalls,
    AnalysisCalls,
    TemplateCalls,
    KeyCalls,
):
    """Both services, blocking.

    Safe to use from many threads, but not across a fork.

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
