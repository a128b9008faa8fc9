"""When a run asks whether it should stop, and how its agent asks."""

from __future__ import annotations

import math
import threading
import time

import pytest

from tests.unit.client.runs import run
from wanllmdb import (
    Client,
    StopDecision,
    UnavailableError,
)
from wanllmdb._agent.commands import RunCommands
from wanllmdb._agent.early_stopping import CheckSchedule, StopChecks
from wanllmdb._agent.hints import best_far_from_last


class TestCheckSchedule:
    def test_it_is_due_after_a_number_of_finite_values_of_the_metric(self) -> None:
        schedule = CheckSchedule("m", next_check=2)
        schedule.observe(0, {"m": 1.0})
        schedule.observe(1, {"other": 1.0})
        assert not schedule.is_due

        schedule.observe(3, {"m": 1.0})
        assert schedule.is_due

    def test_a_value_that_is_not_finite_makes_it_due_at_once(self) -> None:
        schedule = CheckSchedule("m", next_check=3)
        schedule.observe(0, {"m": 1.0})
        schedule.observe(1, {"m": math.nan})
        assert schedule.is_due

        schedule.postpone(3)
        assert not schedule.is_due
        # This value is not an iteration, so one more finite value is not enough.
        schedule.observe(2, {"m": 1.0})
        assert not schedule.is_due
        schedule.observe(3, {"m": 1.0})
        assert schedule.is_due

    def test_the_same_step_counts_once(self) -> None:
        schedule = CheckSchedule("m", next_check=2)
        schedule.observe(0, {"m": 1.0})
        schedule.observe(0, {"m": 2.0})

        assert not schedule.is_due

    def test_an_answer_moves_it(self) -> None:
        schedule = CheckSchedule("m", next_check=1)
        schedule.observe(0, {"m": 1.0})

        # Not due again at once, whatever the answer is.
        schedule.postpone(1)
        assert not schedule.is_due
        schedule.observe(1, {"m": 1.0})
        assert schedule.is_due
        schedule.postpone(None)
        assert not schedule.is_due

    @pytest.mark.parametrize(("metric", "next_check"), [("m", None), (None, 1)])
    def test_it_is_never_due_without_early_termination_or_metric(
        self, metric: str | None, next_check: int | None
    ) -> None:
        schedule = CheckSchedule(metric, next_check)
        schedule.observe(0, {"m": 1.0})

        assert not schedule.is_due


class Decisions(Client):
    """A client whose suggestion service is first unavailable and then returns given decisions."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1:1", "127.0.0.1:1")
        self.asked = threading.Semaphore(0)
        # A list, which copies of the client share.
        self.decisions: list[StopDecision] = []

    def should_stop(self, sweep_id: str, number: int) -> StopDecision:
        self.asked.release()
        if not self.decisions:
            raise UnavailableError("away")
        return self.decisions[0]


class TestStopQuestions:
    def test_an_answer_that_comes_late_counts_at_the_next_value(self) -> None:
        client = Decisions()
        orders = RunCommands()
        questions = StopChecks(
            client, run(), CheckSchedule("loss", 1), lambda _: None, orders, pytest.fail
        )
        questions.observe(0, {"loss": 1.0})
        questions.ask_if_due()
        assert client.asked.acquire(timeout=60)
        assert orders.order is None
        # Training continues and does not ask the service itself.
        questions.observe(1, {"loss": 1.0})
        questions.ask_if_due()

        client.decisions.append(StopDecision(True, "too slow", None, None, None, 0, None))
        assert client.asked.acquire(timeout=60)
        deadline = time.monotonic() + 5
        while orders.order is None and time.monotonic() < deadline:
            questions.ask_if_due()
            time.sleep(0.05)
        assert orders.order is not None
        assert orders.order.reason == "too slow"
        questions.close()

    def test_no_decision_is_requested_after_the_end(self) -> None:
        client = Decisions()
        questions = StopChecks(
            client, run(), CheckSchedule("loss", 1), lambda _: None, RunCommands(), pytest.fail
        )
        questions.observe(0, {"loss": 1.0})
        questions.ask_if_due()
        assert client.asked.acquire(timeout=60)
        questions.close()

        assert not client.asked.acquire(timeout=1.5)


class TestValueLoss:
    """Early termination ranks by the last value: a far better earlier one is a warning."""

    @pytest.mark.parametrize(
        ("values", "minimize", "best"),
        [
            ([9.0, 1.0, 8.0], True, 1.0),
            ([9.0, 1.0, 4.0], True, None),
            ([0.1, 0.9, 0.2], False, 0.9),
            ([0.1, 0.9, 0.8], False, None),
            ([9.0, 1.0, math.nan, 8.0, math.inf], True, 1.0),
            # The run never improved.
            ([1.0, 5.0, 9.0], True, None),
            ([9.0, 1.0], True, None),
            ([], True, None),
        ],
    )
    def test_far_is_more_than_half_of_what_was_gained(
        self, values: list[float], minimize: bool, best: float | None
    ) -> None:
        assert best_far_from_last(values, minimize=minimize) == best
