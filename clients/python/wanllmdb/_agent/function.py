"""Runs a training function for one run, and tells how it ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._agent.current import working_on
from wanllmdb._agent.failures import failed_by
from wanllmdb._agent.loop import Ended
from wanllmdb._errors import RunStopped
from wanllmdb._types.run import Succeeded


class FunctionRunner:
    """Calls a function without arguments, in the calling thread, once a run."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function

    def __call__(self, run: ActiveRun) -> Ended:
        """Runs the function; a KeyboardInterrupt passes through."""
        with working_on(run):
            try:
                self._function()
            except RunStopped:
                return Ended(None)
            except SystemExit as error:
                if error.code in (None, 0):
                    return Ended(Succeeded())
                return Ended(failed_by(error), error)
            except Exception as error:
                return Ended(failed_by(error), error)
        return Ended(Succeeded())
