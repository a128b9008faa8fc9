"""The blocking client: one method per RPC of both services."""

from __future__ import annotations

from wanllmdb._client.analysis import AnalysisCalls
from wanllmdb._client.runs import RunCalls
from wanllmdb._client.suggestions import SuggestionCalls
from wanllmdb._client.sweeps import SweepCalls
from wanllmdb._client.templates import TemplateCalls


class Client(SweepCalls, RunCalls, SuggestionCalls, AnalysisCalls, TemplateCalls):
    """Both services, blocking. Safe to use from many threads; not across a fork.

    Args:
        registry: the registry's address, `host:port`, several replicas with commas
            between. Where None: WANLLMDB_REGISTRY, else localhost:50051.
        suggestion: the suggestion service's address, likewise. Where None:
            WANLLMDB_SUGGESTION, else localhost:50052.
        timeout: seconds that a call may take, its retries included; where None, 30 s, and
            180 s for parameter importance.

    Every method raises a WanllmdbError: InvalidArgumentError with every field at
    fault, NotFoundError, FailedPreconditionError with the present state,
    UnavailableError where no service answers, and so on. Every mutation takes a
    `request_id`: the same id gives the same answer and changes nothing twice. The
    client makes one up for each call and keeps it over its own retries; give one to
    keep it over yours.
    """
