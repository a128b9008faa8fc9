"""The audit log: one line for every call that changes something, rejected calls included.

The RPCs that change something are those whose requests carry a `request_id`. A table defines
which fields of each RPC go into its line; a server whose table lacks such an RPC does not start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice, zip_longest
from typing import Any

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from wanllmdb_common.calls.audit_lines import audit_lines
from wanllmdb_common.calls.authentication import claimed_key_id
from wanllmdb_common.calls.call import REQUEST_ID_KEY, Call, logged_id
from wanllmdb_common.telemetry.logs import one_line

LOGGER = "wanllmdb.audit"

ANONYMOUS = "anonymous"
# Characters of a name or an id that the caller chose.
MAX_TEXT = 200
# Run numbers in one line.
MAX_NUMBERS = 100

AuditRule = Callable[[Any, Any], Mapping[str, object]]
"""Returns a call's subject for the log, from its request and its response, which is None if the
call failed. Must not raise, whatever the request holds, and must not return a secret."""

AuditTable = Mapping[str, AuditRule]
"""The audit rules by the full name of the RPC, `/package.Service/Rpc`."""


class AuditTableError(Exception):
    """Mutating RPCs and table rows do not match: the server must not start."""


def check_audit_table(table: AuditTable, services: Iterable[str]) -> None:
    """Check that the table has a row for each mutating RPC of the services, and no other row.

    Raises:
        AuditTableError: names every RPC without a row and every row without an RPC.
    """
    rpcs = {rpc for service in services for rpc in mutating_rpcs(service)}
    problems = [f"{rpc} has no row" for rpc in sorted(rpcs - table.keys())]
    problems += [f"the row {rpc} matches no mutating RPC" for rpc in sorted(table.keys() - rpcs)]
    if problems:
        raise AuditTableError(f"the audit table is wrong: {'; '.join(problems)}")


def mutating_rpcs(service: str) -> list[str]:
    """Return the full names of the RPCs whose requests, or messages in them, have a request_id."""
    methods = descriptor_pool.Default().FindServiceByName(service).methods
    return [f"/{service}/{method.name}" for method in methods if _is_mutation(method.input_type)]


def _is_mutation(request: Descriptor) -> bool:
    names = {"request_id"}
    return any(
        field.name in names
        or (field.message_type is not None and names & set(field.message_type.fields_by_name))
        for field in request.fields
    )


class Audit:
    """The step that writes the audit log. It comes first, to see how each call ended.

    Args:
        table: The rules for the fields of a line.
        services: The full names of the services that are served.
        destination: `stderr`, or the path of a file, which is reopened after it was moved.

    Raises:
        AuditTableError: the table and the services' RPCs do not match.
        OSError: the file can't be written.
    """

    def __init__(
        self, table: AuditTable, services: Iterable[str], destination: str = "stderr"
    ) -> None:
        check_audit_table(table, services)
        self._table = table
        self._responses = {rpc: _response_class(rpc) for rpc in table}
        self._lines = audit_lines(destination)

    def close(self) -> None:
        """Write no more lines."""
        self._lines.close()

    async def before(self, call: Call) -> None:
        pass

    def after(self, call: Call) -> None:
        rule = self._table.get(call.method)
        if rule is None:
            return
        line: dict[str, object] = {}
        if call.reason:
            line["reason"] = call.reason
        claimed = claimed_key_id(call) if call.code is grpc.StatusCode.UNAUTHENTICATED else ""
        if claimed:
            line["claimed_key_id"] = claimed
        named = logged_id(call.metadata(REQUEST_ID_KEY))
        if named:
            line["call_id"] = named
        # Unauthenticated callers must not be able to fill the disk with their requests.
        if call.code is not grpc.StatusCode.UNAUTHENTICATED:
            request_id = getattr(call.request, "request_id", "")
            if request_id:
                line["request_id"] = text(request_id)
            response = call.response
            if isinstance(response, bytes):
                response = self._responses[call.method].FromString(response)
            about = rule(call.request, response)
            line |= {key: value for key, value in about.items() if value not in ("", None)}
        # The line is written here rather than by `logging`, whose records, locks and formatters
        # take longer than all else.
        first = _first_fields(call.rpc, call.caller.key_id or ANONYMOUS, call.peer, call.code.name)
        rest = f", {one_line(line)[1:]}" if line else "}"
        self._lines.write(f'{{"timestamp": "{datetime.now(UTC).isoformat()}", {first}{rest}')


@lru_cache(maxsize=4096)
def _first_fields(rpc: str, key_id: str, peer: str, code: str) -> str:
    """Return the fields that the calls of a connection share, as JSON without its braces."""
    fields = {
        "level": "info",
        "logger": LOGGER,
        "event": rpc,
        "key_id": key_id,
        "peer": peer,
        "code": code,
    }
    return one_line(fields)[1:-1]


def _response_class(rpc: str) -> type[Message]:
    service, _, method = rpc.removeprefix("/").partition("/")
    methods = descriptor_pool.Default().FindServiceByName(service).methods_by_name
    return message_factory.GetMessageClass(methods[method].output_type)


def text(value: str) -> str:
    """Return as much of a caller's text as one line takes."""
    return value[:MAX_TEXT]


def numbers(of: Iterable[int]) -> Sequence[int] | None:
    """Return at most MAX_NUMBERS run numbers; None for none."""
    return list(of)[:MAX_NUMBERS] or None


def ends(requests: Iterable[Any], results: Iterable[Any]) -> Sequence[Mapping[str, object]] | None:
    """Return what the log records of at most MAX_NUMBERS FinishRun requests; None for none.

    `results` are those of the requests, in their order, or empty if the call failed.
    """
    ended = []
    for request, result in islice(zip_longest(requests, results), MAX_NUMBERS):
        line: dict[str, object] = {
            "number": request.number,
            "attempt": request.attempt,
            "outcome": request.WhichOneof("outcome") or "",
            "request_id": text(request.request_id),
        }
        if result is not None and result.error.reason:
            line["reason"] = result.error.reason
        ended.append(line)
    return ended or None
