"""`wanllmdb runs import`: results of other sweeps, files and Optuna studies."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

import wanllmdb
from wanllmdb.cli.console import say
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.options import AsJson, SkipUnfit, SweepId, client_of, named_sweep, read_file


def import_runs(
    context: typer.Context,
    sweep_id: SweepId,
    file: Annotated[
        str | None, typer.Argument(help="A .csv or .jsonl file in the format of `runs export`.")
    ] = None,
    from_sweep: Annotated[
        str | None,
        typer.Option(
            "--sweep",
            metavar="SWEEP",
            parser=named_sweep,
            help="Import the results of another sweep.",
        ),
    ] = None,
    optuna: Annotated[
        str | None,
        typer.Option(
            metavar="STORAGE",
            help="Import an Optuna study: sqlite:///study.db, another RDB URL, or "
            "journal:///study.log.",
        ),
    ] = None,
    study: Annotated[
        str | None, typer.Option(help="Name of the Optuna study, if the storage has several.")
    ] = None,
    skip_unfit: SkipUnfit = False,
    as_json: AsJson = False,
) -> None:
    """Import results from a file, another sweep or Optuna, to inform the sampler.

    Imported results do not count against the run cap.

    Example: `wanllmdb runs import SWEEP --optuna sqlite:///study.db --study NAME`
    """
    if sum(source is not None for source in (file, from_sweep, optuna)) != 1:
        raise typer.BadParameter("give one of FILE, --sweep and --optuna")
    if study is not None and optuna is None:
        raise typer.BadParameter("--study needs --optuna")
    with client_of(context) as client:
        if optuna is not None:
            # Imported here because looking for plug-ins takes a while to load.
            from wanllmdb.cli.plugins import load_exchange

            read_study = load_exchange("read_optuna_study", "optuna")
            runs = read_study(client.get_sweep(sweep_id), storage=optuna, study_name=study)
            parts = import_prior_runs(client, sweep_id, runs, skip_unfit)
        elif from_sweep is not None:
            parts = [
                client.import_runs(sweep_id, wanllmdb.PriorSweep(from_sweep), skip_unfit=skip_unfit)
            ]
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


# Well below the 4 MiB that a server accepts in one message.
_MOST_CHARACTERS = 1_000_000
_MOST_RUNS = 2_000
_MOST_BYTES = 3 * 1024 * 1024
# A cell may be as large as a message, as on the server; csv's default is 131,072 characters.
csv.field_size_limit(4 * 1024 * 1024)


def runs_in_file(file: str) -> wanllmdb.CsvRuns | wanllmdb.JsonLinesRuns:
    """Read prior runs from a file; its suffix determines the format.

    Raises:
        typer.BadParameter: the file can't be read, or its suffix is neither .csv nor .jsonl.
    """
    suffix = Path(file).suffix.lower()
    if suffix == ".csv":
        return wanllmdb.CsvRuns(read_file(file))
    if suffix in (".jsonl", ".ndjson"):
        return wanllmdb.JsonLinesRuns(read_file(file))
    raise typer.BadParameter(f"{file}: the name must end in .csv or .jsonl")


def runs_at_once(file: str) -> wanllmdb.CsvRuns | wanllmdb.JsonLinesRuns:
    """Like `runs_in_file`, for a request that can't be split.

    Raises:
        typer.BadParameter: the same, or the file is too large for one request.
    """
    source = runs_in_file(file)
    if len(source.text.encode()) > _MOST_BYTES:
        raise typer.BadParameter(
            f"{file} is too large to start a sweep with: create the sweep without it, then "
            "`wanllmdb runs import`"
        )
    return source


def in_pieces(
    source: wanllmdb.CsvRuns | wanllmdb.JsonLinesRuns,
) -> Iterator[wanllmdb.CsvRuns | wanllmdb.JsonLinesRuns]:
    """Split runs into pieces that each fit one request."""
    if len(source.text) <= _MOST_CHARACTERS:
        yield source
    elif isinstance(source, wanllmdb.JsonLinesRuns):
        yield from map(wanllmdb.JsonLinesRuns, _pieces("", source.text.splitlines(keepends=True)))
    else:
        rows = _csv_rows(source.text)
        yield from map(wanllmdb.CsvRuns, _pieces(next(rows), rows))


def import_prior_runs(
    client: wanllmdb.Client, sweep_id: str, runs: Sequence[wanllmdb.PriorRun], skip_unfit: bool
) -> list[wanllmdb.ImportedRuns]:
    """Import runs in requests of up to 2,000 runs."""
    return [
        client.import_runs(sweep_id, runs[start : start + _MOST_RUNS], skip_unfit=skip_unfit)
        for start in range(0, len(runs), _MOST_RUNS)
    ]


def total(parts: Sequence[wanllmdb.ImportedRuns]) -> wanllmdb.ImportedRuns:
    """Add up the results of several imports."""
    reasons = [reason for part in parts for reason in part.skip_reasons]
    return wanllmdb.ImportedRuns(
        sum(part.imported_runs for part in parts),
        sum(part.skipped_runs for part in parts),
        tuple(reasons[:20]),
    )


def taken(imported: int, skipped: int) -> str:
    """Text that says how many prior runs were imported."""
    left_out = f", {skipped} skipped because they do not fit the sweep" if skipped else ""
    return f"{imported} prior runs imported{left_out}."


def _csv_rows(text: str) -> Iterator[str]:
    """Yield the rows of a CSV document as text; a quoted cell may hold line breaks."""
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for row in reader:
            line = io.StringIO()
            csv.writer(line).writerow(row)
            yield line.getvalue()
    except csv.Error as error:
        raise typer.BadParameter(f"line {reader.line_num} is not valid CSV: {error}") from None


def _pieces(header: str, lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    piece: list[str] = []
    size = 0
    for line in lines:
        if piece and size + len(line) > _MOST_CHARACTERS:
            yield header + "".join(piece)
            piece, size = [], 0
        piece.append(line)
        size += len(line)
    if piece:
        yield header + "".join(piece)
