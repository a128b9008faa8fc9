"""`wanllmdb algorithms`: the algorithms that a config may name, and their options."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer

import wanllmdb
from wanllmdb.cli import details, tables
from wanllmdb.cli.console import stdout
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.options import AsJson, client_of


def algorithms(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Show only this algorithm, with its options."),
    ] = None,
    kind: Annotated[
        wanllmdb.AlgorithmKind | None, typer.Option(help="Show only algorithms of this kind.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the samplers, pruners, terminators and importance evaluators of the server."""
    with client_of(context) as client:
        every = client.list_algorithms()
    found = [each for each in every if name in (None, each.name) and kind in (None, each.kind)]
    if not found:
        near = difflib.get_close_matches(name or "", [each.name for each in every], n=1)
        hint = f", did you mean {near[0]}?" if near else ""
        raise typer.BadParameter(f"the server has no algorithm {name!r}{hint}")
    if as_json:
        print_json(found)
    elif name is None:
        stdout().print(tables.algorithms_table(found))
    else:
        for each in found:
            stdout().print(details.algorithm(each))
            if each.options:
                stdout().print(tables.options_table(each.options))
