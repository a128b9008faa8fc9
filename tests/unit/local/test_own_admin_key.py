"""The operator's own key, given as a variable or in a file, in place of one that `up` makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from wanllmdb_local.platform import Endpoints
from wanllmdb_local.secret_files import own_admin_key
from wanllmdb_local.services import Services
from wanllmdb_local.settings import PlatformSettings, Protection
from wanllmdb_local.welcome import welcome

OWN = ["WANLLMDB_REGISTRY_ADMIN_KEY", "WANLLMDB_REGISTRY_ADMIN_KEY_FILE"]
ENDPOINTS = Endpoints("127.0.0.1:1", "127.0.0.1:2", None, "postgresql://h/name", {})


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlatformSettings:
    for variable in OWN:
        monkeypatch.delenv(variable, raising=False)
    return PlatformSettings(tmp_path, 0, 0, protection=Protection(has_keys=True))


@pytest.mark.parametrize("variable", OWN)
def test_a_key_of_the_operator_s_own_is_used_and_not_shown(
    settings: PlatformSettings, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "s3cret")
    assert own_admin_key() == variable
    Services(settings).registries("postgresql://h/name")
    assert not (settings.data_dir / "admin.key").exists()
    text = welcome(settings, ENDPOINTS)
    for_client = variable.replace("REGISTRY_ADMIN", "API")
    assert f"export {for_client}=${variable}" in text
    assert "s3cret" not in text


def test_without_one_a_key_is_made(settings: PlatformSettings) -> None:
    assert own_admin_key() == ""
    Services(settings).registries("postgresql://h/name")
    file = settings.data_dir / "admin.key"
    assert file.read_text().startswith("wsk_root_")
    assert f"export WANLLMDB_API_KEY_FILE={file}" in welcome(settings, ENDPOINTS)
