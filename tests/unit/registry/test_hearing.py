"""When silence of agents means something."""

from __future__ import annotations

from wanllmdb_registry.chores.leases import Hearing


def test_silence_means_something_after_enough_time_without_a_gap() -> None:
    hearing = Hearing(gap=20, enough=30)
    reliable = []
    for now in (100, 110, 120, 130, 140):
        hearing.could_hear(now)
        reliable.append(hearing.is_reliable)
    assert reliable == [False, False, False, True, True]
    # A round was missed, or took too long: nobody knows who tried in between.
    reliable = []
    for now in (161, 171, 181, 190, 191):
        hearing.could_hear(now)
        reliable.append(hearing.is_reliable)
    assert reliable == [False, False, False, False, True]


def test_without_a_moment_nothing_is_reliable() -> None:
    assert not Hearing(gap=20, enough=0).is_reliable
