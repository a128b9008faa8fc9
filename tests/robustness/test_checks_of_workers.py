"""The checker finds each rule about real agents in a history that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from signal import SIGKILL, SIGTERM
from typing import Any

import pytest

from tests.robustness.breaks import Breaks, properties_of
from tests.robustness.checks import check, workers
from tests.robustness.diary import SET_METRIC, Note, values_of
from tests.robustness.made_history import SWEEP, Made
from tests.robustness.sweep_states import FAILED
from tests.robustness.work_seen import LifeSeen, WorkSeen
from tests.robustness.worker_plan import WorkerKind
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.search_space.proto_conversion import parameters_from_proto


class MadeByWorkers(Made):
    """The history as one of real agents.

    The first agent ends run 0 and reports that to its program. Then it ends run 1 and is killed
    before it reports that. The result of run 1 reached the spool too late, because the second
    agent had begun attempt 2.
    """

    def __init__(self) -> None:
        super().__init__()
        assigned = ("Suggest", "ReportMetrics", "FinishRun", "Heartbeat")
        kept = [one for one in self.history.tries if one.method not in assigned]
        self.history.tries[:] = kept
        self.runs[1].summary["loss"] = 0.5
        self.runs[1].last_step = 0
        self.runs[0].objective = 0.25
        self.runs[0].summary["loss"] = 0.25
        for run in self.runs:
            run.summary[SET_METRIC] = values_of(SWEEP, run.number, run.attempt, 1)["loss"]
        self.points = {
            (0, 1): {("loss", 0): run_pb2.MetricPoint(step=0, value=0.25)},
            (1, 2): {("loss", 0): run_pb2.MetricPoint(step=0, value=0.5)},
        }
        self.first_life = LifeSeen("w.0", "a", WorkerKind.FUNCTION, sent=[SIGKILL], status=-9)
        self.last_life = LifeSeen("w.1", "c", WorkerKind.COMMAND, status=0)
        self.work = WorkSeen(
            lives=[self.first_life, self.last_life], spooled={(1, 1)}, refused={(1, 1)}
        )
        self.work.notes = [
            *self.notes("w.0", 0, 1, 0.25),
            Note("confirmed", "w.0", 0, 1, {"state": "finished"}),
            *self.notes("w.0", 1, 1, 0.75),
            *self.notes("w.1", 1, 2, 0.5),
        ]
        self.history.work = self.work
        self.finish_with(self.sweep, self.runs)

    def notes(self, life: str, number: int, attempt: int, loss: float) -> list[Note]:
        """Return what a program writes about an attempt with one step."""
        parameters = parameters_from_proto(self.runs[number].parameters)
        steps: list[tuple[str, dict[str, Any]]] = [
            ("begin", {"resumed": False, "parameters": parameters}),
            ("log", {"step": 0, "values": {"loss": loss}}),
            ("end", {"outcome": "succeeded"}),
        ]
        return [Note(what, life, number, attempt, more) for what, more in steps]

    def alter(self, what: str, number: int, attempt: int, **more: Any) -> None:
        """Change what a program wrote."""
        self.work.notes = [
            replace(note, more={**note.more, **more})
            if (note.what, note.of) == (what, (number, attempt))
            else note
            for note in self.work.notes
        ]

    def forget(self, what: str, number: int, attempt: int) -> None:
        """Remove an action of a program."""
        self.work.notes = [
            note for note in self.work.notes if (note.what, note.of) != (what, (number, attempt))
        ]


def test_nothing_is_found_in_a_good_history() -> None:
    assert check(MadeByWorkers().history) == []


def test_what_only_a_killed_agent_knows_may_be_lost() -> None:
    made = MadeByWorkers()
    made.work.spooled.clear()
    made.work.refused.clear()
    assert check(made.history) == []


breaks = Breaks[MadeByWorkers]()


@breaks(workers.KEPT)
def the_end_of_an_agent_that_lives_on_is_gone(made: MadeByWorkers) -> None:
    made.finish_with(made.sweep, made.runs[:1])


@breaks(workers.KEPT)
def a_run_that_succeeded_has_failed(made: MadeByWorkers) -> None:
    made.runs[1].state = FAILED


@breaks(workers.SUMMARY)
def what_a_program_set_is_gone(made: MadeByWorkers) -> None:
    del made.runs[1].summary[SET_METRIC]


@breaks(workers.INVENTED)
def a_run_finished_before_its_program_did(made: MadeByWorkers) -> None:
    made.forget("end", 1, 2)


@breaks(workers.KEPT)
def a_run_is_worth_something_else_than_was_logged(made: MadeByWorkers) -> None:
    made.runs[1].objective = 0.125


@breaks(workers.KEPT)
def the_end_of_a_terminated_agent_is_gone(made: MadeByWorkers) -> None:
    made.first_life.sent, made.first_life.status = [SIGTERM], -15
    made.runs[0].state = FAILED
    made.forget("confirmed", 0, 1)


@breaks(workers.CONFIRMED)
def a_confirmed_run_is_handed_out_again(made: MadeByWorkers) -> None:
    made.runs[0].attempt = 2
    made.work.notes += made.notes("w.1", 0, 2, 0.25)
    made.points[0, 2] = made.points[0, 1]


@breaks(workers.CONFIRMED)
def a_confirmed_run_has_failed(made: MadeByWorkers) -> None:
    made.runs[0].state = FAILED


@breaks(workers.VALUES)
def a_logged_value_is_gone(made: MadeByWorkers) -> None:
    made.points[1, 2] = {}


@breaks(workers.VALUES)
def a_logged_value_is_altered(made: MadeByWorkers) -> None:
    made.points[1, 2]["loss", 0].value = 0.75


@breaks(workers.INVENTED)
def a_value_that_no_program_logged(made: MadeByWorkers) -> None:
    made.points[1, 2]["loss", 7] = run_pb2.MetricPoint(step=7, value=0.5)


@breaks(workers.INVENTED)
def a_value_of_another_attempt(made: MadeByWorkers) -> None:
    made.points[1, 1] = {("loss", 0): run_pb2.MetricPoint(step=0, value=0.5)}


@breaks(workers.INVENTED)
def a_run_was_finished_by_no_program(made: MadeByWorkers) -> None:
    made.forget("end", 1, 2)


@breaks(workers.ALONE)
def an_attempt_is_begun_by_two_agents(made: MadeByWorkers) -> None:
    made.work.notes.append(replace(made.notes("w.1", 0, 1, 0.25)[0]))


@breaks(workers.ALONE)
def an_attempt_is_taken_up_by_another_agent(made: MadeByWorkers) -> None:
    begin = made.notes("w.1", 0, 1, 0.25)[0]
    made.work.notes.append(replace(begin, more={**begin.more, "resumed": True}))


@breaks(workers.PARAMETERS)
def a_program_was_given_other_parameters(made: MadeByWorkers) -> None:
    made.alter("begin", 1, 2, parameters={"depth": 7})


@breaks(workers.SPOOL)
def a_file_stays_in_the_spool(made: MadeByWorkers) -> None:
    made.work.left.append("sweep-0-1.end.json")


@breaks(workers.SPOOL)
def a_file_is_gone_from_the_spool_and_was_not_delivered(made: MadeByWorkers) -> None:
    made.work.refused.clear()


@breaks(workers.SPOOL)
def a_file_is_put_aside_though_no_later_attempt_began(made: MadeByWorkers) -> None:
    made.work.refused.add((1, 2))


@breaks(workers.ODD)
def an_odd_file_is_removed(made: MadeByWorkers) -> None:
    made.work.changed.append("half-0-1.end.json")


@breaks(workers.ENDS)
def an_agent_ends_with_an_error(made: MadeByWorkers) -> None:
    made.last_life.status = 1


@breaks(workers.ENDS)
def an_agent_dies_of_a_signal_that_it_was_not_sent(made: MadeByWorkers) -> None:
    made.last_life.status = -SIGKILL


@breaks(workers.ENDS)
def an_agent_does_not_end(made: MadeByWorkers) -> None:
    made.last_life.status = None


@pytest.mark.parametrize(("prop", "change"), breaks.cases)
def test_a_broken_history_is_found(prop: str, change: Callable[[MadeByWorkers], None]) -> None:
    made = MadeByWorkers()
    change(made)
    found = check(made.history)
    assert prop in {violation.prop for violation in found}
    assert all(violation.lines() for violation in found)


def test_every_property_is_broken_by_some_history() -> None:
    assert properties_of(workers) == breaks.properties


def test_a_round_without_a_final_state_is_checked_too() -> None:
    made = MadeByWorkers()
    made.history.final = None
    assert check(made.history) == []
