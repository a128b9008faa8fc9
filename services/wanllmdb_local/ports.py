"""Chooses ports: free ones stay the same at the next start, and errors name a port's holder."""

from __future__ import annotations

import contextlib
import json
import random
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from wanllmdb_local import HOST
from wanllmdb_local.errors import AddressError, DataDirError, PortTakenError
from wanllmdb_local.files import OddFileError, read_text

# Below the ephemeral ports that systems use for outgoing connections. Otherwise such a connection
# could take a server's port while the server restarts; a client that tries to reach the server
# may even connect to itself.
_FREE_PORTS = range(20_000, 32_768)
_TRIES = 200


@dataclass(frozen=True)
class WantedPort:
    """A port to listen on.

    Attributes:
        port: The number; 0 for any free port.
        option: The option that requested the port, for errors.
        preferred: The free port to try first; 0 for any.
        last: The free port to try next, which was chosen before; 0 for none.
        host: The address to listen on.
    """

    port: int = 0
    option: str = ""
    preferred: int = 0
    last: int = 0
    host: str = HOST


def bind_ports(wanted: Sequence[WantedPort]) -> list[int]:
    """Return the ports to listen on, one for each wanted port.

    All ports are bound at once while choosing, so that they differ.

    Raises:
        PortTakenError: A requested port is taken, or was requested twice; the text names the
            port and the option.
        AddressError: The host is not an address of this machine.
    """
    for host in {want.host for want in wanted}:
        _check_host(host)
    _check_differ(wanted)
    with contextlib.ExitStack() as held:
        chosen = {index: _bind(held, want) for index, want in enumerate(wanted) if want.port}
        for index, want in enumerate(wanted):
            if not want.port:
                chosen[index] = _bind_free(held, want)
        return [chosen[index] for index in range(len(wanted))]


def _check_host(host: str) -> None:
    try:
        with contextlib.ExitStack() as held:
            _hold(held, host, 0)
    except OSError as error:
        raise AddressError(
            f"{host} is not an address of this machine ({error.strerror}). "
            "Choose another one with --host: 127.0.0.1 for this machine only, 0.0.0.0 for all."
        ) from error


def _check_differ(wanted: Sequence[WantedPort]) -> None:
    options: dict[tuple[str, int], str] = {}
    for want in wanted:
        other = options.setdefault((want.host, want.port), want.option)
        if want.port and other != want.option:
            raise PortTakenError(
                f"{other} and {want.option} are both {want.port}. "
                f"Change one of them, or use {want.option} 0 for a free port."
            )


def _bind(held: contextlib.ExitStack, want: WantedPort) -> int:
    try:
        _hold(held, want.host, want.port)
    except PermissionError as error:
        raise PortTakenError(
            f"Port {want.port} needs more rights than this user has. "
            f"Choose a port above 1023 with {want.option}, or {want.option} 0 for a free one."
        ) from error
    except OSError as error:
        raise PortTakenError(
            f"Port {want.port} on {want.host} is taken{_by_whom(want.port)}. "
            f"Choose another one with {want.option}, or {want.option} 0 for a free one."
        ) from error
    return want.port


def _bind_free(held: contextlib.ExitStack, want: WantedPort) -> int:
    candidates = random.sample(_FREE_PORTS, _TRIES)
    for port in filter(None, (want.preferred, want.last, *candidates)):
        with contextlib.suppress(OSError):
            _hold(held, want.host, port)
            return port
    raise PortTakenError(f"None of {_TRIES} ports tried on {want.host} is free.")


def _hold(held: contextlib.ExitStack, host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    probe = held.enter_context(socket.socket(family))
    # As the servers do, so that a port with lingering connections counts as free.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind((host, port))
    # Only listening makes the port taken for others that set the same option.
    probe.listen(1)


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
        # Some systems reveal it to root only; the message omits it then.
        return ""
    return ""


def choose_ports(file: Path, wanted: Mapping[str, WantedPort]) -> dict[str, int]:
    """Choose ports by name, and record them in the file for the next start.

    A free port is the one that is preferred, else the one of the last start, unless another
    program took it since, so that addresses stay valid.

    Args:
        file: The file with the ports of the last start.
        wanted: The wanted ports by name.

    Raises:
        PortTakenError: A requested port is taken.
        AddressError: A host is not an address of this machine.
        DataDirError: The file can't be written.
    """
    last = _read(file)
    bound = bind_ports([replace(want, last=last.get(name, 0)) for name, want in wanted.items()])
    chosen = dict(zip(wanted, bound, strict=True))
    try:
        staging = file.with_name(file.name + ".new")
        # Including the ports that are not wanted this time.
        staging.write_text(json.dumps(last | chosen))
        staging.replace(file)
    except OSError as error:
        raise DataDirError(
            f"The file {error.filename or file} can't be written: {error.strerror}. "
            "Change that, or choose another directory with --data-dir."
        ) from error
    return chosen


def _read(file: Path) -> dict[str, int]:
    """Return the recorded ports; empty if the file is missing or invalid, since the ports are
    only preferences.

    Raises:
        DataDirError: The file is not a regular file, or can't be read.
    """
    try:
        noted = json.loads(read_text(file) or "")
    except OddFileError as error:
        raise DataDirError(
            f"The file {file} {error}. It records the ports of the last start: move it away, and a "
            "new one is created."
        ) from None
    except (ValueError, RecursionError):
        return {}
    if not isinstance(noted, dict):
        return {}
    return {
        name: port for name, port in noted.items() if type(port) is int and 1024 <= port <= 65535
    }
