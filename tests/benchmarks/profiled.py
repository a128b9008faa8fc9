"""Runs a service that can be profiled, in CPU time of its main thread.

    python -m tests.benchmarks.profiled FILE MODULE FLAG ...

SIGUSR1 begins the profile, and SIGUSR2 ends it and writes it to the file.
"""

from __future__ import annotations

import cProfile
import runpy
import signal
import sys
import time
from pathlib import Path


def main(path: Path, module: str, flags: list[str]) -> None:
    """Run the module as a program."""
    profile = cProfile.Profile(time.thread_time)

    def begin(*_: object) -> None:
        profile.clear()
        profile.enable()

    def end(*_: object) -> None:
        profile.disable()
        unfinished = path.with_suffix(".unfinished")
        profile.dump_stats(unfinished)
        unfinished.rename(path)

    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGUSR2, end)
    sys.argv = [module, *flags]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
