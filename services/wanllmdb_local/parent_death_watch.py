"""Runs a command that ends when the process that started it ends.

A launcher that is killed outright (SIGKILL, out of memory) stops nobody. On
Linux the kernel can do it: a process asks for a signal at its parent's death.
It has to ask from inside, after the last change of user (which clears the
wish), so the launcher starts this file as a script and it becomes the command.

The usual way, `preexec_fn`, runs Python between fork and exec in a process
that holds other threads' locks; gRPC's threads make that a real deadlock.

Elsewhere than on Linux the command simply runs: `up` then cleans up what a
killed predecessor left the next time that it starts on the same data.

This file is run by path, without site packages, to cost little: it may import
the standard library only.
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
    output: IO[bytes],
    env: dict[str, str] | None = None,
    user: str | None = None,
) -> Popen[bytes]:
    """Starts a command in a session of its own, tied to this process.

    Call it from the main thread: the kernel sends the signal when the *thread*
    that started the process ends.

    Args:
        command: Program and arguments.
        stop_signal: What the command gets when this process dies.
        output: The file that takes its stdout and stderr.
        env: Its environment; this process's own where None.
        user: The operating-system user that it runs as; this one where None.
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
        # Ctrl-C in the terminal is for the launcher, which stops all in order.
        start_new_session=True,
        # A folder that stays, and that any user may enter.
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
            sys.exit("the process that started this one is gone")
    os.execv(arguments.command[0], arguments.command)


if __name__ == "__main__":
    main()
