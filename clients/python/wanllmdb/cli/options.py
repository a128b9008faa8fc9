"""Options and arguments that several commands share, and the client they connect with."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from wanllmdb import Client, InvalidArgumentError, Tls
from wanllmdb._connection.tls import named_tls
from wanllmdb._files import read_given
from wanllmdb._ids import run_of, sweep_id_of


def named_sweep(text: str) -> str:
    """The id of a sweep that is named in any of the forms that `sweep_id_of` reads.

    Raises:
        typer.BadParameter: it is of none of them.
    """
    try:
        return sweep_id_of(text)
    except InvalidArgumentError as error:
        raise typer.BadParameter(error.message) from None


SweepId = Annotated[
    str,
    typer.Argument(
        metavar="SWEEP", parser=named_sweep, help="The sweep's id; entity/project/id is one, too."
    ),
]
SweepIds = Annotated[
    list[str], typer.Argument(metavar="SWEEP...", parser=named_sweep, help="The sweeps' ids.")
]
RunId = Annotated[
    str,
    typer.Argument(
        metavar="SWEEP", parser=named_sweep, help="The sweep's id, or the run's id, as SWEEP-3."
    ),
]
Number = Annotated[
    int | None,
    typer.Argument(metavar="NUMBER", min=0, help="The run's number, after a sweep's id."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
MetricName = Annotated[str, typer.Option("--metric", help="Which metric, in a sweep with several.")]
SkipUnfit = Annotated[
    bool, typer.Option("--skip-unfit", help="Leave out runs that do not fit the sweep.")
]

NONE = "none"
"""What takes a cap, a target or a rule away."""

_MOST_BYTES = 256 * 1024 * 1024

NOTHING_TO_CHANGE = "there is nothing to change: give at least one option"


def run_named(sweep_or_run: str, number: int | None) -> tuple[str, int]:
    """The sweep's id and the number of a run that `RunId` and `Number` name.

    Raises:
        typer.BadParameter: there is no number.
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
    """`name=value` texts as a dictionary; a value is JSON where it can be, else a text.

    Raises:
        typer.BadParameter: one has no `=`, or a name twice.
    """
    values: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{text!r} is not of the form name=value")
        if name in values:
            raise typer.BadParameter(f"{name} is there twice")
        values[name] = json_or_text(value)
    return values


def text_assignments(given: Sequence[str]) -> dict[str, str]:
    """As `assignments`, with values as they were typed."""
    return dict(zip(assignments(given), (text.partition("=")[2] for text in given), strict=True))


def json_or_text(text: str) -> Any:
    """What JSON reads from the text, else the text."""
    try:
        return json.loads(text, parse_constant=_not_json)
    except (ValueError, RecursionError):
        return text


def _not_json(name: str) -> Any:
    # Python reads NaN and Infinity, which JSON does not know.
    raise ValueError(name)


def number_or_none(option: str, text: str) -> float | None:
    """A number, None for `none`.

    Raises:
        typer.BadParameter: it is neither.
    """
    if text.lower() == NONE:
        return None
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{option}: {text!r} is no number, nor {NONE!r}") from None


def count_or_none(option: str, text: str) -> int | None:
    """A whole number, None for `none`.

    Raises:
        typer.BadParameter: it is neither.
    """
    if text.lower() == NONE:
        return None
    if not text.isdecimal():
        raise typer.BadParameter(f"{option}: {text!r} is no whole number, nor {NONE!r}")
    return int(text)


def read_file(file: str) -> str:
    """A file's text, without the mark that spreadsheets put first; `-` is standard input.

    Raises:
        typer.BadParameter: it can't be read.
    """
    try:
        data = _standard_input() if file == "-" else read_given(file, _MOST_BYTES)
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise typer.BadParameter(f"{file} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file} is no UTF-8 text: {error.reason}") from error


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise OSError(errno.EBADF, "standard input is closed")
    data = sys.stdin.buffer.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise OSError(errno.EFBIG, f"it holds more than {_MOST_BYTES // 2**20} MiB")
    return data


@dataclass(frozen=True)
class ConnectionOptions:
    """What the global options say; None leaves it to the client's defaults."""

    registry: str | None = None
    suggestion: str | None = None
    api_key_file: Path | None = None
    tls: bool | None = None
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    insecure: bool | None = None

    def client(self) -> Client:
        """A new client."""
        return Client(
            registry=self.registry,
            suggestion=self.suggestion,
            api_key=self.api_key_file,
            tls=self._tls(),
            insecure=self.insecure,
        )

    def _tls(self) -> bool | Tls | None:
        if self.tls is False or not (self.tls_ca or self.tls_cert or self.tls_key):
            return self.tls
        named = named_tls()
        return Tls(
            ca=self.tls_ca or named.ca,
            cert=self.tls_cert or named.cert,
            key=self.tls_key or named.key,
            server_name=named.server_name,
        )


@contextmanager
def client_of(context: typer.Context) -> Iterator[Client]:
    """A client by the global options, closed at the end."""
    options = context.find_object(ConnectionOptions)
    assert options is not None, "the program's callback sets it"
    with options.client() as client:
        yield client
