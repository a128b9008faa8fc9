"""The dashboard of `up`: its page, and the sweeps that a browser reads through the gateway."""

from __future__ import annotations

import json
import os
import re
import signal
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

import wanllmdb_gateway
from tests.e2e.up_process import UpProcess, wait_until
from wanllmdb import Client
from wanllmdb.cli.app import build_app

BUILT = Path(wanllmdb_gateway.__file__).parent / "static" / "index.html"
SWEEP = {
    "name": "seen in the browser",
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
    "run_cap": 3,
}


def get(url: str) -> tuple[Mapping[str, str], str]:
    """Return the headers and the text at a URL."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()


def listed(url: str) -> list[str]:
    """Return the ids of the sweeps, asked for as the page of the dashboard asks."""
    request = urllib.request.Request(
        f"{url}/wanllmdb.api.registry.v1.SweepRegistryService/ListSweeps",
        data=b'{"filter": {"query": "seen in the browser"}}',
        headers={"content-type": "application/json", "origin": url},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return [sweep["sweepId"] for sweep in json.load(answer)["sweeps"]]


def is_ready(url: str) -> bool:
    """Whether the gateway has reached both services."""
    try:
        get(f"{url}/readyz")
    except urllib.error.HTTPError as error:
        if error.code != 503:
            raise
        return False
    return True


def test_a_browser_reaches_the_sweeps_also_after_the_gateway_was_killed(
    platform: UpProcess,
) -> None:
    ready = platform.ready
    url = ready["dashboard"]
    with Client(registry=ready["registry"]) as client:
        sweep_id = client.create_sweep(SWEEP).sweep.sweep_id
    wait_until(lambda: is_ready(url))
    assert listed(url) == [sweep_id]

    os.kill(ready["pids"]["gateway"][0], signal.SIGKILL)
    wait_until(lambda: platform.ready["pids"]["gateway"] != ready["pids"]["gateway"])
    assert platform.ready["dashboard"] == url
    wait_until(lambda: is_ready(url))
    assert listed(url) == [sweep_id]
    assert platform.ready["pids"]["registry"] == ready["pids"]["registry"]


def test_ui_finds_the_dashboard(platform: UpProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    # Where no program could be a browser.
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("DISPLAY", raising=False)
    url = platform.ready["dashboard"]
    done = CliRunner().invoke(build_app(), ["ui", "--json"], env={"WANLLMDB_DASHBOARD": url})
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == {"dashboard": url, "opened": False}


def test_the_page_obeys_its_policy_and_what_it_loads_is_there(platform: UpProcess) -> None:
    if not BUILT.exists():
        pytest.skip("the page is not built: make web")
    url = platform.ready["dashboard"]
    headers, page = get(f"{url}/")
    (nonce,) = set(re.findall(r'nonce="([^"]*)"', page))
    assert f"'nonce-{nonce}'" in headers["content-security-policy"]
    assert "__CSP_NONCE__" not in page
    assert re.findall(r"<script[^>]*>([^<]+)", page) == []
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert any(path.endswith(".js") for path in loaded)
    for path in loaded:
        assert not get(url + path)[0]["content-type"].startswith("text/html"), path
    # A page of the dashboard has no file: the script shows it.
    assert 'id="root"' in get(f"{url}/sweeps/abc")[1]
