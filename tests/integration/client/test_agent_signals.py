"""Ctrl-C, SIGTERM and stop commands that interrupt training functions."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import wanllmdb as wandb
from tests.integration.client.programs import (
    end_of,
    interrupted_once,
    new_sweep,
    reaches,
    runs_of,
    started,
    until,
)
from wanllmdb import Client, RunState

SLOW = """
import sys, time
import wanllmdb as wandb
def train():
    try:
        for step in range(int(sys.argv[2])):
            wandb.log({"loss": wandb.config.x})
            print("step", step, flush=True)
            time.sleep(0.05)
        print("trained", flush=True)
    finally:
        print("cleaned up", flush=True)
result = wandb.agent(sys.argv[1], train)
print(result.runs, result.ended_by, flush=True)
"""

STUBBORN = """
import sys, time
import wanllmdb as wandb
def train():
    begun = False
    while True:
        try:
            if not begun:
                begun = True
                # Within the try, so that no signal that follows it can miss the handler.
                print("step 0", flush=True)
            time.sleep(60)
        except BaseException as stop:
            print("heard", type(stop).__name__, flush=True)
wandb.agent(sys.argv[1], train)
"""

IN_C = """
import hashlib, sys
import wanllmdb as wandb
def train():
    print("step 0", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)
wandb.agent(sys.argv[1], train)
"""

SIGNALED_IN_A_THREAD = """
import signal, sys, threading, time
import wanllmdb as wandb
def signal_this_thread():
    time.sleep(0.2)
    # Python runs handlers in the main thread, whose sleep this does not interrupt.
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
def train():
    threading.Thread(target=signal_this_thread, daemon=True).start()
    time.sleep(600)
wandb.agent(sys.argv[1], train)
"""

INSTANT = """
import sys
import wanllmdb as wandb
def train():
    if wandb.init().number == 0:
        print("step 0", flush=True)
    wandb.log({"loss": wandb.config.x})
wandb.agent(sys.argv[1], train)
"""


@asynccontextmanager
async def agent(
    code: str, *arguments: str, environment: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    async with started(sys.executable, "-c", code, *arguments, environment=environment) as process:
        yield process


async def test_ctrl_c_once_lets_the_run_end_and_takes_no_more(
    client: Client, environment: dict[str, str]
) -> None:
    sweep_id = await new_sweep(client)
    async with agent(SLOW, sweep_id, "20", environment=environment) as process:
        await reaches(process, "step 3")
        process.send_signal(signal.SIGINT)
        out, err = await end_of(process)

    assert process.returncode == 0, err
    assert "trained" in out
    assert out.splitlines()[-1] == "1 interrupted"
    assert "interrupted: waiting for run 0 to end; Ctrl-C again stops it and gives it back" in err
    (run,) = await runs_of(client, sweep_id)
    assert (run.state, run.last_step) == (RunState.FINISHED, 19)


async def test_ctrl_c_twice_interrupts_the_function_and_gives_the_run_back(
    client: Client, environment: dict[str, str]
) -> None:
    sweep_id = await new_sweep(client)
    async with agent(SLOW, sweep_id, "1000", environment=environment) as process:
        await reaches(process, "step 3")
        process.send_signal(signal.SIGINT)
        await reaches(process, "step 6")
        process.send_signal(signal.SIGINT)
        out, err = await end_of(process)

    assert process.returncode == 0, err
    assert "cleaned up" in out
    assert "trained" not in out
    assert err.splitlines()[-2:] == ["run 0 was given back", "agent interrupted: 0 runs"]
    (run,) = await runs_of(client, sweep_id)
    assert run.state is RunState.QUEUED


async def test_ctrl_c_a_third_time_ends_what_did_not_listen(
    client: Client, environment: dict[str, str]
) -> None:
    sweep_id = await new_sweep(client)
    async with agent(STUBBORN, sweep_id, environment=environment) as process:
        await reaches(process, "step 0")
        await interrupted_once(process)
        process.send_signal(signal.SIGINT)
        await reaches(process, "heard KeyboardInterrupt")
        # Not its end was needed for the run to be free again.
        await until(client, sweep_id, "queued")
        process.send_signal(signal.SIGINT)
        await reaches(process, "heard KeyboardInterrupt")
        assert process.returncode is None


async def test_sigterm_gives_the_run_back_at_once_and_ends_the_process_by_it(
    client: Client, environment: dict[str, str]
) -> None:
    sweep_id = await new_sweep(client)
    async with agent(SLOW, sweep_id, "1000", environment=environment) as process:
        await reaches(process, "step 3")
        process.terminate()
        out, err = await end_of(process)

    assert process.returncode == -signal.SIGTERM
    assert "cleaned up" in out
    assert err.splitlines()[-2:] == ["run 0 was given back", "agent terminated: 0 runs"]
    (run,) = await runs_of(client, sweep_id)
    assert run.state is RunState.QUEUED
    assert run.error is not None
    assert run.error.message == "SIGTERM stopped the agent"


async def test_sigterm_frees_the_run_of_a_function_that_does_not_end(
    client: Client, environment: dict[str, str]
) -> None:
    sweep_id = await new_sweep(client)
    async with agent(STUBBORN, sweep_id, environment=environment) as process:
        await reaches(process, "step 0")
        process.terminate()
        await reaches(process, "heard Terminated")
        await until(client, sweep_id, "queued")


async def test_sigterm_frees_the_run_of_a_function_in_a_long_call_into_c(
    client: Client, environment: dict[str, str]
) -> None:
    sweep_id = await new_sweep(client)
    async with agent(IN_C, sweep_id, environment=environment) as process:
        await reaches(process, "step 0")
        await asyncio.sleep(0.2)
        process.terminate()
        await until(client, sweep_id, "queued")
        assert process.returncode is None


async def test_ctrl_c_ends_an_agent_that_waits_for_a_paused_sweep(
    client: Client, environment: dict[str, str]
) -> None:
    sweep_id = await new_sweep(client)
    await asyncio.to_thread(client.start_sweep, sweep_id)
    await asyncio.to_thread(client.pause_sweep, sweep_id)
    async with agent(INSTANT, sweep_id, environment=environment) as process:
        assert process.stderr is not None
        said = await asyncio.wait_for(process.stderr.readline(), 30)
        assert b"is paused: waiting until it is resumed" in said
        process.send_signal(signal.SIGINT)
        _, err = await end_of(process)

    assert process.returncode == 0
    assert err == "agent interrupted: 0 runs\n"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_no_run_is_left_behind_wherever_the_signal_meets_the_agent(
    client: Client, environment: dict[str, str], how: signal.Signals
) -> None:
    rng = random.Random(int(how))
    for _ in range(12):
        sweep_id = await new_sweep(client)
        async with agent(INSTANT, sweep_id, environment=environment) as process:
            await reaches(process, "step 0")
            await asyncio.sleep(rng.random() * 0.1)
            process.send_signal(how)
            process.send_signal(how)
            await end_of(process)
        states = {run.state for run in await runs_of(client, sweep_id)}
        assert states <= {RunState.FINISHED, RunState.QUEUED}


async def test_an_agent_started_with_ctrl_c_ignored_ignores_it(
    client: Client, environment: dict[str, str]
) -> None:
    sweep_id = await new_sweep(client, run_cap=1)
    ignoring = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    async with agent(ignoring + SLOW, sweep_id, "20", environment=environment) as process:
        await reaches(process, "step 3")
        for _ in range(3):
            process.send_signal(signal.SIGINT)
        out, _ = await end_of(process)

    assert process.returncode == 0
    assert "its run_cap was reached" in out


async def test_handlers_are_put_back(client: Client) -> None:
    # In the main thread: the agent's client must not need this thread's event loop, so it
    # works on a sweep that is over.
    sweep_id = await new_sweep(client)
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(wandb.WanllmdbError):
        wandb.agent(sweep_id, print, client=Client("127.0.0.1:1", "127.0.0.1:1", timeout=1))

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize("pause", [1.5, 4.0])
async def test_a_slow_function_stops_at_the_first_log_after_the_sweep_was_canceled(
    client: Client, pause: float
) -> None:
    sweep_id = await new_sweep(client)
    training, canceled = threading.Event(), threading.Event()
    logs: list[str] = []

    def train() -> None:
        wandb.log({"loss": 1.0})
        training.set()
        canceled.wait(60)
        time.sleep(pause)
        logs.append("first")
        wandb.log({"loss": 1.0})
        logs.append("second")
        wandb.log({"loss": 1.0})

    work = asyncio.create_task(asyncio.to_thread(wandb.agent, sweep_id, train, client=client))
    await asyncio.to_thread(training.wait, 30)
    await asyncio.to_thread(client.cancel_sweep, sweep_id)
    canceled.set()
    await asyncio.wait_for(work, 60)

    assert logs == ["first"]
    (run,) = await runs_of(client, sweep_id)
    assert run.state is RunState.CANCELED


async def test_sigterm_ends_a_function_that_sleeps_on_when_another_thread_receives_it(
    client: Client, environment: dict[str, str]
) -> None:
    sweep_id = await new_sweep(client)
    command = (sys.executable, "-c", SIGNALED_IN_A_THREAD, sweep_id)
    async with started(*command, environment=environment) as process:
        _, err = await end_of(process)
    assert process.returncode == -signal.SIGTERM, err
    (run,) = await runs_of(client, sweep_id)
    assert run.state is RunState.QUEUED


async def test_a_wrong_suggestion_address_is_reported_within_seconds(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client)

    def work() -> Any:
        with Client(client.registry_address, "127.0.0.1:1") as lost:
            return wandb.agent(sweep_id, print, client=lost)

    with pytest.raises(
        wandb.UnavailableError, match=r"no suggestion service answers at 127\.0\.0\.1:1.*SUGGESTION"
    ):
        await asyncio.to_thread(work)
    assert "waiting up to 5 s for the services" in capsys.readouterr().err


async def test_a_wrong_registry_address_is_reported_within_seconds(client: Client) -> None:
    sweep_id = await new_sweep(client)

    def work() -> Any:
        with Client("127.0.0.1:1", client.suggestion_address) as lost:
            return wandb.agent(sweep_id, print, client=lost)

    with pytest.raises(wandb.UnavailableError, match="no registry answers at"):
        await asyncio.to_thread(work)
