"""Functions that a program calls before and after its runs, and its messages for people."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from wanllmdb._notes import note
from wanllmdb._shown import fitting, shown_lines
from wanllmdb._wandb.names import NAMES


class Settings:
    """Arbitrary settings, by attribute; a setting that was not given is None."""

    def __init__(self, **settings: Any) -> None:
        vars(self).update(settings)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # copy, pickle and inspect test for these attributes.
            raise AttributeError(f"Settings has no {name!r}")
        return None

    def __setattr__(self, name: str, value: Any) -> None:
        vars(self)[name] = value

    def __repr__(self) -> str:
        # Some settings are secrets.
        return f"<Settings of {', '.join(sorted(vars(self))) or 'nothing'}>"


class Setup:
    """The result of `setup`."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()

    def __repr__(self) -> str:
        return f"Setup({self.settings!r})"


_PREFIX = "wanllmdb: "
_WITHOUT_LOGIN = frozenset({"disabled", "offline", "dryrun"})

patched: dict[str, list[Any]] = {"tensorboard": [], "keras": [], "gym": []}
"""W&B's patches of other libraries; empty here."""

_printed: set[tuple[str, str]] = set()


def login(
    key: str | None = None,
    relogin: bool | None = None,
    host: str | None = None,
    force: bool | None = None,
    timeout: int | None = None,
    verify: bool = True,
    referrer: str | None = None,
    prompt: bool = True,
    anonymous: Any = None,
) -> bool:
    """Return True, because there are no accounts; False if WANDB_MODE is disabled or offline.

    Services that require a key get the one in WANLLMDB_API_KEY; a note on stderr explains this
    once. A key of W&B is neither kept nor sent.
    """
    del key, relogin, host, force, timeout, verify, referrer, prompt, anonymous
    note(f"login does nothing: {NAMES['login'].what}")
    return os.environ.get("WANDB_MODE", "").strip().lower() not in _WITHOUT_LOGIN


def setup(settings: Settings | None = None) -> Setup:
    """Return an object that holds the settings; do nothing else."""
    return Setup(settings)


def require(
    requirement: str | Iterable[str] | None = None, experiment: str | Iterable[str] | None = None
) -> None:
    """Do nothing: all features are always on."""


def ensure_configured() -> None:
    """Do nothing."""


def termsetup(settings: Any, logger: Any) -> None:
    """Do nothing."""


def join(exit_code: int | None = None) -> None:
    """End the current run, if there is one."""
    from wanllmdb._facade import finish, run_here

    if run_here() is not None:
        finish(exit_code)


def teardown(exit_code: int | None = None) -> None:
    """End the current run, if there is one."""
    join(exit_code)


def termlog(
    string: str = "", newline: bool = True, repeat: bool = True, prefix: bool = True
) -> None:
    """Print a line on stderr; once per process if `repeat` is false."""
    _print("log", string, newline, repeat, prefix)


def termwarn(string: str, newline: bool = True, repeat: bool = True, prefix: bool = True) -> None:
    """Print a warning on stderr; once per process if `repeat` is false."""
    _print("WARNING", string, newline, repeat, prefix)


def termerror(string: str, newline: bool = True, repeat: bool = True, prefix: bool = True) -> None:
    """Print an error on stderr; once per process if `repeat` is false."""
    _print("ERROR", string, newline, repeat, prefix)


def _print(level: str, string: Any, newline: bool, repeat: bool, prefix: bool) -> None:
    text = str(string)
    if not repeat:
        if (level, text) in _printed:
            return
        _printed.add((level, text))
    level = "" if level == "log" else f"{level} "
    lines = [f"{_PREFIX if prefix else ''}{level}{line}" for line in text.split("\n")]
    stream = sys.stderr
    # A program may close or replace stderr.
    with suppress(Exception):
        stream.write(fitting(shown_lines("\n".join(lines)), stream) + ("\n" if newline else ""))
        stream.flush()
