"""Objective values do not depend on how values and run ends are grouped into transactions."""

from __future__ import annotations

import itertools

import pytest

from tests.contract.stored import Stored, create, finish, report
from wanllmdb_registry.domain.command import Command
from wanllmdb_registry.domain.model import Metric, ObjectiveValue

# Values by step, in the order in which they are reported; step 2 occurs twice.
REPORTED = [(0, 5.0), (3, 7.0), (2, 100.0), (1, 1.0), (2, 4.0)]
RULES = {
    ObjectiveValue.LAST: (0, 7.0),
    ObjectiveValue.BEST: (0, 1.0),
    ObjectiveValue.MEAN_LAST: (2, 5.5),
}


def groupings(count: int) -> list[list[int]]:
    """Return all ways to cut a sequence into parts, each as the lengths of the parts."""
    cuts = itertools.product([False, True], repeat=count - 1)
    return [
        [len(list(part)) for _, part in itertools.groupby(itertools.accumulate((0, *cut)))]
        for cut in cuts
    ]


@pytest.mark.parametrize("rule", list(ObjectiveValue))
async def test_values_count_whatever_is_written_together(
    stored: Stored, rule: ObjectiveValue
) -> None:
    mean_over, expected = RULES[rule]
    for grouping in groupings(len(REPORTED) + 1):
        sweep_id = await stored.sweep(None, Metric("loss", value=rule, mean_over=mean_over))
        await stored.store.apply(sweep_id, [create(0, 1)])
        changes: list[Command] = [report(0, step, value) for step, value in REPORTED]
        changes.append(finish(0, None))
        for size in grouping:
            await stored.store.apply(sweep_id, [changes.pop(0) for _ in range(size)])
        run = await stored.runs.get(sweep_id, number=0)
        assert (run.objective, grouping) == (expected, grouping)
        assert run.summary == {"loss": 7.0}


async def test_each_run_of_a_batch_is_judged_by_its_own_values(stored: Stored) -> None:
    best = Metric("loss", value=ObjectiveValue.BEST)
    sweep_id = await stored.sweep(None, best)
    numbers = range(30)
    await stored.store.apply(sweep_id, [create(*numbers)])
    await stored.store.apply(sweep_id, [report(n, 0, float(n)) for n in numbers])
    batch: list[Command] = []
    for number in numbers:
        batch += [report(number, 1, 15.0), finish(number, None)]
    await stored.store.apply(sweep_id, batch)
    synced = await stored.syncs.sync(sweep_id, 0, 100)
    assert {run.number: run.objective for run in synced.runs} == {
        n: min(float(n), 15.0) for n in numbers
    }


async def test_of_a_long_history_only_the_last_values_are_read(stored: Stored) -> None:
    mean = Metric("loss", value=ObjectiveValue.MEAN_LAST, mean_over=3)
    sweep_id = await stored.sweep(None, mean)
    await stored.store.apply(sweep_id, [create(0)])
    await stored.store.apply(sweep_id, [report(0, step, float(step)) for step in range(1_000)])
    await stored.store.apply(sweep_id, [report(0, 998, 0.0), finish(0, None)])
    run = await stored.runs.get(sweep_id, number=0)
    assert run.objective == pytest.approx((997 + 0 + 999) / 3)
