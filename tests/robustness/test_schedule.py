"""A seed determines every choice, and schedules try every kind of fault."""

from __future__ import annotations

from itertools import product

from tests.robustness.platform import LINKS, POSTGRES, SERVICES
from tests.robustness.schedule import ActionKind, FaultKind, make_schedule


def test_a_seed_makes_the_same_schedule_again() -> None:
    assert make_schedule(7) == make_schedule(7)
    assert list(make_schedule(7).lines()) == list(make_schedule(7).lines())
    assert make_schedule(7) != make_schedule(8)


def test_schedules_try_everything_everywhere() -> None:
    schedules = [make_schedule(seed) for seed in range(200)]
    faults = [fault for schedule in schedules for fault in schedule.faults]
    assert {fault.kind for fault in faults} == set(FaultKind)
    killed = {t for fault in faults if fault.kind is FaultKind.KILL for t in fault.targets}
    frozen = {t for fault in faults if fault.kind is FaultKind.FREEZE for t in fault.targets}
    assert killed == frozen == {POSTGRES, *SERVICES}
    cut = {t for fault in faults if fault.kind is FaultKind.CUT_REPLIES for t in fault.targets}
    assert cut == set(LINKS)
    renewed = {t for fault in faults if fault.kind is FaultKind.RENEW for t in fault.targets}
    assert renewed == set(SERVICES)
    asked = {schedule.security for schedule in schedules}
    assert {(one.keys, one.tls) for one in asked} == set(product([False, True], repeat=2))
    assert any(one.mutual for one in asked)
    actions = [a for schedule in schedules for sweep in schedule.sweeps for a in sweep.actions]
    assert {action.kind for action in actions} == set(ActionKind)
    # Most schedules kill a process: 200 of 1,000 histories must have a kill.
    assert sum(schedule.kills > 0 for schedule in schedules) > 100
