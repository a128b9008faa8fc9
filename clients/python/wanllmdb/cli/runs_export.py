"""`wanllmdb runs export`: all runs of a sweep as a file or an Optuna study."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

import wanllmdb
from wanllmdb.cli.console import for_programs, say
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.options import AsJson, SweepId, client_of


class FileFormat(StrEnum):
    """A file format of exported runs."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


_SUFFIXES = {".csv": FileFormat.CSV, ".jsonl": FileFormat.JSONL, ".parquet": FileFormat.PARQUET}


def export_runs(
    context: typer.Context,
    sweep_id: SweepId,
    file_format: Annotated[
        FileFormat | None,
        typer.Option("--format", help="File format. Default: by the suffix of --output, else csv."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write. Default: standard output.")
    ] = None,
    state: Annotated[
        list[wanllmdb.RunState] | None,
        typer.Option(help="Export only runs in this state; repeatable."),
    ] = None,
    optuna: Annotated[
        str | None,
        typer.Option(
            metavar="STORAGE",
            help="Write an Optuna study instead of a file: sqlite:///study.db, another RDB URL, or "
            "journal:///study.log.",
        ),
    ] = None,
    study: Annotated[
        str | None, typer.Option(help="Name of the Optuna study. Default: the sweep's id.")
    ] = None,
    raw_cells: Annotated[
        bool,
        typer.Option(
            "--raw-cells",
            help="Write CSV cells that begin with =, +, - or @ as they are. By default an "
            "apostrophe keeps spreadsheets from reading them as formulas; `runs import` removes "
            "it again.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write all runs of a sweep as CSV, JSON lines, Parquet or an Optuna study.

    Example: `wanllmdb runs export SWEEP --output runs.csv`

    --json prints a summary of what was written; the runs themselves go to a file.
    """
    if optuna is not None and (file_format is not None or output is not None):
        raise typer.BadParameter(
            "--optuna writes a study, not a file: leave out --format and --output"
        )
    if optuna is None and study is not None:
        raise typer.BadParameter("--study needs --optuna")
    if as_json and optuna is None and output is None:
        raise typer.BadParameter(
            "--json needs --output; to print the runs as JSON, use --format jsonl"
        )
    chosen = file_format or _SUFFIXES.get(output.suffix.lower() if output else "", FileFormat.CSV)
    if chosen is FileFormat.PARQUET and output is None:
        raise typer.BadParameter("--format parquet needs --output")
    if raw_cells and (optuna is not None or chosen is not FileFormat.CSV):
        raise typer.BadParameter("--raw-cells needs --format csv")
    # Imported here because looking for plug-ins takes a while to load.
    from wanllmdb.cli.plugins import load_exchange

    states = tuple(state or ())
    with client_of(context) as client:
        if optuna is not None:
            name = study or sweep_id
            write_study = load_exchange("write_optuna_study", "optuna")
            count = write_study(client, sweep_id, storage=optuna, study_name=name, states=states)
            target = f"study {name} in {optuna}"
        elif chosen is FileFormat.PARQUET:
            assert output is not None
            write_parquet = load_exchange("write_parquet", "parquet")
            count = write_parquet(
                client.get_sweep(sweep_id), client.list_runs(sweep_id, states=states), output
            )
            target = str(output)
        else:
            count = _write_text(client, sweep_id, chosen, states, output, raw_cells)
            target = str(output)
    if as_json:
        print_json({"runs": count, "target": target})
    elif optuna is not None or output is not None:
        say(f"Wrote {count} runs to {target}.")


def _write_text(
    client: wanllmdb.Client,
    sweep_id: str,
    chosen: FileFormat,
    states: tuple[wanllmdb.RunState, ...],
    output: Path | None,
    raw_cells: bool,
) -> int:
    run_format = (
        wanllmdb.RunFormat.CSV if chosen is FileFormat.CSV else wanllmdb.RunFormat.JSON_LINES
    )
    pieces = client.export_runs(sweep_id, run_format, states=states, raw_cells=raw_cells)
    if output is None:
        return _write(for_programs(pieces), sys.stdout.buffer, chosen)
    # Ask before the file is created, so that an unknown sweep leaves no file behind.
    first = next(iter(pieces), b"")
    try:
        with output.open("wb") as file:
            return _write(_with_first(first, pieces), file, chosen)
    except OSError as error:
        raise typer.BadParameter(f"{output} can't be written: {error.strerror}") from error


def _with_first(first: bytes, rest: Iterable[bytes]) -> Iterable[bytes]:
    yield first
    yield from rest


def _write(pieces: Iterable[bytes], file: BinaryIO, chosen: FileFormat) -> int:
    """Write the pieces and count the runs."""
    runs = 0 if chosen is FileFormat.JSONL else -1
    quotes = 0
    for piece in pieces:
        file.write(piece)
        # A line break within quotes ends no row.
        for line in piece.splitlines(keepends=True):
            quotes += line.count(b'"') if chosen is FileFormat.CSV else 0
            runs += line.endswith(b"\n") and quotes % 2 == 0
    file.flush()
    return max(runs, 0)
