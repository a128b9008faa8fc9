"""Stored answers are kept for a day and then deleted, by any number of replicas."""

from __future__ import annotations

import asyncio
from typing import TypeAlias

import asyncpg
import pytest

from tests.contract.stored import Stored, key, new_sweep
from wanllmdb_common.errors import InvalidArgumentError
from wanllmdb_registry.background.reply_cleanup import REPLY_AGE
from wanllmdb_registry.domain.enqueue_runs import EnqueuedRun, EnqueueRuns
from wanllmdb_registry.domain.unit_of_work import RequestKey
from wanllmdb_registry.store.sweep_store import SweepStore

Operator: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


def _enqueue(request: RequestKey) -> EnqueueRuns:
    return EnqueueRuns(
        request, lambda runs: str(runs[0].number).encode(), runs=[EnqueuedRun({}, {})]
    )


async def _answered(stored: Stored, count: int) -> tuple[str, list[RequestKey]]:
    """Return a sweep and requests that were answered."""
    sweep_id = await stored.sweep()
    keys = [key() for _ in range(count)]
    await stored.store.apply(sweep_id, [_enqueue(request) for request in keys])
    return sweep_id, keys


async def _age(operator: Operator, keys: list[RequestKey]) -> None:
    """Make the answers slightly older than the time for which answers are kept."""
    aged = await operator.execute(
        "UPDATE replies SET create_time = create_time - $2::interval - interval '1 minute' "
        "WHERE request_id = ANY($1::uuid[])",
        [request.request_id for request in keys],
        REPLY_AGE,
    )
    assert aged == f"UPDATE {len(keys)}"


async def _left(operator: Operator, keys: list[RequestKey]) -> int:
    count = await operator.fetchval(
        "SELECT count(*) FROM replies WHERE request_id = ANY($1::uuid[])",
        [request.request_id for request in keys],
    )
    assert isinstance(count, int)
    return count


async def _forget(store: SweepStore) -> int:
    """Delete old answers in small steps, as a replica does periodically."""
    total = 0
    while deleted := await store.delete_old_replies(REPLY_AGE, limit=50):
        total += deleted
    return total


async def test_replicas_forget_old_answers_together_and_keep_the_young(
    stored: Stored, stores: list[SweepStore], operator: Operator
) -> None:
    sweep_id, keys = await _answered(stored, 600)
    old, young = keys[:500], keys[500:]
    await _age(operator, old)
    deleted = await asyncio.gather(*(_forget(store) for store in [*stores, *stores]))
    assert sum(deleted) == 500
    assert (await _left(operator, old), await _left(operator, young)) == (0, 100)
    # A recent request gets its answer again; a request whose answer was deleted is carried out
    # again.
    answers = await stored.store.apply(sweep_id, [_enqueue(young[0]), _enqueue(old[0])])
    assert answers == [b"500", b"600"]


async def test_deleting_old_answers_waits_for_no_lock(
    stored: Stored, stores: list[SweepStore], operator: Operator
) -> None:
    _, keys = await _answered(stored, 20)
    await _age(operator, keys)
    async with operator.transaction():
        await operator.execute(
            "SELECT 1 FROM replies WHERE request_id = ANY($1::uuid[]) FOR UPDATE",
            [request.request_id for request in keys[:5]],
        )
        async with asyncio.timeout(60):
            assert await _forget(stores[0]) == 15
    assert await _forget(stores[1]) == 5


async def test_a_request_is_answered_while_its_answer_is_forgotten(
    stored: Stored, stores: list[SweepStore], operator: Operator
) -> None:
    """The request returns its first answer or is carried out once more, never twice."""
    sweep_id, keys = await _answered(stored, 30)
    await _age(operator, keys)
    forgetting = [asyncio.create_task(_forget(store)) for store in stores]
    outcomes = await asyncio.gather(
        *(stores[0].apply(sweep_id, [_enqueue(request)]) for request in keys)
    )
    await asyncio.gather(*forgetting)
    numbers = [int(answer) for (answer,) in outcomes if isinstance(answer, bytes)]
    assert len(numbers) == len(set(numbers)) == 30
    sweep = await stored.sweeps.get(sweep_id)
    repeated = sum(number >= 30 for number in numbers)
    assert sweep.counts.queued == sweep.next_number == 30 + repeated


async def test_a_sweep_is_not_created_again_when_its_creation_is_forgotten(
    stored: Stored, operator: Operator
) -> None:
    sweep, request = new_sweep(), key()
    answers = [await stored.store.create_sweep(sweep, request, b"first") for _ in range(2)]
    assert answers == [b"first", b"first"]
    await _age(operator, [request])
    assert await _forget(stored.store) == 1
    with pytest.raises(InvalidArgumentError) as refusal:
        await stored.store.create_sweep(sweep, request, b"second")
    assert refusal.value.reason == "REQUEST_ID_REUSED"
    assert sweep.sweep_id in refusal.value.message
