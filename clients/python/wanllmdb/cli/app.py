"""Builds the program from its commands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from wanllmdb._shown import fitting, in_short, shown_lines
from wanllmdb._version import __version__
from wanllmdb.cli.commands import RUN, Listed, own_commands
from wanllmdb.cli.console import say
from wanllmdb.cli.help import MARKUP, MOST_COLUMNS, Group
from wanllmdb.cli.options import ConnectionOptions
from wanllmdb.cli.wandb_words import WORDS

_USAGE_ERROR = 2
# A message may repeat an argument or a value from a file.
_LONGEST_MESSAGE = 2_000

_UsageError: type[Exception] = typer.BadParameter.__mro__[2]
"""The base class of errors in a command line, which typer does not export."""


class Program(Group):
    """The root command: loads a command once it is called.

    It also escapes the parts of the command line that error messages repeat.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands.update(own_commands())
        self._has_plugins = False

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Return the context of a command line; see typer."""
        with _escaped_usage_errors():
            return super().make_context(*args, **extra)

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands, those of plug-ins too; see typer."""
        self._add_plugins()
        return super().list_commands(ctx)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Load the command; return it and its arguments.

        Where the word is a command of W&B, explain what replaces it.
        """
        word = args[0]
        if word not in self.commands:
            self._add_plugins()
        if word in WORDS and word not in self.commands:
            say(f"wanllmdb has no `{word}`: {WORDS[word]}", err=True)
            raise typer.Exit(_USAGE_ERROR)
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, Listed) else command, rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; see typer."""
        with _escaped_usage_errors():
            return super().invoke(ctx)

    def _add_plugins(self) -> None:
        # Finding them reads a file of every installed distribution.
        if not self._has_plugins:
            from wanllmdb.cli.plugins import plugin_commands

            self._has_plugins = True
            self.commands.update(plugin_commands(rich_help_panel=RUN))


@contextmanager
def _escaped_usage_errors() -> Iterator[None]:
    try:
        yield
    except _UsageError as error:
        # The class has a message, but typer does not export its type.
        refusal: Any = error
        short = in_short(refusal.message, _LONGEST_MESSAGE)
        # Click writes UTF-8 to a stderr of ASCII, so characters that it lacks are escaped here.
        refusal.message = fitting(shown_lines(short), sys.stderr)
        raise


def build_app() -> typer.Typer:
    """Build the program; its commands are loaded when they are called."""
    app = typer.Typer(
        name="wanllmdb",
        cls=Program,
        no_args_is_help=True,
        rich_markup_mode=MARKUP,
        # Only defects print a traceback; a plain one can be pasted into a report.
        pretty_exceptions_enable=False,
        context_settings={
            "help_option_names": ["-h", "--help"],
            "max_content_width": MOST_COLUMNS,
        },
    )
    app.callback()(_options)
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
            help="Address of the registry. Default: localhost:50051.",
            envvar="WANLLMDB_REGISTRY",
            metavar="HOST:PORT",
        ),
    ] = None,
    suggestion: Annotated[
        str | None,
        typer.Option(
            help="Address of the suggestion service. Default: localhost:50052.",
            envvar="WANLLMDB_SUGGESTION",
            metavar="HOST:PORT",
        ),
    ] = None,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            help="File that holds the API key. Default: WANLLMDB_API_KEY, else "
            "WANLLMDB_API_KEY_FILE.",
            metavar="FILE",
        ),
    ] = None,
    tls: Annotated[
        bool | None,
        typer.Option("--tls/--no-tls", help="Connect with or without TLS. Default: WANLLMDB_TLS."),
    ] = None,
    tls_ca: Annotated[
        Path | None,
        typer.Option(
            help="PEM file of the certificate authorities to trust. Default: WANLLMDB_TLS_CA, "
            "else the public authorities.",
            metavar="FILE",
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option(
            help="PEM file of the client certificate, for mutual TLS. Default: WANLLMDB_TLS_CERT.",
            metavar="FILE",
        ),
    ] = None,
    tls_key: Annotated[
        Path | None,
        typer.Option(
            help="PEM file of the client certificate's private key. Default: WANLLMDB_TLS_KEY.",
            metavar="FILE",
        ),
    ] = None,
    insecure: Annotated[
        bool | None,
        typer.Option(
            "--insecure",
            help="Allow the API key to be sent to another machine without TLS, in plain text.",
        ),
    ] = None,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Create hyperparameter sweeps, run their trials and look at the results.

    Start: `wanllmdb up` runs the platform on this machine, `wanllmdb sweep create sweep.yaml`
    creates a sweep, and `wanllmdb agent SWEEP -- python train.py` runs its trials.
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
