"""`wanllmdb runs import`: results of elsewhere."""

from __future__ import annotations

from typing import Annotated

import typer

from wanllmdb import PriorSweep
from wanllmdb.cli.connection import client_of
from wanllmdb.cli.console import say
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.options import AsJson, SkipUnfit, SweepId, named_sweep
from wanllmdb.cli.plugins import load_exchange
from wanllmdb.cli.runs_elsewhere import import_prior_runs, in_pieces, runs_in_file, taken, total


def import_runs(
    context: typer.Context,
    sweep_id: SweepId,
    file: Annotated[
        str | None, typer.Argument(help="A .csv or .jsonl file, as `runs export` writes it.")
    ] = None,
    from_sweep: Annotated[
        str | None,
        typer.Option(
            "--sweep", metavar="SWEEP", parser=named_sweep, help="Another sweep's results."
        ),
    ] = None,
    optuna: Annotated[
        str | None,
        typer.Option(
            metavar="STORAGE",
            help="An Optuna study: sqlite:///study.db, another RDB URL, or journal:///study.log.",
        ),
    ] = None,
    study: Annotated[
        str | None, typer.Option(help="The Optuna study's name, where there are several.")
    ] = None,
    skip_unfit: SkipUnfit = False,
    as_json: AsJson = False,
) -> None:
    """Take results of elsewhere; they inform the sampler and count against no cap.

    Example: `wanllmdb runs import SWEEP --optuna sqlite:///study.db --study NAME`
    """
    if sum(source is not None for source in (file, from_sweep, optuna)) != 1:
        raise typer.BadParameter("give one of FILE, --sweep and --optuna")
    if study is not None and optuna is None:
        raise typer.BadParameter("--study goes with --optuna")
    with client_of(context) as client:
        if optuna is not None:
            read_study = load_exchange("read_optuna_study", "optuna")
            runs = read_study(client.get_sweep(sweep_id), storage=optuna, study_name=study)
            parts = import_prior_runs(client, sweep_id, runs, skip_unfit)
        elif from_sweep is not None:
            parts = [client.import_runs(sweep_id, PriorSweep(from_sweep), skip_unfit=skip_unfit)]
        else:
            parts = [
                client.import_runs(sweep_id, piece, skip_unfit=skip_unfit)
                for piece in in_pieces(runs_in_file(file or ""))
            ]
    result = total(parts)
    if as_json:
        print_json(result)
        return
    say(taken(result.imported_runs, result.skipped_runs))
    for reason in result.skip_reasons:
        say(f"  {reason}")
