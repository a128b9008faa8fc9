"""Calls of one sweep's agents and users, each recorded with its answer."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from random import Random
from types import TracebackType
from typing import Any, Self

import grpc
import grpc.aio
from google.protobuf.message import Message

from tests.registry_stub import RegistryStub
from tests.robustness.history import History, Try
from tests.robustness.keys import Key, Keyring
from tests.robustness.platform import REGISTRIES, SUGGESTIONS, Platform
from tests.security_table.keys import metadata_of
from wanllmdb.api.registry.v1 import key_service_pb2_grpc as key_grpc
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc

# A request without an answer after this time is given up, which is a violation: faults last some
# seconds, and after them every request must be carried out.
GIVE_UP_SECONDS = 75.0

_SUGGESTION_METHODS = frozenset(["Suggest", "ShouldStop", "GetBestRuns"])
_CODES = {code.value[0]: code.name for code in grpc.StatusCode}
_KEY_METHODS = frozenset(["CreateKey", "RevokeKey", "ListKeys"])
_OPTIONS = [
    # Each sweep's calls have connections of their own, so that a cut affects some sweeps only.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.enable_retries", 0),
]


class RefusedError(Exception):
    """The services rejected a request, for certain."""

    def __init__(self, one: Try) -> None:
        super().__init__(f"{one.method}: {one.code} {one.reason}")
        self.reason = one.reason
        self.metadata = one.metadata


class GaveUpError(Exception):
    """A request could not be carried out within its time."""


class Clock:
    """A clock that starts with the traffic."""

    def __init__(self) -> None:
        self.begin = time.monotonic()

    def now(self) -> float:
        """Return the seconds since the start of the traffic."""
        return time.monotonic() - self.begin


class Calls:
    """Sends requests to replicas chosen at random; use it as an async context manager.

    A request is repeated with the same request id after an uncertain error until there is an
    answer. Some requests are also repeated without a reason, at the same time through another
    replica or later.

    Args:
        platform: The platform that gets the calls.
        history: Records every sending.
        clock: The clock of the traffic.
        seed: The seed of the random choices.

    Attributes:
        keyring: The keys that calls send; None if the platform requires no keys.
    """

    def __init__(self, platform: Platform, history: History, clock: Clock, seed: str) -> None:
        self.history = history
        self.clock = clock
        self.keyring: Keyring | None = None
        self._platform = platform
        self._random = Random(seed)
        self._channels: list[grpc.aio.Channel] = []
        self._stubs: dict[str, Any] = {}
        self._key_stubs: dict[str, Any] = {}
        self._background: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        for name in (*REGISTRIES, *SUGGESTIONS):
            channel = self._platform.channel(name, _OPTIONS)
            self._channels.append(channel)
            if name in REGISTRIES:
                self._stubs[name] = RegistryStub(channel)
                self._key_stubs[name] = key_grpc.KeyServiceStub(channel)
            else:
                self._stubs[name] = suggestion_grpc.SuggestionServiceStub(channel)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        for channel in self._channels:
            await channel.close()

    def stub(self, replica: str) -> Any:
        """Return a stub for calls that their caller records."""
        return self._stubs[replica]

    def key_for(self, method: str) -> Key | None:
        """Return the project's own key for a method, or None if no key is required."""
        return None if self.keyring is None else self.keyring.key_for(method)

    def registry(self) -> str:
        """Return a replica of the registry."""
        return self._random.choice(REGISTRIES)

    async def ask(self, method: str, request: Message, by: Key | None = None) -> Any:
        """Send a request until there is an answer. A mutation already has its request id.

        The call sends the project's own key if `by` is None.

        Raises:
            RefusedError: The request was rejected.
            GaveUpError: There was no answer for too long.
        """
        key = getattr(request, "request_id", "") or f"read-{uuid.uuid4().hex[:12]}"
        is_mutation = bool(getattr(request, "request_id", ""))
        give_up = self.clock.now() + GIVE_UP_SECONDS
        if is_mutation:
            self._repeat_sometimes(method, request, key, by)
        pause = 0.1
        target = self._target(method)
        tries = 0
        while True:
            one = await self.send(method, request, key, target, self._timeout(tries), by)
            if one.is_answered:
                return one.answer
            if one.is_refused:
                raise RefusedError(one)
            if self.clock.now() > give_up:
                text = f"{method} {key}: no answer for {GIVE_UP_SECONDS:g} s; last {one.code}"
                self.history.gave_up.append(text)
                raise GaveUpError(text)
            await asyncio.sleep(pause * self._random.uniform(0.5, 1.5))
            pause = min(pause * 2, 0.6)
            tries += 1
            # Mostly another replica, as load-balancing clients do.
            if self._random.random() < 0.8:
                target = next(name for name in self._replicas(method) if name != target)

    async def once(
        self, method: str, request: Message, seconds: float, by: Key | None = None
    ) -> Any:
        """Send a request once and ignore its errors: None after an error."""
        key = getattr(request, "request_id", "") or f"read-{uuid.uuid4().hex[:12]}"
        one = await self.send(method, request, key, self._target(method), seconds, by)
        return one.answer

    async def intrude(self, method: str, request: Message, seconds: float, by: Key) -> None:
        """Send a request once, as an intrusion if the key certainly does not permit the request."""
        key = getattr(request, "request_id", "") or f"read-{uuid.uuid4().hex[:12]}"
        target = self._target(method)
        project = self.history.project
        is_intrusion = by.refusal(method, project, target, self.clock.now()) is not None
        into = self.history.intrusions if is_intrusion else self.history.tries
        await self._send(into, method, request, key, target, seconds, by)

    async def send(
        self,
        method: str,
        request: Message,
        key: str,
        target: str,
        seconds: float,
        by: Key | None = None,
    ) -> Try:
        """Send and record one request; it carries the project's own key if `by` is None."""
        by = by or self.key_for(method)
        return await self._send(self.history.tries, method, request, key, target, seconds, by)

    async def _send(
        self,
        into: list[Try],
        method: str,
        request: Message,
        key: str,
        target: str,
        seconds: float,
        by: Key | None,
    ) -> Try:
        copy = type(request)()
        copy.CopyFrom(request)
        one = Try(method, key, target, copy, self.clock.now(), seconds, by=by)
        into.append(one)
        stubs = self._key_stubs if method in _KEY_METHODS else self._stubs
        metadata = metadata_of(by.text) if by is not None and by.text else ()
        try:
            one.answer = await getattr(stubs[target], method)(
                request, timeout=seconds, metadata=metadata
            )
        except grpc.aio.AioRpcError as error:
            one.note(error)
        finally:
            # The result is unknown for a call that the driver stops.
            if one.answer is not None or one.code:
                one.returned = self.clock.now()
            if isinstance(copy, suggestion_pb.SuggestRequest):
                into.extend(ends_brought_by(one, copy))
        return one

    async def settle(self) -> None:
        """Wait for all pending repetitions."""
        while self._background:
            await asyncio.gather(*self._background, return_exceptions=True)

    async def settle_known(self) -> None:
        """Wait for the repetitions that are pending now."""
        await asyncio.gather(*self._background, return_exceptions=True)

    def _repeat_sometimes(self, method: str, request: Message, key: str, by: Key | None) -> None:
        chance = self._random.random()
        if chance < 0.12:
            for target in self._replicas(method):
                self._spawn(self.send(method, request, key, target, self._timeout(), by))
        elif chance < 0.24:
            self._spawn(self._later(method, request, self._random.uniform(0.02, 4), by))

    async def _later(self, method: str, request: Message, seconds: float, by: Key | None) -> None:
        """Send the request once more after a while."""
        await asyncio.sleep(seconds)
        await self.once(method, request, self._timeout(), by)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    @staticmethod
    def _replicas(method: str) -> Sequence[str]:
        return SUGGESTIONS if method in _SUGGESTION_METHODS else REGISTRIES

    def _target(self, method: str) -> str:
        return self._random.choice(self._replicas(method))

    def _timeout(self, tries: int = 0) -> float:
        """Return a timeout, sometimes so short that the call is given up half-way.

        After each timeout the next one is longer: on a busy machine a call takes seconds, and a
        call that is always given up before its end is never answered.
        """
        if self._random.random() < 0.06:
            return self._random.uniform(0.01, 0.15)
        return self._random.choice([1.0, 2.5, 4.0]) * (1 + tries // 3)


def ends_brought_by(one: Try, request: suggestion_pb.SuggestRequest) -> Iterator[Try]:
    """Yield the ends of runs that a Suggest brought, each as a FinishRun at the same time.

    The result of an end is unknown if the Suggest failed, or if its answer had no room.
    """
    answer = one.answer
    results = answer.ended_runs if isinstance(answer, suggestion_pb.SuggestResponse) else ()
    for end, result in zip_longest(request.ended_runs, results):
        brought = Try(
            "FinishRun",
            end.request_id,
            one.target,
            end,
            one.start,
            one.timeout,
            one.returned,
            code="UNAVAILABLE" if one.answer is not None or one.code else "",
            by=one.by,
        )
        match None if result is None else result.WhichOneof("result"):
            case "response":
                brought.answer, brought.code = result.response, ""
            case "error":
                brought.code = _CODES[result.error.code]
                brought.reason = result.error.reason
                brought.metadata = dict(result.error.metadata)
        yield brought


def new_id() -> str:
    """Return a new request id."""
    return str(uuid.uuid4())
