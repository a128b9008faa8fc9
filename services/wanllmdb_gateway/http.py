"""Requests and replies of HTTP, in the form of ASGI."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Event: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]
HeaderList: TypeAlias = Sequence[tuple[str, str]]

# Headers that mean something else when they come twice.
_SINGLE = (
    *("host", "origin", "content-type", "content-length", "transfer-encoding"),
    *("authorization", "sec-fetch-site", "sec-fetch-mode", "x-request-id"),
)


class BadRequestError(Exception):
    """The request is malformed; the text says how, and `status` is the answer's."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a request.

    Attributes:
        method: The HTTP method.
        path: The decoded path.
        query_bytes: The length of the query.
        scheme: `http` or `https`, as the gateway's own port serves it.
        peer: The address of the connection's other end.
        port: The port of the connection's other end.
        headers: The headers by lower-case name; values of the same name are joined by commas.
    """

    method: str
    path: str
    query_bytes: int
    scheme: str
    peer: str
    port: str
    headers: dict[str, str]

    def header(self, name: str) -> str:
        """Return a header; empty for none."""
        return self.headers.get(name, "")

    @property
    def content_type(self) -> str:
        """The content type in lower case, without parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()


def read_request(scope: Scope, max_header_bytes: int) -> Request:
    """Return the head of a request.

    Raises:
        BadRequestError: headers are too large, not ASCII, or come twice.
    """
    headers: dict[str, str] = {}
    size = 0
    for name_bytes, value_bytes in scope["headers"]:
        size += len(name_bytes) + len(value_bytes) + 4
        if size > max_header_bytes:
            raise BadRequestError(
                f"the request's headers exceed {max_header_bytes:,} bytes", status=431
            )
        try:
            name, value = name_bytes.decode("ascii").lower(), value_bytes.decode("ascii")
        except UnicodeDecodeError:
            raise BadRequestError("a header holds bytes that are not ASCII") from None
        if name not in headers:
            headers[name] = value
        elif name in _SINGLE:
            raise BadRequestError(f"the header {name} comes twice")
        else:
            # HTTP/2 may split the cookie header.
            headers[name] += ("; " if name == "cookie" else ", ") + value
    query = len(scope.get("query_string", b""))
    if len(scope.get("raw_path") or b"") + query > max_header_bytes:
        raise BadRequestError(
            f"the path and the query exceed {max_header_bytes:,} bytes: send the request by POST",
            status=414,
        )
    peer, port = scope.get("client") or ("127.0.0.1", "0")
    return Request(
        scope["method"],
        scope["path"],
        query,
        scope.get("scheme", "http"),
        peer.partition("%")[0],
        str(port),
        headers,
    )


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    headers: HeaderList = ()
    body: bytes = b""

    async def send(self, send: Send, *, with_body: bool = True) -> None:
        """Send the answer; without its body for HEAD."""
        headers = list(_encoded(self.headers))
        # These have no body, and so no length of one.
        if self.status not in (204, 304):
            headers.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body if with_body else b""})


def json_reply(status: int, value: object, headers: HeaderList = ()) -> Reply:
    """Return an answer in JSON."""
    body = json.dumps(value).encode() + b"\n"
    return Reply(status, [("content-type", "application/json"), *headers], body)


def problem(status: int, code: str, message: str, headers: HeaderList = ()) -> Reply:
    """Return an error in the form of Connect, which its clients show to their users.

    Args:
        status: The HTTP status.
        code: The code of Connect, such as `permission_denied`.
        message: What was wrong, and what to do.
        headers: Further headers.
    """
    return json_reply(status, {"code": code, "message": message}, headers)


def in_words_of(request: Request, refusal: Reply) -> Reply:
    """Return a `problem` as the client reads it.

    Clients of gRPC-Web know the HTTP status and no JSON, and 415 says that there is no telling
    what the client speaks.
    """
    if refusal.status != 415 and not request.content_type.startswith("application/grpc"):
        return refusal
    headers = [header for header in refusal.headers if header[0] != "content-type"]
    text: str = json.loads(refusal.body)["message"]
    return Reply(
        refusal.status, [("content-type", "text/plain; charset=utf-8"), *headers], text.encode()
    )


def with_headers(send: Send, headers: HeaderList) -> Send:
    """Return a `send` that adds headers to the answer, unless the answer has them.

    `vary` is added in any case, since each reason for another answer counts.
    """
    encoded = list(_encoded(headers))

    async def adding(event: Event) -> None:
        if event["type"] == "http.response.start":
            own = list(event.get("headers", ()))
            names = {name for name, _ in own}
            event["headers"] = own + [
                item for item in encoded if item[0] not in names or item[0] == b"vary"
            ]
        await send(event)

    return adding


def _encoded(headers: HeaderList) -> Iterator[tuple[bytes, bytes]]:
    return ((name.encode("ascii"), value.encode("ascii")) for name, value in headers)
