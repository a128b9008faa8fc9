"""The environment by which processes that a training function starts find its run."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from wanllmdb import _env

if TYPE_CHECKING:
    from wanllmdb._agent.active_run import ActiveRun

_lock = threading.Lock()
_runs: list[ActiveRun] = []
"""Those that agents work on side by side, in threads of this process."""
_before: dict[str, str | None] = {}
"""What the variables were that are set now, before any was."""


@contextmanager
def lent_to_children(run: ActiveRun, *, is_nested: bool) -> Iterator[None]:
    """Names the run in this process's environment, as a command agent does for its program.

    Where several agents work in one process, its environment can't say which run a child is
    for: it says so instead.

    Args:
        run: the run.
        is_nested: whether the code works on another run, which this one is a part of.
    """
    if is_nested:
        with _set(_variables(run)):
            yield
        return
    with _lock:
        _runs.append(run)
        _refresh()
    try:
        yield
    finally:
        with _lock:
            _runs.remove(run)
            _refresh()


def _variables(run: ActiveRun) -> Mapping[str, str]:
    return {**run.environment(), _env.LENT_BY: str(os.getpid())}


def _refresh() -> None:
    _restore(_before)
    _before.clear()
    if len(_runs) == 1:
        _before.update(_put(_variables(_runs[0])))
    elif _runs:
        _before.update(_put({_env.SEVERAL_RUNS: str(len(_runs)), _env.SWEEP_ID: ""}))


@contextmanager
def _set(variables: Mapping[str, str]) -> Iterator[None]:
    before = _put(variables)
    try:
        yield
    finally:
        _restore(before)


def _put(variables: Mapping[str, str]) -> dict[str, str | None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    return before


def _restore(before: Mapping[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
