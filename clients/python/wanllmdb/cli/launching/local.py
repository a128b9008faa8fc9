"""Agents as processes on this host, in the foreground.

The launcher stays until its agents have ended, as `wanllmdb agent` does: a terminal shows what they
print, Ctrl-C reaches them, and a service manager, tmux or nohup keeps them. It passes signals on,
and starts an agent again that was killed, which then resumes its run.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any

from wanllmdb import _env
from wanllmdb.cli.gpus import VISIBLE, gpus_of_host, shares_of
from wanllmdb.cli.launching.local_records import LaunchRecord
from wanllmdb.cli.launching.request import LaunchRequest

MOST_RESTARTS = 3
"""How often an agent is started again that a signal killed."""

_PASSED_ON = {
    signal.SIGINT: signal.SIGINT,
    signal.SIGTERM: signal.SIGTERM,
    # A terminal that closes. Agents know SIGTERM, by which they give their runs back.
    signal.SIGHUP: signal.SIGTERM,
}
_PROGRAM = (sys.executable, "-m", "wanllmdb.cli.main")


class LocalLauncher:
    """Runs the agents of a launch until all have ended.

    Args:
        request: the agents; see `with_gpus`.
        name: the launch's name.
        say: prints a line.
    """

    def __init__(self, request: LaunchRequest, name: str, say: Callable[[str], None]) -> None:
        self._request = request
        self._name = name
        self._say = say
        # A handler may interrupt a handler.
        self._lock = threading.RLock()
        self._received: list[signal.Signals] = []
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._codes: dict[int, int] = {}

    def run(self) -> int:
        """Start the agents and wait for their ends; return the exit code."""
        request = self._request
        with (
            LaunchRecord.created(self._name, request.sweep_id, request.agents) as record,
            self._passing_signals_on(),
        ):
            threads = [
                threading.Thread(target=self._keep, args=(record, index))
                for index in range(request.agents)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                # A signal's handler runs meanwhile.
                thread.join()
        if self._received:
            return 128 + _PASSED_ON[self._received[0]]
        return 1 if any(self._codes.values()) else 0

    def _keep(self, record: LaunchRecord, index: int) -> None:
        """Run an agent to its end, and again after a signal that this launcher did not pass on."""
        for restart in range(MOST_RESTARTS + 1):
            try:
                code = self._run_once(record, index)
            except OSError as error:
                self._codes[index] = 1
                self._say(f"agent {index} can't be started: {error}")
                return
            self._codes[index] = code
            if code == 0 or self._received:
                return
            how = f"agent {index} " + _how(code)
            if code > 0:
                # It has explained itself.
                self._say(how)
                return
            again = ": starting it again" if restart < MOST_RESTARTS else " too often"
            self._say(how + again)

    def _run_once(self, record: LaunchRecord, index: int) -> int:
        with record.agent_lock(index) as lock:
            process = subprocess.Popen(
                [*_PROGRAM, *self._request.agent_arguments()],
                env={**os.environ, **agent_variables(self._request, self._name, index)},
                stdin=subprocess.DEVNULL,
                pass_fds=(lock.descriptor,),
                # A terminal's Ctrl-C reaches the launcher alone, so that it counts once.
                process_group=0,
            )
            lock.belongs_to(process.pid)
        with self._lock:
            self._processes[index] = process
            # A signal that came while the process started did not reach it.
            for number in self._received:
                process.send_signal(_PASSED_ON[number])
        return process.wait()

    @contextmanager
    def _passing_signals_on(self) -> Iterator[None]:
        previous: dict[signal.Signals, Any] = {}
        for number in _PASSED_ON:
            # One that nohup or a shell ignores stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                previous[number] = signal.signal(number, self._pass_on)
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        with self._lock:
            self._received.append(signal.Signals(number))
            for process in self._processes.values():
                process.send_signal(_PASSED_ON[signal.Signals(number)])


def with_gpus(request: LaunchRequest) -> LaunchRequest:
    """Return the launch with GPUs of this host for each agent, if it asks for GPUs.

    Raises:
        MissingGpusError: the host has fewer GPUs than the agents need.
    """
    if not request.gpus:
        return request
    what = f"--agents {request.agents} with --gpus-per-agent {request.gpus}"
    shares = shares_of(gpus_of_host(), request.agents, request.gpus, what=what)
    return replace(request, visible_gpus=shares)


def agent_variables(request: LaunchRequest, name: str, index: int) -> dict[str, str]:
    """Return the variables of one agent, by which it also resumes its run after a crash."""
    return {
        **request.settings,
        **request.variables,
        _env.AGENT_ID: f"{name}-{index}",
        _env.RESUME: "1",
        **({VISIBLE: request.visible_gpus[index]} if request.visible_gpus else {}),
    }


def command_lines(request: LaunchRequest, name: str) -> Iterator[str]:
    """Return the command that starts each agent, for people: the services' settings left out."""
    bare = replace(request, settings={})
    for index in range(request.agents):
        variables = [f"{k}={v}" for k, v in agent_variables(bare, name, index).items()]
        yield shlex.join([*variables, "wanllmdb", *request.agent_arguments()])


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
