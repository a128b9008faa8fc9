"""The built page and its files, and the page of a checkout that has none."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from wanllmdb_gateway.http import Reply, Request
from wanllmdb_gateway.static_files import StaticFiles

PAGE = (
    '<!doctype html><style nonce="__CSP_NONCE__"></style>'
    '<meta property="csp-nonce" nonce="__CSP_NONCE__">'
    '<script type="module" src="/assets/index-Ab12Cd34.js"></script>'
)
SCRIPT = "console.log(1);\n" * 200


@pytest.fixture
def files(tmp_path: Path) -> StaticFiles:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "index-Ab12Cd34.js").write_text(SCRIPT)
    (folder / "assets" / "plain.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    return StaticFiles(folder)


def get(files: StaticFiles, path: str, method: str = "GET", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return files.reply(Request(method, path, 0, "http", "127.0.0.1", "1", named))


def header(reply: Reply, name: str) -> str:
    return dict(reply.headers).get(name, "")


@pytest.mark.parametrize("path", ["/", "/sweeps", "/sweeps/abc/runs", "/login", "/index.html"])
def test_paths_of_pages_get_the_page(files: StaticFiles, path: str) -> None:
    reply = get(files, path)
    assert (reply.status, header(reply, "content-type")) == (200, "text/html; charset=utf-8")
    assert b"/assets/index-Ab12Cd34.js" in reply.body
    assert header(reply, "cache-control") == "no-cache"


def test_each_page_has_another_nonce_that_the_policy_names(files: StaticFiles) -> None:
    nonces = set()
    for _ in range(2):
        reply = get(files, "/")
        found = set(re.findall(rb'nonce="([^"]+)"', reply.body))
        assert len(found) == 1
        (nonce,) = (each.decode() for each in found)
        assert f"style-src 'self' 'nonce-{nonce}'" in header(reply, "content-security-policy")
        nonces.add(nonce)
    assert len(nonces) == 2


def test_the_policy_allows_no_script_but_files_of_the_gateway(files: StaticFiles) -> None:
    for path in ("/", "/assets/index-Ab12Cd34.js", "/assets/missing.js"):
        policy = dict(
            part.strip().partition(" ")[::2]
            for part in header(get(files, path), "content-security-policy").split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["connect-src"] == "'self'"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/missing.js",
        "/assets/missing",
        "/assets/",
        "/favicon.ico",
        "/secret.txt",
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/robots.txt",
    ],
)
def test_other_files_are_not_found(files: StaticFiles, path: str) -> None:
    reply = get(files, path)
    assert reply.status == 404
    assert b"secret" not in reply.body


def test_files_with_a_hash_in_their_name_are_kept_and_others_are_asked_for_again(
    files: StaticFiles,
) -> None:
    assert "immutable" in header(get(files, "/assets/index-Ab12Cd34.js"), "cache-control")
    for path in ("/assets/plain.js", "/favicon.svg"):
        reply = get(files, path)
        assert header(reply, "cache-control") == "no-cache"
        again = get(files, path, if_none_match=header(reply, "etag"))
        assert (again.status, again.body) == (304, b"")


def test_large_texts_are_compressed_for_browsers_that_accept_it(files: StaticFiles) -> None:
    path = "/assets/index-Ab12Cd34.js"
    zipped = get(files, path, accept_encoding="br, gzip")
    assert header(zipped, "content-encoding") == "gzip"
    assert gzip.decompress(zipped.body).decode() == SCRIPT == get(files, path).body.decode()
    assert header(get(files, path), "content-encoding") == ""
    assert header(zipped, "vary") == "accept-encoding"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_pages_are_only_read(files: StaticFiles, method: str) -> None:
    assert get(files, "/", method).status == 405


def test_a_checkout_without_a_build_says_how_to_build(tmp_path: Path) -> None:
    files = StaticFiles(tmp_path)
    reply = get(files, "/sweeps")
    assert not files.is_built
    assert reply.status == 200
    assert b"make web" in reply.body
    assert b"<script" not in reply.body
    assert b"__CSP_NONCE__" not in reply.body
    assert get(files, "/assets/index.js").status == 404
