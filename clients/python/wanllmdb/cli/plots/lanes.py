"""Runs over time: a lane an agent."""

from __future__ import annotations

import math

from wanllmdb import Timeline
from wanllmdb._shown import shown
from wanllmdb.cli.console import escape
from wanllmdb.cli.formats import RUN_STYLES

_WIDTH = 64
_MOST_LANES = 40
# Two runs that touch are told apart by their shades.
_SHADES = ("█", "▓")


def lanes(timeline: Timeline) -> str:
    """Each run from its start to its end, or to now, in the color of its state."""
    if not timeline.run_numbers:
        return "(no run was handed out)"
    ends = [timeline.now_seconds if math.isnan(end) else end for end in timeline.end_seconds]
    last = max(*ends, 1e-9) if len(ends) > 1 else max(ends[0], 1e-9)
    agents = list(dict.fromkeys(timeline.agents))
    rows = {agent: [" "] * _WIDTH for agent in agents[:_MOST_LANES]}
    counts = dict.fromkeys(agents, 0)
    for agent, state, start, end in zip(
        timeline.agents, timeline.states, timeline.start_seconds, ends, strict=True
    ):
        counts[agent] += 1
        if agent not in rows:
            continue
        first = min(int(start / last * _WIDTH), _WIDTH - 1)
        until = max(math.ceil(end / last * _WIDTH), first + 1)
        mark = f"[{RUN_STYLES.get(state, 'default')}]{_SHADES[counts[agent] % 2]}[/]"
        rows[agent][first:until] = [mark] * (min(until, _WIDTH) - first)
    longest = max(len(shown(agent)) for agent in rows)
    lines = [
        f"{escape(shown(agent).ljust(longest))} │{''.join(cells)}│ {_runs(counts[agent])}"
        for agent, cells in rows.items()
    ]
    end_label = f"{last:.4g} s"
    lines.append(" " * (longest + 2) + "0".ljust(_WIDTH - len(end_label)) + end_label)
    if len(agents) > len(rows):
        lines.append(f"and {len(agents) - len(rows)} more agents")
    return "\n".join(lines)


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
