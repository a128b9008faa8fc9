# Generated from _async_client/__init__.py by generate_blocking.py; edit that file.
"""The blocking client: one method per RPC of both services."""

from __future__ import annotations

from wanllmdb._client.activity import ActivityCalls
from wanllmdb._client.analysis import AnalysisCalls
from wanllmdb._client.frames import FrameCalls
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
    ActivityCalls,
    FrameCalls,
):
    """Both services, blocking.

    Safe to use from many threads, but not across a fork.

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
