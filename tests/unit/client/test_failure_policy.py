"""When an agent stops because of failed runs."""

from __future__ import annotations

import pytest

from wanllmdb import InvalidArgumentError
from wanllmdb._agent.failure_policy import FailureCounter, FailurePolicy


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def counter(policy: FailurePolicy | None = None) -> tuple[FailureCounter, Clock]:
    clock = Clock()
    return FailureCounter(policy or FailurePolicy(), clock), clock


def test_three_failures_within_a_minute_are_enough() -> None:
    failures, clock = counter()
    failures.succeeded()
    assert failures.failed() is None
    clock.now = 30.0
    assert failures.failed() is None
    clock.now = 60.0
    assert failures.failed() == "3 runs in a row failed within 60 s"


def test_slow_failures_after_a_success_are_taken() -> None:
    failures, clock = counter()
    failures.succeeded()
    for _ in range(50):
        assert failures.failed() is None
        clock.now += 31.0


def test_a_success_between_them_restarts_the_count() -> None:
    failures, _ = counter()
    for _ in range(50):
        assert failures.failed() is None
        assert failures.failed() is None
        failures.succeeded()


def test_five_failures_at_the_start_are_enough_however_slow() -> None:
    failures, clock = counter()
    for _ in range(4):
        assert failures.failed() is None
        clock.now += 1_000.0
    assert failures.failed() == "the first 5 runs all failed"


def test_zero_turns_each_off() -> None:
    failures, clock = counter(FailurePolicy(max_quick_failures=0))
    assert [failures.failed() for _ in range(4)] == [None] * 4
    assert failures.failed() == "the first 5 runs all failed"

    failures, clock = counter(FailurePolicy(max_initial_failures=0))
    for _ in range(10):
        assert failures.failed() is None
        clock.now += 31.0


def test_one_switch_turns_both_off() -> None:
    failures, _ = counter(FailurePolicy.of(max_initial_failures=1, never=True))
    assert [failures.failed() for _ in range(50)] == [None] * 50


def test_arguments_go_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANLLMDB_AGENT_MAX_QUICK_FAILURES", "7")
    monkeypatch.setenv("WANLLMDB_AGENT_QUICK_SECONDS", "1.5")
    monkeypatch.setenv("WANLLMDB_AGENT_MAX_INITIAL_FAILURES", "9")

    assert FailurePolicy.of() == FailurePolicy(7, 1.5, 9)
    assert FailurePolicy.of(max_quick_failures=2) == FailurePolicy(2, 1.5, 9)
    monkeypatch.setenv("WANLLMDB_AGENT_NEVER_GIVE_UP", "true")
    assert FailurePolicy.of() == FailurePolicy(0, 1.5, 0)
    assert FailurePolicy.of(never=False) == FailurePolicy(7, 1.5, 9)


def test_what_is_no_number_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidArgumentError, match="max_quick_failures must be at least 0"):
        FailurePolicy.of(max_quick_failures=-1)
    monkeypatch.setenv("WANLLMDB_AGENT_QUICK_SECONDS", "soon")
    with pytest.raises(InvalidArgumentError, match="WANLLMDB_AGENT_QUICK_SECONDS must be a number"):
        FailurePolicy.of()
