"""The checker accepts a correct history, and finds each property in one that breaks it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.message import Message

from tests.robustness.breaks import Breaks, properties_of
from tests.robustness.calls import ends_brought_by
from tests.robustness.checks import (
    assignments,
    check,
    leases,
    replies,
    results,
    runs,
    sweep,
    watches,
)
from tests.robustness.checks.facts import Facts
from tests.robustness.history import Try
from tests.robustness.made_history import SWEEP, Made, run_of, sweep_of
from tests.robustness.sweep_states import CANCELED, FAILED, FINISHED, LOST, QUEUED, RUNNING
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb


def test_nothing_is_found_in_a_good_history() -> None:
    assert check(Made().history) == []


breaks = Breaks[Made]()


def copy_of(one: Try) -> Try:
    """Return a sending with a copy of its answer, to be altered."""
    answer = one.answer
    if answer is not None:
        copy: Message = type(answer)()
        copy.CopyFrom(answer)
        answer = copy
    return replace(one, answer=answer)


def again(made: Made, one: Try) -> Any:
    """Send a request once more and return the new sending's answer, to be altered."""
    repeated = copy_of(one)
    repeated.start += 50
    repeated.returned += 50
    made.history.tries.append(repeated)
    return repeated.answer


# Calls.


@breaks(replies.HANGS)
def a_call_ends_long_after_its_deadline(made: Made) -> None:
    made.report.returned = made.report.start + made.report.timeout + 1.5


@breaks(replies.HANGS)
def something_was_given_up(made: Made) -> None:
    made.history.gave_up.append("the sweep does not end")


@breaks(replies.KNOWN)
def an_internal_error(made: Made) -> None:
    made.report.answer, made.report.code, made.report.reason = None, "INTERNAL", "INTERNAL"


@breaks(replies.KNOWN)
def a_refusal_that_does_not_belong_there(made: Made) -> None:
    made.refuse("EnqueueRuns", "queue-2", pb.EnqueueRunsRequest(), "RUN_NOT_FOUND")


@breaks(replies.ONCE)
def a_repetition_with_another_answer(made: Made) -> None:
    again(made, made.end_0).run.objective = 0.75


@breaks(replies.ONCE)
def a_repeated_suggest_with_another_run(made: Made) -> None:
    again(made, made.first).runs[0].number = 1


@breaks(replies.ONCE)
def a_repetition_that_is_refused(made: Made) -> None:
    made.refuse("FinishRun", "end-0", made.end_0.request, "RUN_NOT_RUNNING")


@breaks(replies.CURRENT)
def a_read_of_the_past(made: Made) -> None:
    old = pb.GetSweepResponse(sweep=sweep_of(sweep_pb2.SWEEP_STATE_RUNNING, 4))
    made.call("GetSweep", "read-2", pb.GetSweepRequest(), old)


# Runs.


@breaks(runs.KEPT)
def a_run_that_was_handed_out_is_gone(made: Made) -> None:
    made.finish_with(made.sweep, made.runs[:1])


@breaks(runs.KEPT)
def a_run_has_other_parameters_than_its_agent_was_told(made: Made) -> None:
    made.runs[0].parameters["depth"].int_value = 7


@breaks(runs.KEPT)
def a_queued_point_is_replaced_by_another_one(made: Made) -> None:
    made.queue.request.runs[0].parameters["depth"].int_value = 7  # type: ignore[attr-defined]


@breaks(runs.KEPT)
def a_hand_out_is_forgotten(made: Made) -> None:
    made.runs[1].attempt = 1


@breaks(runs.QUEUED_ONCE)
def a_repeated_request_queues_twice(made: Made) -> None:
    made.runs[0].labels.update(made.runs[1].labels)


@breaks(runs.QUEUED_ONCE)
def a_refused_request_queues(made: Made) -> None:
    made.queue.answer, made.queue.code = None, "FAILED_PRECONDITION"


@breaks(runs.NUMBERS)
def a_number_is_left_out(made: Made) -> None:
    made.runs[1].number = 2


@breaks(runs.NUMBERS)
def a_number_is_there_twice(made: Made) -> None:
    made.finish_with(made.sweep, [*made.runs, made.runs[1]])


@breaks(runs.MACHINE)
def a_finished_run_runs_again(made: Made) -> None:
    made.see(3, 8, 9, run=run_of(0, 9, RUNNING, began=14, attempt=1, agent_id="a"))


@breaks(runs.MACHINE)
def a_result_changes_after_the_end(made: Made) -> None:
    changed = run_pb2.Run()
    changed.CopyFrom(made.runs[0])
    changed.revision, changed.objective = 12, 0.3
    made.see(3, 11, 12, run=changed)


@breaks(runs.MACHINE)
def a_run_that_waits_for_the_first_time_is_lost(made: Made) -> None:
    made.see(3, 11, 12, run=run_of(2, 12, QUEUED))
    made.see(3, 12, 13, run=run_of(2, 13, LOST, ended=12))


@breaks(runs.MACHINE)
def a_run_never_ends(made: Made) -> None:
    made.runs[1].state = RUNNING


@breaks(runs.ATTEMPTS)
def attempts_descend(made: Made) -> None:
    made.runs[1].revision = 12
    made.see(3, 11, 11, run=run_of(1, 11, RUNNING, began=14, attempt=3, agent_id="c"))


# Results.


@breaks(results.RESULTS)
def an_acknowledged_result_is_altered(made: Made) -> None:
    altered = made.end_0 = copy_of(made.end_0)
    made.history.tries[:] = [
        altered if one.key == altered.key else one for one in made.history.tries
    ]
    made.runs[0].objective = 0.125


@breaks(results.RESULTS)
def an_acknowledged_end_is_undone(made: Made) -> None:
    kept = run_of(0, 7, LOST, began=10, ended=12, attempt=1, agent_id="a")
    made.finish_with(made.sweep, [kept, made.runs[1]])


@breaks(results.EXPLAINED)
def a_run_failed_by_itself(made: Made) -> None:
    made.history.tries.remove(made.end_0)
    made.runs[0].state = FAILED


@breaks(results.EXPLAINED)
def a_run_was_canceled_though_the_sweep_goes_on(made: Made) -> None:
    made.runs[0].state = CANCELED
    made.sweep.state = sweep_pb2.SWEEP_STATE_RUNNING


@breaks(results.OBJECTIVE)
def an_objective_that_nobody_gave(made: Made) -> None:
    made.end_0.request.succeeded.objective = 0.2  # type: ignore[attr-defined]


@breaks(results.POINTS)
def an_acknowledged_value_is_gone(made: Made) -> None:
    made.points[0, 1] = {}


@breaks(results.POINTS)
def an_acknowledged_value_is_altered(made: Made) -> None:
    made.points[0, 1]["loss", 0].value = 0.75


@breaks(results.POINTS)
def a_value_that_was_overwritten_comes_back(made: Made) -> None:
    rows = [run_pb2.MetricRow(step=0, values={"loss": 0.9})]
    request = pb.ReportMetricsRequest(sweep_id=SWEEP, number=0, attempt=1, rows=rows)
    made.call("ReportMetrics", "report-2", request, pb.ReportMetricsResponse())


@breaks(results.POINTS)
def a_value_has_another_time_than_was_reported(made: Made) -> None:
    made.report.request.rows[0].time.FromSeconds(5)  # type: ignore[attr-defined]


@breaks(results.INVENTED)
def a_value_that_nobody_reported(made: Made) -> None:
    made.points[1, 1] = {("loss", 3): run_pb2.MetricPoint(step=3, value=1.0)}


@breaks(results.INVENTED)
def a_value_of_a_refused_report(made: Made) -> None:
    rows = [run_pb2.MetricRow(step=3, values={"loss": 1.0})]
    request = pb.ReportMetricsRequest(sweep_id=SWEEP, number=1, attempt=1, rows=rows)
    made.refuse("ReportMetrics", "report-2", request, "RUN_LEASE_LOST")
    made.points[1, 1] = {("loss", 3): run_pb2.MetricPoint(step=3, value=1.0)}


@breaks(results.SUMMARY)
def a_summary_of_another_attempt(made: Made) -> None:
    made.runs[1].summary["loss"] = 0.5


@breaks(results.SUMMARY)
def a_last_step_that_was_not_reported(made: Made) -> None:
    made.runs[0].last_step = 4


# The sweep.


@breaks(sweep.CAP)
def the_cap_was_exceeded_for_a_moment(made: Made) -> None:
    over = sweep_of(sweep_pb2.SWEEP_STATE_RUNNING, 6, stats={"total_runs": 3, "running_runs": 3})
    made.see(3, 5, 6, sweep=over)


@breaks(sweep.CAP)
def a_run_beyond_the_cap_was_seen(made: Made) -> None:
    made.see(3, 5, 6, run=run_of(2, 6, RUNNING, began=12, attempt=1, agent_id="a"))


@breaks(sweep.COUNTERS)
def a_counter_is_off(made: Made) -> None:
    made.sweep.stats.finished_runs, made.sweep.stats.failed_runs = 1, 1


@breaks(sweep.COUNTERS)
def counters_do_not_add_up_for_a_moment(made: Made) -> None:
    odd = sweep_of(sweep_pb2.SWEEP_STATE_RUNNING, 6, stats={"total_runs": 2, "running_runs": 1})
    made.see(3, 5, 6, sweep=odd)


@breaks(sweep.COUNTERS)
def a_rate_is_off(made: Made) -> None:
    made.sweep.stats.failure_rate = 0.5


@breaks(sweep.BEST)
def the_best_run_is_another_one(made: Made) -> None:
    made.sweep.stats.best_run.number, made.sweep.stats.best_run.objective = 1, 0.5


@breaks(sweep.BEST)
def the_best_run_is_missing(made: Made) -> None:
    made.sweep.stats.ClearField("best_run")


@breaks(sweep.BEST)
def of_equals_the_later_one_is_best(made: Made) -> None:
    made.runs[1].objective = 0.25
    made.sweep.stats.best_run.number = 1


@breaks(sweep.BEST)
def the_suggestion_service_ranks_otherwise(made: Made) -> None:
    final = made.history.end_state
    made.history.final = replace(final, best_runs=made.runs[::-1])


@breaks(sweep.ENDS)
def the_sweep_has_not_ended(made: Made) -> None:
    made.sweep.state = sweep_pb2.SWEEP_STATE_RUNNING


@breaks(sweep.ENDS)
def it_says_that_somebody_canceled_it(made: Made) -> None:
    made.sweep.state = sweep_pb2.SWEEP_STATE_CANCELED


@breaks(sweep.ENDS)
def it_says_that_its_space_is_exhausted(made: Made) -> None:
    made.sweep.finish_reason = sweep_pb2.FINISH_REASON_SPACE_EXHAUSTED


@breaks(sweep.ENDS)
def it_ended_below_its_cap(made: Made) -> None:
    made.sweep.spec.run_cap = 3


@breaks(sweep.ENDS)
def it_says_that_a_target_was_reached(made: Made) -> None:
    made.sweep.finish_reason = sweep_pb2.FINISH_REASON_TARGET_REACHED
    made.sweep.spec.metrics[0].target = 0.1


@breaks(sweep.REST)
def handed_out_after_the_end(made: Made) -> None:
    made.sweep.end_time.FromSeconds(13)


@breaks(sweep.REST)
def handed_out_in_a_pause(made: Made) -> None:
    paused = pb.PauseSweepResponse(sweep=sweep_of(sweep_pb2.SWEEP_STATE_PAUSED, 6))
    made.call("PauseSweep", "pause", pb.PauseSweepRequest(), paused)


@breaks(sweep.DESCRIBED)
def an_acknowledged_description_is_gone(made: Made) -> None:
    new = sweep_of(sweep_pb2.SWEEP_STATE_RUNNING, 12, description="new")
    made.call(
        "UpdateSweep", "words", pb.UpdateSweepRequest(sweep=new), pb.UpdateSweepResponse(sweep=new)
    )


# Who has which run.


@breaks(assignments.ONE_AGENT)
def one_attempt_for_two_agents(made: Made) -> None:
    answer = again(made, made.first)
    other = made.history.tries[-1]
    other.key = "ask-9"
    answer.runs[0].agent_id = "z"


@breaks(assignments.ASKED)
def more_runs_than_asked_for(made: Made) -> None:
    made.first.answer.runs.append(run_of(1, 5, RUNNING, began=11, attempt=1))  # type: ignore[union-attr]


@breaks(assignments.ASKED)
def a_run_in_the_name_of_somebody_else(made: Made) -> None:
    made.first.request.agent_id = "z"  # type: ignore[attr-defined]


@breaks(assignments.ASKED)
def a_run_held_by_an_agent_that_was_told_of_none(made: Made) -> None:
    made.third.answer.runs.pop()  # type: ignore[union-attr]


@breaks(assignments.GRID)
def a_grid_point_for_two_runs(made: Made) -> None:
    made.history.plan = replace(made.history.plan, grid_size=2)
    for run in made.runs:
        run.parameters["depth"].int_value = 1
        run.origin = run_pb2.RUN_ORIGIN_SUGGESTED


@breaks(assignments.RETRIES)
def more_attempts_than_the_sweep_allows(made: Made) -> None:
    made.runs[1].attempt = 4


# Leases.


@breaks(leases.HELD)
def handed_out_again_before_the_lease_ended(made: Made) -> None:
    made.beat.answer.statuses[0].lease.number = 1  # type: ignore[union-attr]
    made.beat.answer.statuses[0].expire_time.FromSeconds(20)  # type: ignore[union-attr]


@breaks(leases.HELD)
def lost_before_the_lease_ended(made: Made) -> None:
    made.runs[1].state = LOST
    made.runs[1].end_time.FromSeconds(15)


@breaks(leases.LATE)
def a_late_result_was_taken(made: Made) -> None:
    made.late.code, made.late.reason = "", ""
    made.late.answer = pb.FinishRunResponse(run=made.runs[1])


@breaks(leases.LATE)
def a_late_report_was_taken(made: Made) -> None:
    request = pb.ReportMetricsRequest(sweep_id=SWEEP, number=1, attempt=1)
    made.call("ReportMetrics", "late-report", request, pb.ReportMetricsResponse())


@breaks(leases.LATE)
def a_result_was_refused_though_nobody_else_has_the_run(made: Made) -> None:
    made.late.request.attempt = 2  # type: ignore[attr-defined]


@breaks(leases.LATE)
def a_result_was_refused_as_if_there_were_one(made: Made) -> None:
    made.history.tries.remove(made.end_0)
    made.refuse("FinishRun", "end-0", made.end_0.request, "RUN_NOT_RUNNING")


# Watches.


@breaks(watches.UNIQUE)
def one_revision_for_two_runs(made: Made) -> None:
    made.see(3, 6, 7, run=run_of(1, 7, RUNNING, began=11, attempt=1, agent_id="b"))


@breaks(watches.UNIQUE)
def one_revision_with_two_contents(made: Made) -> None:
    other = run_pb2.Run()
    other.CopyFrom(made.runs[0])
    other.name = "another"
    made.see(3, 6, 7, run=other)


@breaks(watches.UNIQUE)
def one_revision_for_a_run_and_the_sweep(made: Made) -> None:
    made.see(3, 6, 7, sweep=sweep_of(sweep_pb2.SWEEP_STATE_RUNNING, 7))


@breaks(watches.ORDERED)
def a_revision_comes_twice(made: Made) -> None:
    made.see(3, 10, 11, sweep=made.sweep)


@breaks(watches.ORDERED)
def a_stream_begins_before_where_it_was_to_begin(made: Made) -> None:
    first = made.seen[4]
    made.seen[4] = replace(first, since=7)


@breaks(watches.COMPLETE)
def a_change_is_left_out(made: Made) -> None:
    del made.seen[7]


@breaks(watches.COMPLETE)
def a_checkpoint_comes_too_early(made: Made) -> None:
    made.seen.insert(4, replace(made.seen[3], revision=5))


@breaks(watches.COMPLETE)
def the_end_is_left_out(made: Made) -> None:
    del made.seen[8]


# Retries by users.


def retry(made: Made, number: int) -> list[run_pb2.Run]:
    """Retry the run after the sweep's end and finish it; return its states in between."""
    request = pb.RetryRunsRequest(sweep_id=SWEEP, numbers=[number])
    again = sweep_of(sweep_pb2.SWEEP_STATE_RUNNING, 13)
    answer = pb.RetryRunsResponse(sweep=again, numbers=[number])
    made.call("RetryRuns", "retry", request, answer)
    ended = made.runs[number]
    queued = run_of(number, 13, QUEUED, began=10, attempt=ended.attempt)
    begun = run_of(number, 14, RUNNING, began=17, attempt=ended.attempt + 1, agent_id="d")
    asked = suggestion_pb.SuggestRequest(sweep_id=SWEEP, count=1, agent_id="d")
    made.call("Suggest", "ask-3", asked, suggestion_pb.SuggestResponse(runs=[begun]))
    finished = run_of(
        number, 15, FINISHED, began=17, ended=18, attempt=begun.attempt, agent_id="d", objective=0.2
    )
    finish = pb.FinishRunRequest(sweep_id=SWEEP, number=number, attempt=begun.attempt)
    finish.succeeded.objective = 0.2
    made.call("FinishRun", "end-2", finish, pb.FinishRunResponse(run=finished))
    sweep = sweep_pb2.Sweep()
    sweep.CopyFrom(made.sweep)
    sweep.revision, sweep.etag = 16, "16"
    sweep.end_time.FromSeconds(18)
    sweep.stats.best_run.number, sweep.stats.best_run.objective = number, 0.2
    made.points[number, begun.attempt] = {}
    made.see(3, 11, 12, sweep=sweep_of(sweep_pb2.SWEEP_STATE_RUNNING, 12))
    for run in (queued, begun, finished):
        made.see(3, 11, run.revision, run=run)
    made.see(3, 11, 16, sweep=sweep)
    runs = list(made.runs)
    runs[number] = finished
    made.finish_with(sweep, runs)
    assert made.history.final is not None
    made.history.final = replace(made.history.final, best_runs=[finished, runs[1 - number]])
    return [queued, begun, finished]


def sights_of_run_0(made: Made) -> list[run_pb2.Run]:
    """Return the last state of run 0, from its agent's answer and from the registry."""
    answer = made.end_0.answer
    assert isinstance(answer, pb.FinishRunResponse)
    return [answer.run, made.runs[0]]


def fail_run_0(made: Made) -> None:
    """Replace the end of run 0 with a failure."""
    request = made.end_0.request
    assert isinstance(request, pb.FinishRunRequest)
    request.failed.error.message = "it broke"
    for run in sights_of_run_0(made):
        run.error.message, run.state = "it broke", FAILED
        run.ClearField("objective")


def test_a_failed_run_may_be_retried_after_the_end_of_its_sweep() -> None:
    made = Made()
    fail_run_0(made)
    retry(made, 0)
    assert check(made.history) == []


def test_a_run_that_finished_without_an_objective_may_be_retried() -> None:
    made = Made()
    request = made.end_0.request
    assert isinstance(request, pb.FinishRunRequest)
    request.succeeded.objective = math.nan
    for run in sights_of_run_0(made):
        run.ClearField("objective")
    retry(made, 0)
    assert check(made.history) == []


@breaks(runs.MACHINE)
def a_run_with_an_objective_is_retried(made: Made) -> None:
    retry(made, 0)


@breaks(results.RESULTS)
def a_retry_loses_a_result(made: Made) -> None:
    retry(made, 0)


@breaks(runs.MACHINE)
def a_failed_run_moves_though_nobody_had_it_retried(made: Made) -> None:
    fail_run_0(made)
    retry(made, 0)
    made.history.tries = [one for one in made.history.tries if one.method != "RetryRuns"]


@breaks(assignments.RETRIES)
def a_retried_run_is_handed_out_more_often_than_its_retries_allow(made: Made) -> None:
    fail_run_0(made)
    retry(made, 0)[-1].attempt = 7


@breaks(replies.KNOWN)
def a_retry_is_refused_for_what_does_not_forbid_it(made: Made) -> None:
    made.refuse("RetryRuns", "retry", pb.RetryRunsRequest(), "SWEEP_NOT_RUNNING")


# Runs canceled by users.


def cancel(made: Made, number: int, revision: int, *, is_queued: bool) -> None:
    """Let a user cancel the run right before a revision."""
    request = pb.CancelRunsRequest(sweep_id=SWEEP, numbers=[number])
    sweep = sweep_of(sweep_pb2.SWEEP_STATE_RUNNING, revision)
    answer = pb.CancelRunsResponse(sweep=sweep)
    (answer.canceled_numbers if is_queued else answer.stopping_numbers).append(number)
    made.call("CancelRuns", "cancel", request, answer)


def test_a_run_that_was_to_stop_may_finish() -> None:
    made = Made()
    made.history.tries.remove(made.read)
    cancel(made, 1, 9, is_queued=False)
    assert check(made.history) == []


@breaks(assignments.STOPPED)
def a_run_that_was_to_stop_is_lost_and_queued_again(made: Made) -> None:
    cancel(made, 1, 6, is_queued=False)


@breaks(assignments.STOPPED)
def a_canceled_run_finishes(made: Made) -> None:
    cancel(made, 1, 9, is_queued=True)


# Rows for the summary alone.


def set_in_summary(made: Made, value: float, step: int = 0) -> Try:
    """Let the program of run 0 set its loss."""
    row = run_pb2.MetricRow(step=step, values={"loss": value}, is_summary=True)
    request = pb.ReportMetricsRequest(sweep_id=SWEEP, number=0, attempt=1, rows=[row])
    answer = pb.ReportMetricsResponse(command=run_pb2.RUN_COMMAND_CONTINUE)
    return made.call("ReportMetrics", "set", request, answer)


@pytest.mark.parametrize("step", [0, 3])
def test_the_value_set_last_is_in_the_summary(step: int) -> None:
    made = Made()
    set_in_summary(made, 0.75, step)
    for run in sights_of_run_0(made):
        run.summary["loss"] = 0.75
    assert check(made.history) == []


def test_a_value_that_was_perhaps_set_may_be_in_the_summary() -> None:
    made = Made()
    one = set_in_summary(made, 0.75)
    one.answer, one.code = None, "UNAVAILABLE"
    assert check(made.history) == []
    for run in sights_of_run_0(made):
        run.summary["loss"] = 0.75
    assert check(made.history) == []


@breaks(results.SUMMARY)
def what_was_set_is_not_in_the_summary(made: Made) -> None:
    set_in_summary(made, 0.75)


@breaks(results.SUMMARY)
def what_was_set_at_an_earlier_step_is_in_the_summary(made: Made) -> None:
    set_in_summary(made, 0.75, -1)
    made.runs[0].summary["loss"] = 0.75


@breaks(results.INVENTED)
def what_was_set_is_in_the_history(made: Made) -> None:
    set_in_summary(made, 0.75, 3)
    made.points[0, 1]["loss", 3] = run_pb2.MetricPoint(step=3, value=0.75)


@breaks(results.EXPLAINED)
def a_run_that_succeeded_without_an_objective_is_failed(made: Made) -> None:
    request = made.end_0.request
    assert isinstance(request, pb.FinishRunRequest)
    request.succeeded.objective = math.nan
    made.runs[0].state = FAILED


@pytest.mark.parametrize(("prop", "change"), breaks.cases)
def test_a_broken_history_is_found(prop: str, change: Callable[[Made], None]) -> None:
    made = Made()
    change(made)
    found = check(made.history)
    assert prop in {violation.prop for violation in found}
    assert all(violation.lines() for violation in found)


@pytest.mark.parametrize(("first_begun", "is_violation"), [(13, True), (20, False)])
def test_a_retried_part_of_a_point_may_become_a_point_that_another_run_has(
    first_begun: int, is_violation: bool
) -> None:
    """A user enqueued a part of a point, canceled it, and retried it when no point was free."""
    made = Made(grid_size=2)
    for seen in Facts(made.history).seen:
        run = seen.run
        if run.number == 0:
            run.origin = run_pb2.RUN_ORIGIN_ENQUEUED
            run.start_time.FromSeconds(first_begun)
        else:
            run.origin = run_pb2.RUN_ORIGIN_SUGGESTED
            run.create_time.FromSeconds(14)
            run.parameters["depth"].int_value = 0
    assert bool(list(assignments.check_grid(Facts(made.history)))) is is_violation


def test_every_property_is_broken_by_some_history() -> None:
    modules = (assignments, leases, replies, results, runs, sweep, watches)
    assert properties_of(*modules) == breaks.properties


def test_what_may_have_been_carried_out_is_no_violation() -> None:
    """After an error, the effect of the request may exist or not."""
    made = Made()
    made.report.answer, made.report.code = None, "UNAVAILABLE"
    assert check(made.history) == []
    made.points[0, 1] = {}
    made.runs[0].ClearField("last_step")
    made.runs[0].summary.clear()
    made.see(3, 11, 11)
    assert {v.prop for v in check(made.history)} <= {watches.UNIQUE}


def test_an_end_that_a_suggest_brought_is_checked_as_a_finish_run() -> None:
    ends = [pb.FinishRunRequest(number=n, attempt=1, request_id=f"end-{n}") for n in range(3)]
    request = suggestion_pb.SuggestRequest(request_id="ask", ended_runs=ends)
    one = Try("Suggest", "ask", "suggestion-0", request, 1.0, 4.0)
    [unknown, *_] = ends_brought_by(one, request)
    assert (unknown.method, unknown.key, unknown.request) == ("FinishRun", "end-0", ends[0])
    assert unknown.end == math.inf
    one.returned, one.code, one.reason = 2.0, "FAILED_PRECONDITION", "SWEEP_NOT_RUNNING"
    # The ends were carried out or rejected, and the answer does not tell which.
    assert [end.end for end in ends_brought_by(one, request)] == [math.inf] * 3
    done = pb.FinishRunResult(response=pb.FinishRunResponse(run=run_pb2.Run(number=0)))
    rejected = pb.FinishRunResult(
        error=pb.FinishRunError(code=9, reason="RUN_LEASE_LOST", metadata={"number": "1"})
    )
    one.code = one.reason = ""
    one.answer = suggestion_pb.SuggestResponse(ended_runs=[done, rejected, pb.FinishRunResult()])
    first, second, third = ends_brought_by(one, request)
    assert first.answer == done.response
    assert (first.start, first.returned) == (1.0, 2.0)
    assert second.is_refused
    assert (second.code, second.reason) == ("FAILED_PRECONDITION", "RUN_LEASE_LOST")
    assert third.end == math.inf
