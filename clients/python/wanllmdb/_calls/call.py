"""One RPC as a value: what is sent, and what its answer becomes.

The sync and the async client differ only in how they send one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, Generic, ParamSpec, TypeVar
from uuid import uuid4

from google.protobuf.message import Message

from wanllmdb._connection.addresses import REGISTRY, SUGGESTION, Service
from wanllmdb._errors import InvalidArgumentError
from wanllmdb._types.values import HALF_A_PAIR

P = ParamSpec("P")


T = TypeVar("T")


U = TypeVar("U")


DEFAULT_TIMEOUT = 30.0
"""Seconds that a call may take, unless it is known to take longer."""


_SERVICES = {service.full_name.rpartition(".")[0]: service for service in (REGISTRY, SUGGESTION)}


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """An RPC's request, how its response becomes a result, and its deadline in seconds.

    `waits` says whether it waits, up to the deadline, for a service that is away.
    """

    request: Message
    convert: Callable[[Any], T]
    timeout: float = DEFAULT_TIMEOUT
    waits: bool = True

    @property
    def service(self) -> Service:
        """The service that answers it: that of the request's package."""
        return _SERVICES[self.request.DESCRIPTOR.file.package]

    @property
    def rpc(self) -> str:
        """The RPC's name: GetSweepRequest is the request of GetSweep."""
        return self.request.DESCRIPTOR.name.removesuffix("Request")


def sendable(build: Callable[P, T]) -> Callable[P, T]:
    """A function that builds requests, and raises an InvalidArgumentError for a text that is none.

    Protobuf raises a UnicodeEncodeError, or one that such an error caused.
    """

    @wraps(build)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return build(*args, **kwargs)
        except Exception as error:
            cause = error if isinstance(error, UnicodeEncodeError) else error.__cause__
            if not isinstance(cause, UnicodeEncodeError):
                raise
            raise InvalidArgumentError(
                f"the text {cause.object[:100]!r} {HALF_A_PAIR}", reason="INVALID_REQUEST"
            ) from None

    return checked


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, and the token of the next; empty on the last one."""

    items: list[T]
    next_page_token: str


def page_of(field: str, convert: Callable[[Any], T]) -> Callable[[Any], Page[T]]:
    """A conversion of a list response whose items stand in `field`."""
    return partial(_to_page, field, convert)


def field_of(field: str, convert: Callable[[Any], T]) -> Callable[[Any], T]:
    """A conversion of a response that wraps one message."""
    return partial(_to_field, field, convert)


def each_of(field: str, convert: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    """A conversion of a response that is a list without pages."""
    return partial(_to_tuple, field, convert)


def nothing(_response: Message) -> None:
    """The conversion of a response that says nothing."""


def request_id_or_new(request_id: str | None) -> str:
    """The caller's request id, else a new UUID: kept over every resend of the request."""
    return request_id or str(uuid4())


def _to_page(field: str, convert: Callable[[Any], T], response: Any) -> Page[T]:
    return Page([convert(item) for item in getattr(response, field)], response.next_page_token)


def _to_field(field: str, convert: Callable[[Any], T], response: Any) -> T:
    return convert(getattr(response, field))


def _to_tuple(field: str, convert: Callable[[Any], T], response: Any) -> tuple[T, ...]:
    return tuple(convert(item) for item in getattr(response, field))
