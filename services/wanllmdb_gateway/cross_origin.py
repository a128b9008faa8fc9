"""CORS, for the origins that `--allow-origin` lists; without it no answer names any origin.

Answers never allow credentials: pages of other origins send a key in a header, or none.
"""

from __future__ import annotations

from wanllmdb_gateway.http import HeaderList, Reply, Request
from wanllmdb_gateway.origin_check import ForeignRequestError, Visitor

_METHODS = "GET, POST"
_ASKED = ", ".join(
    (
        *("authorization", "content-type", "connect-protocol-version", "connect-timeout-ms"),
        *("grpc-timeout", "traceparent", "tracestate", "x-grpc-web", "x-request-id"),
        "x-user-agent",
    )
)
_ANSWERED = ", ".join(
    (
        *("grpc-message", "grpc-status", "grpc-status-details-bin", "grpc-retry-pushback-ms"),
        *("trailer-grpc-retry-pushback-ms", "x-request-id"),
    )
)
_REMEMBERED_SECONDS = "600"


def preflight(request: Request, visitor: Visitor) -> Reply:
    """Return the answer to a browser's question whether a page of another origin may call.

    Raises:
        ForeignRequestError: the question is not from an allowed origin.
    """
    if not visitor.allowed_origin or not request.header("access-control-request-method"):
        raise ForeignRequestError("origin", "only pages of allowed origins ask by OPTIONS")
    return Reply(
        204,
        [
            *answer_headers(visitor.allowed_origin),
            ("access-control-allow-methods", _METHODS),
            ("access-control-allow-headers", _ASKED),
            ("access-control-max-age", _REMEMBERED_SECONDS),
        ],
    )


def answer_headers(origin: str) -> HeaderList:
    """Return the headers by which a page of an allowed origin may read an answer."""
    return (
        ("access-control-allow-origin", origin),
        ("access-control-expose-headers", _ANSWERED),
        ("vary", "origin"),
        ("cross-origin-resource-policy", "cross-origin"),
    )
