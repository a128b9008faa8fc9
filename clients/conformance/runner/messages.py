"""The messages in commands and answers.

The files of vectors hold messages as JSON, for people. Testees get and return them in the binary
form, as base64: not every protobuf library reads JSON.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

# These imports register the details of errors, which a Status packs.
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2 as _google_details
from google.rpc.status_pb2 import Status

from wanllmdb.api.registry.v1 import error_details_pb2 as _details
from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb.api.registry.v1.run_pb2 import Run
from wanllmdb.api.registry.v1.search_space_pb2 import ParameterValue

_REGISTERED = (_google_details, _details)

GIVEN: Mapping[str, type[Message]] = {"value.read": ParameterValue, "parameters.nest": Run}
"""The message in the command of an operation."""
RESULT: Mapping[str, type[Message]] = {
    "value.write": ParameterValue,
    "sweep.build": sweep_pb2.SweepSpec,
}
"""The message in the answer of an operation."""


def command_of(operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a testee is given, with messages in their binary form."""
    command = dict(given)
    if operation in GIVEN:
        message = json_format.ParseDict(given["message"], GIVEN[operation]())
        command["message"] = _encoded(message)
    if operation == "error.read":
        details = given["details"]
        status = json_format.ParseDict({"details": details}, Status())
        command["details"] = _encoded(status) if details else ""
    return command


def expected_message(operation: str, result: Mapping[str, Any]) -> Message:
    """Return the expected message of an operation, in its normal form."""
    return normalized(json_format.ParseDict(result["message"], RESULT[operation]()))


class BadAnswerError(Exception):
    """A testee answered what is no message."""


def answered_message(operation: str, result: Any) -> Message:
    """Return the message that a testee answered, in its normal form.

    Raises:
        BadAnswerError: the answer has no such message.
    """
    if not isinstance(result, Mapping) or not isinstance(result.get("message"), str):
        raise BadAnswerError("the result has no message in base64")
    try:
        return normalized(RESULT[operation].FromString(base64.b64decode(result["message"])))
    except (DecodeError, ValueError) as error:
        raise BadAnswerError(f"the message can't be read: {error}") from None


def shown(message: Message) -> str:
    """Return a message as JSON on one line."""
    return json.dumps(json_format.MessageToDict(message), ensure_ascii=False, sort_keys=True)


def normalized(message: Message) -> Message:
    """Return the message with one of several equal forms.

    A field with the default that its proto names counts as absent, and JSON in texts has no spaces.
    """
    rest = type(message)()
    rest.CopyFrom(message)
    if isinstance(rest, sweep_pb2.SweepSpec):
        _drop_defaults(rest)
    for value in _values_in(rest):
        if value.WhichOneof("kind") == "json_value":
            value.json_value = json.dumps(json.loads(value.json_value), sort_keys=True)
    return rest


def _drop_defaults(spec: sweep_pb2.SweepSpec) -> None:
    for metric in spec.metrics:
        if metric.goal == sweep_pb2.GOAL_MINIMIZE:
            metric.ClearField("goal")
        if metric.value == sweep_pb2.OBJECTIVE_VALUE_LAST:
            metric.ClearField("value")
    if spec.early_termination.WhichOneof("rule") == "hyperband":
        rule = spec.early_termination.hyperband
        if rule.eta == 3.0:
            rule.ClearField("eta")
        if rule.strict:
            rule.ClearField("strict")
    if spec.args_style == sweep_pb2.ARGS_STYLE_FLAT:
        spec.ClearField("args_style")
    if not spec.retries.ListFields():
        spec.ClearField("retries")
    parameters = sorted(spec.search_space.parameters, key=lambda parameter: parameter.name)
    for parameter in parameters:
        for kind in ("int_uniform", "int_log_uniform"):
            if parameter.WhichOneof("distribution") == kind and getattr(parameter, kind).q == 1:
                getattr(parameter, kind).ClearField("q")
    del spec.search_space.parameters[:]
    spec.search_space.parameters.extend(parameters)


def _values_in(message: Message) -> Iterator[ParameterValue]:
    """Yield all parameter values within a message."""
    if isinstance(message, ParameterValue):
        yield message
        return
    for field, content in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            inner = list(content.values())
        else:
            inner = list(content) if field.is_repeated else [content]
        for below in inner:
            if isinstance(below, Message):
                yield from _values_in(below)


def _encoded(message: Message) -> str:
    return base64.b64encode(message.SerializeToString()).decode()
