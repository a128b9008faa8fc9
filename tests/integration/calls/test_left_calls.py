"""Callers that leave before their answer do not fill the log."""

from __future__ import annotations

import asyncio
import logging
import random

import pytest

from tests.fuzz.raw_floods import RAW_FLOODS
from tests.fuzz.rpcs import all_rpcs
from wanllmdb_common.telemetry.logs import log_left_calls_briefly

SECONDS = 120.0


async def test_an_answer_that_no_caller_takes_costs_a_short_line(
    registry_address: str, caplog: pytest.LogCaptureFixture
) -> None:
    log_left_calls_briefly()
    flood = RAW_FLOODS["unread answers"]
    rpc = next(rpc for rpc in all_rpcs() if rpc.name == "SweepRegistryService/ListSweeps")

    def lines() -> list[logging.LogRecord]:
        return [each for each in caplog.records if each.name == "grpc._cython.cygrpc"]

    # Whether the registry answers before it notices that the caller left is up to chance.
    async with asyncio.timeout(SECONDS):
        while not lines():
            await flood(registry_address, rpc, b"", random.Random(1))
            await asyncio.sleep(0.05)

    for line in lines():
        assert line.exc_info is None
        assert "ListSweeps" in line.getMessage()
        assert len(line.getMessage()) < 400
