"""The settings of the suggestion service that concern the registry."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.certificates import Authority
from wanllmdb_suggestion.settings import SuggestionSettings


def problem(**settings: object) -> str:
    with pytest.raises(ValidationError) as caught:
        SuggestionSettings.model_validate(settings)
    (found,) = caught.value.errors()
    return found["msg"]


def test_callers_keys_leave_the_machine_over_tls_alone() -> None:
    far = "registry.example.org:50051"
    assert f"--registry {far} is on another machine" in problem(registry=far)
    assert "is on another machine" in problem(registry="192.0.2.1:1,127.0.0.1:2")
    for settings in ({"registry_tls": True}, {"insecure": True}):
        assert SuggestionSettings.model_validate({"registry": far, **settings}).registry == far


@pytest.mark.parametrize(
    "registry",
    ["127.0.0.1:50051", "localhost:50051,127.0.0.1:50053", "[::1]:50051", "unix:/run/r.sock"],
)
def test_this_machine_needs_no_tls(registry: str) -> None:
    assert SuggestionSettings(registry=registry).tls_to_registry is None


def test_addresses_that_are_none_are_told() -> None:
    assert "'nonsense' is not host:port" in problem(registry="nonsense")
    assert "'b' is not host:port" in problem(registry="127.0.0.1:1,b")


def test_files_are_looked_at(tmp_path: Path) -> None:
    files = Authority(tmp_path).issue()
    assert "/nowhere.pem" in problem(registry_tls_ca="/nowhere.pem")
    assert "must be given together" in problem(registry_tls_cert=str(files.cert))
    tls = SuggestionSettings(
        registry_tls_ca=files.ca, registry_tls_cert=files.cert, registry_tls_key=files.key
    ).tls_to_registry
    assert tls is not None
    assert tls.ca == files.ca
