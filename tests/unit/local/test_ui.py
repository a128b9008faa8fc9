"""`wanllmdb ui`: finds a dashboard, and opens it in the browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from wanllmdb.cli.app import build_app


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[str]:
    """A server that answers every request alike; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def dashboard() -> Iterator[str]:
    with answering(b'{"alive": true}') as url:
        yield url


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """A program that notes the addresses that it is to open in the file opened."""
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/opened\n')
    script.chmod(0o755)
    return script


def ui(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    # No display, and no program that could be a browser.
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WANLLMDB_DASHBOARD"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run(
        [sys.executable, "-m", "wanllmdb.cli.main", "ui", *arguments],
        env={**environment, "PATH": "/nonexistent", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_opens_the_browser(dashboard: str, browser: Path) -> None:
    done = ui("--url", f"{dashboard}/", BROWSER=f"{browser} %s")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"Opened {dashboard} in the browser.\n"
    assert (browser.parent / "opened").read_text() == f"{dashboard}\n"


def test_without_a_browser_it_prints_the_address(dashboard: str) -> None:
    done = ui(WANLLMDB_DASHBOARD=dashboard)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"No browser could be opened here. The dashboard is at {dashboard}\n"
    as_json = ui("--json", WANLLMDB_DASHBOARD=dashboard)
    assert json.loads(as_json.stdout) == {"dashboard": dashboard, "opened": False}


def refused(*arguments: str, code: int) -> str:
    """Return the message of a command line that opens nothing."""
    done = CliRunner().invoke(build_app(), ["ui", *arguments], env={"COLUMNS": "200"})
    assert done.exit_code == code
    assert "Opened" not in done.stdout
    return done.stderr


def test_where_nothing_answers_it_says_how_to_start_one() -> None:
    told = refused("--url", "http://127.0.0.1:1", code=1)
    assert told.startswith("wanllmdb ui: no dashboard answers at http://127.0.0.1:1 (")
    assert "`wanllmdb up`" in told
    assert "WANLLMDB_DASHBOARD" in told


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<html>", 200),
        (b"[1]", 200),
        (b"[" * 50_000, 200),
        (b'{"alive": 1}', 200),
        (b"no", 404),
    ],
)
def test_another_program_at_the_address_is_not_opened(body: bytes, status: int) -> None:
    with answering(body, status) as url:
        told = refused("--url", url, code=1)
    assert f"what answers at {url} is not a dashboard of wanllmdb" in told


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://host", "http://", "http://h:99999"])
def test_what_is_no_address_is_a_usage_error(url: str) -> None:
    assert f"'{url}' is not an address such as http://127.0.0.1:8080" in refused(
        "--url", url, code=2
    )
