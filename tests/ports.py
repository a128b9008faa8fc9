"""Free ports for servers that tests stop and start again."""

from __future__ import annotations

from wanllmdb_local.ports import WantedPort, bind_ports


def free_port() -> int:
    """Return a free port, outside of the range that outgoing connections use.

    While a server is stopped, an outgoing connection of another test could use a port of that
    range.
    """
    (port,) = bind_ports([WantedPort()])
    return port


def free_ports(count: int) -> list[int]:
    """Return different free ports; see `free_port`."""
    return bind_ports([WantedPort()] * count)
