"""Locks on open files, which end with the process that holds them.

They spare two agents of one machine the same work. Nothing depends on them: where there
are none (Windows, some network folders) a file counts as locked by whoever asks.
"""

from __future__ import annotations

import os
import sys
import weakref
from typing import BinaryIO

_held: weakref.WeakSet[BinaryIO] = weakref.WeakSet()

if sys.platform == "win32":

    def _try(_file: BinaryIO) -> None:
        raise OSError("no locks here")

else:
    import fcntl

    def _try(file: BinaryIO) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _leave_to_the_parent() -> None:
        # A fork shares the parent's locks, and would keep them after its end.
        for file in list(_held):
            file.close()

    os.register_at_fork(after_in_child=_leave_to_the_parent)


def lock(file: BinaryIO) -> bool:
    """Locks an open file until it is closed; False when another one has it locked."""
    try:
        _try(file)
    except BlockingIOError:
        return False
    except OSError:
        return True
    _held.add(file)
    return True
