"""The report of a session: what was tried, the results, and broken histories in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGSTOP, SIGTERM
from typing import Any

from tests.robustness.checks.violation import Violation
from tests.robustness.history import History
from tests.robustness.rounds import Round
from tests.robustness.schedule import Schedule
from tests.robustness.work_seen import WorkSeen
from tests.robustness.worker_plan import WorkerKind

# The largest number of calls printed for a violation; the file has all of them.
_SHOWN_LINES = 40


@dataclass(slots=True)
class Totals:
    """Counts over many rounds.

    Attributes:
        with_kill: Histories during which a process was killed.
        faults: The number of faults of each kind, counted once a target.
        outcomes: Calls by their result.
        repetitions: Sendings beyond the first of each request.
        brought: Ends of runs in answered Suggests; each counts as a call too.
        secured: Schedules by what was required of callers.
        revocations: Keys that were revoked during a sweep.
        intrusions: Calls with keys that did not permit them.
        workers: Real agents, their ends, their runs, and the contents of their spools.
    """

    rounds: int = 0
    histories: int = 0
    with_kill: int = 0
    runs: int = 0
    watched: int = 0
    repetitions: int = 0
    brought: int = 0
    revocations: int = 0
    intrusions: int = 0
    seconds: float = 0.0
    workers: Counter[str] = field(default_factory=Counter)
    secured: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)

    def add(self, done: Round, seconds: float) -> None:
        """Count a round."""
        self.rounds += 1
        self.seconds += seconds
        self.histories += len(done.histories)
        self.with_kill += sum(map(done.saw_kill, done.histories))
        self.secured[str(done.schedule.security)] += 1
        self.faults += done.injector.done
        for history in done.histories:
            self.watched += len(history.seen)
            self.runs += 0 if history.final is None else len(history.final.runs)
            if history.work is not None:
                self.workers.update(_counts(history.work))
            revoked = {one.key for one in history.of("RevokeKey") if one.is_answered}
            self.revocations += len(revoked)
            self.intrusions += len(history.intrusions)
            keys = {one.key for one in history.tries}
            self.repetitions += len(history.tries) - len(keys)
            self.outcomes.update(map(_outcome, history.tries))
            suggests: Iterable[Any] = history.of("Suggest")
            self.brought += sum(len(one.request.ended_runs) for one in suggests if one.is_answered)

    def lines(self) -> Iterator[str]:
        """Return the table."""
        yield f"{self.rounds} schedules in {self.seconds / 60:.1f} minutes"
        for asked, count in self.secured.most_common():
            yield f"  with {asked:<20}{count:8,}"
        yield f"histories checked          {self.histories:8,}"
        yield f"  of them with a SIGKILL   {self.with_kill:8,}"
        yield f"runs in them               {self.runs:8,}"
        yield f"messages of watches        {self.watched:8,}"
        yield f"calls                      {self.outcomes.total():8,}"
        yield f"  of them repetitions      {self.repetitions:8,}"
        yield f"  ends with Suggests       {self.brought:8,}"
        for outcome, count in self.outcomes.most_common():
            yield f"  {outcome:<25}{count:8,}"
        yield f"calls without a right      {self.intrusions:8,}"
        yield f"keys revoked in mid-run    {self.revocations:8,}"
        yield f"real agents                {self.workers['processes']:8,}"
        for what, count in self.workers.items():
            if what != "processes":
                yield f"  {what:<25}{count:8,}"
        yield f"faults                     {self.faults.total():8,}"
        for kind, count in sorted(self.faults.items()):
            yield f"  {kind:<25}{count:8,}"
        yield f"violations                 {self.violations.total():8,}"
        for prop, count in self.violations.most_common():
            yield f"  {prop}: {count}"


def _counts(work: WorkSeen) -> Mapping[str, int]:
    """Return the counts of one sweep's real agents, for the table."""
    notes = Counter(note.what for note in work.notes)
    sent = Counter(how.name for life in work.lives for how in life.sent)
    return {
        "processes": len(work.lives),
        **{f"of {kind}": sum(life.kind is kind for life in work.lives) for kind in WorkerKind},
        **{f"by {how.name}": sent[how.name] for how in (SIGKILL, SIGTERM, SIGSTOP)},
        "attempts begun": notes["begin"],
        "  taken up again": sum(note.more.get("resumed", False) for note in work.notes),
        "attempts ended": notes["end"],
        "ends found in spools": len(work.spooled),
        "deliveries from spools": work.delivered,
        "  put aside": len(work.refused),
        "odd files in spools": work.odd_files,
        "keys replaced": work.key_renewals,
    }


def _outcome(one: object) -> str:
    code = getattr(one, "code", "")
    reason = getattr(one, "reason", "")
    if code:
        return f"{code} {reason}".strip()
    return "OK" if getattr(one, "answer", None) is not None else "stopped by the driver"


def violation_lines(history: History, violations: Sequence[Violation]) -> Iterator[str]:
    """Return the properties that a history breaks, with the calls that show it."""
    yield f"VIOLATED by sweep {history.plan.index} ({history.sweep_id}):"
    for violation in violations:
        lines = [line for text in violation.lines() for line in text.splitlines()]
        yield from (f"  {line}" for line in lines[:_SHOWN_LINES])
        if len(lines) > _SHOWN_LINES:
            yield f"  and {len(lines) - _SHOWN_LINES} more lines in the file"


def write_history(
    folder: Path, schedule: Schedule, history: History, violations: Sequence[Violation]
) -> Path:
    """Write everything that was recorded, in the order of time, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"seed-{schedule.seed}-sweep-{history.plan.index}.txt"
    events = [(one.start, str(one)) for one in history.tries]
    events += [(one.start, f"{one}\n    without a right") for one in history.intrusions]
    events += [(peek.at, f"{peek.at:8.3f}  {peek}") for peek in history.peeks]
    events += [(seen.at, f"{seen.at:8.3f}  {_compact(seen)}") for seen in history.seen]
    with file.open("w") as out:
        for line in schedule.lines():
            print(line, file=out)
        for violation in violations:
            print(*violation.lines(), sep="\n", file=out)
        for _, text in sorted(events, key=lambda event: event[0]):
            print(text, file=out)
        if history.work is not None:
            for part in (*history.work.lives, *history.work.notes):
                print(part, file=out)
        for run in () if history.final is None else history.final.runs:
            print("final:", " ".join(str(run).split()), file=out)
    return file


def _compact(message: object) -> str:
    return " ".join(str(message).split())
