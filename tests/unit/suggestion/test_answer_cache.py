"""Answers that are given again."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.suggestion.statistics_data import finished
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb
from wanllmdb_common.search_space.distributions import Parameter, SearchSpace, Uniform
from wanllmdb_suggestion.analysis.computing import AnswerCache
from wanllmdb_suggestion.optimizer.statistics.finished_runs import FinishedRuns

SPACE = SearchSpace((Parameter("x", Uniform(0.0, 1.0)),))


def runs() -> FinishedRuns:
    return finished(SPACE, [({"x": 0.5}, 1.0)])


class Computer:
    """Counts how often it is asked."""

    def __init__(self, points: int = 1) -> None:
        self.asked = 0
        self._points = points

    async def __call__(self) -> pb.GetSlicesResponse:
        self.asked += 1
        await asyncio.sleep(0)
        return pb.GetSlicesResponse(objectives=[1.0] * self._points)


async def test_the_same_question_is_computed_once() -> None:
    cache, compute, about = AnswerCache(), Computer(), runs()
    request = pb.GetHypervolumeHistoryRequest(reference_point={"a": 1.0, "b": 2.0})
    same = pb.GetHypervolumeHistoryRequest(reference_point={"b": 2.0, "a": 1.0})
    first = await cache.get(about, request, compute)
    assert await cache.get(about, same, compute) is first
    assert compute.asked == 1


async def test_other_runs_and_other_questions_are_computed() -> None:
    cache, compute, about = AnswerCache(), Computer(), runs()
    await cache.get(about, pb.GetSlicesRequest(), compute)
    await cache.get(runs(), pb.GetSlicesRequest(), compute)
    await cache.get(about, pb.GetSlicesRequest(max_points=3), compute)
    # Alike on the wire.
    await cache.get(about, pb.GetCorrelationsRequest(), compute)
    assert compute.asked == 4


async def test_what_was_not_used_for_longest_goes_first() -> None:
    cache, compute, about = AnswerCache(max_bytes=2_500), Computer(100), runs()
    first, second, third = (pb.GetSlicesRequest(max_points=i) for i in (1, 2, 3))
    for request in (first, second, third, first):
        await cache.get(about, request, compute)
    assert compute.asked == 3
    await cache.get(about, pb.GetSlicesRequest(max_points=4), compute)
    await cache.get(about, first, compute)
    assert compute.asked == 4
    await cache.get(about, second, compute)
    assert compute.asked == 5


async def test_an_error_is_no_answer() -> None:
    cache, compute, about = AnswerCache(), Computer(), runs()

    async def fail() -> pb.GetSlicesResponse:
        raise ValueError("no answer")

    with pytest.raises(ValueError, match="no answer"):
        await cache.get(about, pb.GetSlicesRequest(), fail)
    await cache.get(about, pb.GetSlicesRequest(), compute)
    assert compute.asked == 1


async def test_two_at_once_have_one_answer() -> None:
    cache, about = AnswerCache(max_bytes=1_000), runs()
    computers = [Computer(100), Computer(100)]
    await asyncio.gather(*(cache.get(about, pb.GetSlicesRequest(), c) for c in computers))
    await cache.get(about, pb.GetSlicesRequest(), computers[0])
    assert sum(computer.asked for computer in computers) == 1
