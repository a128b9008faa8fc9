"""Runs a program for one run of a sweep, and returns how it ended."""

from __future__ import annotations

import errno
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from wanllmdb import Failed, Succeeded
from wanllmdb._agent import ActiveRun, Ended
from wanllmdb._shown import in_short
from wanllmdb.cli.gpus import VISIBLE
from wanllmdb.cli.group_guard import GroupGuard, signal_group
from wanllmdb.cli.macros import CommandTemplate, json_of
from wanllmdb.cli.run import wandb_variables

_LOOK_SECONDS = 0.1
_SIGNAL_SECONDS = 2.0
"""Seconds after the death of a program by SIGTERM in which the agent may get SIGTERM too."""
_REST_SECONDS = 1.0
"""Seconds between SIGTERM and SIGKILL for processes that outlived their program."""

PrintLine = Callable[[ActiveRun, str, bool], None]
"""Prints a line of a run's program; the last argument is True for stderr."""


class CommandRunner:
    """Runs a command for each run. Thread-safe.

    The command's environment names the run, so that a script may call `wanllmdb.init()`. In a
    sweep without a metric, a script needs no wanllmdb at all. The command has its own process
    group, which ends with the program, and with the agent, however the agent ends.

    Args:
        template: the command.
        kill_delay: seconds between SIGTERM and SIGKILL.
        print_line: receives the output of the programs; None passes their stdout and stderr on
            to the agent's.
        wandb_is_ours: whether the programs get wanllmdb when they import wandb.
        gpus: for each slot, the GPUs that its programs see; nothing leaves the GPUs alone.
    """

    def __init__(
        self,
        template: CommandTemplate,
        *,
        kill_delay: float,
        print_line: PrintLine | None = None,
        wandb_is_ours: bool = False,
        gpus: Sequence[str] = (),
    ) -> None:
        self._template = template
        self._wandb_is_ours = wandb_is_ours
        self._gpus = gpus
        self._kill_delay = kill_delay
        self._print_line = print_line
        self._guard = GroupGuard(kill_delay)
        self._lock = threading.Lock()
        self._programs: set[_Program] = set()

    def __call__(self, run: ActiveRun) -> Ended:
        """Run the command to its end, or until the run must stop."""
        parameters = run.run.parameters
        with self._parameters_file(run) as file:
            command = self._template.expand(parameters, file, run.sweep.spec.args_style)
            try:
                program = self._start(command, run)
            except (OSError, ValueError) as error:
                # A parameter with a character that arguments can't contain raises ValueError.
                why = why_not_started(error, command, run.environment())
                return Ended(Failed(f"{_name_of(command, 2)} can't be started: {why}"), error)
            while not program.has_ended(_LOOK_SECONDS):
                self._guard.renew()
                order = run.stop_order
                if order is None:
                    continue
                if order.gives_back:
                    # Another agent may begin at once; `close` waits for this program.
                    signal_group(program.group, signal.SIGTERM)
                    return Ended(None)
                self._stop(program)
                return Ended(None)
            if program.was_terminated() and self._is_given_back(run):
                return Ended(None)
            ended = program.outcome()
            if ended.outcome is not None:
                # The agent may be killed while it ends the processes that the program left.
                run.keep_end(ended.outcome)
            self._end_what_it_left(program)
            return ended

    def forward(self, number: signal.Signals) -> None:
        """Forward a signal to every program."""
        with self._lock:
            for program in self._programs:
                signal_group(program.group, number)

    def close(self) -> None:
        """Wait until every program has ended, and kill those that take too long."""
        with self._lock:
            programs = list(self._programs)
        for program in programs:
            self._stop(program)
        self._guard.close()

    def kill(self) -> None:
        """Kill every program."""
        with self._lock:
            for program in self._programs:
                signal_group(program.group, signal.SIGKILL)

    def _start(self, command: list[str], run: ActiveRun) -> _Program:
        # The guard learns of the group before the program starts, since the agent may be
        # killed at any moment.
        group = self._guard.new_group()
        try:
            program = _Program(command, self._environment(run), run, self._print_line, group)
        except (OSError, ValueError):
            self._guard.ended(group)
            raise
        with self._lock:
            self._programs.add(program)
        try:
            self._guard.joined(group)
        except OSError:
            # No guard would end the program together with the agent.
            self._kill(program)
            raise
        return program

    def _environment(self, run: ActiveRun) -> dict[str, str]:
        environment = {**os.environ, **run.environment()}
        if self._wandb_is_ours:
            environment.update(wandb_variables(environment))
        if self._gpus:
            environment[VISIBLE] = self._gpus[run.slot]
        if self._print_line is not None:
            # Without this, Python would buffer lines that go to a pipe.
            environment.setdefault("PYTHONUNBUFFERED", "1")
        return environment

    def _is_given_back(self, run: ActiveRun) -> bool:
        """Return whether the run is given back, once the agent had time to get its own signal.

        A cluster that ends a job sends SIGTERM to all of its processes, and a program may end
        before the agent has handled the signal.
        """
        deadline = time.monotonic() + _SIGNAL_SECONDS
        while run.stop_order is None and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        return run.stop_order is not None and run.stop_order.gives_back

    def _ended(self, program: _Program) -> None:
        with self._lock:
            self._programs.discard(program)
        self._guard.ended(program.group)

    def _stop(self, program: _Program) -> None:
        """End a program and its children: SIGTERM, wait, SIGKILL."""
        signal_group(program.group, signal.SIGTERM)
        program.has_ended(self._kill_delay)
        self._kill(program)

    def _kill(self, program: _Program) -> None:
        """Kill a program and its children."""
        signal_group(program.group, signal.SIGKILL)
        program.has_ended(None)
        signal_group(program.group, signal.SIGKILL)
        self._ended(program)

    def _end_what_it_left(self, program: _Program) -> None:
        """End the children that outlived a program, since the next program needs the GPU."""
        deadline = time.monotonic() + min(self._kill_delay, _REST_SECONDS)
        is_there = signal_group(program.group, signal.SIGTERM)
        while is_there and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
            is_there = signal_group(program.group, 0)
        if is_there:
            signal_group(program.group, signal.SIGKILL)
        self._ended(program)

    @contextmanager
    def _parameters_file(self, run: ActiveRun) -> Iterator[str]:
        if not self._template.needs_file:
            yield ""
            return
        prefix = f"wanllmdb-{run.sweep_id}-{run.number}-"
        with tempfile.TemporaryDirectory(prefix=prefix) as folder:
            path = Path(folder) / "parameters.json"
            path.write_text(json_of(run.run.parameters) + "\n", encoding="utf-8")
            yield str(path)


class _Program:
    """A running command.

    Args:
        group: the process group that the command joins.

    Raises:
        OSError: the command can't be started.
    """

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str],
        run: ActiveRun,
        print_line: PrintLine | None,
        group: int,
    ) -> None:
        self._name = _name_of(command, 3)
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=None if print_line is None else subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=group,
        )
        self.group = group
        self._ended = threading.Event()

        def pass_on(line: bytes, is_error: bool) -> None:
            if print_line is not None:
                print_line(run, line.decode(errors="replace").rstrip("\n"), is_error)
            else:
                sys.stderr.buffer.write(line)
                sys.stderr.buffer.flush()

        assert self._process.stderr is not None
        self._stderr = OutputReader(self._process.stderr, partial(pass_on, is_error=True))
        self._readers = [self._stderr]
        if self._process.stdout is not None:
            stdout = OutputReader(self._process.stdout, partial(pass_on, is_error=False))
            self._readers.append(stdout)
        threading.Thread(target=self._wait, name="wanllmdb-program", daemon=True).start()

    def has_ended(self, timeout: float | None) -> bool:
        """Wait for the end, at most some seconds; return whether the program has ended."""
        return self._ended.wait(timeout)

    def was_terminated(self) -> bool:
        """Return whether SIGTERM ended a program that has ended."""
        return self._process.returncode == -signal.SIGTERM

    def outcome(self) -> Ended:
        """Return the outcome of a program that has ended."""
        for reader in self._readers:
            reader.close()
        code = self._process.returncode
        if code == 0:
            return Ended(Succeeded())
        return Ended(Failed(f"{self._name} {_how(code)}", self._stderr.last_lines()))

    def _wait(self) -> None:
        self._process.wait()
        self._ended.set()


def _name_of(command: Sequence[str], words: int) -> str:
    """Return the first words of a command, for people."""
    name = shlex.join(in_short(word) for word in command[:words])
    return name + (" ..." if len(command) > words else "")


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


_KEPT_LINES = 200
# Longest read from a pipe; a longer line is kept in pieces.
_READ_BYTES = 8192

PassOn = Callable[[bytes], None]


class OutputReader:
    """Reads a pipe in a thread until its end, and keeps the last lines.

    Args:
        stream: the read end.
        pass_on: receives each line, including its newline.
    """

    def __init__(self, stream: IO[bytes], pass_on: PassOn) -> None:
        self._stream = stream
        self._pass_on = pass_on
        self._lines: deque[bytes] = deque(maxlen=_KEPT_LINES)
        self._thread = threading.Thread(target=self._read, name="wanllmdb-output", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait up to a second for the end of the pipe."""
        # A grandchild may hold the pipe open for any time.
        self._thread.join(timeout=1.0)

    def last_lines(self) -> str:
        """Return the last lines."""
        return b"".join(list(self._lines)).decode(errors="replace").strip()

    def _read(self) -> None:
        with self._stream:
            while line := self._stream.readline(_READ_BYTES):
                self._lines.append(line)
                self._pass_on(line)


_ELSE = "pass the parameters in a file: ${args_json_file}"


def why_not_started(
    error: OSError | ValueError, command: Sequence[str], environment: Mapping[str, str]
) -> str:
    """Explain why a command did not start, and name the argument or variable at fault."""
    texts = {f"the argument {in_short(word)!r}": word for word in command}
    texts |= {f"the variable {name}": f"{name}={value}" for name, value in environment.items()}
    if isinstance(error, OSError):
        if error.errno != errno.E2BIG:
            return str(error)
        sizes = {what: len(os.fsencode(text)) for what, text in texts.items()}
        longest = max(sizes, key=sizes.__getitem__)
        return (
            f"its arguments and variables take {sum(sizes.values()):,} bytes, {longest} alone "
            f"{sizes[longest]:,}, which exceeds the system's limit: {_ELSE}"
        )
    for what, text in texts.items():
        if "\0" in text:
            return f"{what} contains a NUL character, which no program can receive: {_ELSE}"
        try:
            os.fsencode(text)
        except UnicodeEncodeError:
            encoding = sys.getfilesystemencoding()
            return (
                f"{what} has characters that the encoding of this agent's locale, {encoding}, "
                f"lacks: start the agent with PYTHONUTF8=1 or LC_ALL=C.UTF-8, or {_ELSE}"
            )
    return str(error)
