"""The programs of an agent end with the agent, whenever and however it is killed."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.up_process import wait_until
from tests.integration.client.programs import WANLLMDB, is_alive, reaches, started, until_gone
from wanllmdb import Client
from wanllmdb.cli.group_guard import GroupGuard, signal_group

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")

# It runs, and says so, long before a program in Python would.
QUICK = ("sh", "-c", 'echo $$ > "$0"; echo training; exec sleep 600')

# Starts programs one after the other, as the runner does, until it is killed.
OWNER = """
import itertools, subprocess, sys
from wanllmdb.cli.group_guard import GroupGuard
guard = GroupGuard(grace=0.5)
print("begun", flush=True)
for number in itertools.count():
    group = guard.new_group()
    program = subprocess.Popen(["sleep", "600"], process_group=group)
    guard.joined(group)
    if number % 2:
        program.kill()
        program.wait()
        guard.ended(group)
"""


@pytest.fixture
def guard() -> Iterator[GroupGuard]:
    guard = GroupGuard(grace=0.5)
    yield guard
    guard.close()


async def test_a_program_ends_with_an_agent_that_is_killed_as_soon_as_the_program_runs(
    client: Client, environment: dict[str, str], tmp_path: Path
) -> None:
    created = await asyncio.to_thread(
        client.create_sweep, {"method": "random", "parameters": {"a": {"values": [1, 2]}}}
    )
    pid_file = tmp_path / "pid"
    command = ("agent", created.sweep.sweep_id, "--kill-delay", "0.5", "--", *QUICK, str(pid_file))
    async with started(*WANLLMDB, *command, environment=environment) as process:
        await reaches(process, "training")
        process.kill()
        await until_gone(int(pid_file.read_text()))


async def test_programs_end_whichever_moment_their_owner_is_killed_at() -> None:
    # Each time another marker, by which the programs are found that no list names.
    for attempt in range(15):
        marker = f"{os.getpid()}-{attempt}"
        environment = os.environ | {"WANLLMDB_TEST_MARKER": marker}
        async with started(sys.executable, "-c", OWNER, environment=environment) as owner:
            await reaches(owner, "begun")
            await asyncio.sleep(random.uniform(0, 0.2))
            owner.kill()
            await owner.wait()
            # The guard among them: nothing begins after it.
            await until_gone(*(process.pid for process in marked(marker)))
            assert marked(marker) == []


async def test_another_guard_takes_over_where_something_kills_the_guard(
    guard: GroupGuard,
) -> None:
    group = guard.new_group()
    program = await asyncio.create_subprocess_exec("sleep", "600", process_group=group)
    guard.joined(group)
    first = guard_process()
    first.kill()
    await until_gone(first.pid)

    guard.renew()
    assert is_alive(program.pid)
    guard.close()
    assert await asyncio.wait_for(program.wait(), 30) == -signal.SIGTERM


async def test_a_killed_guard_is_no_reason_to_start_no_program(guard: GroupGuard) -> None:
    guard.new_group()
    guard_process().kill()

    group = guard.new_group()
    program = await asyncio.create_subprocess_exec("true", process_group=group)
    guard.joined(group)
    assert await program.wait() == 0
    assert not signal_group(group, 0)


async def test_a_group_without_a_program_is_gone_when_it_has_ended(guard: GroupGuard) -> None:
    group = guard.new_group()
    assert signal_group(group, 0)
    guard.ended(group)
    assert not signal_group(group, 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_what_a_service_manager_sends_to_all_does_not_end_the_guard(
    guard: GroupGuard, number: signal.Signals
) -> None:
    group = guard.new_group()
    program = await asyncio.create_subprocess_exec("sleep", "600", process_group=group)
    guard.joined(group)
    its_guard = guard_process()
    its_guard.send_signal(number)

    # It answers after that, itself.
    guard.new_group()
    assert guard_process() == its_guard
    guard.close()
    assert await asyncio.wait_for(program.wait(), 30) == -signal.SIGTERM


def test_what_holds_a_group_ends_with_a_killed_guard(guard: GroupGuard) -> None:
    group = guard.new_group()
    guard_process().kill()
    wait_until(lambda: not is_alive(group))


def guard_process() -> psutil.Process:
    """The guard that this process started."""
    (found,) = [
        child
        for child in psutil.Process().children()
        if any("group_guard" in argument for argument in child.cmdline())
    ]
    return found


def marked(marker: str) -> list[psutil.Process]:
    """The processes whose environment has the marker, without those that only wait to be
    collected.
    """
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("WANLLMDB_TEST_MARKER") == marker and is_alive(process.pid):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found
