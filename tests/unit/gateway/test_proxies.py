"""The address that limits count for, behind proxies and without."""

from __future__ import annotations

import pytest

from wanllmdb_gateway.proxies import caller_address, networks_of

PROXIES = networks_of("10.0.0.0/8, 127.0.0.1")


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        # The header of a caller that is no proxy does not count.
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "198.51.100.7, 10.1.2.3", "198.51.100.7"),
        # The first entries are the caller's own words.
        ("127.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "nonsense, 10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "10.0.0.1", "10.0.0.1"),
        ("127.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("::ffff:127.0.0.1", "198.51.100.7", "198.51.100.7"),
    ],
)
def test_the_last_address_that_no_proxy_has_counts(
    peer: str, forwarded_for: str, expected: str
) -> None:
    assert caller_address(peer, forwarded_for, PROXIES) == expected


def test_without_trusted_proxies_the_header_means_nothing() -> None:
    assert caller_address("127.0.0.1", "198.51.100.7", ()) == "127.0.0.1"


@pytest.mark.parametrize("text", ["10.0.0.0/33", "example.org", "10.0.0.1/8"])
def test_other_texts_are_no_networks(text: str) -> None:
    with pytest.raises(ValueError, match=r"network|address|host bits"):
        networks_of(text)
