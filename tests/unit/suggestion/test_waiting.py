"""Who is answered together."""

from __future__ import annotations

import asyncio

from wanllmdb_suggestion.registry.client import CallScope
from wanllmdb_suggestion.suggest.suggest_queue import (
    Handout,
    PendingSuggest,
    SuggestQueue,
    scope_of,
)


def waiting(
    request_id: str, timeout: float | None = None, call: str = "", key: str = ""
) -> PendingSuggest:
    answer: asyncio.Future[Handout] = asyncio.get_running_loop().create_future()
    return PendingSuggest(request_id, "agent", 1, CallScope(call, timeout, key), answer)


async def test_those_who_wait_are_taken_in_order_and_stay_in_the_line() -> None:
    line = SuggestQueue()
    suggests = [waiting(str(i)) for i in range(5)]
    for suggest in suggests:
        line.join(suggest)
    assert line.together(3) == suggests[:3]
    line.leave(suggests[1])
    assert line.together(9) == [suggests[0], *suggests[2:]]


async def test_a_repetition_waits_for_what_the_first_one_gets() -> None:
    line = SuggestQueue()
    first, second, other = waiting("a"), waiting("a"), waiting("b")
    for suggest in (first, second, other):
        line.join(suggest)
    assert line.together(9) == [first, other]
    line.leave(first)
    assert line.together(9) == [second, other]


async def test_one_whose_caller_has_gone_is_left_out() -> None:
    line = SuggestQueue()
    gone, there = waiting("a"), waiting("b")
    line.join(gone)
    line.join(there)
    gone.answer.cancel()
    assert line.together(9) == [there]
    gone.reject(ValueError())
    gone.resolve(Handout((), None, None))


async def test_one_that_may_have_failed_others_goes_alone() -> None:
    line = SuggestQueue()
    suspect, other, third = waiting("a"), waiting("b"), waiting("c")
    suspect.alone = True
    for suggest in (suspect, other, third):
        line.join(suggest)
    assert line.together(9) == [suspect]
    line.leave(suspect)
    suspect2 = waiting("d")
    suspect2.alone = True
    line.join(suspect2)
    assert line.together(9) == [other, third]


async def test_a_call_for_several_lasts_as_long_as_the_most_patient_one() -> None:
    assert scope_of([waiting("a", 1.0), waiting("b", 3.0, "id")]) == CallScope("id", 3.0)
    assert scope_of([waiting("a", 1.0), waiting("b", None)]).deadline is None


async def test_those_with_different_keys_are_never_answered_together() -> None:
    line = SuggestQueue()
    first, other, second, third = (
        waiting("a", key="one"),
        waiting("b", key="two"),
        waiting("c", key="one"),
        waiting("d"),
    )
    for suggest in (first, other, second, third):
        line.join(suggest)
    assert line.together(9) == [first, second]
    assert scope_of(line.together(9)).key_text == "one"
    for suggest in (first, second):
        line.leave(suggest)
    assert line.together(9) == [other]
    line.leave(other)
    assert line.together(9) == [third]


async def test_what_is_printed_of_a_call_holds_no_key() -> None:
    assert "secret" not in repr(CallScope("id", 1.0, "wsk_a_secret"))
