"""One service as a client reaches it: channel settings, and errors as the client's exceptions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import grpc
import grpc.aio

from wanllmdb import _env, _errors
from wanllmdb._calls.call import Call
from wanllmdb._connection.addresses import (
    SUGGESTION,
    Service,
    authority_of,
    is_loopback,
    replicas_of,
    target_of,
)
from wanllmdb._connection.credentials import Credentials
from wanllmdb._connection.error_details import ErrorDetails, read_details
from wanllmdb._connection.retries import MAX_RESENDS, RETRYABLE, channel_retries, resend_delay
from wanllmdb._connection.routing import Routing
from wanllmdb._connection.tls import handshake_problem
from wanllmdb._errors import WanllmdbError
from wanllmdb._tracing import Metadata, trace_headers

_ERRORS: dict[grpc.StatusCode, type[WanllmdbError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: _errors.InvalidArgumentError,
    grpc.StatusCode.OUT_OF_RANGE: _errors.InvalidArgumentError,
    grpc.StatusCode.NOT_FOUND: _errors.NotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: _errors.AlreadyExistsError,
    grpc.StatusCode.FAILED_PRECONDITION: _errors.FailedPreconditionError,
    grpc.StatusCode.ABORTED: _errors.AbortedError,
    grpc.StatusCode.UNAUTHENTICATED: _errors.UnauthenticatedError,
    grpc.StatusCode.PERMISSION_DENIED: _errors.PermissionDeniedError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: _errors.ResourceExhaustedError,
    grpc.StatusCode.UNAVAILABLE: _errors.UnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: _errors.DeadlineExceededError,
    grpc.StatusCode.UNIMPLEMENTED: _errors.UnimplementedError,
    # A call that the caller cancels does not get here. Otherwise, a server or a proxy cancels
    # calls when it stops or has more calls than it can queue.
    grpc.StatusCode.CANCELLED: _errors.UnavailableError,
}

_IN_PARTS = (
    "import the source in parts, each part of a CSV with its own header, as `wanllmdb runs import` "
    "does"
)

CHANNEL_OPTIONS: Mapping[str, int] = {
    # Pings detect a connection that was cut silently. The servers allow a ping every 20 s.
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.http2.max_pings_without_data": 0,
    # A server that returns is found within seconds; one that does not answer at all counts as
    # unavailable after 3 s (the default is 20 s).
    "grpc.min_reconnect_backoff_ms": 3_000,
    "grpc.initial_reconnect_backoff_ms": 300,
    "grpc.max_reconnect_backoff_ms": 3_000,
    "grpc.max_receive_message_length": 64 * 1024 * 1024,
    # gRPC sends no request again that is larger than this; the default is 256 KiB.
    "grpc.per_rpc_retry_buffer_size": 64 * 1024 * 1024,
    # An error that lists every invalid field travels as metadata, whose default limit is 8 KiB.
    "grpc.max_metadata_size": 64 * 1024,
    "grpc.absolute_max_metadata_size": 128 * 1024,
}
"""The options that do not depend on the service."""


class Peer:
    """One service as one client reaches it."""

    def __init__(self, service: Service, address: str | None, credentials: Credentials) -> None:
        self.service = service
        self.address = service.address(address)
        self.target = target_of(self.address, service)
        credentials.check_target(service, self.address, self.target)
        self._credentials = credentials
        self._routing = Routing(replicas_of(self.address, service) if service is SUGGESTION else ())
        self.has_answered = False
        """Whether the service has ever answered. Calls to a service that has wait for its return,
        up to their deadline; otherwise a wrong address is reported within seconds."""
        self.is_closed = False

    @property
    def metadata(self) -> Metadata:
        """Metadata of each call: the API key, and the program's trace if there is one."""
        return (*self._credentials.metadata, *trace_headers())

    @property
    def key_text(self) -> str:
        """The API key that is currently sent; empty for none."""
        return self._credentials.key.text

    def waits_for(self, call: Call[Any]) -> bool:
        """Whether a call waits, up to its deadline, for an unavailable service to return."""
        return self.has_answered and call.waits

    def replica_for(self, call: Call[Any]) -> str | None:
        """The replica that a call goes to first; None for any."""
        return self._routing.replica_for(call.request)

    def should_try_others(self, replica: str, error: grpc.RpcError) -> bool:
        """Record how a call to one replica failed; return whether to send it to any replica."""
        code, _, details = _parts_of(error)
        is_away = code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
        # A replica whose writes conflicted with others is there.
        if is_away and details.reason != "WRITE_CONFLICT":
            self._routing.mark_unavailable(replica)
        return code.name in RETRYABLE and not self.is_closed

    def rpc(self, stub: Any, name: str) -> Any:
        """The stub's method of that name.

        Raises:
            WanllmdbError: the client was closed.
        """
        if self.is_closed:
            raise WanllmdbError(f"the client was closed; {name} needs an open client")
        return getattr(stub, name)

    def resend_delay(self, failure: WanllmdbError, resends: int, key_text: str) -> float | None:
        """Seconds after which to send the same request again; None for not at all.

        Adds to the policy of `retries` a request whose API key was replaced in its file.

        Args:
            failure: how the call failed.
            resends: how often the request was sent again before.
            key_text: the key that the request was sent with.
        """
        if isinstance(failure, _errors.UnauthenticatedError) and resends < MAX_RESENDS:
            return 0.0 if self._credentials.has_other_key_than(key_text) else None
        return resend_delay(failure, resends)

    def channel(self, replica: str | None = None) -> grpc.Channel:
        """A new blocking channel, to all replicas or to one."""
        target, options = self._target_of(replica), self._options(retries=replica is None)
        if self._credentials.channel is None:
            return grpc.insecure_channel(target, options)
        return grpc.secure_channel(target, self._credentials.channel, options)

    def aio_channel(self, replica: str | None = None) -> grpc.aio.Channel:
        """A new channel for the running event loop, to all replicas or to one."""
        target, options = self._target_of(replica), self._options(retries=replica is None)
        if self._credentials.channel is None:
            return grpc.aio.insecure_channel(target, options)
        return grpc.aio.secure_channel(target, self._credentials.channel, options)

    def _target_of(self, replica: str | None) -> str:
        return self.target if replica is None else target_of(replica, self.service)

    def _options(self, *, retries: bool) -> list[tuple[str, Any]]:
        options = [
            ("grpc.service_config", json.dumps(self._service_config(retries=retries))),
            *CHANNEL_OPTIONS.items(),
            # A proxy for outside addresses can't reach services on this machine.
            ("grpc.enable_http_proxy", 0 if is_loopback(self.target) else 1),
        ]
        tls = self._credentials.tls
        if tls is not None:
            name = tls.server_name or authority_of(self.address, self.service)
            if name is not None:
                options.append(("grpc.default_authority", name))
        return options

    def failure(self, rpc: str, timeout: float | None, error: grpc.RpcError) -> WanllmdbError:
        """The client's exception for a failed call."""
        code, text, details = _parts_of(error)
        if self.is_closed and code is grpc.StatusCode.CANCELLED:
            return WanllmdbError(f"the client was closed while {rpc} was under way")
        if details.reason:
            self.has_answered = True
        kind = _ERRORS.get(code, _errors.InternalError)
        failure = kind(
            self._server_message(details.reason, text)
            if details.reason
            else self._transport_message(code, rpc, timeout, text),
            reason=details.reason,
            metadata=details.metadata,
            fields=details.fields,
        )
        if isinstance(failure, _errors.ResourceExhaustedError):
            failure.retry_after = details.retry_after
        if isinstance(failure, _errors.InvalidArgumentError):
            failure.positions = details.positions
        return failure

    def _server_message(self, reason: str, text: str) -> str:
        """The server's message, with this client's settings where the API key is at fault."""
        if reason == "KEY_MISSING":
            return (
                f"the {self.service.name} at {self.address} asks for an API key: set "
                f"{_env.API_KEY} to the key, or {_env.API_KEY_FILE} to a file that holds it (or "
                "pass api_key= or --api-key-file); an admin creates a key with "
                "`wanllmdb key create`"
            )
        if reason in ("KEY_INVALID", "KEY_EXPIRED", "KEY_REVOKED"):
            return f"{text} (it is from {self._credentials.key.source})"
        return text

    def _transport_message(
        self, code: grpc.StatusCode, rpc: str, timeout: float | None, text: str
    ) -> str:
        where = f"the {self.service.name} at {self.address}"
        if code is grpc.StatusCode.UNAVAILABLE:
            # A service that has answered before has passed the handshake.
            problem = None if self.has_answered else self._handshake_problem(text)
            if problem is not None:
                return f"{where} {problem}"
            return (
                f"no {self.service.name} answers at {self.address}: start one with "
                f"`wanllmdb up`, or set {self.service.variable} (or the argument "
                f"{self.service.argument}=) to its address"
            )
        if code is grpc.StatusCode.CANCELLED:
            return (
                f"{where} ended {rpc} without an answer; it may be stopping or overloaded. The "
                "request may be sent again"
            )
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            seconds = f"{timeout:g} s" if timeout is not None else "time"
            return f"{where} did not answer {rpc} within {seconds}"
        if code is grpc.StatusCode.UNIMPLEMENTED:
            return (
                f"{where} does not know {rpc}: it is older than this client, "
                f"or another program listens there"
            )
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in text:
            todo = _IN_PARTS if rpc == "ImportRuns" else "send less at once"
            return (
                f"a message of {rpc} is too large for {where} ({text}): {todo}, or start the "
                "service with a higher --max-message-bytes"
            )
        return f"{where} could not carry out {rpc}: {text or code.name}"

    def _handshake_problem(self, text: str) -> str | None:
        return handshake_problem(text, self._credentials.tls)

    def _service_config(self, *, retries: bool) -> dict[str, Any]:
        config: dict[str, Any] = {
            "loadBalancingConfig": [{"round_robin": {}}],
            "healthCheckConfig": {"serviceName": self.service.full_name},
        }
        return config | channel_retries() if retries else config


def _parts_of(error: grpc.RpcError) -> tuple[grpc.StatusCode, str, ErrorDetails]:
    if not isinstance(error, grpc.Call | grpc.aio.AioRpcError):
        return grpc.StatusCode.UNKNOWN, str(error), ErrorDetails()
    return error.code(), error.details() or "", read_details(error.trailing_metadata())
