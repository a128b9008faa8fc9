"""The address of the gateway, which serves the dashboard, as options and variables give it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import typer

DEFAULT_URL = "http://127.0.0.1:8080"
VARIABLE = "WANLLMDB_DASHBOARD"

DashboardUrl = Annotated[
    str,
    typer.Option(
        "--url",
        help="Address of the dashboard, as `wanllmdb up` prints it.",
        envvar=VARIABLE,
        metavar="URL",
    ),
]


def web_address(url: str) -> str:
    """Return the URL without a slash at its end.

    Raises:
        typer.BadParameter: it is not the address of a web page.
    """
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
        # Reading the port checks it.
        is_address = is_address and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise typer.BadParameter(
            f"{url!r} is not an address such as {DEFAULT_URL}", param_hint="'--url'"
        )
    return url.rstrip("/")
