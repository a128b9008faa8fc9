"""Codecs that leave messages encoded.

A message travels from the browser to the service in the bytes in which it came. Only JSON, for
curl, is translated, and not here: the codec marks it, and `passthrough` translates it away from the
event loop.
"""

from __future__ import annotations

from connectrpc.codec import Codec
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message


class JsonText(bytes):
    """A message in JSON."""

    __slots__ = ()


class BinaryCodec(Codec[bytes, bytes]):
    """Passes binary messages on."""

    def name(self) -> str:
        return "proto"

    def encode(self, message: bytes) -> bytes:
        return message

    def decode(self, data: bytes | bytearray, message_class: type[bytes]) -> bytes:
        return bytes(data)


class JsonCodec(Codec[bytes, bytes]):
    """Passes messages in JSON on, marked as such."""

    def name(self) -> str:
        return "json"

    def encode(self, message: bytes) -> bytes:
        return message

    def decode(self, data: bytes | bytearray, message_class: type[bytes]) -> bytes:
        return JsonText(data)


class JsonError(Exception):
    """A text is no message in JSON; the error's text says why."""


def binary_of(text: bytes, message_class: type[Message]) -> bytes:
    """Return the binary form of a message in JSON; an empty text is an empty message.

    Raises:
        JsonError: the text is no message of the class.
    """
    message = message_class()
    try:
        if text.strip():
            json_format.Parse(text.decode(), message)
    except (json_format.ParseError, UnicodeDecodeError, RecursionError) as error:
        raise JsonError(str(error)[:500]) from None
    return message.SerializeToString()


def json_of(data: bytes, message_class: type[Message]) -> bytes:
    """Return the form in JSON of a binary message.

    Raises:
        JsonError: the bytes are no message of the class.
    """
    try:
        message = message_class.FromString(data)
    except DecodeError as error:
        raise JsonError(str(error)) from None
    text: str = json_format.MessageToJson(message, indent=None, ensure_ascii=False)
    return text.encode()
