"""Runs a program for one run of a sweep, and tells how it ended."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import IO, Any

from wanllmdb import Failed, Succeeded
from wanllmdb._agent import ActiveRun, Ended

_LOOK_SECONDS = 0.2
_GRACE_SECONDS = 10.0
_KEPT_LINES = 200
# What a read of a pipe takes; a line longer than that is kept in pieces.
_READ_BYTES = 8192


class CommandRunner:
    """Starts a command once a run, its parameters appended as arguments.

    The command's environment names the run, so that a script may call
    `wanllmdb.init()`; one that knows nothing of wanllmdb works too, where the sweep has no
    metric. It stands in a process group of its own: Ctrl-C is for the agent, which stops it.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)

    def __call__(self, run: ActiveRun) -> Ended:
        """Runs the command to its end, or until the run is to stop."""
        command = [*self._command, *arguments_of(run.run.parameters)]
        try:
            process = subprocess.Popen(
                command,
                env={**os.environ, **run.environment()},
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                process_group=0,
            )
        except OSError as error:
            return Ended(Failed(f"{shlex.join(self._command)} can't be started: {error}"), error)
        assert process.stderr is not None
        tail = _Tail(process.stderr)
        try:
            while (code := _wait(process)) is None:
                if run.wait_for_stop(0) is not None:
                    _end(process, signal.SIGTERM)
                    return Ended(None)
        except BaseException:
            # Ctrl-C, most of all: the agent gives the run back, so nobody may work on it.
            _end(process, signal.SIGINT)
            raise
        finally:
            tail.close()
        if code == 0:
            return Ended(Succeeded())
        return Ended(Failed(f"{shlex.join(self._command)} {_how(code)}", tail.text()))


def arguments_of(parameters: Mapping[str, Any]) -> list[str]:
    """Parameters as `--name=value`: as Python prints them, lists and objects as JSON."""
    return [f"--{name}={_text(value)}" for name, value in parameters.items()]


def _text(value: object) -> str:
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(_LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def _end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Stops the command and what it started: asks, waits, kills. A second Ctrl-C kills at once."""
    try:
        _signal_group(process, how)
        process.wait(_GRACE_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    try:
        os.killpg(process.pid, how)
    except ProcessLookupError:
        # It ended by itself meanwhile.
        return


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


class _Tail:
    """Passes a command's stderr on as it comes and keeps its last lines."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lines: deque[bytes] = deque(maxlen=_KEPT_LINES)
        self._thread = threading.Thread(target=self._pass_on, name="wanllmdb-stderr", daemon=True)
        self._thread.start()

    def close(self) -> None:
        # A grandchild may hold the pipe open for as long as it likes.
        self._thread.join(timeout=1.0)

    def text(self) -> str:
        return b"".join(self._lines).decode(errors="replace").strip()

    def _pass_on(self) -> None:
        with self._stream:
            while line := self._stream.readline(_READ_BYTES):
                self._lines.append(line)
                sys.stderr.buffer.write(line)
                sys.stderr.buffer.flush()
