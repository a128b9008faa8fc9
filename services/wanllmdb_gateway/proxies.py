"""The address of a caller behind reverse proxies."""

from __future__ import annotations

import ipaddress
from typing import TypeAlias

Networks: TypeAlias = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

# Proxies in a row. A header with more entries is made up.
MAX_HOPS = 20


def networks_of(text: str) -> Networks:
    """Return the networks of a list with commas.

    Raises:
        ValueError: an entry is neither an address nor a network.
    """
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def caller_address(peer: str, forwarded_for: str, proxies: Networks) -> str:
    """Return the address that limits count for.

    It is the last address that no trusted proxy has: each proxy appends the address that it
    sees, so whatever a caller writes itself comes before that.

    Args:
        peer: The address of the connection's other end.
        forwarded_for: The X-Forwarded-For header; empty for none.
        proxies: The networks of trusted proxies.
    """
    if not proxies or not forwarded_for:
        return peer
    hops = [peer, *reversed([hop.strip() for hop in forwarded_for.split(",")][-MAX_HOPS:])]
    seen = peer
    for hop in hops:
        address = _address(hop)
        if address is None:
            return seen
        seen = str(address)
        if not any(address in network for network in proxies):
            return seen
    return seen


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
