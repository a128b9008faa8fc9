"""The client of the registry: its RPCs, with retries, deadlines and the caller's API key."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self, TypeVar

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from wanllmdb._connection.addresses import REGISTRY
from wanllmdb._connection.tls import Tls
from wanllmdb.api.registry.v1 import (
    key_service_pb2,
    key_service_pb2_grpc,
    plots_pb2,
    registry_service_pb2,
    registry_service_pb2_grpc,
    run_pb2,
    sweep_pb2,
)
from wanllmdb_common.calls.authentication import AUTHORIZATION_KEY, key_text_of
from wanllmdb_common.calls.call import REQUEST_ID_KEY, current_call, logged_id
from wanllmdb_common.computing.cancellation import current_deadline
from wanllmdb_common.error_mapping import Context
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.internal.registry.v1 import (
    internal_registry_service_pb2_grpc as internal_grpc,
)
from wanllmdb_common.server.health import READINESS
from wanllmdb_common.service_channel import ServiceChannel
from wanllmdb_common.telemetry.trace_context import Metadata, trace_headers
from wanllmdb_suggestion.registry.rpc_errors import is_passed_on, service_error

Request = TypeVar("Request", contravariant=True)
Response = TypeVar("Response", covariant=True)

# The registry's maximum: a new model is built from all runs.
SYNC_PAGE_SIZE = 5_000

# The registry's maximum for a timeline.
TIMELINE_RUNS = 100_000

# The most concurrent calls for the runs of one response.
_CALLS_AT_ONCE = 32

# Pages of thousands of runs exceed gRPC's default of 4 MiB.
MAX_ANSWER_BYTES = 64 * 1024 * 1024
# The most bytes of runs in one response; gRPC's 4 MiB leave the rest for the other fields.
_ANSWER_BYTES = 3 * 1024 * 1024

# Seconds before each retry of a call whose connection broke: enough for the channel to choose
# another replica, or to reconnect after its backoff of a second. Callers have deadlines, and
# handle longer outages themselves.
_PAUSES = (0.05, 0.2, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class CallScope:
    """The incoming call that calls of the registry are made for.

    Attributes:
        request_id: The request id of the incoming call, for the logs.
        deadline: The caller's deadline by the event loop's clock; None for no deadline.
        key_text: The caller's API key, by which the registry authorizes the call; this service
            has no key of its own. Empty for none.
        trace: The metadata of the caller's trace.
    """

    request_id: str = ""
    deadline: float | None = None
    key_text: str = field(default="", repr=False)
    trace: Metadata = ()


def scope_of_call(_context: Context) -> CallScope:
    """Return the scope of registry calls for the current incoming call."""
    call = current_call()
    return CallScope(
        logged_id(call.metadata(REQUEST_ID_KEY)),
        current_deadline(),
        key_text_of(call),
        trace_headers(),
    )


class _Fitting:
    """Collects the first runs that fit into one response, at least one.

    Attributes:
        runs: The runs that fit.
        is_full: Whether a run did not fit.
    """

    def __init__(self) -> None:
        self.runs: list[run_pb2.Run] = []
        self.is_full = False
        self._size = 0

    def add(self, runs: Iterable[run_pb2.Run]) -> None:
        """Add the runs that fit."""
        for run in runs:
            self._size += run.ByteSize() + 8
            self.is_full = self.is_full or (self._size > _ANSWER_BYTES and bool(self.runs))
            if self.is_full:
                return
            self.runs.append(run)


class _Call(Protocol[Request, Response]):
    def __call__(
        self,
        request: Request,
        *,
        timeout: float | None = None,
        metadata: tuple[tuple[str, str], ...] | None = None,
    ) -> Awaitable[Response]: ...


class RegistryNotReadyError(Exception):
    """The registry runs but is not ready, for example because its database is unavailable."""


class RegistryClient:
    """Calls the registry; an async context manager.

    Every method raises a ServiceError: an error of the registry at once, or
    REGISTRY_UNAVAILABLE if several tries within two seconds got no answer.
    """

    def __init__(self, address: str, timeout: float, tls: Tls | None = None) -> None:
        self._address = address
        self._timeout = timeout
        self._channel = ServiceChannel(
            REGISTRY,
            address,
            tls,
            self._use,
            grace=timeout,
            max_message_bytes=MAX_ANSWER_BYTES,
        )

    async def __aenter__(self) -> Self:
        await self._channel.__aenter__()
        return self

    def _use(self, channel: grpc.aio.Channel) -> None:
        self._stub = registry_service_pb2_grpc.SweepRegistryServiceStub(channel)
        self._internal = internal_grpc.InternalRegistryServiceStub(channel)
        self._keys = key_service_pb2_grpc.KeyServiceStub(channel)
        self._health = health_pb2_grpc.HealthStub(channel)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._channel.__aexit__(kind, error, traceback)

    async def check_ready(self) -> None:
        """Check that a registry answers and is ready.

        Raises:
            RegistryNotReadyError: the registry reports that it is not ready.
            grpc.RpcError: the registry does not answer.
        """
        request = health_pb2.HealthCheckRequest(service=READINESS)
        answer = await self._health.Check(request)
        if answer.status != health_pb2.HealthCheckResponse.SERVING:
            raise RegistryNotReadyError

    async def get_caller(self, scope: CallScope) -> key_service_pb2.GetCallerResponse:
        """Return the owner of the scope's key."""
        return await self._call(self._keys.GetCaller, key_service_pb2.GetCallerRequest(), scope)

    async def get_sweep(self, sweep_id: str, scope: CallScope) -> sweep_pb2.Sweep:
        """Return the sweep."""
        request = registry_service_pb2.GetSweepRequest(sweep_id=sweep_id)
        response = await self._call(self._stub.GetSweep, request, scope)
        return response.sweep

    async def sync_runs(
        self,
        sweep_id: str,
        since_revision: int,
        scope: CallScope,
        *,
        with_points: bool,
        ended_runs: Sequence[registry_service_pb2.FinishRunRequest] = (),
    ) -> tuple[internal_pb.SyncRunsResponse, Sequence[registry_service_pb2.FinishRunResult]]:
        """End runs; return a page of changes after the revision, and what became of the ends."""
        request = internal_pb.SyncRunsRequest(
            sweep_id=sweep_id,
            since_revision=since_revision,
            page_size=SYNC_PAGE_SIZE,
            include_objective_points=with_points,
        )
        if not ended_runs:
            return await self._call(self._internal.SyncRuns, request, scope), ()
        finish = internal_pb.FinishRunsRequest(
            sweep_id=sweep_id, ended_runs=ended_runs, sync=request
        )
        response = await self._call(self._internal.FinishRuns, finish, scope)
        return response.changes, response.ended_runs

    async def finish_runs(
        self,
        sweep_id: str,
        ended_runs: Sequence[registry_service_pb2.FinishRunRequest],
        scope: CallScope,
    ) -> Sequence[registry_service_pb2.FinishRunResult]:
        """End runs; return what became of each end."""
        request = internal_pb.FinishRunsRequest(sweep_id=sweep_id, ended_runs=ended_runs)
        return (await self._call(self._internal.FinishRuns, request, scope)).ended_runs

    async def create_runs(
        self, request: internal_pb.CreateRunsRequest, scope: CallScope
    ) -> internal_pb.CreateRunsResponse:
        """End runs, store proposals and assign the runs to agents."""
        return await self._call(self._internal.CreateRuns, request, scope)

    async def resume_runs(
        self, request: internal_pb.ResumeRunsRequest, scope: CallScope
    ) -> internal_pb.ResumeRunsResponse:
        """Return the runs that an agent holds, with new leases."""
        return await self._call(self._internal.ResumeRuns, request, scope)

    async def get_timeline(self, sweep_id: str, scope: CallScope) -> plots_pb2.GetTimelineResponse:
        """Return the start and end of each run, or of every k-th beyond TIMELINE_RUNS runs."""
        request = plots_pb2.GetTimelineRequest(sweep_id=sweep_id, max_runs=TIMELINE_RUNS)
        return await self._call(self._stub.GetTimeline, request, scope)

    async def terminate_sweep(
        self, request: internal_pb.TerminateSweepRequest, scope: CallScope
    ) -> None:
        """Finish the sweep, because its terminator decided so."""
        await self._call(self._internal.TerminateSweep, request, scope)

    async def best_runs(
        self, sweep_id: str, count: int, scope: CallScope, *, minimize: bool
    ) -> Sequence[run_pb2.Run]:
        """Return the best finished runs, best first, as many as fit into one response."""
        order = (
            registry_service_pb2.RUN_ORDER_OBJECTIVE_ASC
            if minimize
            else registry_service_pb2.RUN_ORDER_OBJECTIVE_DESC
        )
        request = registry_service_pb2.ListRunsRequest(
            sweep_id=sweep_id,
            states=[run_pb2.RUN_STATE_FINISHED],
            order=order,
            page_size=count,
        )
        fitting = _Fitting()
        while True:
            response = await self._call(self._stub.ListRuns, request, scope)
            # Runs without an objective come last.
            scored = [run for run in response.runs if run.HasField("objective")]
            fitting.add(scored[: count - len(fitting.runs)])
            is_last = (
                not response.next_page_token
                or len(fitting.runs) == count
                or len(scored) < len(response.runs)
            )
            if is_last or fitting.is_full:
                return fitting.runs
            # A page of large runs holds fewer than `page_size`.
            request.page_token = response.next_page_token

    async def get_runs(
        self, sweep_id: str, numbers: Sequence[int], scope: CallScope
    ) -> Sequence[run_pb2.Run]:
        """Return the runs with these numbers, in order, as many as fit into one response."""

        async def get(number: int) -> run_pb2.Run:
            request = registry_service_pb2.GetRunRequest(sweep_id=sweep_id, number=number)
            response = await self._call(self._stub.GetRun, request, scope)
            return response.run

        fitting = _Fitting()
        for start in range(0, len(numbers), _CALLS_AT_ONCE):
            fitting.add(await asyncio.gather(*map(get, numbers[start : start + _CALLS_AT_ONCE])))
            if fitting.is_full:
                break
        return fitting.runs

    async def _call(
        self, method: _Call[Request, Response], request: Request, scope: CallScope
    ) -> Response:
        metadata = [*scope.trace]
        if scope.request_id:
            metadata.append((REQUEST_ID_KEY, scope.request_id))
        if scope.key_text:
            metadata.append((AUTHORIZATION_KEY, f"Bearer {scope.key_text}"))
        pauses = iter(_PAUSES)
        while True:
            timeout = min(self._timeout, _left(scope))
            try:
                return await method(request, timeout=timeout, metadata=tuple(metadata))
            except grpc.aio.AioRpcError as error:
                pause = next(pauses, None)
                if pause is None or pause >= _left(scope) or not is_passed_on(error):
                    raise service_error(error, self._address) from error
            # Every call is safe to repeat: calls that write carry request ids.
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))


def _left(scope: CallScope) -> float:
    """Return the seconds until the caller's deadline."""
    if scope.deadline is None:
        return math.inf
    return max(scope.deadline - asyncio.get_running_loop().time(), 0.0)
