"""`wanllmdb ui`: opens the dashboard in the browser."""

from __future__ import annotations

import http.client
import ipaddress
import json
import ssl
import urllib.error
import urllib.request
import webbrowser
from urllib.parse import urlsplit

import typer

from wanllmdb.cli.console import say
from wanllmdb.cli.dashboard_address import DEFAULT_URL, VARIABLE, DashboardUrl, web_address
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.options import AsJson

_ANSWER_SECONDS = 5.0
_MOST_BYTES = 64 * 1024
_FAILED = 1


def ui(
    url: DashboardUrl = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Open the dashboard in the browser; print its address where there is no browser."""
    address = web_address(url)
    problem = _problem(address)
    if problem is not None:
        say(f"wanllmdb ui: {problem}", err=True)
        raise typer.Exit(_FAILED)
    opened = webbrowser.open(address)
    if as_json:
        print_json({"dashboard": address, "opened": opened})
    elif opened:
        say(f"Opened {address} in the browser.")
    else:
        say(f"No browser could be opened here. The dashboard is at {address}")


def _problem(address: str) -> str | None:
    """Return why the address is not a dashboard's; None if it is one's."""
    try:
        alive = _ask(f"{address}/healthz")
    except urllib.error.HTTPError:
        alive = False
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        return (
            f"no dashboard answers at {address} ({reason}): start one with `wanllmdb up`, or give "
            f"its address with --url or {VARIABLE}"
        )
    if not alive:
        return (
            f"what answers at {address} is not a dashboard of wanllmdb: give the address that "
            f"`wanllmdb up` printed with --url or {VARIABLE}"
        )
    return None


def _ask(url: str) -> bool:
    """Whether a gateway answers.

    Raises:
        OSError: nothing answers.
        http.client.HTTPException: it does not speak HTTP.
    """
    # The browser checks the certificate; this question has no secret.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=context)]
    if _is_loopback(urlsplit(url).hostname or ""):
        # A proxy would look on its own machine.
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)
    with opener.open(url, timeout=_ANSWER_SECONDS) as answer:
        try:
            content = json.loads(answer.read(_MOST_BYTES))
        except (ValueError, RecursionError):
            return False
    return isinstance(content, dict) and content.get("alive") is True


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
