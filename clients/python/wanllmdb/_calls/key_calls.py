"""The registry's RPCs about API keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from wanllmdb._calls.call import Call, Page, field_of, page_of, request_id_or_new, sendable
from wanllmdb._connection.credentials import new_secret, secret_digest
from wanllmdb._errors import FieldProblem, InvalidArgumentError
from wanllmdb._types.enums import Role, enum_to_proto
from wanllmdb._types.keys import (
    ApiKey,
    CallerInfo,
    CreatedKey,
    api_key_from_proto,
    caller_from_proto,
)
from wanllmdb._types.values import to_timestamp
from wanllmdb.api.registry.v1 import key_service_pb2 as pb

# The secrets that a server accepts.
_SECRET = re.compile("[A-Za-z0-9_-]{32,128}")


@sendable
def create_key(
    name: str,
    role: Role | str,
    projects: str | Iterable[str],
    expires: datetime | timedelta | None,
    secret: str | None,
    request_id: str | None,
) -> Call[CreatedKey]:
    used = new_secret() if secret is None else secret
    if not _SECRET.fullmatch(used):
        raise _wrong("secret", "must be 32 to 128 letters, digits, '-' and '_'")
    if isinstance(expires, timedelta):
        try:
            expires = datetime.now(UTC) + expires
        except OverflowError:
            raise _wrong(
                "expires", "is beyond the year 9999; omit it for a key that never expires"
            ) from None

    def created(response: pb.CreateKeyResponse) -> CreatedKey:
        key = api_key_from_proto(response.key)
        return CreatedKey(key, f"wsk_{key.key_id}_{used}")

    return Call(
        pb.CreateKeyRequest(
            name=name,
            role=enum_to_proto(role, Role, pb.Role, "role"),
            projects=[projects] if isinstance(projects, str) else projects,
            expire_time=to_timestamp(expires),
            secret_sha256=secret_digest(used),
            request_id=request_id_or_new(request_id),
        ),
        created,
    )


@sendable
def list_keys(page_size: int) -> Callable[[str], Call[Page[ApiKey]]]:
    """ListKeys, by page token."""

    def page(token: str) -> Call[Page[ApiKey]]:
        return Call(
            pb.ListKeysRequest(page_size=page_size, page_token=token),
            page_of("keys", api_key_from_proto),
        )

    return page


@sendable
def revoke_key(key_id: str, request_id: str | None) -> Call[ApiKey]:
    return Call(
        pb.RevokeKeyRequest(key_id=key_id, request_id=request_id_or_new(request_id)),
        field_of("key", api_key_from_proto),
    )


@sendable
def get_caller() -> Call[CallerInfo]:
    return Call(pb.GetCallerRequest(), caller_from_proto)


def _wrong(field: str, problem: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"create_key: {field} {problem}",
        reason="INVALID_REQUEST",
        fields=[FieldProblem(field, problem)],
    )
