"""The gateway as an application of ASGI: checks each request, then answers it or passes it on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import structlog

from wanllmdb_common.calls.authentication import AUTHORIZATION_KEY
from wanllmdb_common.calls.call import CallStep
from wanllmdb_common.calls.draining import Drain, shutting_down
from wanllmdb_common.errors import OverloadedError, ServiceError
from wanllmdb_common.server.readiness import Readiness
from wanllmdb_gateway import headers, sign_in
from wanllmdb_gateway.allowed_rpcs import allowed_rpcs, withheld_rpcs
from wanllmdb_gateway.arrival import Arrival, BoundedBody, set_current_arrival
from wanllmdb_gateway.backends import Backends, readiness_of
from wanllmdb_gateway.cross_origin import answer_headers, preflight
from wanllmdb_gateway.errors import connect_error
from wanllmdb_gateway.http import (
    BadRequestError,
    Receive,
    Reply,
    Request,
    Scope,
    Send,
    in_words_of,
    json_reply,
    problem,
    read_request,
    with_headers,
)
from wanllmdb_gateway.limits import GatewayLimits, class_of
from wanllmdb_gateway.metrics import REJECTED
from wanllmdb_gateway.origin_check import ForeignRequestError, OriginCheck, Visitor
from wanllmdb_gateway.passthrough import CallApplication, Passthrough
from wanllmdb_gateway.proxies import caller_address
from wanllmdb_gateway.sessions import Sessions
from wanllmdb_gateway.settings import GatewaySettings
from wanllmdb_gateway.static_files import StaticFiles

# A page of another origin can send none of them without asking first (CORS), which is refused.
CONTENT_TYPES = frozenset(
    {
        *("application/proto", "application/json"),
        *("application/connect+proto", "application/connect+json"),
        *("application/grpc-web", "application/grpc-web+proto", "application/grpc-web+json"),
    }
)
_RPC_PREFIX = "/wanllmdb."

log = structlog.get_logger(__name__)


class Gateway:
    """The application.

    Args:
        settings: The settings.
        backends: The channels to the services.
        sessions: Seal and open cookies.
        files: The built page.
        port: The port that the gateway listens on.
        steps: The steps around each call, outermost first.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        backends: Backends,
        sessions: Sessions,
        files: StaticFiles,
        port: int,
        steps: Sequence[CallStep] = (),
    ) -> None:
        self._settings = settings
        self._backends = backends
        self._sessions = sessions
        self._files = files
        self._limits = GatewayLimits(settings)
        self._proxies = settings.proxies
        self._origins = OriginCheck(
            settings.host,
            port,
            "https" if settings.has_tls else "http",
            settings.public_origins,
            settings.allowed_origins,
        )
        self._sign_in = sign_in.SignIn(backends, sessions, self._limits, settings.body_timeout)
        self._drain = Drain()
        rpcs = allowed_rpcs()
        self._streams = {rpc.path: rpc.is_stream for rpc in rpcs}
        self._withheld = withheld_rpcs()
        passthrough = Passthrough(backends, self._drain, steps, settings.call_timeout)
        self._calls = CallApplication(passthrough.endpoints(rpcs), settings.max_message_bytes)
        self._readiness: Readiness | None = None
        self._is_draining = False
        self._rejects_calls = False
        self._requests = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of HTTP."""
        if scope["type"] != "http":
            return
        self._requests += 1
        self._idle.clear()
        try:
            await self._answer(scope, receive, send)
        finally:
            self._requests -= 1
            if not self._requests:
                self._idle.set()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        safe = with_headers(send, headers.OF_CALLS)
        try:
            request = read_request(scope, self._settings.max_header_bytes)
        except BadRequestError as error:
            REJECTED.labels("malformed").inc()
            await problem(error.status, "invalid_argument", str(error)).send(safe)
            return
        has_body = request.method != "HEAD"
        if request.path in ("/healthz", "/readyz"):
            await self._health(request).send(safe, with_body=has_body)
            return
        try:
            if request.path.startswith(_RPC_PREFIX):
                await self._call(request, scope, receive, safe)
            elif request.path == sign_in.PATH:
                self._origins.check_own_page(request)
                reply = await self._sign_in.reply(request, receive, self._address(request))
                await reply.send(safe)
            else:
                self._origins.check_host(request)
                reply = self._files.reply(request)
                await reply.send(with_headers(send, headers.OF_FILES), with_body=has_body)
        except ForeignRequestError as error:
            REJECTED.labels(error.rule).inc()
            log.info("request rejected", rule=error.rule, path=request.path[:200])
            refusal = problem(error.status, "permission_denied", str(error))
            await in_words_of(request, refusal).send(safe)

    async def _call(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        visitor = self._origins.check_call(request)
        if request.method == "OPTIONS":
            await preflight(request, visitor).send(send)
            return
        if visitor.allowed_origin:
            send = with_headers(send, answer_headers(visitor.allowed_origin))
        reply = self._problem_of(request)
        if reply is not None:
            REJECTED.labels("form").inc()
            await in_words_of(request, reply).send(send)
            return
        address = self._address(request)
        arrival = Arrival(_peer(address, request.port), tuple(request.headers.items()))
        session_key_id = self._authorize(request, visitor, arrival)
        with contextlib.ExitStack() as admission:
            try:
                if self._rejects_calls:
                    raise shutting_down()
                admission.enter_context(
                    self._limits.admitted(
                        class_of(session_key_id, address), is_stream=self._streams[request.path]
                    )
                )
            except ServiceError as error:
                if isinstance(error, OverloadedError):
                    REJECTED.labels("limits").inc()
                arrival.rejection = connect_error(error)
            set_current_arrival(arrival)
            body = BoundedBody(receive, arrival, self._settings.body_timeout)
            await self._calls(scope, body, send)

    def _problem_of(self, request: Request) -> Reply | None:
        """Return the answer to a call that can't be served; None if it can."""
        if request.path in self._withheld:
            return problem(
                404,
                "unimplemented",
                f"the gateway does not pass {request.path} on, since "
                f"{self._withheld[request.path]}: call it at the service itself, over gRPC",
            )
        if request.path not in self._streams:
            return problem(404, "unimplemented", "the gateway knows no such RPC")
        if request.method not in ("GET", "POST"):
            return problem(405, "unknown", "RPCs are called by POST", [("allow", "GET, POST")])
        if request.method == "POST" and request.content_type not in CONTENT_TYPES:
            return problem(
                415,
                "unknown",
                "the content type is none of Connect's or gRPC-Web's; over gRPC, call the service "
                "itself",
                [("accept-post", ", ".join(sorted(CONTENT_TYPES)))],
            )
        return None

    def _authorize(self, request: Request, visitor: Visitor, arrival: Arrival) -> str:
        """Set what goes to the service as `authorization`; return a session's key id, if any.

        A key in a header wins: a program that sends one means that key.
        """
        arrival.authorization = request.header(AUTHORIZATION_KEY)
        if arrival.authorization or not visitor.is_own_page:
            return ""
        session = self._sessions.of_cookies(request.header("cookie"))
        if session is None:
            return ""
        arrival.authorization = f"Bearer {session.key_text}"
        return session.key_id

    def _address(self, request: Request) -> str:
        return caller_address(request.peer, request.header("x-forwarded-for"), self._proxies)

    def _health(self, request: Request) -> Reply:
        if request.path == "/healthz":
            return json_reply(200, {"alive": True})
        services = readiness_of(self._backends)
        # One failed look does not count; before the first one, nothing is known.
        is_ready = (
            self._backends.has_looked
            and self._readiness is not None
            and self._readiness.is_ready
            and not self._is_draining
        )
        body = {"ready": is_ready, "draining": self._is_draining, "services": dict(services)}
        return json_reply(200 if is_ready else 503, body)

    @contextlib.asynccontextmanager
    async def following(self, readiness: Readiness) -> AsyncIterator[None]:
        """Follow the readiness of the services within the block."""
        self._readiness = readiness
        task = asyncio.create_task(readiness.watch(), name="readiness of the services")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def drain(self, grace: float, delay: float) -> None:
        """End all calls, in at most `grace` seconds.

        First the gateway reports that it is not ready, and watches end. After `delay` seconds
        new calls are rejected. Running calls have until three fifths of the grace period to
        finish; the remaining ones then end with SHUTTING_DOWN.
        """
        began = asyncio.get_running_loop().time()
        self._is_draining = True
        self._drain.end_watches()
        await asyncio.sleep(min(delay, grace / 2))
        self._rejects_calls = True
        left = grace - (asyncio.get_running_loop().time() - began)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(left - grace * 2 / 5, 0)):
                await self._idle.wait()
        self._drain.end_calls()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace / 10):
                await self._idle.wait()


def _peer(address: str, port: str) -> str:
    """Return an address in the form in which gRPC gives it."""
    return f"ipv6:[{address}]:{port}" if ":" in address else f"ipv4:{address}:{port}"
