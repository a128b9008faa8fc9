"""Builds the program from its commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from wanllmdb._shown import in_short, shown_lines
from wanllmdb._version import __version__
from wanllmdb.cli import (
    agent,
    algorithms,
    analysis,
    keys,
    run,
    runs,
    spool,
    sweeps,
    templates,
    watching,
)
from wanllmdb.cli.console import say
from wanllmdb.cli.options import ConnectionOptions
from wanllmdb.cli.plugins import add_plugins
from wanllmdb.cli.wandb_commands import WORDS

_USAGE_ERROR = 2
# It may repeat an argument, or a value of a file.
_LONGEST_MESSAGE = 2_000

_UsageError: type[Exception] = typer.BadParameter.__mro__[2]
"""The base of all that says what is wrong with a command line; typer exports it not."""


class Program(TyperGroup):
    """Escapes what messages repeat of the command line, as all that is printed."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """The context of a command line; see typer."""
        with _escaped_usage_errors():
            return super().make_context(*args, **extra)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command, and its arguments; one of W&B's program is answered with what to do here."""
        word = args[0]
        if word in WORDS and word not in self.commands:
            say(f"wanllmdb has no `{word}`: {WORDS[word]}", err=True)
            raise typer.Exit(_USAGE_ERROR)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Runs the command; see typer."""
        with _escaped_usage_errors():
            return super().invoke(ctx)


@contextmanager
def _escaped_usage_errors() -> Iterator[None]:
    try:
        yield
    except _UsageError as refusal:
        short = in_short(refusal.message, _LONGEST_MESSAGE)  # type: ignore[attr-defined]  # seen
        refusal.message = shown_lines(short)  # type: ignore[attr-defined]  # seen
        raise


def build_app() -> typer.Typer:
    """The program with its own commands and those that other packages bring."""
    app = typer.Typer(
        name="wanllmdb",
        cls=Program,
        no_args_is_help=True,
        rich_markup_mode="markdown",
        # A traceback is for defects; then the plain one can be pasted into a report.
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    app.add_typer(sweeps.app, name="sweep")
    app.add_typer(templates.app, name="template")
    app.add_typer(runs.app, name="runs")
    app.add_typer(keys.app, name="key")
    app.add_typer(spool.app, name="spool")
    app.command("agent")(agent.run_agent)
    app.command(
        "run",
        # What stands after the program is the program's.
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    )(run.run)
    app.command("watch")(watching.watch)
    for command in (
        analysis.best,
        analysis.importance,
        analysis.history,
        analysis.hypervolume,
        analysis.slices,
        analysis.contour,
        analysis.correlations,
        analysis.compare,
        analysis.edf,
        analysis.timeline,
        algorithms.algorithms,
    ):
        app.command()(command)
    add_plugins(app)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"wanllmdb {__version__}")
        raise typer.Exit


def _options(
    context: typer.Context,
    registry: Annotated[
        str | None,
        typer.Option(
            help="The registry's address. Default: localhost:50051.",
            envvar="WANLLMDB_REGISTRY",
            metavar="HOST:PORT",
        ),
    ] = None,
    suggestion: Annotated[
        str | None,
        typer.Option(
            help="The suggestion service's address. Default: localhost:50052.",
            envvar="WANLLMDB_SUGGESTION",
            metavar="HOST:PORT",
        ),
    ] = None,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            help="A file with the API key. Default: WANLLMDB_API_KEY, WANLLMDB_API_KEY_FILE.",
            metavar="FILE",
        ),
    ] = None,
    tls: Annotated[
        bool | None,
        typer.Option("--tls/--no-tls", help="Speak TLS. Default: as WANLLMDB_TLS says."),
    ] = None,
    tls_ca: Annotated[
        Path | None,
        typer.Option(
            help="PEM file of the authorities to trust. Default: WANLLMDB_TLS_CA, else the "
            "public ones.",
            metavar="FILE",
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option(
            help="PEM file of one's own certificate, for mutual TLS. Default: WANLLMDB_TLS_CERT.",
            metavar="FILE",
        ),
    ] = None,
    tls_key: Annotated[
        Path | None,
        typer.Option(
            help="PEM file of its key. Default: WANLLMDB_TLS_KEY.",
            metavar="FILE",
        ),
    ] = None,
    insecure: Annotated[
        bool | None,
        typer.Option("--insecure", help="Let the API key go in plain text to another machine."),
    ] = None,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Hyperparameter sweeps.

    `wanllmdb up` runs the platform on this machine, `wanllmdb sweep create sweep.yaml` makes a
    sweep, `wanllmdb agent SWEEP -- python train.py` works on it.
    """
    context.obj = ConnectionOptions(
        registry=registry,
        suggestion=suggestion,
        api_key_file=api_key_file,
        tls=tls,
        tls_ca=tls_ca,
        tls_cert=tls_cert,
        tls_key=tls_key,
        insecure=insecure,
    )
