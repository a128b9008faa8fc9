"""Parameter values, between messages and native values."""

from __future__ import annotations

import base64
from typing import Any

from google.protobuf.message import Message

from wanllmdb._agent.config import Config
from wanllmdb._types.values import from_parameter_value, from_parameters, to_parameter_value
from wanllmdb.api.registry.v1.run_pb2 import Run
from wanllmdb.api.registry.v1.search_space_pb2 import ParameterValue
from wanllmdb_testee.described import described, native


def bytes_of(given: dict[str, Any]) -> bytes:
    """Return the message of a command in its binary form."""
    return base64.b64decode(given["message"])


def encoded(message: Message) -> dict[str, str]:
    """Return a message for an answer."""
    return {"message": base64.b64encode(message.SerializeToString()).decode()}


def read_value(given: dict[str, Any]) -> Any:
    """Return the native value of a ParameterValue."""
    return described(from_parameter_value(ParameterValue.FromString(bytes_of(given))))


def write_value(given: dict[str, Any]) -> Any:
    """Return the ParameterValue of a native value."""
    return encoded(to_parameter_value(native(given["value"]), "value"))


def nest_parameters(given: dict[str, Any]) -> Any:
    """Return the parameters of a Run as a program receives them."""
    run = Run.FromString(bytes_of(given))
    return described(Config(from_parameters(run.parameters)).as_dict())
