"""Runs with large parameters: a response holds as many as fit."""

from __future__ import annotations

import asyncio

import grpc
import grpc.aio
import pytest

from tests.integration.suggestion.conftest import NewSweep
from tests.integration.suggestion.sweeps import new_id, reason
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb

# Each value takes 90,000 bytes.
LETTERS, ACCENTS = "x" * 90_000, "\u00e9" * 45_000
LARGE = f"""
  a: {{values: [{LETTERS}, {ACCENTS}]}}
  b: {{min: 0, max: 999999999}}"""
MESSAGE = 4 * 1024 * 1024


async def test_fewer_runs_are_assigned_if_more_do_not_fit(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(space=LARGE, more="run_cap: 60")
    request_id = new_id()
    first = await sweep.suggest(count=50, request_id=request_id)
    assert 10 < len(first.runs) < 50
    assert first.exhausted == pb.EXHAUSTED_REASON_UNSPECIFIED
    assert first.ByteSize() < MESSAGE
    again = await sweep.suggest(count=50, request_id=request_id)
    assert [run.number for run in again.runs] == [run.number for run in first.runs]
    assert again.exhausted == pb.EXHAUSTED_REASON_UNSPECIFIED
    numbers = [run.number for run in first.runs]
    while True:
        answer = await sweep.suggest(count=50)
        numbers += [run.number for run in answer.runs]
        if answer.exhausted:
            break
    assert numbers == list(range(60))
    assert answer.exhausted == pb.EXHAUSTED_REASON_RUN_CAP


async def test_many_large_suggests_at_once_and_their_retries_all_fit(
    new_sweep: NewSweep,
) -> None:
    sweep = await new_sweep(space=LARGE)
    ids = [new_id() for _ in range(12)]

    async def ask(request_id: str) -> list[int]:
        answer = await sweep.suggest(count=30, request_id=request_id)
        assert answer.ByteSize() < MESSAGE
        return [run.number for run in answer.runs]

    first = await asyncio.gather(*map(ask, ids))
    assert sorted(n for numbers in first for n in numbers) == list(range(sum(map(len, first))))
    assert all(first)
    assert await asyncio.gather(*map(ask, ids)) == first
    held = await sweep.suggest(count=100, resume=True)
    assert held.resumed
    assert held.runs
    assert held.ByteSize() < MESSAGE


async def test_a_space_whose_runs_are_too_large_is_rejected(new_sweep: NewSweep) -> None:
    space = "".join(f"\n  p{i}: {{value: {'x' * 90_000}}}" for i in range(6))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await new_sweep(space=space)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert reason(refused.value) == "INVALID_SWEEP_CONFIG"
    assert "bytes" in (refused.value.details() or "")
