"""One RPC as a value: its request, and the conversion of its response.

The blocking and the asynchronous client differ only in how they send a call.
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
"""Seconds that a call may take, except for calls that are known to take longer."""


_SERVICES = {service.full_name.rpartition(".")[0]: service for service in (REGISTRY, SUGGESTION)}


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """An RPC's request, the conversion of its response to a result, and its deadline in seconds.

    `waits` is whether the call waits, up to the deadline, for an unavailable service.
    """

    request: Message
    convert: Callable[[Any], T]
    timeout: float = DEFAULT_TIMEOUT
    waits: bool = True

    @property
    def service(self) -> Service:
        """The service that answers the call: the one of the request's package."""
        return _SERVICES[self.request.DESCRIPTOR.file.package]

    @property
    def rpc(self) -> str:
        """The RPC's name: GetSweepRequest is the request of GetSweep."""
        return self.request.DESCRIPTOR.name.removesuffix("Request")


def sendable(build: Callable[P, T]) -> Callable[P, T]:
    """Make a request builder raise an InvalidArgumentError for text that can't be encoded.

    Protobuf raises a UnicodeEncodeError, or an error that a UnicodeEncodeError caused.
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
    """One page of a list, and the token of the next page; empty on the last page."""

    items: list[T]
    next_page_token: str


def page_of(field: str, convert: Callable[[Any], T]) -> Callable[[Any], Page[T]]:
    """A conversion of a list response whose items are in `field`."""
    return partial(_to_page, field, convert)


def field_of(field: str, convert: Callable[[Any], T]) -> Callable[[Any], T]:
    """A conversion of a response that wraps one message."""
    return partial(_to_field, field, convert)


def each_of(field: str, convert: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    """A conversion of a response that is a list without pagination."""
    return partial(_to_tuple, field, convert)


def nothing(_response: Message) -> None:
    """The conversion of an empty response."""


def request_id_or_new(request_id: str | None) -> str:
    """The caller's request id, else a new UUID, which every resend of the request keeps."""
    return request_id or str(uuid4())


def _to_page(field: str, convert: Callable[[Any], T], response: Any) -> Page[T]:
    return Page([convert(item) for item in getattr(response, field)], response.next_page_token)


def _to_field(field: str, convert: Callable[[Any], T], response: Any) -> T:
    return convert(getattr(response, field))


def _to_tuple(field: str, convert: Callable[[Any], T], response: Any) -> tuple[T, ...]:
    return tuple(convert(item) for item in getattr(response, field))
