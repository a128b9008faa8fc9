"""Every attempt is handed out once, to one agent; grid points once while they are alive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.robustness.checks.facts import Attempt, Facts
from tests.robustness.checks.violation import Violation
from tests.robustness.history import Try
from tests.robustness.sweep_states import RUNNING
from wanllmdb.api.registry.v1 import run_pb2

ONE_AGENT = "an attempt is handed out once, to one agent"
ASKED = "what is handed out was asked for"
GRID = "a grid point is not handed out twice"
RETRIES = "a run is handed out again only as its sweep allows"


def check_handouts(facts: Facts) -> Iterator[Violation]:
    """By the answers to Suggests, and by the agents' names that runs have."""
    holders: defaultdict[Attempt, list[tuple[Try, run_pb2.Run]]] = defaultdict(list)
    for one, run in facts.handed_out:
        request: Any = one.request
        answer: Any = one.answer
        holders[run.number, run.attempt].append((one, run))
        if run.agent_id != request.agent_id or run.state != RUNNING:
            yield Violation(ASKED, f"run {run.number} was handed out as another's", [one])
        if len(answer.runs) > request.count:
            yield Violation(ASKED, f"{len(answer.runs)} runs for {request.count}", [one])
    for (number, attempt), held in holders.items():
        firsts = [one for one, _ in held if not _resumes(one)]
        agents = {run.agent_id for _, run in held}
        if len(firsts) > 1 or len(agents) > 1:
            text = f"attempt {attempt} of run {number} was handed out {len(firsts)} times"
            yield Violation(ONE_AGENT, text, [one for one, _ in held])
    yield from _unknown_holders(facts)


def _resumes(one: Try) -> bool:
    answer: Any = one.answer
    resumed: bool = answer.resumed
    return resumed


def _unknown_holders(facts: Facts) -> Iterator[Violation]:
    """Whose name a run has must have asked; if told what he got, it must be among that."""
    told: defaultdict[str, set[Attempt]] = defaultdict(set)
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
            told[name] |= {(run.number, run.attempt) for run in answer.runs}
    for course in facts.courses.values():
        for seen in course:
            name, attempt = seen.run.agent_id, (seen.run.number, seen.run.attempt)
            if not name:
                continue
            if name not in asked:
                yield Violation(ASKED, f"nobody asked as {name}", [seen])
            elif name not in uncertain and attempt not in told[name]:
                text = f"{name} holds attempt {attempt[1]} of run {attempt[0]} and was not told"
                yield Violation(ASKED, text, [seen])


def check_grid(facts: Facts) -> Iterator[Violation]:
    """No point that the sampler chose is one that a run has already."""
    if facts.history.plan.grid_size is None:
        return
    first: dict[bytes, run_pb2.Run] = {}
    for run in sorted(facts.final.runs, key=lambda run: run.number):
        point = run_pb2.Run(parameters=run.parameters).SerializeToString(deterministic=True)
        other = first.setdefault(point, run)
        if other is not run and run.origin == run_pb2.RUN_ORIGIN_SUGGESTED:
            text = f"runs {other.number} and {run.number} have the same point"
            yield Violation(GRID, text, [other, run])


def check_retries(facts: Facts) -> Iterator[Violation]:
    """At most as often as losses, failures, releases and users' retries together allow."""
    policy = facts.history.plan.config["retries"]
    for run in facts.final.runs:
        released = sum(
            write.method == "ReleaseRun" and not write.is_refused
            for attempt in range(1, run.attempt + 1)
            for write in facts.writes_of.get((run.number, attempt), ())
        )
        # Each retry by a user begins with the whole of the sweep's own retries.
        begins = 1 + facts.retries_of(run.number)
        most = begins * (1 + policy["lost"] + policy["failed"]) + released
        if run.attempt > most:
            text = f"run {run.number} was handed out {run.attempt} times, at most {most} are due"
            yield Violation(RETRIES, text, facts.courses[run.number])
