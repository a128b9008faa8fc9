"""No server is exposed to other machines without protection, unless `--insecure` is given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from wanllmdb_common.server.settings import ServerSettings, is_local
from wanllmdb_registry.settings import RegistrySettings

PAIR: dict[str, object] = {"tls_cert": Path("/c.pem"), "tls_key": Path("/c.key")}
ADMIN_KEY = "wsk_root_" + "a" * 43


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.8.9.10", "localhost", "::1", "[::1]"),
        *("unix:/run/registry.sock", "unix-abstract:registry"),
    ],
)
def test_what_only_this_machine_reaches(host: str) -> None:
    assert is_local(host)
    assert not ServerSettings(host=host).is_exposed


@pytest.mark.parametrize(
    "host",
    [
        *(
            "0.0.0.0",
            "::",
            "[::]",
            "192.168.1.7",
            "10.0.0.1",
            "fe80::1",
            "2001:db8::1",
            "128.0.0.1",
        ),
        # A name may resolve to any address, and the server does not guess what a shorthand means.
        *("registry", "localhost.example.org", "127.0.0.1.example.org", "127.1", "0", "*"),
    ],
)
def test_an_exposed_address_is_rejected(host: str) -> None:
    assert not is_local(host)
    with pytest.raises(ValidationError) as caught:
        ServerSettings(host=host)
    (problem,) = caught.value.errors()
    assert f"--host {host} can be reached from other machines" in problem["msg"]
    assert "--tls-cert" in problem["msg"]
    assert "--insecure" in problem["msg"]


@pytest.mark.parametrize("settings", [PAIR, {"insecure": True}])
def test_with_tls_or_insecure_it_is_accepted(settings: dict[str, object]) -> None:
    assert ServerSettings.model_validate({"host": "0.0.0.0", **settings}).is_exposed


def exposed_registry(**settings: object) -> RegistrySettings:
    return RegistrySettings.model_validate(
        {"host": "0.0.0.0", "database_url": "postgresql://x", **settings}
    )


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({}, "needs TLS (--tls-cert and --tls-key) and API keys (--require-keys)"),
        ({"require_keys": True}, "needs TLS (--tls-cert and --tls-key);"),
        (PAIR, "needs API keys (--require-keys);"),
    ],
)
def test_the_registry_needs_keys_too(settings: dict[str, object], missing: str) -> None:
    with pytest.raises(ValidationError) as caught:
        exposed_registry(**settings)
    (problem,) = caught.value.errors()
    assert missing in problem["msg"]


@pytest.mark.parametrize(
    "settings",
    [{"require_keys": True, **PAIR}, {"admin_key": ADMIN_KEY, **PAIR}, {"insecure": True}],
)
def test_a_protected_registry_is_accepted(settings: dict[str, object]) -> None:
    assert exposed_registry(**settings).is_exposed


@pytest.mark.parametrize(
    ("settings", "problems"),
    [
        ({"tls_cert": "/c.pem"}, ["--tls-cert and --tls-key need each other"]),
        ({"tls_key": "/c.key"}, ["--tls-cert and --tls-key need each other"]),
        ({"tls_client_ca": "/ca.pem"}, ["--tls-client-ca needs --tls-cert and --tls-key"]),
        (
            {"tls_key": "/c.key", "tls_client_ca": "/ca.pem", "host": "::"},
            ["need each other", "--tls-client-ca needs", "--host :: can be reached"],
        ),
    ],
)
def test_files_that_need_each_other(settings: dict[str, str], problems: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        ServerSettings.model_validate(settings)
    (found,) = caught.value.errors()
    assert all(problem in found["msg"] for problem in problems)


@pytest.mark.parametrize("name", ["registry", "suggestion"])
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--host", "0.0.0.0"], "--host 0.0.0.0 can be reached from other machines"),
        (["--tls-cert", "/nowhere/c.pem"], "--tls-cert and --tls-key need each other"),
    ],
)
def test_the_programs_print_it_in_one_line(name: str, arguments: list[str], problem: str) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", f"wanllmdb_{name}", *arguments),
            *(["--database-url", "postgresql://x"] if name == "registry" else []),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"wanllmdb-{name}: ")
    assert problem in line
