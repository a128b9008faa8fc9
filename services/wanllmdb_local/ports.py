"""Ports on the loopback address: free ones, and who has one that isn't."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence

import psutil

from .errors import PortTakenError

HOST = "127.0.0.1"


def bind_ports(wanted: Sequence[tuple[str, int]]) -> list[int]:
    """The ports to listen on, for pairs of an option's name and its value; 0 asks for a free one.

    All are held at once while choosing, so that they differ.

    Raises:
        PortTakenError: One that was asked for is taken; names it and the option.
    """
    with contextlib.ExitStack() as held:
        return [_bind(held, option, port) for option, port in wanted]


def _bind(held: contextlib.ExitStack, option: str, port: int) -> int:
    probe = held.enter_context(socket.socket())
    # As the servers do: a port on which connections still linger is free.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((HOST, port))
    except PermissionError as error:
        raise PortTakenError(
            f"Port {port} needs more rights than this user has. "
            f"Choose one above 1023 with {option}, or {option} 0 for a free one."
        ) from error
    except OSError as error:
        raise PortTakenError(
            f"Port {port} on {HOST} is taken{_by_whom(port)}. "
            f"Choose another one with {option}, or {option} 0 for a free one."
        ) from error
    chosen: int = probe.getsockname()[1]
    return chosen


def _by_whom(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and connection.laddr
                and connection.laddr.port == port
                and connection.pid
            ):
                return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        # Some systems tell it to root alone; the message does without.
        return ""
    return ""
