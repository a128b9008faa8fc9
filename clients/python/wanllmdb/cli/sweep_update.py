"""`wanllmdb sweep update`, and what commands print after they changed a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

import wanllmdb
from wanllmdb.cli.console import say
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.options import (
    NONE,
    NOTHING_TO_CHANGE,
    AsJson,
    SweepId,
    client_of,
    config_of,
    count_or_none,
    json_or_text,
    number_or_none,
)
from wanllmdb.cli.runs_import import taken

_RULE = "for example, as in a config; 'none' removes the rule."


def update(
    context: typer.Context,
    sweep_id: SweepId,
    name: Annotated[str | None, typer.Option(help="New name of the sweep.")] = None,
    description: Annotated[str | None, typer.Option(help="New description of the sweep.")] = None,
    run_cap: Annotated[
        str | None,
        typer.Option(
            metavar="N|none", help="New cap on the number of runs; 'none' removes the cap."
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[METRIC=]X|none",
            help="Metric value that finishes the sweep; repeatable with several metrics; 'none' "
            "removes the target.",
        ),
    ] = None,
    max_failed_runs: Annotated[
        str | None,
        typer.Option(
            metavar="N|none",
            help="Fail the sweep after this many failed runs; 'none' removes the limit.",
        ),
    ] = None,
    retries: Annotated[
        str | None,
        typer.Option(
            metavar="JSON",
            help='Retries of a run by cause, as in a config: {"lost": 2, "failed": 1}.',
        ),
    ] = None,
    early_terminate: Annotated[
        str | None,
        typer.Option(
            metavar="JSON|none",
            help=f'Early termination, {{"type": "hyperband", "min_iter": 3}} {_RULE}',
        ),
    ] = None,
    pruner: Annotated[
        str | None,
        typer.Option(metavar="JSON|none", help=f'Pruner, {{"name": "median"}} {_RULE}'),
    ] = None,
    terminate: Annotated[
        str | None,
        typer.Option(metavar="JSON|none", help=f'Terminator, {{"name": "no_improvement"}} {_RULE}'),
    ] = None,
    space: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Config file whose parameters and constraints replace the sweep's; the new "
            "space must contain the present one.",
        ),
    ] = None,
    etag: Annotated[
        str, typer.Option(help="Change the sweep only if it still has this etag.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Change a sweep, even while it runs; options that are not given change nothing.

    Example: `wanllmdb sweep update SWEEP --run-cap 200`
    """
    changes: dict[str, Any] = {}
    if name is not None:
        changes["name"] = name
    if description is not None:
        changes["description"] = description
    if run_cap is not None:
        changes["run_cap"] = count_or_none("--run-cap", run_cap)
    if max_failed_runs is not None:
        changes["max_failed_runs"] = count_or_none("--max-failed-runs", max_failed_runs)
    if target:
        changes |= _targets(target)
    if early_terminate is not None and pruner is not None:
        raise typer.BadParameter(
            "give either --early-terminate or --pruner: a sweep has one of them"
        )
    with client_of(context) as client:
        changes |= _rules(
            client,
            {
                "retries": retries,
                "early_terminate": early_terminate,
                "pruner": pruner,
                "terminate": terminate,
            },
        )
        if space is not None:
            with config_of(space) as text:
                spec = client.parse_sweep_config(text).spec
            changes["search_space"] = spec.search_space
        if not changes:
            raise typer.BadParameter(NOTHING_TO_CHANGE)
        updated = client.update_sweep(sweep_id, etag=etag, **changes)
    if as_json:
        print_json(updated)
        return
    say(f"Changed sweep {sweep_id}: {', '.join(changes).replace('_', ' ')}.")
    for warning in updated.warnings:
        say(f"  note: {warning}")


def _targets(given: list[str]) -> dict[str, Any]:
    targets: dict[str, float | None] = {}
    for text in given:
        metric, _, value = text.rpartition("=")
        targets[metric] = number_or_none("--target", value)
    if list(targets) == [""]:
        return {"target": targets[""]}
    if "" in targets:
        raise typer.BadParameter(
            "--target: give METRIC=X for each metric of a sweep with several metrics"
        )
    return {"targets": targets}


def _rules(client: wanllmdb.Client, given: Mapping[str, str | None]) -> dict[str, Any]:
    """Have the server parse these parts of a config; return the changes of the sweep."""
    named = {key: text for key, text in given.items() if text is not None}
    wanted = {key: json_or_text(text) for key, text in named.items() if text.lower() != NONE}
    for key, value in wanted.items():
        if not isinstance(value, Mapping):
            option = key.replace("_", "-")
            raise typer.BadParameter(f"--{option}: {value!r} is neither a JSON object nor {NONE!r}")
    parsed = _parsed(client, wanted) if wanted else None
    changes: dict[str, Any] = {}
    for key in named:
        field = {
            "retries": "retries",
            "early_terminate": "early_termination",
            "pruner": "early_termination",
            "terminate": "terminator",
        }[key]
        value = getattr(parsed.spec, field) if parsed is not None and key in wanted else None
        changes[field] = wanllmdb.UNSET if value is None and field == "retries" else value
    return changes


def _parsed(client: wanllmdb.Client, parts: Mapping[str, Any]) -> wanllmdb.ParsedConfig:
    """Parse the parts inside a config that is complete."""
    return client.parse_sweep_config(
        {
            "method": "random",
            "metric": {"name": "metric"},
            "parameters": {"x": {"min": 0.0, "max": 1.0}},
            **parts,
        }
    )


_LARGEST_GRID_SIZE = 2**63 - 1


def print_created(created: wanllmdb.CreatedSweep) -> None:
    """Print the created sweep, its warnings and the next command."""
    sweep = created.sweep
    say(f"Created sweep {sweep.sweep_id}: {sweep.name}, in project {sweep.project}.")
    for warning in created.warnings:
        say(f"  note: {warning}")
    if created.imported_runs or created.skipped_runs:
        say(f"  {taken(created.imported_runs, created.skipped_runs)}")
    if created.grid_size is not None:
        # The field can't hold more: the grid is at least this large.
        least = "at least " if created.grid_size == _LARGEST_GRID_SIZE else ""
        say(f"  The grid has {least}{created.grid_size:,} points.")
    say("Next:")
    own = sweep.spec.program or sweep.spec.command
    say(f"  wanllmdb agent {sweep.sweep_id}" + ("" if own else " -- python train.py"))


def print_moved(sweep: wanllmdb.Sweep, as_json: bool) -> None:
    """Print the state of the sweep."""
    if as_json:
        print_json(sweep)
    else:
        say(f"Sweep {sweep.sweep_id} is {sweep.state}.")
