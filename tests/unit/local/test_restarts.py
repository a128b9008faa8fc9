"""How long a process that died waits before it is started again."""

from __future__ import annotations

from wanllmdb_local.restarts import RestartPolicy


def test_waits_longer_after_each_life_that_got_nowhere() -> None:
    policy = RestartPolicy()
    delays = [policy.after_death(had_been_ready=False) for _ in range(5)]
    assert delays == sorted(set(delays))
    later = [policy.after_death(had_been_ready=False) for _ in range(1_500)]
    assert set(later[5:]) == {max(later)}
    assert max(later) <= 10.0


def test_however_often_it_dies_it_is_started_at_once_if_it_had_been_ready() -> None:
    policy = RestartPolicy()
    assert {policy.after_death(had_been_ready=True) for _ in range(1_500)} == {0.2}


def test_a_life_that_got_somewhere_starts_anew() -> None:
    policy = RestartPolicy()
    first = policy.after_death(had_been_ready=False)
    policy.after_death(had_been_ready=False)
    policy.after_death(had_been_ready=True)
    assert policy.after_death(had_been_ready=False) == first
