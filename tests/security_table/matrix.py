"""Try every cell of the table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

import grpc
import grpc.aio
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from tests.security_table.case import Case, Code
from tests.security_table.keys import metadata_of
from tests.security_table.world import OTHER, OWN, Key, World

_DETAILS = "grpc-status-details-bin"
_SECONDS = 30


@dataclass(frozen=True)
class Ending:
    """How a call ended: its code and, for an error, the reason, message and metadata."""

    code: Code
    reason: str = ""
    message: str = ""
    metadata: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Cell:
    """The expected and the seen ending of a case, for one key and one project."""

    case: Case
    key: Key
    project: str
    expected: Ending
    seen: Ending

    @property
    def holds(self) -> bool:
        """Whether the seen ending is the expected one."""
        return (self.seen.code, self.seen.reason) == (self.expected.code, self.expected.reason)


# Sends a request with a key and returns how the call ends.
Caller: TypeAlias = "Callable[[World, str, Message, Key], Awaitable[Ending]]"


async def try_case(world: World, case: Case, call: Caller | None = None) -> list[Cell]:
    """Return the cells of a row: each one-project key in both projects, and all other keys.

    Args:
        world: The servers and keys.
        case: The row.
        call: How calls are sent; over gRPC by default.
    """
    send = call or ending_of
    cells = []
    for key in world.keys:
        for project in (OTHER,) if key.projects is None else (OWN, OTHER):
            request = await case.make(world, project)
            seen = await send(world, case.rpc, request, key)
            cells.append(Cell(case, key, project, _expected(case, key, project), seen))
    return cells


def _expected(case: Case, key: Key, project: str) -> Ending:
    if key.refused:
        return Ending(Code.UNAUTHENTICATED, key.refused)
    code = case.expected(key.role, key.projects, project)
    return Ending(code, "PERMISSION_DENIED" if code is Code.PERMISSION_DENIED else "")


async def ending_of(world: World, rpc: str, request: Message, key: Key) -> Ending:
    """Return how the call ends; a stream ends with its first message or without one."""
    service, name = rpc[1:].split("/")
    method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    answer = message_factory.GetMessageClass(method.output_type)
    metadata = metadata_of(key.text) if key.text else ()
    async with grpc.aio.insecure_channel(world.addresses[service]) as channel:
        try:
            if method.server_streaming:
                stream = channel.unary_stream(
                    rpc,
                    request_serializer=type(request).SerializeToString,
                    response_deserializer=answer.FromString,
                )(request, metadata=metadata, timeout=_SECONDS)
                await stream.read()
                stream.cancel()
            else:
                await channel.unary_unary(
                    rpc,
                    request_serializer=type(request).SerializeToString,
                    response_deserializer=answer.FromString,
                )(request, metadata=metadata, timeout=_SECONDS)
        except grpc.aio.AioRpcError as error:
            return _refusal(error)
    return Ending(Code.OK)


def _refusal(error: grpc.aio.AioRpcError) -> Ending:
    info = error_details_pb2.ErrorInfo()
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS:
            for packed in status_pb2.Status.FromString(value).details:
                packed.Unpack(info)
    return Ending(
        error.code(), info.reason, error.details() or "", tuple(sorted(info.metadata.items()))
    )


def table(cells: list[Cell]) -> str:
    """Return the table as text: a row a case, a column a key and project; `!` marks an error."""
    columns = list(dict.fromkeys((cell.key.name, cell.project) for cell in cells))
    names = [_name(cells, *column) for column in columns]
    rows: dict[str, dict[tuple[str, str], str]] = {}
    for cell in cells:
        row = rows.setdefault(cell.case.name, {})
        word = _WORDS.get(cell.seen.reason, cell.seen.reason)
        row[cell.key.name, cell.project] = word if cell.holds else f"{word}!"
    width = max(map(len, rows))
    lines = [f"{index:>2} = {name}" for index, name in enumerate(names, 1)]
    lines.append(" " * width + "".join(f"{index:>5}" for index in range(1, len(names) + 1)))
    for name, row in rows.items():
        lines.append(f"{name:<{width}}" + "".join(f"{row[column]:>5}" for column in columns))
    held = sum(cell.holds for cell in cells)
    lines.append(f"{len(rows)} rows, {len(cells)} cells, as expected: {held}")
    return "\n".join(lines)


_WORDS = {
    "": "ok",
    "PERMISSION_DENIED": "-",
    "KEY_MISSING": "none",
    "KEY_INVALID": "bad",
    "KEY_EXPIRED": "old",
    "KEY_REVOKED": "gone",
}


def _name(cells: list[Cell], name: str, project: str) -> str:
    key = next(cell.key for cell in cells if cell.key.name == name)
    if key.refused:
        return f"key: {name}"
    if key.projects is None:
        return f"{name} projects"
    return f"{name} project, in {'it' if project == OWN else 'another one'}"
