"""Opens Optuna storages: databases and journal files."""

from __future__ import annotations

import warnings
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from wanllmdb import InvalidArgumentError

JOURNAL = "journal:///"
_JOURNAL_SUFFIXES = (".log", ".journal")


def open_storage(address: str, *, must_exist: bool) -> BaseStorage:
    """Open the storage at `sqlite:///study.db`, another RDB URL, or `journal:///study.log`.

    As in SQLite URLs, a relative path follows three slashes and an absolute one four. A plain
    path of a .log or .journal file is a journal.

    Raises:
        InvalidArgumentError: The storage does not exist, or can't be opened.
    """
    if address.startswith(JOURNAL) or address.endswith(_JOURNAL_SUFFIXES):
        path = Path(address.removeprefix(JOURNAL))
        _check(path, must_exist)
        return JournalStorage(JournalFileBackend(str(path)))
    try:
        url = make_url(address)
    except ArgumentError:
        raise InvalidArgumentError(
            f"{address!r} is not an Optuna storage: write sqlite:///study.db, another RDB URL, or "
            "journal:///study.log"
        ) from None
    if url.get_backend_name() == "sqlite" and url.database:
        _check(Path(url.database), must_exist)
    try:
        return RDBStorage(address)
    except (SQLAlchemyError, RuntimeError, ImportError) as error:
        # The error's text may hold the password; the first line of its cause does not.
        cause = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise InvalidArgumentError(
            f"Optuna can't open {url.render_as_string(hide_password=True)}: {cause}"
        ) from error


def quiet() -> None:
    """Silence Optuna's log of studies and trials, and its warnings about experimental features."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


def _check(path: Path, must_exist: bool) -> None:
    if must_exist and not path.exists():
        raise InvalidArgumentError(
            f"the file {path.absolute()} does not exist: write three slashes before a relative "
            "path, four before an absolute one"
        )
    if not path.absolute().parent.is_dir():
        raise InvalidArgumentError(f"the folder {path.absolute().parent} does not exist")
