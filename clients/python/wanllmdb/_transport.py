"""How both clients reach a service: channel settings, retries, and errors in our own words."""

from __future__ import annotations

import json
import random
from typing import Any

import grpc

from wanllmdb import _errors
from wanllmdb._addresses import Service, is_loopback, target_of
from wanllmdb._errors import WanllmdbError
from wanllmdb._wire.status import ErrorDetails, read_details

_MAX_RESENDS = 4
_LONGEST_RETRY_AFTER = 10.0

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
}


class Peer:
    """One service as one client reaches it."""

    def __init__(self, service: Service, address: str | None) -> None:
        self.service = service
        self.address = service.address(address)
        self.target = target_of(self.address, service)
        self.has_answered = False
        """Whether the service was ever there: then a call waits, up to its deadline, for
        it to come back; else a wrong address is told within seconds."""
        self.is_closed = False

    def rpc(self, stub: Any, name: str) -> Any:
        """The stub's method of that name.

        Raises:
            WanllmdbError: the client was closed.
        """
        if self.is_closed:
            raise WanllmdbError(f"the client was closed; {name} needs an open one")
        return getattr(stub, name)

    def options(self) -> list[tuple[str, Any]]:
        """The channel's options."""
        return [
            ("grpc.service_config", json.dumps(self._service_config())),
            # An idle or silently cut connection is found out. The servers allow a ping
            # every 20 s.
            ("grpc.keepalive_time_ms", 60_000),
            ("grpc.keepalive_timeout_ms", 20_000),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),
            # A server that comes back is found within seconds; one that does not answer
            # at all counts as away after 3 s (the default is 20 s).
            ("grpc.min_reconnect_backoff_ms", 3_000),
            ("grpc.initial_reconnect_backoff_ms", 300),
            ("grpc.max_reconnect_backoff_ms", 3_000),
            ("grpc.max_receive_message_length", 64 * 1024 * 1024),
            # An error that names every field at fault travels as metadata, of which
            # 8 KiB is the default limit.
            ("grpc.max_metadata_size", 64 * 1024),
            ("grpc.absolute_max_metadata_size", 128 * 1024),
            # A proxy for the world outside can't reach this machine's own services.
            ("grpc.enable_http_proxy", 0 if is_loopback(self.target) else 1),
        ]

    def failure(self, rpc: str, timeout: float | None, error: grpc.RpcError) -> WanllmdbError:
        """Our own exception for a failed call."""
        code, text, details = _parts_of(error)
        if details.reason:
            self.has_answered = True
        kind = _ERRORS.get(code, _errors.InternalError)
        failure = kind(
            text if details.reason else self._transport_message(code, rpc, timeout, text),
            reason=details.reason,
            metadata=details.metadata,
            fields=details.fields,
        )
        if isinstance(failure, _errors.ResourceExhaustedError):
            failure.retry_after = details.retry_after
        return failure

    def _transport_message(
        self, code: grpc.StatusCode, rpc: str, timeout: float | None, text: str
    ) -> str:
        where = f"the {self.service.name} at {self.address}"
        if code is grpc.StatusCode.UNAVAILABLE:
            return (
                f"no {self.service.name} answers at {self.address}: start one with "
                f"`wanllmdb up`, or set {self.service.variable} (or the argument "
                f"{self.service.argument}=) to its address"
            )
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            seconds = f"{timeout:g} s" if timeout is not None else "time"
            return f"{where} did not answer {rpc} within {seconds}"
        if code is grpc.StatusCode.UNIMPLEMENTED:
            return (
                f"{where} does not know {rpc}: it is older than this client, "
                f"or another program listens there"
            )
        return f"{where} could not carry out {rpc}: {text or code.name}"

    def _service_config(self) -> dict[str, Any]:
        return {
            "loadBalancingConfig": [{"round_robin": {}}],
            "healthCheckConfig": {"serviceName": self.service.full_name},
            "methodConfig": [
                {
                    "name": [{}],
                    # 0.2 + 0.4 + 0.8 + 1.6 s. Safe for mutations: they carry request ids.
                    "retryPolicy": {
                        "maxAttempts": 5,
                        "initialBackoff": "0.2s",
                        "maxBackoff": "2s",
                        "backoffMultiplier": 2,
                        "retryableStatusCodes": ["UNAVAILABLE"],
                    },
                }
            ],
        }


def resend_delay(failure: WanllmdbError, resends: int) -> float | None:
    """Seconds after which to send the same request again, None for not at all.

    Beyond what the channel retries by itself: writes that met each other, and a
    server that asks to come again later.
    """
    if resends >= _MAX_RESENDS:
        return None
    if isinstance(failure, _errors.AbortedError) and failure.reason == "WRITE_CONFLICT":
        return random.uniform(0.5, 1.0) * 0.1 * 2.0**resends
    if isinstance(failure, _errors.ResourceExhaustedError) and failure.retry_after is not None:
        return random.uniform(1.0, 1.2) * min(failure.retry_after, _LONGEST_RETRY_AFTER)
    return None


def reconnect_delay(failures: int) -> float:
    """Seconds before a broken stream is opened again: 0.2 s doubling to 5 s, with jitter."""
    return random.uniform(0.8, 1.2) * min(0.2 * 2.0**failures, 5.0)


def _parts_of(error: grpc.RpcError) -> tuple[grpc.StatusCode, str, ErrorDetails]:
    if not isinstance(error, grpc.Call | grpc.aio.AioRpcError):
        return grpc.StatusCode.UNKNOWN, str(error), ErrorDetails()
    return error.code(), error.details() or "", read_details(error.trailing_metadata())
