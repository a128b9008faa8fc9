"""An HTTP server on loopback with a Kubernetes API server's recorded answers."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request: method, path, query and body."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: Any


@dataclass
class KubernetesApi:
    """The server's answers, which tests set, and the requests that it got.

    Attributes:
        answers: the status and the document by method and path.
        asked: the requests, in order.
        address: the server's URL.
    """

    address: str
    answers: dict[tuple[str, str], tuple[int, Any]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def write_config(self, file: Path, namespace: str) -> None:
        """Write a configuration of kubectl's whose context names the server and a namespace."""
        named = {"name": "test"}
        context = {"cluster": "test", "user": "test", "namespace": namespace}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{**named, "cluster": {"server": self.address}}],
            "contexts": [{**named, "context": context}],
            "users": [{**named, "user": {}}],
        }
        file.write_text(json.dumps(document))


def failure(code: int, reason: str, message: str) -> tuple[int, dict[str, Any]]:
    """Return an answer as the API server explains an error."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
    return code, {**status, "message": message, "reason": reason, "code": code}


@contextlib.contextmanager
def kubernetes_api() -> Iterator[KubernetesApi]:
    """Run the server for the block."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            parts = urlsplit(self.path)
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            api.asked.append(Asked(self.command, parts.path, parse_qs(parts.query), body))
            absent = failure(404, "NotFound", f"{parts.path} not found")
            code, document = api.answers.get((self.command, parts.path), absent)
            content = json.dumps(document).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815  # the names of http.server

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its argument
            """Print no requests."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api = KubernetesApi(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()
