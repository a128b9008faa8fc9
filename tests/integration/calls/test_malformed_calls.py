"""Malformed calls: bytes that are no message, and odd metadata."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import grpc.aio
import pytest

from tests.errors import rpc_fails
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb_common.calls.authorization import rpcs_of
from wanllmdb_registry.rpc.services import SERVICES as REGISTRY_SERVICES
from wanllmdb_suggestion.app import SERVICES as SUGGESTION_SERVICES

# A field of type text that is said to go on beyond the end.
NO_MESSAGE = b"\x0a\x7fab"

SUGGEST = pb.SuggestRequest(sweep_id="nosuchsweep", agent_id="agent")


@pytest.fixture
async def channels(
    registry_address: str, suggestion_address: str
) -> AsyncIterator[Sequence[tuple[str, grpc.aio.Channel]]]:
    """Every RPC with a channel to its server."""
    async with (
        grpc.aio.insecure_channel(registry_address) as registry,
        grpc.aio.insecure_channel(suggestion_address) as suggestion,
    ):
        yield [
            (rpc, channel)
            for channel, services in (
                (registry, REGISTRY_SERVICES),
                (suggestion, SUGGESTION_SERVICES),
            )
            for service in services
            for rpc in rpcs_of(service)
        ]


async def test_bytes_that_are_no_message_are_an_invalid_argument_of_every_rpc(
    channels: Sequence[tuple[str, grpc.aio.Channel]],
) -> None:
    for rpc, channel in channels:
        with rpc_fails(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as rejection:
            send: Any = channel.unary_unary(rpc)
            await send(NO_MESSAGE)
        assert "Error parsing" not in rejection.message


async def test_a_request_id_that_can_not_be_sent_on_harms_nothing(suggestion_address: str) -> None:
    rpc = "/wanllmdb.api.suggestion.v1.SuggestionService/Suggest"
    for text in ("x" * 5_000, "a b~", ""):
        async with grpc.aio.insecure_channel(suggestion_address) as channel:
            with rpc_fails(grpc.StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
                send: Any = channel.unary_unary(rpc)
                await send(SUGGEST.SerializeToString(), metadata=(("x-request-id", text),))
