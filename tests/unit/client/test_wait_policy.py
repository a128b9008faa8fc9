"""How long an agent waits, and the agent id under which it takes runs."""

from __future__ import annotations

import time

import pytest

from wanllmdb import (
    DeadlineExceededError,
    InvalidArgumentError,
    NotFoundError,
    UnavailableError,
)
from wanllmdb._agent import WaitPolicy, agent_name
from wanllmdb._agent.agent import name_of_slot
from wanllmdb._agent.wait_policy import OutageWaiter


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANLLMDB_PATIENCE", "WANLLMDB_AGENT_ID"):
        monkeypatch.delenv(name, raising=False)


def test_those_that_never_answered_are_given_up_soon() -> None:
    assert WaitPolicy.of() == WaitPolicy(600.0, 5.0)


def test_an_explicit_patience_counts_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    assert WaitPolicy.of(30.0) == WaitPolicy(30.0, 30.0)
    monkeypatch.setenv("WANLLMDB_PATIENCE", "1200")
    assert WaitPolicy.of() == WaitPolicy(1200.0, 1200.0)
    assert WaitPolicy.of(30.0) == WaitPolicy(30.0, 30.0)


def test_those_of_an_earlier_life_are_known() -> None:
    assert WaitPolicy.of(knows_them=True) == WaitPolicy(600.0, 600.0)


def test_what_is_no_length_of_time_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidArgumentError, match="patience must be at least 0, but is -1"):
        WaitPolicy.of(-1.0)
    with pytest.raises(InvalidArgumentError, match="at least 0, but is nan"):
        WaitPolicy.of(float("nan"))
    monkeypatch.setenv("WANLLMDB_PATIENCE", "long")
    with pytest.raises(InvalidArgumentError, match="WANLLMDB_PATIENCE must be a number"):
        WaitPolicy.of()


def test_a_name_is_given_or_is_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert agent_name(None, resume=False) is None
    with pytest.raises(InvalidArgumentError, match="resume needs the agent's earlier name"):
        agent_name(None, resume=True)
    monkeypatch.setenv("WANLLMDB_AGENT_ID", "node-7")
    assert agent_name(None, resume=True) == "node-7"
    assert agent_name("mine", resume=True) == "mine"


def test_each_slot_has_a_name_and_the_first_one_the_agent_s() -> None:
    assert [name_of_slot("n", slot) for slot in range(3)] == ["n", "n/1", "n/2"]


class TestOutageWaiter:
    def test_a_call_is_repeated_until_the_service_is_back(self) -> None:
        said: list[str] = []
        answers = iter([UnavailableError("away"), DeadlineExceededError("slow"), None])

        def call() -> str:
            error = next(answers)
            if error is not None:
                raise error
            return "answer"

        assert OutageWaiter(said.append).retry(call) == "answer"
        assert said == [
            "waiting up to 10 min for the services: away",
            "the services are back after 1 s",
        ]

    def test_patience_ends(self) -> None:
        def call() -> None:
            raise UnavailableError("away")

        began = time.monotonic()
        with pytest.raises(UnavailableError):
            OutageWaiter(lambda _: None, patience=0.5).retry(call)
        assert time.monotonic() - began > 0.5

    def test_what_does_not_pass_is_raised_at_once(self) -> None:
        def call() -> None:
            raise NotFoundError("no such sweep")

        with pytest.raises(NotFoundError):
            OutageWaiter(pytest.fail).retry(call)
