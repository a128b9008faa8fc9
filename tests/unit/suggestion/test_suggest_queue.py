"""Which waiting Suggests are answered in one round."""

from __future__ import annotations

from collections.abc import Sequence

from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb_suggestion.registry.client import CallScope
from wanllmdb_suggestion.suggest.ended_runs import EndedRuns, OpenEnds, put_results
from wanllmdb_suggestion.suggest.suggest_queue import (
    MAX_ENDED_BYTES,
    PendingSuggest,
    scope_of,
    select_round,
)


def pending(
    request_id: str, timeout: float | None = None, call: str = "", key: str = ""
) -> PendingSuggest:
    return PendingSuggest(request_id, "agent", 1, CallScope(call, timeout, key))


def select(queue: Sequence[PendingSuggest], most: int = 9) -> list[PendingSuggest]:
    """The next round of a queue; as a `Batcher` does, leaves out callers that have gone."""
    return select_round((suggest for suggest in queue if suggest.is_waiting), most)


async def test_suggests_are_selected_in_the_order_of_their_arrival() -> None:
    queue = [pending(str(i)) for i in range(5)]
    assert select(queue, 3) == queue[:3]
    del queue[1]
    assert select(queue) == queue


async def test_a_retry_waits_for_the_response_of_the_first_request() -> None:
    first, second, other = pending("a"), pending("a"), pending("b")
    assert select([first, second, other]) == [first, other]
    assert select([second, other]) == [second, other]


async def test_a_suggest_whose_caller_has_gone_is_left_out() -> None:
    gone, there = pending("a"), pending("b")
    gone.answer.cancel()
    assert select([gone, there]) == [there]
    gone.reject(ValueError())
    gone.resolve(pb.SuggestResponse())


async def test_a_suggest_that_may_have_failed_others_gets_a_round_alone() -> None:
    suspect, other, third = pending("a"), pending("b"), pending("c")
    suspect.alone = True
    assert select([suspect, other, third]) == [suspect]
    second_suspect = pending("d")
    second_suspect.alone = True
    assert select([other, third, second_suspect]) == [other, third]


async def test_a_call_for_several_suggests_has_the_latest_of_their_deadlines() -> None:
    assert scope_of([pending("a", 1.0), pending("b", 3.0, "id")]) == CallScope("id", 3.0)
    assert scope_of([pending("a", 1.0), pending("b", None)]).deadline is None


async def test_suggests_with_different_keys_share_no_round() -> None:
    first, other, second, third = (
        pending("a", key="one"),
        pending("b", key="two"),
        pending("c", key="one"),
        pending("d"),
    )
    queue = [first, other, second, third]
    assert select(queue) == [first, second]
    assert scope_of(select(queue)).key_text == "one"
    assert select([other, third]) == [other]
    assert select([third]) == [third]


async def test_the_ends_of_a_round_fit_into_one_call() -> None:
    large = [rpb.FinishRunRequest(sweep_id="x" * (MAX_ENDED_BYTES // 2))]
    with_ends = [pending(str(i)) for i in range(3)]
    for suggest in with_ends:
        suggest.ended.requests = large
    without, too_large = pending("a"), pending("b")
    too_large.ended.requests = large * 3
    assert select([with_ends[0], without, *with_ends[1:]]) == [with_ends[0], without]
    assert select([too_large, without, with_ends[0]]) == [too_large, without]
    # Results that are known are not sent again.
    for suggest in with_ends:
        suggest.ended.results = [rpb.FinishRunResult()]
    assert select(with_ends) == with_ends


async def test_results_go_to_the_suggests_that_brought_the_ends() -> None:
    ended = [EndedRuns([rpb.FinishRunRequest(number=i)] * i) for i in range(3)]
    ends = OpenEnds(ended)
    assert [end.number for end in ends.requests] == [1, 2, 2]
    results = [
        rpb.FinishRunResult(error=rpb.FinishRunError(reason=reason)) for reason in ("a", "b", "c")
    ]
    ends.settle(results)
    assert [list(each.results) for each in ended] == [[], results[:1], results[1:]]
    assert not ends.requests
    assert not any(each.is_open for each in ended)


async def test_results_without_room_in_a_response_are_empty() -> None:
    large = rpb.FinishRunResult(error=rpb.FinishRunError(message="x" * 100))
    response = pb.SuggestResponse()
    put_results(response, [large, large, rpb.FinishRunResult()], 150)
    assert list(response.ended_runs) == [large, rpb.FinishRunResult(), rpb.FinishRunResult()]


async def test_the_text_of_a_scope_holds_no_key() -> None:
    assert "secret" not in repr(CallScope("id", 1.0, "wsk_a_secret"))
