"""Real agents: the actions of their programs are kept, whatever was done to the agents."""

from __future__ import annotations

import signal
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.robustness.checks.facts import Attempt, Facts
from tests.robustness.checks.violation import Violation
from tests.robustness.diary import SET_METRIC, Note, values_of
from tests.robustness.sweep_states import FAILED, FINISHED, PRUNED
from tests.robustness.work_seen import LifeSeen, WorkSeen
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.search_space.proto_conversion import parameters_from_proto

KEPT = "the end of a real agent's run is kept, unaltered"
CONFIRMED = "an end that a real agent confirmed is final"
VALUES = "values that a real agent's program logged are kept, unaltered"
SUMMARY = "summary values that a real agent's program set are kept, unaltered"
INVENTED = "every result and value of a real agent's run comes from its program"
ALONE = "only one real agent works on an attempt"
PARAMETERS = "real agents' programs get the run's parameters"
SPOOL = "files in a spool are delivered, or rejected because of a later attempt"
ODD = "odd files in a spool are left alone"
ENDS = "real agents end with the expected status"

_STATES = {"succeeded": FINISHED, "failed": FAILED}


def check_workers(facts: Facts) -> Iterator[Violation]:
    """Check a sweep with real agents."""
    work = facts.history.work
    if work is None:
        return
    notes: defaultdict[Attempt, list[Note]] = defaultdict(list)
    for note in work.notes:
        notes[note.of].append(note)
    yield from _lives(work)
    yield from _spool(facts, work)
    for attempt, of_attempt in notes.items():
        yield from _begins(facts, work, attempt, of_attempt)
        yield from _end(facts, work, attempt, of_attempt)
    for run in facts.final.runs:
        yield from _result(facts, run, notes[run.number, run.attempt])
    for attempt, points in facts.final.points.items():
        logged = _logged(notes[attempt])
        for (name, step), point in points.items():
            if logged.get((name, step)) != point.value:
                text = f"{name} of run {attempt[0]}, attempt {attempt[1]}, step {step}"
                yield Violation(INVENTED, f"{text} is {point.value}", notes[attempt])


def _lives(work: WorkSeen) -> Iterator[Violation]:
    for life in work.lives:
        if not _ends_well(life):
            text = f"{life.name} ended with status {life.status} after {life.sent}: {life.said}"
            yield Violation(ENDS, text)


def _ends_well(life: LifeSeen) -> bool:
    if life.status == 0 or (life.status == 1 and life.is_impatient):
        return True
    # The status as a shell gives it, if a program passes on the signal that ended it.
    ended_by = [signal.SIGKILL, signal.SIGTERM]
    return any(how in life.sent and life.status in (-how, 128 + how) for how in ended_by)


def _spool(facts: Facts, work: WorkSeen) -> Iterator[Violation]:
    for name in work.left:
        yield Violation(SPOOL, f"{name} was not delivered")
    for number, attempt in work.refused:
        kept = facts.final_runs.get(number)
        if kept is None or kept.attempt <= attempt:
            text = f"attempt {attempt} of run {number} was rejected, and no later one began"
            yield Violation(SPOOL, text, [kept])
    for number, attempt in work.spooled:
        kept = facts.final_runs.get(number)
        is_away = kept is None or kept.attempt > attempt
        if is_away and (number, attempt) not in work.refused:
            text = f"the end of attempt {attempt} of run {number} was in the spool, and is missing"
            yield Violation(SPOOL, text, [kept])
    for name in work.changed:
        yield Violation(ODD, f"{name} is missing or changed")


def _begins(
    facts: Facts, work: WorkSeen, attempt: Attempt, notes: Sequence[Note]
) -> Iterator[Violation]:
    agents = {life.name: life.agent for life in work.lives}
    begins = [note for note in notes if note.what == "begin"]
    news = [note for note in begins if not note.more["resumed"]]
    if len(news) > 1 or len({agents[note.life] for note in begins}) > 1:
        text = f"attempt {attempt[1]} of run {attempt[0]} was begun {len(news)} times"
        yield Violation(ALONE, text, begins)
    kept = facts.final_runs.get(attempt[0])
    for note in begins:
        if kept is None or parameters_from_proto(kept.parameters) != note.more["parameters"]:
            text = f"run {attempt[0]} has other parameters than its program got"
            yield Violation(PARAMETERS, text, [note, kept])


def _end(
    facts: Facts, work: WorkSeen, attempt: Attempt, notes: Sequence[Note]
) -> Iterator[Violation]:
    """Check that an end which its agent had time to store exists, or one of a later attempt."""
    confirmed = [
        note for note in notes if note.what == "confirmed" and note.more["state"] == "finished"
    ]
    ends = [note for note in notes if note.what == "end"]
    killed = {life.name for life in work.lives if life.was_killed}
    is_sure = attempt in work.spooled or any(note.life not in killed for note in ends)
    kept = facts.final_runs.get(attempt[0])
    if (confirmed or (ends and is_sure)) and (kept is None or kept.attempt < attempt[1]):
        yield Violation(KEPT, f"run {attempt[0]} is missing", notes)
        return
    if kept is None or kept.attempt > attempt[1]:
        if confirmed:
            text = f"attempt {attempt[1]} of run {attempt[0]} was confirmed, and is still running"
            yield Violation(CONFIRMED, text, [*notes, kept])
        return
    outcomes = {_STATES[note.more["outcome"]] for note in ends}
    if "early_terminate" in facts.history.plan.config:
        outcomes.add(PRUNED)
    if (confirmed or (ends and is_sure)) and kept.state not in outcomes:
        state = run_pb2.RunState.Name(kept.state)
        text = f"run {attempt[0]} is {state}, and its program ended it otherwise"
        yield Violation(CONFIRMED if confirmed else KEPT, text, [*notes, kept])


def _result(facts: Facts, run: run_pb2.Run, notes: Sequence[Note]) -> Iterator[Violation]:
    """Check that a finished run was finished by its program, with all logged values."""
    if run.state != FINISHED:
        return
    if not any(note.what == "end" and note.more["outcome"] == "succeeded" for note in notes):
        yield Violation(INVENTED, f"run {run.number} was not finished by a program", [*notes, run])
        return
    logged = _logged(notes)
    points = facts.final.points.get((run.number, run.attempt), {})
    for place, value in logged.items():
        if place not in points or points[place].value != value:
            text = f"{place[0]} of run {run.number}, step {place[1]}, is not what was logged"
            yield Violation(VALUES, text, [*notes, run])
    last = max(step for _, step in logged)
    wanted = values_of(facts.history.sweep_id, run.number, run.attempt, last + 1)["loss"]
    if run.summary.get(SET_METRIC) != wanted:
        text = (
            f"run {run.number} has {run.summary.get(SET_METRIC)} as its {SET_METRIC}, not {wanted}"
        )
        yield Violation(SUMMARY, text, [*notes, run])
    metrics = [metric.name for metric in facts.final.sweep.spec.metrics]
    worth = list(run.objectives) if len(metrics) > 1 else [run.objective]
    if worth != [logged[name, last] for name in metrics]:
        text = f"run {run.number} has objective {worth}, not the last logged value"
        yield Violation(KEPT, text, [*notes, run])


def _logged(notes: Sequence[Note]) -> Mapping[tuple[str, int], float]:
    """Return the values by metric and step: every life logs the same values for a step."""
    found: dict[tuple[str, int], Any] = {}
    for note in notes:
        if note.what == "log":
            for name, value in note.more["values"].items():
                found[name, note.more["step"]] = value
    return found
