"""Ends process groups when the process that started them has ended for any reason.

An agent that is killed (SIGKILL, out of memory) can't stop its programs, which would continue
beside the programs of the agents that get the runs. So the agent starts a guard: a small process
that holds the read end of a pipe, and ends the groups when the other end is closed.

A group exists, and the guard knows the group, before a program starts in it: the guard forks an
idle holder and makes the holder the group's leader. A starting program joins the group before it
closes its copy of the pipe, so when the guard reads the end of the pipe, every program is in its
group. Then the holder ends, and the group lasts as long as the program and its children.

The guard runs this file by path, without site packages, to start quickly: the file may import
the standard library only.
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
"""Seconds after which an unresponsive guard is replaced: enough for a start on a busy
machine."""

# Signals that a terminal or a service manager sends to all processes of a session. The guard
# must outlive them until the agent has ended.
_IGNORED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


class GroupGuard:
    """The agent's side: requests groups from the guard. Thread-safe.

    Args:
        grace: seconds between SIGTERM and SIGKILL.
    """

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._groups: set[int] = set()

    def new_group(self) -> int:
        """Return a process group that one program may join; the first call starts the guard.

        Raises:
            OSError: the system can't start another process.
        """
        with self._lock:
            group = int(self._ask("new"))
            self._groups.add(group)
        return group

    def joined(self, group: int) -> None:
        """Tell the guard that the program has joined the group."""
        with self._lock:
            self._ask(f"joined {group}")

    def ended(self, group: int) -> None:
        """Tell the guard that the group's program has ended, or did not start."""
        with self._lock:
            self._groups.discard(group)
            if self._process is None:
                return
            try:
                self._ask_once(f"ended {group}")
            except OSError:
                # The next guard does not get this group.
                self._drop()

    def renew(self) -> None:
        """Start a new guard for the existing groups if the guard was killed.

        If the system can't start another process, the next call tries again.
        """
        with self._lock:
            is_there = self._process is not None and self._process.poll() is None
            if self._groups and not is_there:
                self._drop()
                with contextlib.suppress(OSError):
                    self._start()

    def close(self) -> None:
        """End the guard, which first ends all remaining groups."""
        with self._lock:
            if self._process is not None and self._process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    self._process.stdin.close()
                self._process.wait(self._grace + 5.0)

    def _ask(self, question: str) -> str:
        """Return the answer of the guard, or of a new guard if this one was killed."""
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
            # Signals to the agent's group must not reach the guard. The guard stays in the
            # agent's session, since a process may only join groups of its own session.
            process_group=0,
            # A folder that always exists.
            cwd="/",
        )
        for group in self._groups:
            self._ask_once(f"known {group}")

    def _drop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            # Unread requests are dropped on purpose: the next guard gets all groups.
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
        # The guard writes each answer with one write.
        answer = self._process.stdout.readline().decode().strip()
        if not answer:
            raise BrokenPipeError("the guard of the agent's programs has ended")
        return answer


def signal_group(group: int, number: signal.Signals | int) -> bool:
    """Send a signal to a group; return False if the group no longer exists."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        # macOS raises PermissionError for a group with only a zombie left.
        return False
    return True


class _Groups:
    """The guard's side: the existing groups."""

    def __init__(self) -> None:
        self._groups: set[int] = set()
        # Groups that no program has joined yet, by the holder's process id, which is the group's.
        self._holders: set[int] = set()
        # A holder reads one end, and ends when the guard, which has the other end, has ended.
        self._life_of_guard, self._guards_life = os.pipe()

    def answer(self, question: str) -> str:
        """Handle a request and return the answer."""
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
        """End all groups: SIGTERM, wait, SIGKILL."""
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
        # The agent may have ended meanwhile; then the guard next reads the end of the pipe.
        with contextlib.suppress(BrokenPipeError):
            os.write(1, f"{answer}\n".encode())
    groups.end(float(sys.argv[1]))


if __name__ == "__main__":
    _main()
