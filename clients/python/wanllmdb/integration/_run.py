"""The run of a training callback, and helpers that the callbacks share."""

from __future__ import annotations

from pathlib import Path

from wanllmdb._agent.current import open_run
from wanllmdb._errors import NoRunError
from wanllmdb._notes import note
from wanllmdb.sdk.wandb_run import Run


def run_for(user: str) -> Run:
    """The current run; an agent's function may log to it before `init`.

    Args:
        user: the callback or function that needs it.

    Raises:
        NoRunError: there is none.
    """
    run = open_run()
    if run is None or not run.is_open:
        raise NoRunError(f"{user} needs a run: call wandb.init() before it")
    return run


def define_best(name: str, direction: str | None) -> None:
    """Make a metric's summary its best value, if the better direction is known.

    Args:
        direction: "min" or "max"; None leaves the metric as it is.
    """
    if direction is not None:
        run_for("define_metric").define_metric(name, summary=direction)


def own_file(name: str) -> Path:
    """A path in the run's own folder, which is created if necessary."""
    folder = Path(run_for(name).dir)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def note_left_out(what: str, why: str = "wanllmdb keeps numbers only") -> None:
    """Print a note, once per process, that something is not kept."""
    note(f"{what} is left out: {why}")
