"""Ask the processes of services whether they serve."""

from __future__ import annotations

import http.client
import ssl
from typing import Protocol

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

_HEALTH_SECONDS = 2.0
_NO_ANSWER = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


class Health(Protocol):
    """Asks one process; may be called in any thread."""

    def connect(self) -> None:
        """Prepare to ask a process that was just started."""

    def disconnect(self) -> None:
        """Close what `connect` opened."""

    def serves(self) -> bool:
        """Whether the process reports that it serves."""

    def answers(self, seconds: float) -> bool:
        """Whether the process answers anything within the time, an error included."""


class GrpcHealth:
    """Asks by gRPC's health service, in plain text.

    Args:
        address: The process's address on this machine, as host:port.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._channel: grpc.Channel | None = None

    def connect(self) -> None:
        """Open one connection for the life of the process, before clients use up the limit."""
        self._channel = grpc.insecure_channel(self._address)

    def disconnect(self) -> None:
        """Close the connection."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def serves(self) -> bool:
        """Whether the process reports that it serves."""
        try:
            return bool(self._check(_HEALTH_SECONDS) == health_pb2.HealthCheckResponse.SERVING)
        except grpc.RpcError:
            return False

    def answers(self, seconds: float) -> bool:
        """Whether the process answers anything within the time, an error included."""
        try:
            self._check(seconds)
        except grpc.RpcError as error:
            return _code(error) not in _NO_ANSWER
        return True

    def _check(self, seconds: float) -> int:
        """Return the liveness status.

        Raises:
            grpc.RpcError: The call failed.
        """
        channel = self._channel
        if channel is None:
            raise grpc.RpcError("the service was not started, or has been stopped")
        stub = health_pb2_grpc.HealthStub(channel)
        # Without waiting, a call fails at once where there is no connection yet.
        answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=seconds, wait_for_ready=True)
        return int(answer.status)


def _code(error: grpc.RpcError) -> grpc.StatusCode:
    return error.code() if isinstance(error, grpc.Call) else grpc.StatusCode.UNKNOWN


class HttpHealth:
    """Asks by `GET /healthz`, on a new connection each time.

    Args:
        host: The process's address on this machine.
        port: Its port.
        has_tls: Whether it accepts TLS only.
    """

    def __init__(self, host: str, port: int, *, has_tls: bool) -> None:
        self._host = host
        self._port = port
        self._has_tls = has_tls

    def connect(self) -> None:
        """Do nothing: each question has its own connection."""

    def disconnect(self) -> None:
        """Do nothing: each question has its own connection."""

    def serves(self) -> bool:
        """Whether the process reports that it is alive."""
        return self._status(_HEALTH_SECONDS) == http.client.OK

    def answers(self, seconds: float) -> bool:
        """Whether the process answers anything within the time, an error included."""
        return self._status(seconds) is not None

    def _status(self, seconds: float) -> int | None:
        """Return the status of the answer; None without one."""
        connection = self._connection(seconds)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        if not self._has_tls:
            return http.client.HTTPConnection(self._host, self._port, timeout=seconds)
        # The certificate has the names that other machines use. Nothing secret is sent.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(self._host, self._port, timeout=seconds, context=context)
