"""Run schedules one after the other on one platform, and check the resulting histories."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.robustness.checks import check
from tests.robustness.checks.certificates import check_certificates
from tests.robustness.platform import Platform
from tests.robustness.report import Totals, violation_lines, write_history
from tests.robustness.rounds import Round, run_round
from tests.robustness.schedule import Schedule


async def run_schedules(
    schedules: Iterable[Schedule],
    *,
    report: Callable[[str], None],
    seconds: float = float("inf"),
    goes_on: bool = False,
) -> Totals:
    """Return the counts of all schedules, or of as many as fit into the time.

    Args:
        schedules: The schedules to carry out.
        report: Prints a line for the user.
        seconds: No schedule starts that would probably end later.
        goes_on: Whether to continue after a violation.
    """
    totals = Totals()
    kept = Path(tempfile.gettempdir()) / f"wanllmdb-robustness-{os.getpid()}"
    end = time.monotonic() + seconds
    longest = 0.0
    with _platform_folder() as folder:
        async with Platform(folder) as platform:
            for schedule in schedules:
                started = time.monotonic()
                if started + longest > end:
                    break
                done = await run_round(platform, schedule)
                took = time.monotonic() - started
                longest = max(longest, took)
                totals.add(done, took)
                broken = _check(done, totals, kept, report)
                report(
                    f"seed {schedule.seed}: {took:4.1f} s, {len(done.histories)} histories, "
                    f"{sum(map(done.saw_kill, done.histories))} with a SIGKILL, {broken} broken"
                )
                if broken and not goes_on:
                    break
            for line in platform.defects():
                totals.violations["no INTERNAL errors"] += 1
                report(f"INTERNAL: {line}")
    return totals


@contextmanager
def _platform_folder() -> Iterator[Path]:
    """Create a folder that any user may enter: under root, PostgreSQL runs as a user of its own."""
    with tempfile.TemporaryDirectory(prefix="wanllmdb-platform-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def _check(done: Round, totals: Totals, kept: Path, report: Callable[[str], None]) -> int:
    """Check every history and return the number of broken ones."""
    broken = 0
    for violation in check_certificates(done.certificates):
        broken += 1
        totals.violations[violation.prop] += 1
        report("\n".join(violation.lines()))
    for history in done.histories:
        violations = check(history)
        if not violations:
            continue
        broken += 1
        totals.violations.update(violation.prop for violation in violations)
        if broken == 1:
            report("\n".join(done.schedule.lines()))
        file = write_history(kept, done.schedule, history, violations)
        report("\n".join(violation_lines(history, violations)))
        report(f"  all that was recorded: {file}")
        report(f"  again: python -m tests.robustness --seed {done.schedule.seed}")
    return broken
