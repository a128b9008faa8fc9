"""The program's own commands: what the help lists of each, and where to load it from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

import typer
import typer.main
from typer.core import TyperCommand

from wanllmdb.cli.help import MARKUP

RUN = "Run"
STEER = "Steer"
LOOK = "Look"
ADMINISTER = "Administer"


@dataclass(frozen=True)
class Listing:
    """A command as the program's help lists it.

    Attributes:
        panel: The heading that it stands under.
        where: The module below `wanllmdb.cli` and the name in it: a function, or a group's app.
        help: The first paragraph of its help.
        settings: Its context settings; see typer.
    """

    panel: str
    where: str
    help: str
    settings: Mapping[str, Any] = field(default_factory=dict)


# The words after the program of `wanllmdb run` belong to that program.
_PASSES_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}

LISTINGS = {
    "agent": Listing(RUN, "agent:run_agent", "Run a program once for each run of a sweep."),
    "launch": Listing(
        RUN, "launch:launch", "Start agents of a sweep on this host or in a cluster."
    ),
    "launches": Listing(
        RUN, "launches:app", "List and stop agents that `wanllmdb launch` started."
    ),
    "run": Listing(
        RUN,
        "run:run",
        "Run a program that imports wandb, with wanllmdb under that name.",
        _PASSES_ON,
    ),
    "sweep": Listing(STEER, "sweeps:app", "Create, show, steer and export sweeps."),
    "runs": Listing(STEER, "runs:app", "List, show, queue, import and export runs."),
    "template": Listing(STEER, "templates:app", "Named sweep configs with placeholders."),
    "ui": Listing(
        LOOK,
        "ui:ui",
        "Open the dashboard in the browser; print its address where there is no browser.",
    ),
    "watch": Listing(
        LOOK,
        "watching:watch",
        "Follow the changes of a sweep and its runs until the sweep has ended.",
    ),
    "best": Listing(
        LOOK,
        "analysis:best",
        "Show the best finished runs; with several metrics, the Pareto front.",
    ),
    "importance": Listing(
        LOOK,
        "analysis:importance",
        "Show how much each parameter matters for the metric, and how they correlate.",
    ),
    "history": Listing(
        LOOK,
        "analysis:history",
        "Plot the objective, and the best objective so far, over the run number.",
    ),
    "hypervolume": Listing(
        LOOK,
        "analysis:hypervolume",
        "Plot the volume that the Pareto front dominates over the run number.",
    ),
    "slices": Listing(LOOK, "analysis:slices", "Plot the objective over each parameter."),
    "contour": Listing(LOOK, "analysis:contour", "Plot the objective over two parameters."),
    "correlations": Listing(
        LOOK,
        "analysis:correlations",
        "Show the correlations between all parameters and metrics.",
    ),
    "compare": Listing(
        LOOK,
        "analysis:compare",
        "Compare sweeps: plot the best objective so far of each one.",
    ),
    "edf": Listing(
        LOOK,
        "analysis:edf",
        "Plot the share of each sweep's runs whose objective is at most a value.",
    ),
    "timeline": Listing(
        LOOK,
        "analysis:timeline",
        "Plot when each agent worked on runs; colors show the states of the runs.",
    ),
    "algorithms": Listing(
        LOOK,
        "algorithms:algorithms",
        "Show the samplers, pruners, terminators and importance evaluators of the server.",
    ),
    "key": Listing(ADMINISTER, "keys:app", "Create, list and revoke API keys."),
    "health": Listing(
        ADMINISTER,
        "health:health",
        "Ask services whether they serve; exit with 1 if one does not.",
    ),
    "spool": Listing(
        ADMINISTER,
        "spool:app",
        "List, send and delete results that agents of this machine could not deliver. They are in "
        "WANLLMDB_SPOOL_DIR, else in wanllmdb/spool under XDG_STATE_HOME or ~/.local/state.",
    ),
}
"""Every command by its name, in the order of the help."""


class Listed(TyperCommand):
    """A command that only the help sees; `load` builds the real one.

    Loading all commands takes the program several times as long as running one.
    """

    def __init__(self, name: str, panel: str, help_text: str, load: Callable[[], Any]) -> None:
        super().__init__(name, help=help_text, rich_help_panel=panel)
        self.load = load


def own_commands() -> dict[str, Any]:
    """Return every command of `LISTINGS` as the help lists it."""
    return {
        name: Listed(name, listing.panel, listing.help, partial(_load, name))
        for name, listing in LISTINGS.items()
    }


def built(name: str, command: Any, **settings: Any) -> Any:
    """Build a function or a group's app into the command of that name; see typer."""
    holder = typer.Typer(rich_markup_mode=MARKUP)
    # A program with a callback stays a group, however few commands it has.
    holder.callback()(_nothing)
    if isinstance(command, typer.Typer):
        holder.add_typer(command, name=name, **settings)
    else:
        holder.command(name, **settings)(command)
    group: Any = typer.main.get_command(holder)
    return group.commands[name]


def _load(name: str) -> Any:
    listing = LISTINGS[name]
    module, _, attribute = listing.where.partition(":")
    command = getattr(import_module(f"wanllmdb.cli.{module}"), attribute)
    settings = {"context_settings": dict(listing.settings)} if listing.settings else {}
    return built(name, command, rich_help_panel=listing.panel, **settings)


def _nothing() -> None:
    """Stand in for a callback."""
