"""When a part counts as hung, and how long one that died waits before it is started again."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.up_process import wait_until
from wanllmdb_local.platform import Platform
from wanllmdb_local.settings import PlatformSettings
from wanllmdb_local.supervision import Liveness, RestartPolicy


class Part:
    """A part that answers when it is released, with a clock that stands still in between."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.asked = threading.Semaphore(0)
        self.replies = threading.Semaphore(0)
        self.answer = True

    def ask(self, _seconds: float) -> bool:
        self.asked.release()
        self.replies.acquire()
        return self.answer

    def liveness(self) -> Liveness:
        return Liveness(self.ask, silence=30.0, clock=lambda: self.now)


def look_for(liveness: Liveness, part: Part, seconds: int, *, step: float = 0.5) -> bool:
    """Check repeatedly, and return whether the part was silent at the end."""
    silent = False
    for _ in range(int(seconds / step)):
        part.now += step
        silent = liveness.is_silent()
    return silent


def test_a_part_is_silent_after_the_time_without_an_answer() -> None:
    part = Part()
    liveness = part.liveness()
    assert not liveness.is_silent()
    assert part.asked.acquire(timeout=30)
    assert not look_for(liveness, part, 29)
    assert look_for(liveness, part, 2)
    part.replies.release()


def test_an_answer_that_comes_late_counts() -> None:
    part = Part()
    liveness = part.liveness()
    liveness.is_silent()
    assert not look_for(liveness, part, 29)
    part.replies.release()
    # With the answer the next question waits for its time, which the clock does not reach.
    wait_until(lambda: not any(thread.name == "liveness" for thread in threading.enumerate()))
    assert not liveness.is_silent()
    assert not look_for(liveness, part, 29)
    part.replies.release()


def test_time_in_which_the_supervisor_did_not_run_is_no_silence() -> None:
    part = Part()
    liveness = part.liveness()
    liveness.is_silent()
    # A night in a laptop's bag, then a machine on which little goes on.
    part.now += 40_000
    assert not liveness.is_silent()
    assert not look_for(liveness, part, 200, step=10.0)
    assert look_for(liveness, part, 12)
    part.replies.release()


def test_no_connection_is_silence_too() -> None:
    part = Part()
    part.answer = False
    liveness = Liveness(lambda _: False, silence=30.0, clock=lambda: part.now)
    silent = False
    for _ in range(200):
        part.now += 1.0
        silent = liveness.is_silent()
        wait_until(lambda: not any(thread.name == "liveness" for thread in threading.enumerate()))
    assert silent


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can reach, unlike pytest's folders when run as root."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def supervise_until_ready_again(platform: Platform, name: str, said: list[str]) -> None:
    deadline = time.monotonic() + 120

    def is_over() -> bool:
        assert time.monotonic() < deadline, said
        return any(line.split()[:3] == [name, "ready", "again"] for line in said)

    for _ in platform.supervise(until=is_over):
        continue


def test_a_part_that_hangs_is_killed_and_started_again(folder: Path) -> None:
    settings = PlatformSettings(folder / "data", registry_port=0, suggestion_port=0)
    said: list[str] = []
    with Platform(settings, say=said.append, silence=5.0) as platform:
        platform.start()
        for name in ("registry", "suggestion", "postgres"):
            (pid,) = platform.endpoints.pids[name]
            os.kill(pid, signal.SIGSTOP)
            said.clear()
            supervise_until_ready_again(platform, name, said)
            assert any(
                line.startswith(name) and "did not answer for 5 s and was killed" in line
                for line in said
            )
            assert platform.endpoints.pids[name] != [pid]
            assert not psutil.pid_exists(pid)


def test_waits_longer_after_each_failed_start() -> None:
    policy = RestartPolicy()
    delays = [policy.after_death(had_been_ready=False) for _ in range(5)]
    assert delays == sorted(set(delays))
    later = [policy.after_death(had_been_ready=False) for _ in range(1_500)]
    assert set(later[5:]) == {max(later)}
    assert max(later) <= 10.0


def test_a_part_that_had_been_ready_is_restarted_at_once_however_often_it_dies() -> None:
    policy = RestartPolicy()
    assert {policy.after_death(had_been_ready=True) for _ in range(1_500)} == {0.2}


def test_a_start_that_succeeded_resets_the_delay() -> None:
    policy = RestartPolicy()
    first = policy.after_death(had_been_ready=False)
    policy.after_death(had_been_ready=False)
    policy.after_death(had_been_ready=True)
    assert policy.after_death(had_been_ready=False) == first
