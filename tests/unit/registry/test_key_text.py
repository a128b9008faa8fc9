"""Keys as text, and which of their parts are printed."""

from __future__ import annotations

import hashlib

import pytest

from wanllmdb_registry.domain.api_keys.api_key import new_key_id, parse_key, parse_root_key

SECRET = "aB3-_" * 9


def test_a_key_is_read_back() -> None:
    key_id = new_key_id()
    parsed = parse_key(f"wsk_{key_id}_{SECRET}")
    assert parsed is not None
    assert (parsed.key_id, parsed.secret) == (key_id, SECRET)
    assert parsed.secret_sha256 == hashlib.sha256(SECRET.encode()).digest()


def test_no_id_is_the_operators() -> None:
    ids = {new_key_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert "root" not in ids


def test_a_secret_is_not_shown() -> None:
    assert SECRET not in repr(parse_key(f"wsk_a_{SECRET}"))


@pytest.mark.parametrize("text", ["", "short", f"wsk_me_{SECRET}", f"wsk_root_{SECRET[:31]}"])
def test_an_operators_key_that_is_none_is_refused_without_a_word_of_it(text: str) -> None:
    with pytest.raises(ValueError, match="wsk_root_ followed by a secret of 32 to 128") as caught:
        parse_root_key(text)
    assert not text or text not in str(caught.value)


def test_an_operators_key_is_of_32_characters_at_least() -> None:
    assert parse_root_key(f"wsk_root_{SECRET[:32]}").secret == SECRET[:32]
