"""Ends process groups when the process that started them is gone, however it went.

An agent that is killed outright (SIGKILL, out of memory) stops nobody, and its programs
would train on, next to those of the agents that get their runs. So it keeps a guard: a small
process that holds the read end of a pipe and ends the groups when the pipe's other end is
gone.

A group exists, and the guard knows it, before a program starts in it: the guard forks a
holder, which does nothing, and makes it the group's leader. A program that starts joins the
group before it closes its copy of the pipe, so when the guard reads the end of the pipe, no
program is outside of its group. Then the holder goes, and the group lasts as long as the
program and what it started.

This file is run by path, without site packages, to cost little: it may import the standard
library only.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import threading
import time

_LOOK_SECONDS = 0.05
_ANSWER_SECONDS = 30.0
"""After which a guard that does not answer is replaced: long enough for one that starts on a
busy machine."""

# What a terminal or a service manager sends to all processes of a session. The guard's end
# comes with the agent's.
_IGNORED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


class GroupGuard:
    """The agent's side: asks the guard for groups. Safe to use from many threads.

    Args:
        grace: seconds between SIGTERM and SIGKILL.
    """

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._groups: set[int] = set()

    def new_group(self) -> int:
        """A process group that one program may join; starts the guard at the first one.

        Raises:
            OSError: the system has no process left for it.
        """
        with self._lock:
            group = int(self._ask("new"))
            self._groups.add(group)
        return group

    def joined(self, group: int) -> None:
        """The program has joined the group, which lasts as long as it from now on."""
        with self._lock:
            self._ask(f"joined {group}")

    def ended(self, group: int) -> None:
        """The group's program has ended, or did not start."""
        with self._lock:
            self._groups.discard(group)
            if self._process is None:
                return
            try:
                self._ask_once(f"ended {group}")
            except OSError:
                # The next guard never hears of this group.
                self._drop()

    def renew(self) -> None:
        """Starts another guard for the groups that there are, where something killed the guard.

        Where the system has no process left for it, the next call tries again.
        """
        with self._lock:
            is_there = self._process is not None and self._process.poll() is None
            if self._groups and not is_there:
                self._drop()
                with contextlib.suppress(OSError):
                    self._start()

    def close(self) -> None:
        """Lets the guard end, which first ends all groups that have not ended."""
        with self._lock:
            if self._process is not None and self._process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    self._process.stdin.close()
                self._process.wait(self._grace + 5.0)

    def _ask(self, question: str) -> str:
        """The guard's answer, or another guard's where something killed this one."""
        if self._process is not None:
            try:
                return self._ask_once(question)
            except OSError:
                self._drop()
        self._start()
        return self._ask_once(question)

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(self._grace)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # What is sent to the agent's group is not meant for it. In the agent's session,
            # though: a process may join groups of its own session alone.
            process_group=0,
            # A folder that stays.
            cwd="/",
        )
        for group in self._groups:
            self._ask_once(f"known {group}")

    def _drop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            # What it did not read is lost on purpose: the next guard gets all groups.
            with contextlib.suppress(BrokenPipeError), process:
                pass

    def _ask_once(self, question: str) -> str:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{question}\n".encode())
        self._process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(_ANSWER_SECONDS):
                raise TimeoutError("the guard of the agent's programs does not answer")
        # The guard writes each answer at once.
        answer = self._process.stdout.readline().decode().strip()
        if not answer:
            raise BrokenPipeError("the guard of the agent's programs has ended")
        return answer


def signal_group(group: int, number: signal.Signals | int) -> bool:
    """Sends a signal to a group; False where there is none any more."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        # macOS says the latter of a group of which only a zombie is left.
        return False
    return True


class _Groups:
    """The guard's side: the groups there are."""

    def __init__(self) -> None:
        self._groups: set[int] = set()
        # Those that no program has joined yet; a holder's process id is its group's.
        self._holders: set[int] = set()
        # A holder reads the one end, and ends when the guard with the other end is gone.
        self._life_of_guard, self._guards_life = os.pipe()

    def answer(self, question: str) -> str:
        """Does what is asked for."""
        what, _, number = question.partition(" ")
        if what == "new":
            group = self._hold()
            self._groups.add(group)
            return str(group)
        group = int(number)
        if what == "known":
            self._groups.add(group)
        else:
            self._let_go(group)
        if what == "ended":
            self._groups.discard(group)
        return "done"

    def end(self, grace: float) -> None:
        """Ends all groups: asks, waits, kills."""
        deadline = time.monotonic() + grace
        left = {group for group in self._groups if signal_group(group, signal.SIGTERM)}
        for holder in list(self._holders):
            self._let_go(holder)
        while left and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
            left = {group for group in left if signal_group(group, 0)}
        for group in left:
            signal_group(group, signal.SIGKILL)

    def _hold(self) -> int:
        holder = os.fork()
        if holder == 0:
            try:
                for file in (0, 1, self._guards_life):
                    os.close(file)
                for number in _IGNORED:
                    signal.signal(number, signal.SIG_DFL)
                os.read(self._life_of_guard, 1)
            finally:
                os._exit(0)
        self._holders.add(holder)
        os.setpgid(holder, holder)
        return holder

    def _let_go(self, group: int) -> None:
        if group in self._holders:
            self._holders.discard(group)
            os.kill(group, signal.SIGKILL)
            os.waitpid(group, 0)


def _main() -> None:
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    groups = _Groups()
    for line in sys.stdin:
        answer = groups.answer(line.strip())
        # The agent may have ended meanwhile, and then the end of the pipe is read next.
        with contextlib.suppress(BrokenPipeError):
            os.write(1, f"{answer}\n".encode())
    groups.end(float(sys.argv[1]))


if __name__ == "__main__":
    _main()
