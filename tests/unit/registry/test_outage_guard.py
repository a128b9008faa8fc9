"""When silence of agents means something."""

from __future__ import annotations

from wanllmdb_registry.background.lease_expiry import OutageGuard


def test_silence_means_something_after_enough_time_without_a_gap() -> None:
    guard = OutageGuard(max_gap=20, min_uptime=30)
    reliable = []
    for now in (100, 110, 120, 130, 140):
        guard.record_reachable(now)
        reliable.append(guard.allows_expiry)
    assert reliable == [False, False, False, True, True]
    # A round was missed or took too long, so agents may have tried in between.
    reliable = []
    for now in (161, 171, 181, 190, 191):
        guard.record_reachable(now)
        reliable.append(guard.allows_expiry)
    assert reliable == [False, False, False, False, True]


def test_without_a_moment_nothing_is_reliable() -> None:
    assert not OutageGuard(max_gap=20, min_uptime=0).allows_expiry
