"""What to say when a run did its work and is worth nothing all the same."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from wanllmdb._types.enums import RunState
from wanllmdb._types.runs import Outcome, Run, Succeeded
from wanllmdb._types.sweeps import Sweep


def hint_for(sweep: Sweep, outcome: Outcome | None, ended: Run) -> str | None:
    """How to report what the sweep waits for, if a run has no objective for want of it."""
    if not isinstance(outcome, Succeeded) or ended.state is not RunState.FINISHED:
        return None
    if ended.objective is not None or ended.objectives:
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
    close = _nearest(missing[0], logged)
    guess = "" if close is None else f"; did you mean {close!r}?"
    return f"hint: the sweep needs {', '.join(missing)}; the run logged {', '.join(logged)}{guess}"


def _nearest(name: str, logged: Iterable[str]) -> str | None:
    """The nearest of the logged names, whatever its case."""
    by_folded = {each.casefold(): each for each in logged}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    return by_folded[close[0]] if close else None
