"""What commands say of a sweep that they made or moved."""

from __future__ import annotations

from wanllmdb import CreatedSweep, Sweep
from wanllmdb.cli.console import say
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.runs_elsewhere import taken

_LARGEST_GRID_SIZE = 2**63 - 1


def print_created(created: CreatedSweep) -> None:
    """Says what was made, what to know of it, and what comes next."""
    sweep = created.sweep
    say(f"Created sweep {sweep.sweep_id}: {sweep.name}, in project {sweep.project}.")
    for warning in created.warnings:
        say(f"  note: {warning}")
    if created.imported_runs or created.skipped_runs:
        say(f"  {taken(created.imported_runs, created.skipped_runs)}")
    if created.grid_size is not None:
        # The field ends there: the grid is as large or larger.
        least = "at least " if created.grid_size == _LARGEST_GRID_SIZE else ""
        say(f"  The grid has {least}{created.grid_size:,} points.")
    say("Next:")
    own = sweep.spec.program or sweep.spec.command
    say(f"  wanllmdb agent {sweep.sweep_id}" + ("" if own else " -- python train.py"))


def print_moved(sweep: Sweep, as_json: bool) -> None:
    """Says where the sweep stands now."""
    if as_json:
        print_json(sweep)
    else:
        say(f"Sweep {sweep.sweep_id} is {sweep.state}.")
