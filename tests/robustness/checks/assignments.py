"""Each attempt is assigned once, to one agent; grid points are assigned once while alive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from tests.robustness.checks.facts import Attempt, Facts
from tests.robustness.checks.violation import Violation
from tests.robustness.history import Try
from tests.robustness.sweep_states import CANCELED, LOST, QUEUED, RUNNING
from wanllmdb.api.registry.v1 import run_pb2

ONE_AGENT = "an attempt is assigned once, to one agent"
ASKED = "every assigned run was requested"
GRID = "a grid point is not assigned twice"
RETRIES = "a run is assigned again only as its sweep allows"
STOPPED = "a run that a user canceled is not assigned again"


def check_assignments(facts: Facts) -> Iterator[Violation]:
    """Check the answers to Suggests, and the agent ids of runs."""
    holders: defaultdict[Attempt, list[tuple[Try, run_pb2.Run]]] = defaultdict(list)
    for one, run in facts.assigned:
        request: Any = one.request
        answer: Any = one.answer
        holders[run.number, run.attempt].append((one, run))
        if run.agent_id != request.agent_id or run.state != RUNNING:
            yield Violation(ASKED, f"run {run.number} was assigned to another agent id", [one])
        if len(answer.runs) > request.count:
            yield Violation(ASKED, f"{len(answer.runs)} runs for {request.count}", [one])
    for (number, attempt), held in holders.items():
        firsts = [one for one, _ in held if not _resumes(one)]
        agents = {run.agent_id for _, run in held}
        if len(firsts) > 1 or len(agents) > 1:
            text = f"attempt {attempt} of run {number} was assigned {len(firsts)} times"
            yield Violation(ONE_AGENT, text, [one for one, _ in held])
    yield from _unknown_holders(facts)


def _resumes(one: Try) -> bool:
    answer: Any = one.answer
    resumed: bool = answer.resumed
    return resumed


def _unknown_holders(facts: Facts) -> Iterator[Violation]:
    """Check that each run's agent sent a Suggest, and that an answer to it has the run."""
    returned: defaultdict[str, set[Attempt]] = defaultdict(set)
    asked: set[str] = set()
    uncertain: set[str] = set()
    for tries in facts.suggests.values():
        request: Any = tries[0].request
        name = request.agent_id
        if all(one.is_refused for one in tries):
            continue
        asked.add(name)
        answer: Any = next((one.answer for one in tries if one.is_answered), None)
        if answer is None:
            uncertain.add(name)
        else:
            returned[name] |= {(run.number, run.attempt) for run in answer.runs}
    for seen_states in facts.sightings.values():
        for seen in seen_states:
            name, attempt = seen.run.agent_id, (seen.run.number, seen.run.attempt)
            if not name:
                continue
            if name not in asked:
                yield Violation(ASKED, f"no Suggest has the agent id {name}", [seen])
            elif name not in uncertain and attempt not in returned[name]:
                text = f"{name} holds attempt {attempt[1]} of run {attempt[0]} and did not get it"
                yield Violation(ASKED, text, [seen])


def check_grid(facts: Facts) -> Iterator[Violation]:
    """Check that no point of the sampler belongs to another run already."""
    if facts.history.plan.grid_size is None:
        return
    first: dict[bytes, run_pb2.Run] = {}
    for run in sorted(facts.final.runs, key=lambda run: run.number):
        if not run.attempt:
            # A user withdrew the point before it was tried.
            continue
        point = run_pb2.Run(parameters=run.parameters).SerializeToString(deterministic=True)
        other = first.setdefault(point, run)
        if other is run or run.origin != run_pb2.RUN_ORIGIN_SUGGESTED:
            continue
        if _had_its_point_by(facts, other, run.create_time):
            text = f"runs {other.number} and {run.number} have the same point"
            yield Violation(GRID, text, [other, run])


def _had_its_point_by(facts: Facts, run: run_pb2.Run, time: Timestamp) -> bool:
    """Return whether the run certainly had all its parameters at that time.

    A user may enqueue a point with only some of its parameters, cancel it before it is tried and
    retry it later. The sampler adds the other parameters when the run is first assigned. If no
    point is free by then, the run gets one that another run has.
    """
    seen_states = [seen.run for seen in facts.sightings[run.number]]
    queued = [seen for seen in seen_states if not seen.attempt]
    if run.origin == run_pb2.RUN_ORIGIN_SUGGESTED or any(
        len(seen.parameters) == len(run.parameters) for seen in queued
    ):
        return run.create_time.ToNanoseconds() <= time.ToNanoseconds()
    begun = [seen for seen in seen_states if seen.HasField("start_time")]
    return any(seen.start_time.ToNanoseconds() <= time.ToNanoseconds() for seen in begun)


def check_retries(facts: Facts) -> Iterator[Violation]:
    """Check that attempts do not exceed losses, failures, releases and users' retries together."""
    policy = facts.history.plan.config["retries"]
    for run in facts.final.runs:
        released = sum(
            write.method == "ReleaseRun" and not write.is_refused
            for attempt in range(1, run.attempt + 1)
            for write in facts.writes_of.get((run.number, attempt), ())
        )
        # Each retry by a user resets the count of the sweep's own retries.
        begins = 1 + facts.retries_of(run.number)
        most = begins * (1 + policy["lost"] + policy["failed"]) + released
        if run.attempt > most:
            text = f"run {run.number} was assigned {run.attempt} times, not at most {most}"
            yield Violation(RETRIES, text, facts.sightings[run.number])


def check_canceled(facts: Facts) -> Iterator[Violation]:
    """Check that canceled runs are not queued or assigned again, unless a user retries them."""
    for one in facts.history.of("CancelRuns"):
        answer: Any = one.answer
        if answer is None:
            continue
        for number in (*answer.canceled_numbers, *answer.stopping_numbers):
            later = [
                seen
                for seen in facts.sightings.get(number, ())
                if seen.order > answer.sweep.revision
            ]
            if facts.retries_of(number) or not later:
                continue
            states = {seen.run.state for seen in later}
            attempts = {seen.run.attempt for seen in later}
            goes_on = {QUEUED, LOST} & states or len(attempts) > 1
            if goes_on or (number in answer.canceled_numbers and states != {CANCELED}):
                text = f"run {number} goes on after it was canceled"
                yield Violation(STOPPED, text, [one, *later])
