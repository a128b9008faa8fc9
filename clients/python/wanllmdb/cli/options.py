"""Options and arguments that several commands share, and the client they connect with."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wanllmdb._errors import InvalidArgumentError
from wanllmdb._files import read_given
from wanllmdb._ids import run_of, sweep_id_of

if TYPE_CHECKING:
    from wanllmdb import Client, Tls


def named_sweep(text: str) -> str:
    """Return the id of a sweep given in any form that `sweep_id_of` reads.

    Raises:
        typer.BadParameter: the text has none of these forms.
    """
    try:
        return sweep_id_of(text)
    except InvalidArgumentError as error:
        raise typer.BadParameter(error.message) from None


SweepId = Annotated[
    str,
    typer.Argument(
        metavar="SWEEP",
        parser=named_sweep,
        help="The sweep's id, alone or as project/id or entity/project/id.",
    ),
]
SweepIds = Annotated[
    list[str], typer.Argument(metavar="SWEEP...", parser=named_sweep, help="Ids of the sweeps.")
]
RunId = Annotated[
    str,
    typer.Argument(
        metavar="SWEEP",
        parser=named_sweep,
        help="The sweep's id, or the run's id, for example SWEEP-3.",
    ),
]
Number = Annotated[
    int | None,
    typer.Argument(
        metavar="NUMBER", min=0, help="The run's number; leave it out after a run's id."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text for people.")]
MetricName = Annotated[
    str, typer.Option("--metric", help="Name of the metric, in a sweep with several metrics.")
]
SkipUnfit = Annotated[
    bool,
    typer.Option(
        "--skip-unfit", help="Skip runs that do not fit the sweep's parameters and metrics."
    ),
]

NONE = "none"
"""The option value that removes a cap, a target or a rule."""

_MOST_BYTES = 256 * 1024 * 1024

NOTHING_TO_CHANGE = "nothing to change: give at least one option"


def run_named(sweep_or_run: str, number: int | None) -> tuple[str, int]:
    """Return the sweep's id and the run's number that `RunId` and `Number` name.

    Raises:
        typer.BadParameter: the number is missing.
    """
    if number is not None:
        return sweep_or_run, number
    try:
        return run_of(sweep_or_run)
    except InvalidArgumentError:
        raise typer.BadParameter(
            f"which run of sweep {sweep_or_run}? give its number, or its id: {sweep_or_run}-0"
        ) from None


def assignments(given: Sequence[str]) -> dict[str, Any]:
    """Parse `name=value` texts; a value is read as JSON if possible, else as a text.

    Raises:
        typer.BadParameter: a text has no `=`, or a name comes twice.
    """
    values: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{text!r} is not of the form name=value")
        if name in values:
            raise typer.BadParameter(f"{name} is given twice")
        values[name] = json_or_text(value)
    return values


def text_assignments(given: Sequence[str]) -> dict[str, str]:
    """Like `assignments`, but keep the values as typed."""
    return dict(zip(assignments(given), (text.partition("=")[2] for text in given), strict=True))


def json_or_text(text: str) -> Any:
    """Parse the text as JSON; return the text itself where it is no JSON."""
    try:
        return json.loads(text, parse_constant=_not_json)
    except (ValueError, RecursionError):
        return text


def _not_json(name: str) -> Any:
    # Python reads NaN and Infinity, which JSON does not know.
    raise ValueError(name)


def number_or_none(option: str, text: str) -> float | None:
    """Parse a number; return None for `none`.

    Raises:
        typer.BadParameter: the text is neither.
    """
    if text.lower() == NONE:
        return None
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{option}: {text!r} is neither a number nor {NONE!r}") from None


def count_or_none(option: str, text: str) -> int | None:
    """Parse a whole number; return None for `none`.

    Raises:
        typer.BadParameter: the text is neither.
    """
    if text.lower() == NONE:
        return None
    if not text.isdecimal():
        raise typer.BadParameter(f"{option}: {text!r} is neither a whole number nor {NONE!r}")
    return int(text)


def read_file(file: str) -> str:
    """Read a file without its byte order mark, which spreadsheets write; `-` is standard input.

    Raises:
        typer.BadParameter: the file can't be read.
    """
    try:
        data = _standard_input() if file == "-" else read_given(file, _MOST_BYTES)
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise typer.BadParameter(f"{file} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file} is not UTF-8 text: {error.reason}") from error


@contextmanager
def config_of(file: str) -> Iterator[str]:
    """Yield the config in a file; its problems that are raised in the block name the file.

    Raises:
        typer.BadParameter: the file can't be read.
    """
    try:
        yield read_file(file)
    except InvalidArgumentError as error:
        error.file = "<stdin>" if file == "-" else file
        raise


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise OSError(errno.EBADF, "standard input is closed")
    data = sys.stdin.buffer.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise OSError(errno.EFBIG, f"standard input holds more than {_MOST_BYTES // 2**20} MiB")
    return data


@dataclass(frozen=True)
class ConnectionOptions:
    """Values of the global options; None means the client's default."""

    registry: str | None = None
    suggestion: str | None = None
    api_key_file: Path | None = None
    tls: bool | None = None
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    insecure: bool | None = None

    def client(self) -> Client:
        """Return a new client."""
        # Imported here because it loads gRPC, which a help text does not need.
        from wanllmdb import Client

        return Client(
            registry=self.registry,
            suggestion=self.suggestion,
            api_key=self.api_key_file,
            tls=self.given_tls(),
            insecure=self.insecure,
        )

    def given_tls(self) -> bool | Tls | None:
        """Return the TLS settings as a client takes them: those of options before variables."""
        if self.tls is False or not (self.tls_ca or self.tls_cert or self.tls_key):
            return self.tls
        from wanllmdb._connection.tls import Tls, named_tls

        named = named_tls()
        return Tls(
            ca=self.tls_ca or named.ca,
            cert=self.tls_cert or named.cert,
            key=self.tls_key or named.key,
            server_name=named.server_name,
        )


@contextmanager
def client_of(context: typer.Context) -> Iterator[Client]:
    """Yield a client for the global options, and close it at the end."""
    options = context.find_object(ConnectionOptions)
    assert options is not None, "the program's callback sets it"
    with options.client() as client:
        yield client
