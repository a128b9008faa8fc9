"""POST /session begins a session with an API key, DELETE /session ends it."""

from __future__ import annotations

import asyncio
import json
import re
import uuid

import grpc
import grpc.aio
import structlog
from google.protobuf import timestamp_pb2

from wanllmdb.api.registry.v1 import key_service_pb2
from wanllmdb_common.calls.call import REQUEST_ID_KEY, logged_id
from wanllmdb_common.errors import OverloadedError
from wanllmdb_gateway.backends import Backends
from wanllmdb_gateway.http import Receive, Reply, Request, json_reply, problem
from wanllmdb_gateway.limits import GatewayLimits, class_of
from wanllmdb_gateway.metrics import SIGN_INS
from wanllmdb_gateway.sessions import MAX_KEY_LENGTH, Sessions

PATH = "/session"
MAX_BODY_BYTES = 8 * 1024
_KEY = re.compile(rf"[!-~]{{1,{MAX_KEY_LENGTH}}}")

log = structlog.get_logger(__name__)


class SignIn:
    """Answers requests for sessions.

    Args:
        backends: Ask the registry whose key it is.
        sessions: Seal the key.
        limits: Bound the failures of each address.
        body_timeout: Seconds within which the body must arrive.
    """

    def __init__(
        self, backends: Backends, sessions: Sessions, limits: GatewayLimits, body_timeout: float
    ) -> None:
        self._backends = backends
        self._sessions = sessions
        self._limits = limits
        self._body_timeout = body_timeout

    async def reply(self, request: Request, receive: Receive, address: str) -> Reply:
        """Return the answer to a request of the gateway's own page."""
        if request.method == "DELETE":
            return Reply(204, [("set-cookie", self._sessions.no_cookie())])
        if request.method != "POST":
            return problem(
                405,
                "unimplemented",
                "POST a key to begin a session, DELETE to end it",
                [("allow", "POST, DELETE")],
            )
        if request.content_type != "application/json":
            return problem(
                415, "invalid_argument", "send the key as JSON: content-type application/json"
            )
        try:
            self._limits.check_sign_in(address)
            with self._limits.admitted(class_of("", address), is_stream=False):
                return await self._begin(request, receive, address)
        except OverloadedError as error:
            SIGN_INS.labels("limited").inc()
            return problem(
                429,
                "resource_exhausted",
                error.message,
                [("retry-after", str(max(round(error.retry_after), 1)))],
            )

    async def _begin(self, request: Request, receive: Receive, address: str) -> Reply:
        try:
            async with asyncio.timeout(self._body_timeout):
                body = await _body(receive)
        except TimeoutError:
            return problem(408, "deadline_exceeded", "the body did not arrive in time")
        if body is None:
            return problem(413, "resource_exhausted", f"a key takes no {MAX_BODY_BYTES:,} bytes")
        key_text = _key_of(body)
        if key_text is None:
            return problem(
                400, "invalid_argument", 'send {"key": "wsk_..."}, with the whole text of the key'
            )
        request_id = logged_id(request.header(REQUEST_ID_KEY)) or uuid.uuid4().hex
        try:
            caller = await self._backends.get_caller(key_text, request_id)
        except grpc.aio.AioRpcError as error:
            return self._refused(error, address, request_id)
        if not caller.keys_required:
            return problem(
                409,
                "failed_precondition",
                "the registry requires no keys, so there is nothing to sign in to",
            )
        return self._signed_in(key_text, caller.key, request_id)

    def _signed_in(self, key_text: str, key: key_service_pb2.ApiKey, request_id: str) -> Reply:
        expires = _seconds(key.expire_time) if key.HasField("expire_time") else None
        session = self._sessions.new(key_text, key.key_id, expires)
        SIGN_INS.labels("ok").inc()
        log.info("signed in", key_id=key.key_id, request_id=request_id)
        return json_reply(
            200,
            {
                "key_id": key.key_id,
                "role": key_service_pb2.Role.Name(key.role).removeprefix("ROLE_").lower(),
                "projects": list(key.projects),
                "expires": int(session.expires),
            },
            [("set-cookie", self._sessions.cookie(session))],
        )

    def _refused(self, error: grpc.aio.AioRpcError, address: str, request_id: str) -> Reply:
        match error.code():
            case grpc.StatusCode.UNAUTHENTICATED | grpc.StatusCode.PERMISSION_DENIED:
                self._limits.count_failed_sign_in(address)
                SIGN_INS.labels("refused").inc()
                log.info("sign-in refused", address=address, request_id=request_id)
                # The registry's texts about keys hold no part of a secret.
                return problem(401, "unauthenticated", error.details() or "the key is not valid")
            case grpc.StatusCode.RESOURCE_EXHAUSTED:
                SIGN_INS.labels("limited").inc()
                return problem(
                    429,
                    "resource_exhausted",
                    "the registry gets too many calls: retry in 1 s",
                    [("retry-after", "1")],
                )
            case code:
                SIGN_INS.labels("failed").inc()
                log.warning("sign-in failed", code=code.name, request_id=request_id)
                return problem(
                    503,
                    "unavailable",
                    "the registry does not answer the gateway: retry in 1 s",
                    [("retry-after", "1")],
                )


async def _body(receive: Receive) -> bytes | None:
    """Return the body; None if it is too long."""
    body = bytearray()
    while True:
        event = await receive()
        body += event.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            return None
        if not event.get("more_body", False):
            return bytes(body)


def _key_of(body: bytes) -> str | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    key = value.get("key") if isinstance(value, dict) else None
    return key if isinstance(key, str) and _KEY.fullmatch(key) else None


def _seconds(time: timestamp_pb2.Timestamp) -> float:
    return time.seconds + time.nanos / 1e9
