"""Calls that no gRPC client would send: odd headers, and messages with a wrong length."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tests.raw_http2 import Header, framed

Headers = list[Header]


@dataclass(frozen=True)
class RawCall:
    """The content of one stream.

    Attributes:
        metadata: Headers in addition to the usual ones.
        pseudo: Values that replace the usual headers, including `path`; None omits a header.
        body: The bytes after the headers; None ends the stream with the headers.
        trailers: Short headers that end the stream after the body; an empty list for none.
    """

    metadata: Sequence[Header] = ()
    pseudo: dict[str, bytes | None] = field(default_factory=dict)
    body: bytes | None = b""
    trailers: Sequence[Header] = ()


Make = Callable[[random.Random, bytes], RawCall]
"""Makes a call of a random generator and of a proper request's bytes."""

_BROKEN = (b"\xff", b"\xff\xfe\xfd" * 30, b"\xc3", b"a\xed\xa0\x80", b"\x80" * 2_000)
_NAMES = (b"x-any", b"authorization", b"x-request-id", b"user-agent", b"traceparent", b"cookie")
_BINARY_NAMES = (b"x-any-bin", b"grpc-trace-bin", b"grpc-tags-bin", b"grpc-status-details-bin")
_BINARY = (b"!!!", b"=", b"A", b"\xff\xff", b"AAAA====", b"A A A", b",,,,", b"_-_-")
_TIMEOUTS = (
    *(b"", b"0n", b"0S", b"1n", b"-1S", b"99999999H", b"9" * 30 + b"S", b"1X", b"S"),
    *(b"\xff", b"1.5S", b"0" * 40 + b"1S", b"1 S", b"1s", b"0x1S"),
)
_PATHS = (
    *(b"", b"/", b"//", b"x", b"/\xff", b"/a/b/c", b"/" + b"a" * 6_000, b"/a\0b", b"*"),
    *(b"/%ff", b"/wanllmdb.api.registry.v1.SweepRegistryService/", b"http://x/y"),
)
_CONTENT_TYPES = (
    *(None, b"", b"application/json", b"application/grpc+proto", b"application/grpc;a=b"),
    *(b"\xff", b"application/grpc-web", b"text/plain", b"application/grpcx"),
)
_ENCODINGS = (b"zstd", b"br", b"", b"\xff", b"gzip,gzip", b"GZIP", b"deflate", b"identity")
_MEBIBYTE = 1 << 20


def _metadata(*choices: Iterable[bytes]) -> Make:
    names, values = map(tuple, choices)

    def make(rng: random.Random, message: bytes) -> RawCall:
        chosen = [(rng.choice(names), rng.choice(values)) for _ in range(rng.randint(1, 3))]
        return RawCall(chosen, body=framed(message))

    return make


def _pseudo(name: str, values: Sequence[bytes | None]) -> Make:
    return lambda rng, message: RawCall(pseudo={name: rng.choice(values)}, body=framed(message))


def _body(make: Callable[[random.Random, bytes], bytes | None], *metadata: Header) -> Make:
    return lambda rng, message: RawCall(metadata, body=make(rng, message))


def _with_prefix(flag: int, size: int, data: bytes) -> bytes:
    return bytes([flag]) + size.to_bytes(4) + data


def _odd_names(rng: random.Random, message: bytes) -> RawCall:
    name = rng.choice([b"X-Upper", b"a b", b":x", b"", b"a\0b", b"a\nb", b"\xffname", b"a" * 5_000])
    return RawCall([(name, b"v")], body=framed(message))


def _many(rng: random.Random, message: bytes) -> RawCall:
    count = rng.choice([50, 300, 2_000])
    return RawCall([(b"x-%d" % n, b"v" * rng.randint(0, 30)) for n in range(count)], body=b"")


def _bomb(_rng: random.Random, _message: bytes) -> bytes:
    packed = gzip.compress(bytes(64 * _MEBIBYTE))
    return _with_prefix(1, len(packed), packed)


RAW_CALLS: dict[str, Make] = {
    "metadata that is not UTF-8": _metadata(_NAMES, _BROKEN),
    "control characters in metadata": _metadata(
        _NAMES, (b"a\nb", b"\0", b"\x1b[31m", b"a\r\nb: c")
    ),
    "binary metadata of broken base64": _metadata(_BINARY_NAMES, _BINARY),
    "odd metadata names": _odd_names,
    "metadata without end": _many,
    "one large value": lambda rng, m: RawCall(
        [(b"x-any", b"v" * rng.choice([7_000, 60_000]))], body=framed(m)
    ),
    "odd paths": _pseudo("path", _PATHS),
    "no path": _pseudo("path", (None,)),
    "two paths": lambda _, m: RawCall([(b":path", b"/a/b")], body=framed(m)),
    "odd methods": _pseudo("method", (b"GET", b"PUT", b"OPTIONS", b"CONNECT", b"", b"\xff", None)),
    "odd schemes": _pseudo("scheme", (None, b"", b"ftp", b"\xff", b"https")),
    "odd authorities": _pseudo("authority", (None, b"", b"\xff", b"a" * 6_000, b"a b", b"[::1")),
    "odd content types": _pseudo("content_type", _CONTENT_TYPES),
    "odd te": _pseudo("te", (None, b"", b"gzip", b"\xff", b"trailers, deflate")),
    "odd timeouts": _metadata([b"grpc-timeout"], _TIMEOUTS),
    "unknown encodings": _metadata([b"grpc-encoding"], _ENCODINGS),
    "odd accepted encodings": _metadata([b"grpc-accept-encoding"], (*_ENCODINGS, b"a," * 3_000)),
    "gzip bomb": _body(_bomb, (b"grpc-encoding", b"gzip")),
    "gzip that is none": _body(
        lambda _, m: _with_prefix(1, len(m), m), (b"grpc-encoding", b"gzip")
    ),
    "compressed without an encoding": _body(lambda _, m: _with_prefix(1, len(m), m)),
    "odd flags": _body(lambda rng, m: _with_prefix(rng.randint(2, 255), len(m), m)),
    "a length too long": _body(lambda rng, m: _with_prefix(0, len(m) + rng.randint(1, 99), m)),
    "a length too short": _body(lambda rng, m: _with_prefix(0, max(len(m) - 1, 0), m + b"\0\0")),
    "the longest length": _body(lambda _, m: _with_prefix(0, 2**32 - 1, m)),
    "a length of 5 MiB": _body(lambda _, m: _with_prefix(0, 5 * _MEBIBYTE, m)),
    "half a prefix": _body(lambda rng, _: bytes(rng.randint(1, 4))),
    "several messages": _body(lambda rng, m: framed(m) * rng.randint(2, 40)),
    "no message": _body(lambda _, __: b""),
    "an end with the headers": _body(lambda _, __: None),
    "trailers of a client": lambda rng, m: RawCall(
        body=framed(m),
        trailers=[(rng.choice(_NAMES), rng.choice((b"\xff", b"\xff\xfe\xfd", b"x")))],
    ),
    "noise": _body(lambda rng, _: rng.randbytes(rng.randint(1, 3_000))),
}
