"""Answers that are given again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from google.protobuf.message import Message

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

    async def __call__(self) -> bytes:
        self.asked += 1
        await asyncio.sleep(0)
        return pb.GetSlicesResponse(objectives=[1.0] * self._points).SerializeToString()


async def get(
    cache: AnswerCache, about: FinishedRuns, request: Message, compute: Computer
) -> pb.GetSlicesResponse:
    answer = await cache.get(about, request, pb.GetSlicesResponse, compute)
    return pb.GetSlicesResponse.FromString(answer)


async def test_the_same_question_is_computed_once() -> None:
    cache, compute, about = AnswerCache(), Computer(), runs()
    request = pb.GetHypervolumeHistoryRequest(reference_point={"a": 1.0, "b": 2.0})
    same = pb.GetHypervolumeHistoryRequest(reference_point={"b": 2.0, "a": 1.0})
    first = await get(cache, about, request, compute)
    assert await get(cache, about, same, compute) == first
    assert compute.asked == 1


async def test_the_revision_rises_with_that_of_the_same_runs() -> None:
    cache, compute, about = AnswerCache(), Computer(), runs()
    answers = [
        await get(cache, replace(about, revision=revision), pb.GetSlicesRequest(), compute)
        for revision in (7, 300)
    ]
    assert [(list(answer.objectives), answer.revision) for answer in answers] == [
        ([1.0], 7),
        ([1.0], 300),
    ]
    assert compute.asked == 1


async def test_other_runs_and_other_questions_are_computed() -> None:
    cache, compute, about = AnswerCache(), Computer(), runs()
    await get(cache, about, pb.GetSlicesRequest(), compute)
    await get(cache, runs(), pb.GetSlicesRequest(), compute)
    await get(cache, about, pb.GetSlicesRequest(max_points=3), compute)
    # Alike on the wire.
    await get(cache, about, pb.GetCorrelationsRequest(), compute)
    assert compute.asked == 4


async def test_what_was_not_used_for_longest_goes_first() -> None:
    cache, compute, about = AnswerCache(max_bytes=2_500), Computer(100), runs()
    first, second, third = (pb.GetSlicesRequest(max_points=i) for i in (1, 2, 3))
    for request in (first, second, third, first):
        await get(cache, about, request, compute)
    assert compute.asked == 3
    await get(cache, about, pb.GetSlicesRequest(max_points=4), compute)
    await get(cache, about, first, compute)
    assert compute.asked == 4
    await get(cache, about, second, compute)
    assert compute.asked == 5


async def test_an_error_is_no_answer() -> None:
    cache, compute, about = AnswerCache(), Computer(), runs()

    async def fail() -> bytes:
        raise ValueError("no answer")

    with pytest.raises(ValueError, match="no answer"):
        await cache.get(about, pb.GetSlicesRequest(), pb.GetSlicesResponse, fail)
    await get(cache, about, pb.GetSlicesRequest(), compute)
    assert compute.asked == 1


async def test_two_at_once_have_one_answer() -> None:
    cache, about = AnswerCache(max_bytes=1_000), runs()
    computers = [Computer(100), Computer(100)]
    await asyncio.gather(*(get(cache, about, pb.GetSlicesRequest(), c) for c in computers))
    await get(cache, about, pb.GetSlicesRequest(), computers[0])
    assert sum(computer.asked for computer in computers) == 1
