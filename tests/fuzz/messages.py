"""Strategies for messages, from their descriptors: arbitrary ones, and valid ones with changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

from tests.fuzz.texts import (
    EXPRESSIONS,
    JSON_TEXTS,
    ODD_TEXTS,
    TABLES,
    YAML_TEXTS,
    config_texts,
)
from tests.fuzz.world import NAMED_TEXTS

_MAX_DEPTH = 7
# The largest size of a field's value; larger messages are rejected by their size alone.
_MAX_BYTES = 500_000

_INTS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_DOUBLES = [0.0, -0.0, 0.5, 1.0, -1.0, 5e-324, 1e308, float("inf"), float("-inf"), float("nan")]

# The kind of text that a field of that name probably holds.
_TEXTS_BY_FIELD: dict[str, st.SearchStrategy[str]] = {
    "text": config_texts(),
    "config_text": config_texts(),
    "json_value": st.sampled_from(JSON_TEXTS),
    "constraints": st.sampled_from(EXPRESSIONS),
    "csv": st.sampled_from(TABLES),
    "json_lines": st.sampled_from(TABLES),
}


def wild_messages(kind: Descriptor) -> st.SearchStrategy[Message]:
    """Return a strategy for messages with any fields set to any values."""
    return _messages(kind, 0)


@st.composite
def changed_messages(draw: st.DrawFn, proper: Message) -> Message:
    """Return a strategy for the message with one to three fields, at any depth, changed."""
    changed = type(proper)()
    changed.CopyFrom(proper)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(changed))
        if not places:
            break
        message, field = draw(st.sampled_from(places))
        if draw(st.integers(0, 5)) == 0:
            message.ClearField(field.name)
        else:
            _set(draw, message, field, 1)
    return changed


@st.composite
def _messages(draw: st.DrawFn, kind: Descriptor, depth: int) -> Message:
    special = _SPECIAL.get(kind.full_name)
    if special is not None and draw(st.integers(0, 3)):
        return draw(special())
    message = message_factory.GetMessageClass(kind)()
    for field in kind.fields:
        # Deeper messages are rarer, so that messages end.
        if draw(st.integers(0, 1 + depth // 3)) == 0:
            _set(draw, message, field, depth + 1)
    return message


def _set(draw: st.DrawFn, message: Message, field: FieldDescriptor, depth: int) -> None:
    if depth > _MAX_DEPTH:
        return
    if _is_map(field):
        _set_map(draw, message, field, depth)
    elif field.is_repeated:
        values = draw(st.lists(_values(field, depth), max_size=3))
        if values and draw(st.integers(0, 30)) == 0:
            count = draw(st.sampled_from([101, 1_001, 10_001]))
            values = values[:1] * min(count, _MAX_BYTES // _size(values[0]))
        message.ClearField(field.name)
        getattr(message, field.name).extend(values)
    elif field.message_type is not None:
        getattr(message, field.name).CopyFrom(draw(_values(field, depth)))
    else:
        setattr(message, field.name, draw(_values(field, depth)))


def _set_map(draw: st.DrawFn, message: Message, field: FieldDescriptor, depth: int) -> None:
    kind: Any = field.message_type
    key, value = kind.fields_by_name["key"], kind.fields_by_name["value"]
    entries = getattr(message, field.name)
    for name in draw(st.lists(_texts(field.name), max_size=3)):
        if key.cpp_type != FieldDescriptor.CPPTYPE_STRING:
            raise AssertionError(f"no texts for the keys of {field.full_name}")
        if value.message_type is None:
            entries[name] = draw(_values(value, depth))
        else:
            entries[name].CopyFrom(draw(_messages(value.message_type, depth)))


def _values(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_MESSAGE:
            kind: Any = field.message_type
            return _messages(kind, depth)
        case FieldDescriptor.CPPTYPE_STRING:
            if field.type == FieldDescriptor.TYPE_BYTES:
                return st.one_of(st.binary(max_size=40), st.just(bytes(100_000)))
            return _texts(field.name)
        case FieldDescriptor.CPPTYPE_ENUM:
            enum: Any = field.enum_type
            known = [value.number for value in enum.values]
            return st.sampled_from([*known, -1, 99, 2**31 - 1])
        case FieldDescriptor.CPPTYPE_BOOL:
            return st.booleans()
        case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
            return st.one_of(st.sampled_from(_DOUBLES), st.floats())
        case number:
            low, high = _INTS[number]
            edges = [n for n in (0, 1, 2, -1, 100, 1_001, 2**53, low, high) if low <= n <= high]
            return st.one_of(st.sampled_from(edges), st.integers(max(low, 0), 20))


def _texts(field: str) -> st.SearchStrategy[str]:
    odd = st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=12))
    named = NAMED_TEXTS.get(field)
    if named is not None:
        # Mostly existing names, so that the code after the first check is reached.
        return st.one_of(*[st.sampled_from(named)] * 4, odd)
    fitting = _TEXTS_BY_FIELD.get(field)
    return odd if fitting is None else st.one_of(fitting, fitting, odd)


def _places(message: Message) -> Any:
    """Return every field of a message and of the messages in it, set or not."""
    for field in message.DESCRIPTOR.fields:
        yield message, field
        if field.message_type is None or field.message_type.full_name in _SPECIAL:
            continue
        if _is_map(field):
            values = getattr(message, field.name)
            if field.message_type.fields_by_name["value"].message_type is not None:
                for key in sorted(values):
                    yield from _places(values[key])
        elif field.is_repeated:
            for item in getattr(message, field.name):
                yield from _places(item)
        elif message.HasField(field.name):
            yield from _places(getattr(message, field.name))


def _size(value: Any) -> int:
    if isinstance(value, Message):
        return value.ByteSize() + 2
    return len(value) + 2 if isinstance(value, str | bytes) else 8


def _is_map(field: Any) -> bool:
    kind = field.message_type
    return kind is not None and bool(kind.GetOptions().map_entry)


@st.composite
def _timestamps(draw: st.DrawFn) -> Message:
    from google.protobuf import timestamp_pb2

    seconds = draw(
        st.sampled_from(
            [0, 1, -1, 1_700_000_000, 2**31, 253402300799, 253402300800, -62135596801, 2**63 - 1]
        )
    )
    return timestamp_pb2.Timestamp(
        seconds=seconds, nanos=draw(st.sampled_from([0, 1, 999_999_999, 10**9, -1, -(2**31)]))
    )


@st.composite
def _masks(draw: st.DrawFn) -> Message:
    from google.protobuf import field_mask_pb2

    paths = st.one_of(st.sampled_from(NAMED_TEXTS["paths"]), st.sampled_from(ODD_TEXTS))
    return field_mask_pb2.FieldMask(paths=draw(st.lists(paths, max_size=4)))


_SPECIAL: dict[str, Callable[[], st.SearchStrategy[Message]]] = {
    "google.protobuf.Timestamp": _timestamps,
    "google.protobuf.FieldMask": _masks,
}

__all__ = ["YAML_TEXTS", "changed_messages", "wild_messages"]
