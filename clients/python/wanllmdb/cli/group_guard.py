"""Ends process groups when the process that started them is gone, however it went.

An agent that is killed outright (SIGKILL, out of memory) stops nobody, and its programs
would train on, next to whoever gets their runs. So it keeps a guard: a small process that
holds the read end of a pipe, learns there which groups there are, and ends them when the
pipe's other end is gone.

This file is run by path, without site packages, to cost little: it may import the standard
library only.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

_LOOK_SECONDS = 0.05


class GroupGuard:
    """The agent's side: tells the guard which groups there are. Safe to use from many threads.

    Args:
        grace: seconds between SIGTERM and SIGKILL.
    """

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def add(self, group: int) -> None:
        """A group began; starts the guard at the first one."""
        self._tell(f"+{group}\n")

    def remove(self, group: int) -> None:
        """A group ended."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """Lets the guard end, which first ends all groups that were not removed."""
        with self._lock:
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()
                self._process.wait(self._grace + 5.0)

    def _tell(self, line: str) -> None:
        with self._lock:
            if self._process is None:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", __file__, str(self._grace)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    # What is sent to the agent's group is not meant for it.
                    start_new_session=True,
                    # A folder that stays.
                    cwd="/",
                )
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()
            except BrokenPipeError:
                # Somebody killed the guard. The agent itself still ends its programs.
                return


def signal_group(group: int, number: signal.Signals | int) -> bool:
    """Sends a signal to a group; False where there is none any more."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        # macOS says the latter of a group of which only a zombie is left.
        return False
    return True


def _end(groups: set[int], grace: float) -> None:
    deadline = time.monotonic() + grace
    left = {group for group in groups if signal_group(group, signal.SIGTERM)}
    while left and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
        left = {group for group in left if signal_group(group, 0)}
    for group in left:
        signal_group(group, signal.SIGKILL)


def _main() -> None:
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line[0] == "+":
            groups.add(group)
        else:
            groups.discard(group)
    _end(groups, float(sys.argv[1]))


if __name__ == "__main__":
    _main()
