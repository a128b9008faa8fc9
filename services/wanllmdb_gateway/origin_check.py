"""Which page may send a request: the checks of Host, Origin and Sec-Fetch-Site.

A page on the internet can make its visitor's browser send requests to the loopback address. Two
kinds would reach a registry that requires no keys. The page's own name may resolve to
127.0.0.1 (DNS rebinding), so that the browser takes the gateway for the page's own server; then
the Host header holds the page's name. Or the page sends a request to another site; then the
browser states the page's origin. So every call is checked, with keys and without.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from wanllmdb_gateway.http import Request

# Names that no DNS server decides about.
_LOOPBACK_NAMES = ("localhost",)


class ForeignRequestError(Exception):
    """The request comes from a page, or to a name, that is not allowed.

    Attributes:
        rule: The name of the check for metrics: `host`, `origin` or `site`.
        status: The HTTP status.
    """

    def __init__(self, rule: str, message: str, status: int = 403) -> None:
        super().__init__(message)
        self.rule = rule
        self.status = status


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from.

    Attributes:
        is_own_page: Whether it is from a page of the gateway, or from no page at all. Only
            then does a cookie count.
        allowed_origin: The other origin that sends it, which is on the list; empty for none.
    """

    is_own_page: bool
    allowed_origin: str = ""


class OriginCheck:
    """Decides by the headers that browsers send and pages can't change.

    Args:
        host: The address that the gateway listens on.
        port: Its port.
        scheme: `http` or `https`.
        public_origins: Further origins of the gateway, such as a reverse proxy's.
        allowed_origins: Other origins whose pages may call.
    """

    def __init__(
        self,
        host: str,
        port: int,
        scheme: str,
        public_origins: tuple[str, ...] = (),
        allowed_origins: tuple[str, ...] = (),
    ) -> None:
        self._scheme = scheme
        self._public = {origin.partition("://")[2]: origin for origin in public_origins}
        self._allowed = frozenset(allowed_origins)
        self._hosts = set(self._public)
        if not is_wildcard(host):
            shown = f"[{host}]" if ":" in host and not host.startswith("[") else host.lower()
            self._hosts |= {f"{shown}:{port}"}
            if port == (443 if scheme == "https" else 80):
                self._hosts.add(shown)

    def check_host(self, request: Request) -> str:
        """Return the origin by which the request reached the gateway.

        Raises:
            ForeignRequestError: the Host header is missing or names another server.
        """
        host = request.header("host").lower()
        if not host:
            raise ForeignRequestError("host", "the request has no Host header", status=400)
        # A loopback address is no other page's name, whatever the port: it may be forwarded.
        if host not in self._hosts and not _is_loopback(host):
            raise ForeignRequestError(
                "host",
                f"this gateway does not serve the host {host[:100]}: open it by its own address, "
                "or start it with --public-url",
                status=421,
            )
        return self._public.get(host) or f"{self._scheme}://{host}"

    def check_call(self, request: Request) -> Visitor:
        """Return where a call comes from.

        Raises:
            ForeignRequestError: the call comes from a page of another origin.
        """
        own = self.check_host(request)
        origin = request.header("origin").lower()
        if origin and origin in self._allowed and origin != own:
            return Visitor(is_own_page=False, allowed_origin=origin)
        if origin and origin != own:
            raise ForeignRequestError(
                "origin",
                f"pages of {origin[:100]} may not call this gateway: --allow-origin lists other "
                "origins",
            )
        site = request.header("sec-fetch-site").lower()
        # `none` is an address that a person typed, which no page can cause.
        if site not in ("", "same-origin") and not (site == "none" and request.method == "GET"):
            raise ForeignRequestError("site", "pages of other sites may not call this gateway")
        return Visitor(is_own_page=True)

    def check_own_page(self, request: Request) -> None:
        """Check that a request comes from a page of the gateway, or from no page at all.

        Raises:
            ForeignRequestError: it comes from another origin, allowed or not.
        """
        if not self.check_call(request).is_own_page:
            raise ForeignRequestError("origin", "only the gateway's own page may sign in")


def is_wildcard(host: str) -> bool:
    """Return whether a host means every address of the machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    if host.startswith("["):
        name, _, port = host[1:].partition("]")
        port = port.removeprefix(":")
    else:
        name, _, port = host.partition(":")
    if port and not port.isdecimal():
        return False
    if name in _LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
