"""Every text, bytes, list and map of every request has a bound, beyond which it is rejected.

The fields come from the descriptors, so that a new field must be bounded too, or be listed here as
a field whose size does not matter.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from tests.fuzz.proper_requests import proper_requests
from tests.fuzz.rpcs import REGISTRY, SUGGESTION, Rpc, all_rpcs
from tests.fuzz.verdict import STUCK, Answer, try_out
from tests.fuzz.world import World
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb

# Below the largest message, so that it is not this that is refused.
CHARACTERS = 3_500_000
ENTRIES = 30_000

# What the server says of a sweep or run; sent in an update, it is not even looked at.
OUTPUT = {
    "Sweep": {"project", "stats", "end_message"},
    "Run": {"parameters", "agent_id", "summary", "objectives", "error"},
}
# Cut to what is kept: an agent must not lose a result over the length of its traceback.
CUT = {
    "FinishRunRequest.failed.error.message",
    "FinishRunRequest.failed.error.traceback",
    "FinishRunRequest.pruned.reason",
    "FinishRunRequest.canceled.reason",
    "ReleaseRunRequest.reason",
}

RPCS = [rpc for rpc in all_rpcs() if rpc.request.fields]


@pytest.fixture(scope="module")
async def channels(
    registry_address: str, suggestion_address: str
) -> AsyncIterator[Mapping[str, grpc.aio.Channel]]:
    """Channels to both servers."""
    async with (
        grpc.aio.insecure_channel(registry_address) as registry,
        grpc.aio.insecure_channel(suggestion_address) as suggestion,
    ):
        yield {REGISTRY: registry, SUGGESTION: suggestion}


@pytest.fixture(scope="module")
async def world(channels: Mapping[str, grpc.aio.Channel]) -> World:
    """The sweeps that the requests name."""
    created = World(channels[REGISTRY], channels[SUGGESTION])
    await created.create()
    return created


@pytest.mark.parametrize("rpc", RPCS, ids=[rpc.name for rpc in RPCS])
async def test_far_too_much_in_any_field_is_rejected(
    rpc: Rpc, channels: Mapping[str, grpc.aio.Channel], world: World
) -> None:
    kind = message_factory.GetMessageClass(rpc.request)
    taken = {}
    for path, message in _oversized(rpc.request, proper_requests(rpc) or [kind()]):
        if _is_exempt(rpc.request, path):
            continue
        data = world.with_real_names(message).SerializeToString()
        answer = await try_out(channels[rpc.server], rpc, data, stream_seconds=STUCK)
        assert not answer.faults, path
        if not _is_rejected(rpc, answer):
            taken[path] = str(answer.code)
    assert not taken


def _is_rejected(rpc: Rpc, answer: Answer) -> bool:
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    if answer.code in (invalid, grpc.StatusCode.RESOURCE_EXHAUSTED):
        return True
    # The end of a run is rejected alone, and not the call that brings it.
    responses = [rpc.response.FromString(message) for message in answer.messages]
    ends = [end for response in responses for end in getattr(response, "ended_runs", ())]
    return bool(ends) and all(end.error.code == invalid.value[0] for end in ends)


def _is_exempt(kind: Descriptor, path: str) -> bool:
    if f"{kind.name}.{path}" in CUT:
        return True
    first, _, rest = path.partition(".")
    holder = kind.fields_by_name[first].message_type
    if holder is None:
        return False
    return f"{holder.name}.{rest}" in CUT or rest.partition(".")[0] in OUTPUT.get(holder.name, ())


def _oversized(kind: Descriptor, requests: Sequence[Message]) -> Iterator[tuple[str, Message]]:
    """Yield the valid request with one field after another far too large, and the field's path."""
    for path in _paths(kind):
        request = max(requests, key=lambda request: _depth(request, path))
        copy = type(request)()
        copy.CopyFrom(request)
        if isinstance(copy, pb.UpdateSweepRequest):
            # Only what the mask names is looked at.
            copy.update_mask.paths[:] = [".".join(field.name for field in path[1:3])]
        elif "page_token" in kind.fields_by_name:
            copy.ClearField("page_token")
        _fill(copy, path)
        yield ".".join(field.name for field in path), copy


def _depth(message: Message, path: Sequence[FieldDescriptor]) -> int:
    """Return how much of the path exists in the message."""
    field = path[0]
    present = message.HasField(field.name) if field.has_presence else getattr(message, field.name)
    if not present:
        return 0
    if len(path) == 1 or field.message_type is None:
        return 1
    return 1 + _depth(_inner(message, field), path[1:])


def _paths(
    kind: Descriptor, before: tuple[FieldDescriptor, ...] = ()
) -> Iterator[tuple[FieldDescriptor, ...]]:
    for field in kind.fields:
        path = (*before, field)
        inner = field.message_type
        if field.is_repeated or field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
            yield path
        if inner is None or inner in [f.containing_type for f in path]:
            continue
        if inner.GetOptions().map_entry:
            inner = inner.fields_by_name["value"].message_type
        # Of protobuf's own kinds, only these hold texts, and they hold themselves.
        if inner is not None and inner.name not in ("Value", "ListValue"):
            yield from _paths(inner, path)


def _fill(message: Message, path: tuple[FieldDescriptor, ...]) -> None:
    field, *rest = path
    if rest:
        _fill(_inner(message, field), tuple(rest))
    elif field.message_type is not None and field.message_type.GetOptions().map_entry:
        entries = getattr(message, field.name)
        for index in range(ENTRIES):
            if field.message_type.fields_by_name["value"].message_type is not None:
                entries[f"{index}"].SetInParent()
            else:
                entries[f"{index}"] = _much(field.message_type.fields_by_name["value"], 1)
    elif field.is_repeated and field.message_type is not None:
        values = getattr(message, field.name)
        first = type(values[0])() if values else values.add()
        if values:
            first.CopyFrom(values[0])
        if first.ByteSize() * ENTRIES > 3_000_000:
            first.Clear()
        del values[:]
        values.extend([first] * ENTRIES)
    elif field.is_repeated:
        getattr(message, field.name)[:] = [_much(field, 1)] * ENTRIES
    else:
        setattr(message, field.name, _much(field, CHARACTERS))


def _inner(message: Message, field: FieldDescriptor) -> Message:
    """Return the message in the field, an existing one if possible."""
    holder: Any = getattr(message, field.name)
    kind: Any = field.message_type
    if kind.GetOptions().map_entry:
        return holder[next(iter(holder), "x")]  # type: ignore[no-any-return]
    if field.is_repeated:
        return holder[0] if holder else holder.add()  # type: ignore[no-any-return]
    holder.SetInParent()
    return holder  # type: ignore[no-any-return]


def _much(field: FieldDescriptor, size: int) -> Any:
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING:
            return b"x" * size if field.type == FieldDescriptor.TYPE_BYTES else "x" * size
        case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
            return 1.0
        case _:
            return 1
