"""Sealed sessions: only the gateway opens them, each only until it expires."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanllmdb_gateway.sessions import (
    Session,
    SessionKeyError,
    Sessions,
    read_session_secrets,
)

KEY = f"wsk_abc_{'s' * 43}"
SECRET, OLD, OTHER = bytes(32), b"1" * 32, b"2" * 32


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def sessions(*secrets: bytes, clock: Clock | None = None, is_secure: bool = True) -> Sessions:
    return Sessions(secrets or [SECRET], is_secure=is_secure, lifetime=3600, clock=clock or Clock())


def test_a_session_opens_as_it_was_sealed() -> None:
    ours = sessions()
    session = ours.new(KEY, "abc")
    assert ours.open(ours.seal(session)) == session
    assert session.expires == 1_000_000 + 3600


def test_a_session_ends_with_its_lifetime_or_with_the_key() -> None:
    clock = Clock()
    ours = sessions(clock=clock)
    long, short = ours.new(KEY, "abc"), ours.new(KEY, "abc", expires=clock.now + 10)
    sealed = [ours.seal(session) for session in (long, short)]
    clock.now += 9.5
    assert [ours.open(value) for value in sealed] == [long, short]
    clock.now += 1
    assert [ours.open(value) for value in sealed] == [long, None]
    clock.now += 3600
    assert [ours.open(value) for value in sealed] == [None, None]


def test_gateways_with_the_same_secret_share_sessions_and_others_do_not() -> None:
    value = sessions(SECRET).seal(sessions().new(KEY, "abc"))
    assert sessions(SECRET).open(value) is not None
    assert sessions(OTHER).open(value) is None


def test_an_older_secret_still_opens_and_no_longer_seals() -> None:
    old = sessions(OLD).seal(sessions().new(KEY, "abc"))
    both = sessions(SECRET, OLD)
    assert both.open(old) is not None
    assert sessions(OLD).open(both.seal(both.new(KEY, "abc"))) is None


def test_the_cookie_shows_no_part_of_the_key() -> None:
    ours = sessions()
    session = ours.new(KEY, "abc")
    cookie = ours.cookie(session)
    assert "wsk" not in cookie
    assert "sss" not in cookie
    assert "sss" not in repr(session)
    assert ours.seal(session) != ours.seal(session)


def test_the_cookie_over_tls_is_bound_to_the_host() -> None:
    ours = sessions()
    name, *attributes = ours.cookie(ours.new(KEY, "abc")).split("; ")
    assert name.startswith("__Host-")
    assert set(attributes) == {
        "Max-Age=3600",
        "Path=/",
        "HttpOnly",
        "SameSite=Strict",
        "Secure",
    }


def test_the_cookie_over_plain_http_has_a_name_that_browsers_accept_there() -> None:
    ours = sessions(is_secure=False)
    name, *attributes = ours.cookie(ours.new(KEY, "abc")).split("; ")
    assert not name.startswith("__")
    assert set(attributes) == {"Max-Age=3600", "Path=/", "HttpOnly", "SameSite=Strict"}
    assert ours.no_cookie().startswith("wanllmdb-session=; Max-Age=0; Path=/")


def test_the_session_is_found_among_other_cookies() -> None:
    ours = sessions()
    session = ours.new(KEY, "abc")
    pair = f"{ours.cookie_name}={ours.seal(session)}"
    assert ours.of_cookies(f"a=b; {pair}; c=d") == session
    assert ours.of_cookies("a=b") is None
    assert ours.of_cookies(f"x{pair}") is None
    assert ours.of_cookies("") is None


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_cookie_does_not_open(position: int, letter: int) -> None:
    ours = sessions()
    value = ours.seal(ours.new(KEY, "abc"))
    position %= len(value) - 1
    changed = value[:position] + chr(letter) + value[position + 1 :]
    if changed != value:
        assert ours.open(changed) is None


@given(st.text(max_size=200))
def test_any_other_text_does_not_open(text: str) -> None:
    assert sessions().open(text) is None


def test_secrets_are_read_from_lines_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text(f"{'ab' * 32}\n\n{'CD' * 40}\n")
    assert read_session_secrets(file) == [bytes.fromhex("ab" * 32), bytes.fromhex("cd" * 40)]
    first, second = read_session_secrets(None), read_session_secrets(None)
    assert first != second
    assert len(first[0]) == 32


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "must hold 1 to 10 lines"),
        (b"\n".join([b"ab" * 32] * 11), "must hold 1 to 10 lines"),
        (b"ab" * 31, "line 1"),
        (b"ab" * 32 + b"\n" + b"xy" * 32, "line 2"),
        (b"a" * 65, "line 1"),
        (b"\xff" * 64, "is not text"),
    ],
)
def test_another_file_is_named_with_the_reason(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "secrets"
    file.write_bytes(content)
    with pytest.raises(SessionKeyError, match=why) as caught:
        read_session_secrets(file)
    assert str(file) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SessionKeyError, match="can't be read"):
        read_session_secrets(tmp_path / "missing")


def test_the_fields_of_a_session_are_those_of_the_key() -> None:
    assert sessions().new(KEY, "abc") == Session(KEY, "abc", 1_003_600.0)
