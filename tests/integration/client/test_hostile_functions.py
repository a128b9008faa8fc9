"""Training functions that raise, fork and leave state behind, which must not break an agent."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

import wanllmdb as wandb
from tests.integration.client.function_agents import new_sweep, run_agent, runs_of
from tests.integration.client.programs import end_of, reaches, started
from wanllmdb import Client, RunState

SECONDS = 60.0

IN_PROCESS = """
import asyncio, json, multiprocessing, os, signal, sys, threading, time, warnings
import wanllmdb as wandb
def train():
    run = wandb.init()
    wandb.log({"loss": 1.0})
%s
result = wandb.agent(sys.argv[1], train, never_give_up=True)
print("ended:", result.runs, result.ended_by, flush=True)
"""


async def ended(
    environment: dict[str, str], client: Client, body: str, **more: Any
) -> tuple[int | None, str, str, list[wandb.Run]]:
    """Runs an agent with that function in a process: exit code, output and runs."""
    sweep_id = await new_sweep(client, **{"run_cap": 2, **more})
    lines = "\n".join(f"    {line}" for line in body.strip("\n").splitlines())
    command = (sys.executable, "-c", IN_PROCESS % lines, sweep_id)
    async with started(*command, environment=environment) as process:
        out, err = await end_of(process, SECONDS)
    return process.returncode, out, err, await runs_of(client, sweep_id)


class OwnStop(BaseException):
    """A program's own exception."""


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this")

    __repr__ = __str__


class NoTextError(Exception):
    def __str__(self) -> str:
        return 5  # type: ignore[return-value]


class OddSyntaxError(SyntaxError):
    def __init__(self) -> None:
        super().__init__("odd")
        self.text, self.lineno, self.offset = 7, "x", b""  # type: ignore[assignment]


class Incomparable:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not to be compared")

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        raise RuntimeError("not to be shown")


def circular() -> NoReturn:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    raise first


def bottomless() -> NoReturn:
    bottomless()


def raising(error: BaseException) -> Callable[[], None]:
    def train() -> None:
        wandb.log({"loss": 1.0})
        raise error

    return train


ODD: dict[str, Callable[[], Any]] = {
    "own BaseException": raising(OwnStop("enough")),
    "GeneratorExit": raising(GeneratorExit()),
    "CancelledError": raising(asyncio.CancelledError()),
    "StopIteration": raising(StopIteration(3)),
    "MemoryError": raising(MemoryError()),
    "RecursionError": bottomless,
    "a str() that raises": raising(UnspeakableError()),
    "a str() that is none": raising(NoTextError()),
    "an odd SyntaxError": raising(OddSyntaxError()),
    "surrogates and NUL": raising(ValueError("a\ud800b\0c")),
    "100 MB of message": raising(ValueError("x" * 100_000_000)),
    "a cause in a circle": circular,
    "a group": raising(BaseExceptionGroup("several", [OwnStop(), ValueError("x")])),
    "an exit code of its own": raising(SystemExit(Incomparable())),
    "a huge exit code": raising(SystemExit(10**5_000)),
    "a text as exit code": raising(SystemExit("bad\ud800\0")),
}


@pytest.mark.parametrize("function", ODD.values(), ids=ODD)
async def test_whatever_a_function_raises_fails_its_run_and_the_agent_goes_on(
    client: Client, function: Callable[[], Any]
) -> None:
    sweep_id = await new_sweep(client, run_cap=2)

    result = await asyncio.wait_for(run_agent(client, sweep_id, function), SECONDS)

    assert (result.runs, result.failed) == (2, 2)
    runs = await runs_of(client, sweep_id)
    assert [run.state for run in runs] == [RunState.FAILED] * 2
    assert all(run.error is not None and run.error.message for run in runs)


@pytest.mark.parametrize(
    "error",
    [KeyboardInterrupt(), BaseExceptionGroup("both", [OwnStop(), KeyboardInterrupt()])],
    ids=["alone", "in a group"],
)
async def test_a_keyboard_interrupt_of_the_function_ends_the_agent_as_ctrl_c_does(
    client: Client, capsys: pytest.CaptureFixture[str], error: BaseException
) -> None:
    sweep_id = await new_sweep(client)

    result = await asyncio.wait_for(run_agent(client, sweep_id, raising(error)), SECONDS)

    assert (result.runs, result.ended_by, result.was_interrupted) == (0, "interrupted", True)
    (run,) = await runs_of(client, sweep_id)
    assert (run.state, run.attempt) == (RunState.QUEUED, 1)
    err = capsys.readouterr().err
    assert err.splitlines()[-2:] == ["run 0 was given back", "agent interrupted: 0 runs"]


async def test_a_keyboard_interrupt_in_the_main_thread_ends_the_process_as_ctrl_c_does(
    client: Client, environment: dict[str, str]
) -> None:
    code, out, err, runs = await ended(environment, client, "raise KeyboardInterrupt")

    assert (code, out) == (0, "ended: 0 interrupted\n"), err
    assert err.splitlines()[-2:] == ["run 0 was given back", "agent interrupted: 0 runs"]
    assert [run.state for run in runs] == [RunState.QUEUED]


async def test_a_run_is_given_back_at_an_interrupt_after_finish_too(client: Client) -> None:
    # The function may have begun it again: what it finished last need not be its result.
    sweep_id = await new_sweep(client)

    def train() -> None:
        wandb.log({"loss": 1.0})
        wandb.finish()
        raise KeyboardInterrupt

    result = await asyncio.wait_for(run_agent(client, sweep_id, train), SECONDS)

    assert (result.runs, result.was_interrupted) == (0, True)
    assert [run.state for run in await runs_of(client, sweep_id)] == [RunState.QUEUED]


IN_A_CHILD = {
    "returns": ("return", 0),
    "calls sys.exit(7)": ("sys.exit(7)", 7),
    "calls sys.exit with a text": ("sys.exit('enough')", 1),
    "calls os._exit(9)": ("os._exit(9)", 9),
    "raises": ("raise ValueError('of the child')", 1),
    "raises KeyboardInterrupt": ("raise KeyboardInterrupt", 1),
    "logs": ("wandb.log({'loss': 0.0})", 1),
    "calls init": ("wandb.init(name='child')", 1),
    "finishes": ("wandb.finish()", 1),
    "leaves the run's block": ("with run: pass\n        return", 0),
    "forks": ("if os.fork() == 0: return\n        os.wait(); return", 0),
    "ends in a thread": ("t = threading.Thread(target=print); t.start(); t.join(); return", 0),
}


@pytest.mark.parametrize(("what", "code"), IN_A_CHILD.values(), ids=IN_A_CHILD)
async def test_a_fork_that_leaves_the_function_ends_and_the_run_is_its_parents(
    client: Client, environment: dict[str, str], what: str, code: int
) -> None:
    body = f"""
child = os.fork()
if child == 0:
    {what.replace(chr(10) + "        ", chr(10) + "    ")}
_, status = os.waitpid(child, 0)
print("child:", os.waitstatus_to_exitcode(status), flush=True)
wandb.log({{"loss": 0.5}})
"""
    exit_code, out, err, runs = await ended(environment, client, body)

    assert exit_code == 0, err
    assert out.count(f"child: {code}\n") == 2, out + err
    assert out.count("ended:") == 1
    assert [(run.state, run.objective) for run in runs] == [(RunState.FINISHED, 0.5)] * 2


async def test_a_function_may_fork_from_a_thread_and_by_multiprocessing(
    client: Client, environment: dict[str, str]
) -> None:
    body = """
def forks():
    child = os.fork()
    if child == 0:
        return
    os.waitpid(child, 0)
thread = threading.Thread(target=forks)
thread.start()
thread.join()
print("thread", flush=True)
context = multiprocessing.get_context("fork")
with context.Pool(2) as pool:
    assert pool.map(abs, [-1, -2]) == [1, 2]
worker = context.Process(target=time.sleep, args=(60,))
worker.start()
worker.terminate()
worker.join()
assert worker.exitcode == -signal.SIGTERM, worker.exitcode
"""
    code, out, err, runs = await ended(environment, client, body)

    assert (code, out.splitlines()[-1:]) == (
        0,
        ["ended: 2 the sweep has no more runs: its run_cap was reached"],
    ), err
    assert [run.state for run in runs] == [RunState.FINISHED] * 2


async def test_the_error_in_a_fork_names_where_to_log(
    client: Client, environment: dict[str, str]
) -> None:
    body = """
child = os.fork()
if child == 0:
    try:
        wandb.log({"loss": 1.0})
    except wandb.NoRunError as error:
        print(error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
wandb.log({"loss": 2.0})
"""
    code, out, err, runs = await ended(environment, client, body)

    assert code == 0, err
    for number in range(2):
        words = f"log was called in a fork of the process that works on run {number}"
        assert words in out
    assert [(run.state, run.objective) for run in runs] == [(RunState.FINISHED, 2.0)] * 2


async def test_a_signal_that_a_fork_gets_is_not_the_agents(
    client: Client, environment: dict[str, str]
) -> None:
    body = """
child = os.fork()
if child == 0:
    time.sleep(60)
for number in (signal.SIGINT, signal.SIGTERM):
    os.kill(child, number)
print("child:", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
time.sleep(0.2)
"""
    code, out, err, runs = await ended(environment, client, body)

    assert code == 0, err
    assert "ended: 2 the sweep has no more" in out
    assert [run.state for run in runs] == [RunState.FINISHED] * 2


LEFT_BEHIND = {
    "a recursion limit": "sys.setrecursionlimit(60)",
    "warnings as errors": "warnings.simplefilter('error')",
    "a broken stderr": "sys.stderr = sys.stdout = None",
    "a stderr that raises": "sys.stderr = type('Odd', (), {'write': lambda s, t: 1 / 0})()",
    "closed streams": "sys.stderr.close(); sys.stdout = open(os.devnull, 'w')",
    "a closed descriptor": "if run.number == 0: os.close(2)",
    "a folder that is gone": "os.makedirs('gone', exist_ok=True); os.chdir('gone'); "
    "os.rmdir(os.getcwd())",
    "an empty environment": "os.environ.clear()",
    "a clock that stands still": "time.time = time.monotonic = lambda: 1.0",
    "a socket timeout": "import socket; socket.setdefaulttimeout(0.001)",
    "an event loop": "loop = asyncio.new_event_loop(); asyncio.set_event_loop(loop); "
    "loop.add_signal_handler(signal.SIGINT, print); loop.close()",
    "a summary that is no number": "wandb.summary['loss'] = 'best.pt'; wandb.log({'loss': 1.0})",
}


@pytest.mark.parametrize("what", LEFT_BEHIND.values(), ids=LEFT_BEHIND)
async def test_what_a_function_leaves_behind_breaks_no_agent(
    client: Client, environment: dict[str, str], tmp_path: Any, what: str
) -> None:
    environment = environment | {"WANLLMDB_SPOOL_DIR": str(tmp_path / "spool")}
    body = f"os.chdir({str(tmp_path)!r})\n{what}"

    code, _, err, runs = await ended(environment, client, body)

    assert [run.state for run in runs] == [RunState.FINISHED] * 2, err
    # Some of them break the last line of the program itself.
    assert code in (0, 1, 120), err


async def test_an_agent_hears_ctrl_c_after_a_function_that_took_the_signals(
    client: Client, environment: dict[str, str]
) -> None:
    sweep_id = await new_sweep(client)
    body = """
    if run.number == 0:
        loop = asyncio.new_event_loop()
        loop.add_signal_handler(signal.SIGTERM, print)
        loop.close()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return
    print("second", flush=True)
    time.sleep(60)
"""
    command = (sys.executable, "-c", IN_PROCESS % body, sweep_id)
    async with started(*command, environment=environment) as process:
        await reaches(process, "second")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        _, err = await end_of(process, SECONDS)

    assert process.returncode == -signal.SIGTERM, err
    states = [run.state for run in await runs_of(client, sweep_id)]
    assert states == [RunState.FINISHED, RunState.QUEUED]
