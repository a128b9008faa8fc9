"""Importances, on functions whose answer is known."""

from __future__ import annotations

import asyncio
import itertools
import math
import os
import signal

import pytest

from tests.unit.suggestion.spaces import page, run, spec
from wanllmdb_common.search_space.distributions import (
    Constant,
    IntUniform,
    Parameter,
    SearchSpace,
    Uniform,
)
from wanllmdb_suggestion.importance_worker import ImportanceWorker
from wanllmdb_suggestion.study.importance import ImportanceData, importance_data, importances
from wanllmdb_suggestion.study.model import SweepModel
from wanllmdb_suggestion.study.random_sampler import RandomSampler
from wanllmdb_suggestion.study.records import RunRecord, RunState

SPACE = SearchSpace(
    (
        Parameter("big", Uniform(0.0, 1.0)),
        Parameter("fixed", Constant("c")),
        Parameter("none", Uniform(0.0, 1.0)),
        Parameter("small", IntUniform(0, 10)),
    )
)


def data(count: int, *, constant: bool = False, space: SearchSpace = SPACE) -> ImportanceData:
    sampler = RandomSampler(space, 3)
    records: list[RunRecord] = []
    for number in range(count):
        p = dict(sampler.propose(number))
        value = 1.0 if constant else 10 * p["big"] + 0.2 * p.get("small", 0)  # type: ignore[operator]
        records.append(run(number, p, RunState.FINISHED, value))
    model = SweepModel(spec(space=space))
    model.apply(page(1, count, *records))
    return importance_data(model)


def test_the_parameter_that_decides_comes_first() -> None:
    shares = importances(data(40))
    assert shares[0][0] == "big"
    assert shares[0][1] > 0.6
    assert {name for name, _ in shares} == {"big", "none", "small"}  # no constants
    assert math.fsum(share for _, share in shares) == pytest.approx(1.0)
    assert all(0 <= share <= 1 for _, share in shares)
    assert [share for _, share in shares] == sorted((s for _, s in shares), reverse=True)


def test_two_runs_are_enough() -> None:
    shares = importances(data(2))
    assert math.fsum(share for _, share in shares) == pytest.approx(1.0)


def test_an_objective_that_never_varies_makes_all_alike() -> None:
    shares = importances(data(10, constant=True))
    assert shares == [("big", 1 / 3), ("none", 1 / 3), ("small", 1 / 3)]


def test_a_single_parameter_has_all() -> None:
    space = SearchSpace((Parameter("big", Uniform(0.0, 1.0)), Parameter("c", Constant(1))))
    assert importances(data(5, space=space)) == [("big", 1.0)]


def test_the_same_runs_give_the_same_answer() -> None:
    assert importances(data(20)) == importances(data(20))
    assert data(20).digest() == data(20).digest()
    assert data(20).digest() != data(21).digest()


def test_values_between_steps_do_no_harm() -> None:
    space = SearchSpace(
        (Parameter("big", Uniform(0.0, 1.0, 0.5)), Parameter("small", IntUniform(0, 10, 5)))
    )
    model = SweepModel(spec(space=space))
    odd = [run(n, {"big": n / 7, "small": n}, RunState.FINISHED, n * 1.0) for n in range(7)]
    model.apply(page(1, 7, *odd))
    shares = importances(importance_data(model))
    assert math.fsum(share for _, share in shares) == pytest.approx(1.0)


def test_only_finished_runs_with_finite_objectives_count() -> None:
    sampler = RandomSampler(SPACE, 3)
    points = [dict(sampler.propose(n)) for n in range(4)]
    model = SweepModel(spec(space=SPACE))
    model.apply(
        page(
            1,
            4,
            run(0, points[0], RunState.FINISHED, 1.0),
            run(1, points[1], RunState.FINISHED, math.inf),
            run(2, points[2], RunState.PRUNED, 2.0),
            run(3, points[3]),
        )
    )
    assert importance_data(model).finished == 1


async def test_the_worker_answers_from_its_own_process_and_keeps_answers() -> None:
    worker = ImportanceWorker()
    try:
        both = await asyncio.gather(worker.compute(data(12)), worker.compute(data(12)))
        assert both[0] == both[1] == importances(data(12))
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert await worker.compute(data(12)) == both[0]
        assert loop.time() - start < 0.05
    finally:
        worker.close()


async def test_the_event_loop_goes_on_while_the_worker_computes() -> None:
    worker = ImportanceWorker()
    loop = asyncio.get_running_loop()
    try:
        await worker.compute(data(3))
        start = loop.time()
        task = asyncio.create_task(worker.compute(data(600)))
        ticks = [loop.time()]
        while not task.done():
            await asyncio.sleep(0.005)
            ticks.append(loop.time())
        longest = max(b - a for a, b in itertools.pairwise(ticks[1:]))
        assert longest < (loop.time() - start) / 2
    finally:
        worker.close()


async def test_the_worker_survives_the_death_of_its_process() -> None:
    worker = ImportanceWorker()
    try:
        await worker.compute(data(5))
        assert worker._pid is not None
        os.kill(worker._pid, signal.SIGKILL)
        assert await worker.compute(data(6)) == importances(data(6))
    finally:
        worker.close()
