"""The key of a data directory: created once, readable only by its owner."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from wanllmdb_local.errors import DataDirError
from wanllmdb_local.secret_files import state_key
from wanllmdb_suggestion.settings import SuggestionSettings


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "state.key"
    key = state_key(file)
    assert state_key(file) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.key"]
    assert state_key(tmp_path / "other.key") != key


def test_the_suggestion_service_takes_it_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = state_key(tmp_path / "state.key")
    monkeypatch.setenv("WANLLMDB_SUGGESTION_STATE_KEY", key)
    settings = SuggestionSettings()
    assert settings.state_key_bytes == bytes.fromhex(key)
    assert key not in repr(settings)


@pytest.mark.parametrize("text", ["", "ab" * 31, "zz" * 32])
def test_a_file_that_is_no_key_is_rejected_and_kept(tmp_path: Path, text: str) -> None:
    file = tmp_path / "state.key"
    file.write_text(text)
    with pytest.raises(DataDirError, match=r"does not hold a key of 64 hexadecimal digits"):
        state_key(file)
    assert file.read_text() == text


def test_a_folder_in_its_place_is_reported(tmp_path: Path) -> None:
    (tmp_path / "state.key").mkdir()
    with pytest.raises(DataDirError, match=r"can't be read: it is a directory"):
        state_key(tmp_path / "state.key")
