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
from wanllmdb.cli.group_guard import GroupGuard, signal_group
from wanllmdb.cli.macros import CommandTemplate, json_of
from wanllmdb.cli.run import wandb_variables

_LOOK_SECONDS = 0.1
_REST_SECONDS = 1.0
"""From SIGTERM to SIGKILL for what outlived its program."""

PrintLine = Callable[[ActiveRun, str, bool], None]
"""Prints a line of a run's program; True for one of its stderr."""


class CommandRunner:
    """Starts a command once a run. Safe to use from many threads.

    The command's environment names the run, so that a script may call
    `wanllmdb.init()`; one that knows nothing of wanllmdb works too, where the sweep has no
    metric. It stands in a process group of its own, which ends with the program, and with
    the agent, whatever ends that.

    Args:
        template: the command.
        kill_delay: seconds between SIGTERM and SIGKILL.
        print_line: gets what the programs print; where None their stdout is the agent's
            own, and stderr goes to the agent's.
        wandb_is_ours: whether the programs find wanllmdb where they import wandb.
    """

    def __init__(
        self,
        template: CommandTemplate,
        *,
        kill_delay: float,
        print_line: PrintLine | None = None,
        wandb_is_ours: bool = False,
    ) -> None:
        self._template = template
        self._wandb_is_ours = wandb_is_ours
        self._kill_delay = kill_delay
        self._print_line = print_line
        self._guard = GroupGuard(kill_delay)
        self._lock = threading.Lock()
        self._programs: set[_Program] = set()

    def __call__(self, run: ActiveRun) -> Ended:
        """Runs the command to its end, or until the run is to stop."""
        parameters = run.run.parameters
        with self._parameters_file(run) as file:
            command = self._template.expand(parameters, file, run.sweep.spec.args_style)
            try:
                program = self._start(command, run)
            except (OSError, ValueError) as error:
                # A parameter with a character that no argument may hold is a ValueError.
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
            ended = program.outcome()
            if ended.outcome is not None:
                # The agent may be killed while what the program left behind is ended.
                run.keep_end(ended.outcome)
            self._end_what_it_left(program)
            return ended

    def forward(self, number: signal.Signals) -> None:
        """Passes a signal on to every program."""
        with self._lock:
            for program in self._programs:
                signal_group(program.group, number)

    def close(self) -> None:
        """Waits until every program has ended, and kills those that take too long."""
        with self._lock:
            programs = list(self._programs)
        for program in programs:
            self._stop(program)
        self._guard.close()

    def kill(self) -> None:
        """Kills every program."""
        with self._lock:
            for program in self._programs:
                signal_group(program.group, signal.SIGKILL)

    def _start(self, command: list[str], run: ActiveRun) -> _Program:
        # The guard knows the group before there is a program: the agent may be killed
        # at any moment.
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
            # Nothing would end it with the agent.
            self._kill(program)
            raise
        return program

    def _environment(self, run: ActiveRun) -> dict[str, str]:
        environment = {**os.environ, **run.environment()}
        if self._wandb_is_ours:
            environment.update(wandb_variables(environment))
        if self._print_line is not None:
            # A pipe is no reason to see lines late.
            environment.setdefault("PYTHONUNBUFFERED", "1")
        return environment

    def _ended(self, program: _Program) -> None:
        with self._lock:
            self._programs.discard(program)
        self._guard.ended(program.group)

    def _stop(self, program: _Program) -> None:
        """Ends a program and what it started: asks, waits, kills."""
        signal_group(program.group, signal.SIGTERM)
        program.has_ended(self._kill_delay)
        self._kill(program)

    def _kill(self, program: _Program) -> None:
        """Ends a program, and what it left behind, by force."""
        signal_group(program.group, signal.SIGKILL)
        program.has_ended(None)
        signal_group(program.group, signal.SIGKILL)
        self._ended(program)

    def _end_what_it_left(self, program: _Program) -> None:
        """Ends what outlived a program that ended by itself: the next one needs the GPU."""
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
        group: the process group that it joins.

    Raises:
        OSError: it can't be started.
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
        """Waits for the end, at most some seconds; says whether it came."""
        return self._ended.wait(timeout)

    def outcome(self) -> Ended:
        """How a program that has ended did."""
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
    """The first words of a command, for people."""
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
# What a read of a pipe takes; a line longer than that is kept in pieces.
_READ_BYTES = 8192

PassOn = Callable[[bytes], None]


class OutputReader:
    """Reads a pipe in a thread until its end.

    Args:
        stream: the read end.
        pass_on: gets each line, its newline included.
    """

    def __init__(self, stream: IO[bytes], pass_on: PassOn) -> None:
        self._stream = stream
        self._pass_on = pass_on
        self._lines: deque[bytes] = deque(maxlen=_KEPT_LINES)
        self._thread = threading.Thread(target=self._read, name="wanllmdb-output", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Waits for the end of the pipe, for a moment."""
        # A grandchild may hold the pipe open for as long as it likes.
        self._thread.join(timeout=1.0)

    def last_lines(self) -> str:
        """The last lines."""
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
    """In a sentence, with the argument or variable at fault where there is one."""
    texts = {f"the argument {in_short(word)!r}": word for word in command}
    texts |= {f"the variable {name}": f"{name}={value}" for name, value in environment.items()}
    if isinstance(error, OSError):
        if error.errno != errno.E2BIG:
            return str(error)
        sizes = {what: len(os.fsencode(text)) for what, text in texts.items()}
        longest = max(sizes, key=sizes.__getitem__)
        return (
            f"its arguments and variables take {sum(sizes.values()):,} bytes, {longest} alone "
            f"{sizes[longest]:,}, and that is more than the system passes on: {_ELSE}"
        )
    for what, text in texts.items():
        if "\0" in text:
            return f"{what} holds a NUL character, which no program can be given: {_ELSE}"
        try:
            os.fsencode(text)
        except UnicodeEncodeError:
            encoding = sys.getfilesystemencoding()
            return (
                f"{what} has characters that {encoding} lacks, the encoding that this agent's "
                f"locale names: start the agent with PYTHONUTF8=1 or LC_ALL=C.UTF-8, or {_ELSE}"
            )
    return str(error)
