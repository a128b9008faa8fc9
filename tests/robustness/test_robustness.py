"""A few schedules in every test run; `make robustness` tries schedules for half an hour."""

from __future__ import annotations

import pytest

from tests.robustness.driver import run_schedules
from tests.robustness.schedule import FaultKind, make_schedule

# Seeds that kill PostgreSQL, a registry and a suggestion service, and cut replies; the second one
# has API keys and TLS.
SEEDS = (1, 2)
SWEEPS = 12


@pytest.mark.timeout(600)
async def test_no_property_is_violated() -> None:
    lines: list[str] = []
    schedules = [make_schedule(seed, SWEEPS) for seed in SEEDS]
    totals = await run_schedules(schedules, report=lines.append)
    report = "\n".join([*lines, *totals.lines()])
    print(report)
    assert not totals.violations, report
    assert totals.histories == len(SEEDS) * SWEEPS
    assert totals.with_kill
    assert totals.revocations
    assert totals.intrusions
    assert totals.faults[FaultKind.RENEW]
    assert totals.workers["attempts ended"]
    assert totals.faults[FaultKind.KILL] == sum(schedule.kills for schedule in schedules)
