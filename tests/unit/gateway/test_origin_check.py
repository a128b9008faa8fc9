"""The table of Host, Origin and Sec-Fetch-Site."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanllmdb_gateway.http import Request
from wanllmdb_gateway.origin_check import ForeignRequestError, OriginCheck, Visitor

LOOPBACK = OriginCheck("127.0.0.1", 8080, "http")
PUBLIC = OriginCheck(
    "0.0.0.0",
    8443,
    "https",
    public_origins=("https://sweeps.example.org", "https://other.example.org:9443"),
    allowed_origins=("https://tools.example.org",),
)


def request(host: str, method: str = "POST", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if host:
        named["host"] = host
    return Request(method, "/", 0, "http", "127.0.0.1", "1", named)


def outcome(check: OriginCheck, asked: Request) -> str:
    """Return `own`, `allowed`, or the rule that rejects the request."""
    try:
        visitor = check.check_call(asked)
    except ForeignRequestError as error:
        return error.rule
    return "own" if visitor.is_own_page else "allowed"


OWN = "http://127.0.0.1:8080"

# Host, Origin, Sec-Fetch-Site, method: the outcome.
LOOPBACK_TABLE = [
    # Programs, which send neither.
    ("127.0.0.1:8080", "", "", "POST", "own"),
    ("localhost:8080", "", "", "POST", "own"),
    ("[::1]:8080", "", "", "POST", "own"),
    # A port that is forwarded from another machine.
    ("localhost:9000", "", "", "POST", "own"),
    ("localhost:9000", "http://localhost:9000", "same-origin", "POST", "own"),
    # The gateway's own page.
    ("127.0.0.1:8080", OWN, "same-origin", "POST", "own"),
    ("LOCALHOST:8080", "http://localhost:8080", "same-origin", "POST", "own"),
    ("127.0.0.1:8080", "", "same-origin", "GET", "own"),
    ("127.0.0.1:8080", OWN, "", "POST", "own"),
    # An address that a person typed.
    ("127.0.0.1:8080", "", "none", "GET", "own"),
    ("127.0.0.1:8080", "", "none", "POST", "site"),
    # DNS rebinding: the page's own name resolves to 127.0.0.1.
    ("evil.example", "http://evil.example", "same-origin", "POST", "host"),
    ("evil.example:8080", "http://evil.example:8080", "same-origin", "POST", "host"),
    ("evil.example:8080", "", "", "GET", "host"),
    ("localhost.evil.example:8080", "", "", "POST", "host"),
    ("127.0.0.1.evil.example:8080", "", "", "POST", "host"),
    ("127.0.0.1:8080.evil.example", "", "", "POST", "host"),
    ("127.0.0.1@evil.example", "", "", "POST", "host"),
    ("[::1].evil.example", "", "", "POST", "host"),
    ("192.168.1.7:8080", "", "", "POST", "host"),
    ("0.0.0.0:8080", "", "", "POST", "host"),
    ("", "", "", "POST", "host"),
    # Pages of other sites, and of other ports of this machine.
    ("127.0.0.1:8080", "https://evil.example", "cross-site", "POST", "origin"),
    ("127.0.0.1:8080", "https://evil.example", "", "POST", "origin"),
    ("127.0.0.1:8080", "null", "cross-site", "POST", "origin"),
    ("127.0.0.1:8080", "null", "", "POST", "origin"),
    ("127.0.0.1:8080", "http://127.0.0.1:3000", "same-site", "POST", "origin"),
    ("127.0.0.1:8080", "https://127.0.0.1:8080", "cross-site", "POST", "origin"),
    ("127.0.0.1:8080", "http://localhost:8080", "cross-site", "POST", "origin"),
    ("127.0.0.1:8080", "http://127.0.0.1", "same-site", "POST", "origin"),
    ("127.0.0.1:8080", "http://127.0.0.1:8080.evil.example", "", "POST", "origin"),
    # An image or a script of another page, which sends no Origin.
    ("127.0.0.1:8080", "", "cross-site", "GET", "site"),
    ("127.0.0.1:8080", "", "same-site", "GET", "site"),
    ("127.0.0.1:8080", OWN, "cross-site", "POST", "site"),
    ("127.0.0.1:8080", "", "made-up", "POST", "site"),
]

PUBLIC_TABLE = [
    ("sweeps.example.org", "", "", "POST", "own"),
    ("sweeps.example.org", "https://sweeps.example.org", "same-origin", "POST", "own"),
    ("other.example.org:9443", "https://other.example.org:9443", "same-origin", "POST", "own"),
    ("sweeps.example.org", "http://sweeps.example.org", "cross-site", "POST", "origin"),
    ("sweeps.example.org", "https://other.example.org:9443", "same-site", "POST", "origin"),
    ("sweeps.example.org", "https://tools.example.org", "same-site", "POST", "allowed"),
    ("sweeps.example.org", "https://tools.example.org", "cross-site", "OPTIONS", "allowed"),
    ("sweeps.example.org", "https://tools.example.org.evil", "cross-site", "POST", "origin"),
    ("sweeps.example.org", "https://evil.example", "cross-site", "OPTIONS", "origin"),
    # The allowed page does not make another name the gateway's.
    ("evil.example", "https://tools.example.org", "cross-site", "POST", "host"),
    ("sweeps.example.org:8443", "", "", "POST", "host"),
    ("0.0.0.0:8443", "", "", "POST", "host"),
]


@pytest.mark.parametrize(("host", "origin", "site", "method", "expected"), LOOPBACK_TABLE)
def test_a_gateway_on_the_loopback_address(
    host: str, origin: str, site: str, method: str, expected: str
) -> None:
    sent = {"origin": origin, "sec_fetch_site": site}
    asked = request(host, method, **{name: value for name, value in sent.items() if value})
    assert outcome(LOOPBACK, asked) == expected


@pytest.mark.parametrize(("host", "origin", "site", "method", "expected"), PUBLIC_TABLE)
def test_a_gateway_behind_a_public_address(
    host: str, origin: str, site: str, method: str, expected: str
) -> None:
    sent = {"origin": origin, "sec_fetch_site": site}
    asked = request(host, method, **{name: value for name, value in sent.items() if value})
    assert outcome(PUBLIC, asked) == expected


def test_an_allowed_origin_is_reported_and_counts_as_no_page_of_ours() -> None:
    asked = request("sweeps.example.org", origin="https://tools.example.org")
    assert PUBLIC.check_call(asked) == Visitor(False, "https://tools.example.org")
    with pytest.raises(ForeignRequestError):
        PUBLIC.check_own_page(asked)


@pytest.mark.parametrize(
    ("host", "port", "scheme", "accepted"),
    [
        ("sweeps.example.org", 443, "https", "sweeps.example.org"),
        ("sweeps.example.org", 80, "http", "sweeps.example.org"),
        ("sweeps.example.org", 8443, "https", "sweeps.example.org:8443"),
        ("10.0.0.5", 8443, "https", "10.0.0.5:8443"),
        ("fd00::5", 8443, "https", "[fd00::5]:8443"),
    ],
)
def test_the_address_that_the_gateway_listens_on_is_its_own(
    host: str, port: int, scheme: str, accepted: str
) -> None:
    assert OriginCheck(host, port, scheme).check_host(request(accepted)) == f"{scheme}://{accepted}"


names = st.text(st.sampled_from("abc.-:[]@127.0localhost/%_ "), max_size=30)


@given(names)
def test_only_loopback_names_and_the_own_address_pass(host: str) -> None:
    try:
        LOOPBACK.check_host(request(host))
    except ForeignRequestError:
        return
    name = host.lower().rpartition("]")[0] if host.startswith("[") else host.lower().split(":")[0]
    assert name == "localhost" or name.startswith(("127.", "[::1", "[0"))
