"""What to say when a run did its work and failed all the same."""

from __future__ import annotations

import difflib

from wanllmdb._types.enums import RunState
from wanllmdb._types.run import Outcome, Run, Succeeded
from wanllmdb._types.sweep import Sweep


def hint_for(sweep: Sweep, outcome: Outcome | None, ended: Run) -> str | None:
    """How to report what the sweep waits for, if a run failed for want of it."""
    if not isinstance(outcome, Succeeded) or ended.state is not RunState.FAILED:
        return None
    missing = [m.name for m in sweep.spec.metrics if m.name not in ended.summary]
    if not missing:
        return None
    names = ", ".join(f"{name!r}: ..." for name in missing)
    if not ended.summary:
        return (
            f"hint: the program ended well but reported nothing. In Python, report with "
            f"`import wanllmdb as wandb; wandb.init(); wandb.log({{{names}}})`"
        )
    logged = sorted(ended.summary)
    close = difflib.get_close_matches(missing[0], logged, n=1)
    guess = f"; is {close[0]!r} the one?" if close else ""
    return f"hint: the sweep needs {', '.join(missing)}; the run logged {', '.join(logged)}{guess}"
