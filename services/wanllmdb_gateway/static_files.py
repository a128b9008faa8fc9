"""The built page, from the package's `static/`; a checkout without it has one page instead.

The files are read once, at the start: no path of a request reaches the file system.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

from wanllmdb_gateway import headers
from wanllmdb_gateway.http import HeaderList, Reply, Request, problem

STATIC = Path(__file__).parent / "static"
UNBUILT_PAGE = Path(__file__).parent / "pages" / "unbuilt.html"
INDEX = "index.html"
NONCE = b"__CSP_NONCE__"
MAX_ALL_BYTES = 128 * 1024 * 1024
# Vite puts a hash of the content into the names of files in this folder.
_HASHED = re.compile(r"/assets/.*-[A-Za-z0-9_-]{8,}\.[a-z0-9.]+")
_MIN_GZIP_BYTES = 1_024
_TEXT = ("text/", "application/json", "application/javascript", "image/svg+xml")
# What the machine's own tables may not know, or know differently.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


class StaticFilesError(Exception):
    """The folder of the built page can't be used; the text says why."""


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    zipped: bytes | None
    content_type: str
    etag: str
    cache_control: str


class StaticFiles:
    """Answers requests for pages and their files.

    Args:
        folder: The folder with index.html and assets/.

    Raises:
        StaticFilesError: the folder exists, but can't be used.
    """

    def __init__(self, folder: Path = STATIC) -> None:
        self._files: dict[str, _File] = {}
        self._page = UNBUILT_PAGE.read_bytes()
        self.is_built = (folder / INDEX).is_file()
        """Whether the folder holds a built page."""
        if self.is_built:
            self._read(folder)

    def _read(self, folder: Path) -> None:
        left = MAX_ALL_BYTES
        for file in sorted(folder.rglob("*")):
            if not file.is_file():
                continue
            try:
                body = file.read_bytes()
            except OSError as error:
                raise StaticFilesError(f"{file} can't be read: {error.strerror}") from None
            left -= len(body)
            if left < 0:
                raise StaticFilesError(f"{folder} holds more than {MAX_ALL_BYTES:,} bytes")
            path = f"/{file.relative_to(folder).as_posix()}"
            if path == f"/{INDEX}":
                self._page = body
            else:
                self._files[path] = _file(path, body)

    def reply(self, request: Request) -> Reply:
        """Return the file of a path, the page for a path of a page, else 404."""
        if request.method not in ("GET", "HEAD"):
            return problem(
                405, "unimplemented", "pages are read with GET", [("allow", "GET, HEAD")]
            )
        found = self._files.get(request.path)
        if found is not None:
            return _reply(found, request)
        if _is_page(request.path):
            return self._page_reply()
        return problem(404, "not_found", "there is no such file", headers.OF_FILES)

    def _page_reply(self) -> Reply:
        nonce = headers.new_nonce()
        return Reply(
            200,
            [("content-type", _TYPES[".html"]), *headers.of_page(nonce)],
            self._page.replace(NONCE, nonce.encode()),
        )


def _is_page(path: str) -> bool:
    """Whether a path is one of the page's own, which its scripts tell apart."""
    last = path.rpartition("/")[2]
    return path == f"/{INDEX}" or ("." not in last and not path.startswith("/assets/"))


def _reply(file: _File, request: Request) -> Reply:
    common: HeaderList = [
        ("etag", file.etag),
        ("cache-control", file.cache_control),
        ("vary", "accept-encoding"),
        *headers.OF_FILES,
    ]
    if file.etag in [tag.strip() for tag in request.header("if-none-match").split(",")]:
        return Reply(304, common)
    encodings = [part.strip() for part in request.header("accept-encoding").split(",")]
    if file.zipped is not None and "gzip" in encodings:
        return Reply(
            200,
            [("content-type", file.content_type), ("content-encoding", "gzip"), *common],
            file.zipped,
        )
    return Reply(200, [("content-type", file.content_type), *common], file.body)


def _file(path: str, body: bytes) -> _File:
    suffix = Path(path).suffix.lower()
    guessed = mimetypes.guess_type(path)[0] or "application/octet-stream"
    content_type = _TYPES.get(suffix, guessed)
    zipped = None
    if len(body) >= _MIN_GZIP_BYTES and content_type.startswith(_TEXT):
        zipped = gzip.compress(body, mtime=0)
    is_hashed = _HASHED.fullmatch(path) is not None
    return _File(
        body,
        zipped if zipped is not None and len(zipped) < len(body) else None,
        content_type,
        f'W/"{hashlib.sha256(body).hexdigest()[:32]}"',
        "public, max-age=31536000, immutable" if is_hashed else "no-cache",
    )
