"""Runs a command that ends when the process that started it ends.

A launcher that is killed outright (SIGKILL, out of memory) can't stop its processes. On Linux the
kernel does it: a process can request a signal for its parent's death. The process itself must make
the request, after the last change of user, which clears the request. So the launcher starts this
file as a script, and the script becomes the command.

The usual ways run code between fork and exec in a process that has gRPC's threads. `preexec_fn`
deadlocks in practice. The argument `user` of `subprocess` makes it fork, and gRPC's fork handlers
then start threads on files that are closed by then: about one child in a hundred crashes before
it becomes the command (grpc/grpc#43055).

On other systems the command simply runs, and the next `up` on the same data cleans up what a
killed predecessor left.

This file is run by path, without site packages, to start fast: it may import only the standard
library.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
from collections.abc import Sequence
from signal import Signals
from subprocess import DEVNULL, Popen
from typing import IO

_PR_SET_PDEATHSIG = 1


def start_tied_to_parent(
    command: Sequence[str],
    *,
    stop_signal: Signals,
    output: IO[bytes] | int,
    env: dict[str, str] | None = None,
    user: str | None = None,
) -> Popen[bytes]:
    """Start a command in its own session, which ends when this process ends.

    Call this from the main thread: the kernel sends the signal when the *thread* that started
    the process ends.

    Args:
        command: Program and arguments.
        stop_signal: The signal that the command gets when this process dies.
        output: The file for its stdout and stderr, or `subprocess.PIPE` for a pipe each.
        env: Its environment; None for this process's own.
        user: The operating-system user that it runs as; None for the current one.
    """
    watch = [sys.executable, "-I", "-S", __file__, "--signal", str(int(stop_signal))]
    watch += ["--parent", str(os.getpid())]
    if user is not None:
        watch += ["--user", user]
    return Popen(
        [*watch, "--", *command],
        stdin=DEVNULL,
        stdout=output,
        stderr=output,
        env=env,
        # Ctrl-C in the terminal must reach only the launcher, which stops all parts in order.
        start_new_session=True,
        # A folder that always exists, and that any user may enter.
        cwd="/",
    )


def _become(user: str) -> None:
    import pwd

    entry = pwd.getpwnam(user)
    os.initgroups(user, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ["HOME"] = entry.pw_dir


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--signal", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--user")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    if arguments.user is not None:
        _become(arguments.user)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, arguments.signal, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
        if os.getppid() != arguments.parent:
            sys.exit("the parent process is gone")
    os.execv(arguments.command[0], arguments.command)


if __name__ == "__main__":
    main()
