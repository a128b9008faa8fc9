"""The registry's settings about keys, its database and retention."""

from __future__ import annotations

import sys
from datetime import timedelta

import pytest

from wanllmdb_common.server.settings import load_settings
from wanllmdb_registry.settings import RegistrySettings

ADMIN_KEY = "wsk_root_" + "s3cret-" * 6


def loaded(monkeypatch: pytest.MonkeyPatch, *flags: str, admin_key: str = "") -> RegistrySettings:
    monkeypatch.setattr(sys, "argv", ["wanllmdb-registry", "--database-url=postgresql://h", *flags])
    if admin_key:
        monkeypatch.setenv("WANLLMDB_REGISTRY_ADMIN_KEY", admin_key)
    return load_settings(RegistrySettings, "wanllmdb-registry")


def test_no_keys_are_asked_for_unless_said(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(monkeypatch)
    assert (settings.keys_required, settings.root_key) == (False, None)
    settings = loaded(monkeypatch, "--require-keys")
    assert (settings.keys_required, settings.root_key) == (True, None)


def test_an_admin_key_implies_them_and_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(monkeypatch, admin_key=ADMIN_KEY)
    assert settings.keys_required
    assert settings.root_key is not None
    assert settings.root_key.secret == "s3cret-" * 6
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    "text", ["wsk_root_s3cret", "wsk_me_" + "s3cret-" * 6, "s3cret-" * 6, ADMIN_KEY + "?"]
)
def test_a_bad_one_is_refused_without_a_word_of_it(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        loaded(monkeypatch, admin_key=text)
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith(
        "wanllmdb-registry: --admin-key: must be wsk_root_ followed by a secret "
    )
    assert "32 to 128" in told
    assert "s3cret" not in told


def test_one_that_only_migrates_needs_no_protection(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        loaded(monkeypatch, "--host=0.0.0.0")
    assert "--tls-cert" in capsys.readouterr().err
    assert loaded(monkeypatch, "--host=0.0.0.0", "--migrate-only").migrate_only


def test_nothing_is_deleted_unless_a_time_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded(monkeypatch).retention.is_forever
    retention = loaded(monkeypatch, "--keep-history-days=30,archive=forever").retention
    assert retention.sweeps.is_forever
    assert retention.history.usual == timedelta(days=30)
    assert dict(retention.history.of_projects) == {"archive": None}


@pytest.mark.parametrize(
    "flag",
    [
        "--keep-sweeps-days=soon",
        "--keep-history-days=0",
        "--listen-database-url=postgresql://user:s3cret@a:port/name",
    ],
)
def test_a_bad_time_or_address_is_rejected_by_the_name_of_its_option(
    flag: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        loaded(monkeypatch, flag)
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(f"wanllmdb-registry: {flag.partition('=')[0]}: ")
    assert "s3cret" not in said
