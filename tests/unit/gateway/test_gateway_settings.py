"""The gateway's settings: what it refuses to start with, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.certificates import Authority
from wanllmdb_gateway.settings import GatewaySettings


def problems(**settings: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        GatewaySettings(**settings)
    return "\n".join(error["msg"] for error in caught.value.errors())


def test_it_listens_on_the_loopback_address_by_default() -> None:
    settings = GatewaySettings()
    assert (settings.host, settings.port, settings.is_exposed) == ("127.0.0.1", 8080, False)


def test_an_exposed_gateway_needs_tls_or_a_word_that_it_does_not() -> None:
    assert "TLS (--tls-cert and --tls-key)" in problems(host="0.0.0.0")
    assert GatewaySettings(host="0.0.0.0", insecure=True).is_exposed


def test_a_certificate_needs_its_key() -> None:
    assert "need each other" in problems(tls_cert=Path("cert.pem"))


def test_keys_are_sent_to_other_machines_over_tls_only(tmp_path: Path) -> None:
    assert "plain text" in problems(registry="10.1.2.3:50051")
    assert "plain text" in problems(suggestion="10.1.2.3:50052")
    ca = Authority(tmp_path).file
    assert GatewaySettings(registry="10.1.2.3:50051", services_tls_ca=ca).tls_to_services
    assert GatewaySettings(registry="10.1.2.3:50051", insecure=True).tls_to_services is None


def test_all_problems_are_reported_at_once() -> None:
    found = problems(host="0.0.0.0", registry="10.1.2.3:50051", suggestion="nonsense")
    assert "--host 0.0.0.0" in found
    assert "10.1.2.3:50051" in found
    assert "'nonsense'" in found


@pytest.mark.parametrize(
    "url",
    [
        "sweeps.example.org",
        "ftp://sweeps.example.org",
        "https://sweeps.example.org/path",
        "https://user@sweeps.example.org",
        "https://sweeps.example.org:port",
        "https://",
        "*",
        "null",
    ],
)
@pytest.mark.parametrize("setting", ["public_url", "allow_origin"])
def test_other_texts_are_no_origins(setting: str, url: str) -> None:
    assert "is not an address such as" in problems(**{setting: url})


def test_origins_are_written_as_browsers_write_them() -> None:
    settings = GatewaySettings(
        public_url="HTTPS://Sweeps.Example.org:443/, http://[::1]:8080",
        allow_origin="http://localhost:80",
    )
    assert settings.public_origins == ("https://sweeps.example.org", "http://[::1]:8080")
    assert settings.allowed_origins == ("http://localhost",)


def test_a_browser_can_t_reach_a_unix_socket() -> None:
    assert "Unix socket" in problems(host="unix:/tmp/gateway")


def test_proxies_are_addresses_or_networks() -> None:
    assert "example.org" in problems(trusted_proxies="example.org")
    assert len(GatewaySettings(trusted_proxies="10.0.0.0/8, ::1").proxies) == 2


def test_every_setting_is_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANLLMDB_GATEWAY_PORT", "9999")
    monkeypatch.setenv("WANLLMDB_REGISTRY", "127.0.0.1:7001")
    settings = GatewaySettings()
    assert (settings.port, settings.registry) == (9999, "127.0.0.1:7001")
