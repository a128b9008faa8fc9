"""Values as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from wanllmdb import ApiKey, Run, RunState
from wanllmdb._shown import MOST_SHOWN, in_short, listed
from wanllmdb._types.keys import ALL_PROJECTS
from wanllmdb.cli.console import escape

RUN_STYLES = {
    "queued": "dim",
    "running": "cyan",
    "finished": "green",
    "pruned": "yellow",
    "failed": "red",
    "lost": "red",
    "canceled": "dim",
}
_SWEEP_STYLES = {
    "pending": "dim",
    "running": "cyan",
    "paused": "yellow",
    "finished": "green",
    "failed": "red",
    "canceled": "dim",
}


def run_state(state: str) -> str:
    """A run's state in its color, as rich markup."""
    return _styled(state, RUN_STYLES)


def sweep_state(state: str) -> str:
    """A sweep's state in its color, as rich markup."""
    return _styled(state, _SWEEP_STYLES)


def _styled(state: str, styles: Mapping[str, str]) -> str:
    style = styles.get(state)
    return f"[{style}]{state}[/]" if style else state


def number(value: float | None) -> str:
    """A metric's value: six digits that count."""
    return "-" if value is None else f"{value:.6g}"


def rate(value: float) -> str:
    """How many in a while: three digits that count, and no exponents."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def value_of(value: object) -> str:
    """A parameter's value, as rich markup."""
    if isinstance(value, float):
        return number(value)
    return escape(in_short(str(value)))


def error(message: str) -> str:
    """What went wrong, as rich markup: enough to know it by."""
    return escape(in_short(message, 5 * MOST_SHOWN))


def parameters(values: Mapping[str, object]) -> str:
    """Parameters in one line, as rich markup."""
    return listed([f"{escape(name)}={value_of(value)}" for name, value in values.items()], "  ")


def time_ago(time: datetime | None) -> str:
    """How long ago something was."""
    return "-" if time is None else duration(datetime.now(UTC) - time) + " ago"


def time_left(time: datetime | None) -> str:
    """How long until then; `never` for None."""
    if time is None:
        return "never"
    left = time - datetime.now(UTC)
    return f"in {duration(left)}" if left > timedelta() else time_ago(time)


def projects(names: Sequence[str]) -> str:
    """An API key's projects, as plain text."""
    return "all projects" if ALL_PROJECTS in names else ", ".join(names)


def key_state(key: ApiKey) -> str:
    """Whether an API key is good, as rich markup."""
    if key.revoke_time is not None:
        return "[red]revoked[/]"
    return "[green]good[/]" if key.is_good else "[red]expired[/]"


def run_time(run: Run) -> str:
    """How long a run took, or has taken so far; nothing for one that waits, also to be retried."""
    if run.start_time is None or run.state is RunState.QUEUED:
        return "-"
    return duration((run.end_time or datetime.now(UTC)) - run.start_time)


def duration(length: timedelta) -> str:
    """A length of time in its two largest units."""
    exact = max(length.total_seconds(), 0.0)
    if exact < 9.95:
        return f"{exact:.1f}s"
    # Cut, not rounded: 59.9 s more would read as "60s".
    seconds = int(exact)
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m {seconds % 60:02}s"
    if seconds < 86400:
        return f"{seconds // 3600}h {seconds % 3600 // 60:02}m"
    return f"{seconds // 86400}d {seconds % 86400 // 3600}h"
