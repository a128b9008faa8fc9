"""Invented page tokens are rejected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.errors import InvalidArgumentError
from wanllmdb_registry.rpc.page_tokens import (
    MAX_TOKEN,
    Part,
    as_integer,
    as_number,
    as_text,
    as_time,
    read_token,
    write_token,
)

REQUEST = pb.ListRunsRequest(sweep_id="a")


def test_a_token_gives_its_position_back() -> None:
    parts = (as_integer, as_number, as_number, as_text, as_time)
    time = datetime(2026, 1, 1, 3, tzinfo=timezone(timedelta(hours=2)))
    token = write_token(REQUEST, [5, 0.5, None, "é", time.isoformat()])
    assert read_token(REQUEST, token, parts) == [5, 0.5, None, "é", time.astimezone(UTC)]


@pytest.mark.parametrize(
    ("parts", "position"),
    [
        ((as_integer,), []),
        ((as_integer,), [1, 2]),
        ((as_integer,), 5),
        ((as_integer,), {"0": 1}),
        ((as_integer,), ["x"]),
        ((as_integer,), [True]),
        ((as_integer,), [0.5]),
        ((as_integer,), [2**63]),
        ((as_number,), ["x"]),
        ((as_number,), [10**400]),
        ((as_text,), [None]),
        ((as_text,), ["\x00"]),
        ((as_text,), ["\ud800"]),
        ((as_time,), [5]),
        ((as_time,), ["yesterday"]),
        ((as_time,), ["2026-01-01T00:00:00"]),
        ((as_time,), ["9999-12-31T23:59:59-10:00"]),
    ],
)
def test_a_position_of_another_kind_is_refused(parts: tuple[Part, ...], position: Any) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read_token(REQUEST, write_token(REQUEST, position), parts)
    assert caught.value.reason == "INVALID_PAGE_TOKEN"


def test_a_token_has_a_greatest_length() -> None:
    with pytest.raises(InvalidArgumentError, match="at most 4,096"):
        read_token(REQUEST, "a" * (MAX_TOKEN + 1), (as_integer,))
