"""When a process that died is started again."""

from __future__ import annotations

from wanllmdb_local.restarts import RestartPolicy


def test_waits_longer_after_each_quick_death_then_gives_up() -> None:
    policy = RestartPolicy()
    delays = [policy.after_death(float(second)) for second in range(6)]
    assert delays[-1] is None
    waits = [delay for delay in delays if delay is not None]
    assert len(waits) == 5
    assert waits == sorted(set(waits))


def test_a_death_after_a_good_life_starts_anew() -> None:
    policy = RestartPolicy()
    first = policy.after_death(0.0)
    policy.after_death(1.0)
    assert policy.after_death(1000.0) == first
    assert policy.deaths == 1


def test_rare_deaths_never_lead_to_giving_up() -> None:
    policy = RestartPolicy()
    assert all(policy.after_death(100.0 * death) is not None for death in range(50))
