"""`init`: returns the program's run of a sweep, or a run that records nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Any

from wanllmdb import _env
from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._agent.base_run import BaseRun
from wanllmdb._agent.current import (
    current_run,
    drop_local,
    has_own_run,
    keep_local,
    leave_runs,
    lent_run,
    open_run,
)
from wanllmdb._agent.local_run import LocalRun
from wanllmdb._agent.text import shown
from wanllmdb._errors import InvalidArgumentError, NoRunError
from wanllmdb._notes import note

_SAME = ("default", "return_previous")
_ANOTHER = ("finish_previous", "create_new")


def begin_run(mode: Mode, reinit: Any, *, run_id: str | None, project: str | None) -> BaseRun:
    """Open and return the calling code's run, or a part of the run if `reinit` requests one.

    Without a sweep's run, or if the program or the process's rank reports nothing, the result
    is a run that records nothing.

    Raises:
        NoRunError: the run has ended, or this thread or process could belong to several runs.
        InvalidArgumentError: `reinit` has a value that W&B does not know.
    """
    nested = _begins_another(reinit)
    if _is_outside(run_id):
        leave_runs()
        return _local(mode, nested=nested, run_id=run_id, project=project)
    run = current_run() or lent_run()
    if run is None:
        return _local(mode, nested=nested, run_id=run_id, project=project)
    is_silent = run.silent_rank is not None and mode is not Mode.SHARED
    stand_in = None
    if mode is Mode.DISABLED or is_silent:
        stand_in = partial(
            LocalRun,
            place_of=run,
            on_end=run.end_stand_in,
            is_disabled=mode is Mode.DISABLED,
        )
    given = run.begin(nested=nested, make_stand_in=stand_in)
    _warn_about_mode(run, mode, is_silent=is_silent)
    return given


def run_of(sweep_id: str, number: int) -> BaseRun:
    """Return the run with that number, if the calling code belongs to it; unpickles a run.

    Raises:
        NoRunError: the calling code belongs to another run or to none.
    """
    run = current_run() or lent_run()
    if run is None or (run.sweep_id, run.number) != (sweep_id, number):
        raise NoRunError(
            f"run {number} of sweep {sweep_id} is not the run of this process: only processes that "
            f"the run's function or program starts can unpickle it"
        )
    return run


def _is_outside(run_id: str | None) -> bool:
    """Return whether the program took this process out of the sweep before its first `init`.

    An `init` that names the run by its id stays in the sweep. So does the process that executes
    the run, since W&B also reads its variables once.
    """
    sweep_id = _env.left_sweep()
    if sweep_id is None or has_own_run():
        return False
    named = f"{sweep_id}-{os.environ.get(_env.RUN_NUMBER, '')}"
    return run_id != named


def _begins_another(reinit: Any) -> bool:
    if reinit is None or isinstance(reinit, bool):
        return bool(reinit)
    if reinit in _ANOTHER:
        return True
    if reinit in _SAME:
        return False
    known = ", ".join(map(repr, (*_SAME, *_ANOTHER)))
    raise InvalidArgumentError(
        f"init: reinit must be True, False or one of {known}, but is {reinit!r:.100}"
    )


def _local(mode: Mode, *, nested: bool, run_id: str | None, project: str | None) -> BaseRun:
    there = open_run()
    if there is not None and not nested:
        return there
    run = LocalRun(
        run_id=run_id,
        project=project,
        on_end=drop_local,
        is_disabled=mode is Mode.DISABLED,
    )
    keep_local(run)
    sweep_id = _env.left_sweep()
    if mode is not Mode.DISABLED and sweep_id is not None:
        note(
            f"this run records nothing and is not part of sweep {sweep_id}, because the program "
            f"removed {_env.WANDB_SWEEP_ID} from the environment; with "
            f"{_env.WANDB_SWEEP_ID}={sweep_id} init() returns the sweep's run"
        )
    elif mode is not Mode.DISABLED:
        note(
            "this run records nothing, because no agent called this code: pass the function to "
            "wanllmdb.agent(sweep_id, function=...), or start the program with `wanllmdb agent "
            "SWEEP -- python train.py`"
        )
    return run


def _warn_about_mode(run: ActiveRun, mode: Mode, *, is_silent: bool) -> None:
    if is_silent:
        run.warn(
            f"this process reports nothing for run {run.number}, because it has {run.silent_rank}: "
            f"only rank 0 reports. With {_env.ALL_RANKS}=1 or init(mode='shared') every process "
            f"reports"
        )
    elif mode is Mode.SHARED:
        run.report_with_others()
    elif mode is Mode.OFFLINE:
        run.warn(
            "the mode 'offline' has no effect in a sweep: results are reported, and saved on this "
            "machine while the registry is unavailable. To report nothing, use mode='disabled'"
        )


def note_unpatched(asks: object) -> None:
    """Note that no library is patched to log, if `init` requests a patch."""
    if asks:
        note(
            "init: sync_tensorboard and monitor_gym have no effect, and nothing is read from "
            "TensorBoard or gym: call wandb.log with the sweep's metric"
        )


def environment_defaults(
    name: str | None,
    tags: str | Sequence[str] | None,
    notes: str | None,
    group: str | None,
    job_type: str | None,
) -> tuple[str | None, str | Sequence[str], str | None, str | None, str | None]:
    """Return each description as given, else the value of W&B's variable for it."""
    given = os.environ.get
    if tags is None:
        tags = [tag for tag in given("WANDB_TAGS", "").split(",") if tag]
    return (
        name if name is not None else given("WANDB_NAME") or None,
        tags,
        notes if notes is not None else given("WANDB_NOTES") or None,
        group if group is not None else given("WANDB_RUN_GROUP") or None,
        job_type if job_type is not None else given("WANDB_JOB_TYPE") or None,
    )


class Mode(StrEnum):
    """W&B's modes of a run."""

    ONLINE = "online"
    OFFLINE = "offline"
    DISABLED = "disabled"
    SHARED = "shared"
    """Several processes report for the run intentionally."""


_OLD_NAMES = {"run": Mode.ONLINE, "dryrun": Mode.OFFLINE}


def mode_of(given: Any, settings: Any = None) -> Mode:
    """Return the mode of `init`, else of its settings, else WANDB_MODE, else online.

    Raises:
        InvalidArgumentError: W&B has no such mode.
    """
    for source, value in (
        ("init: mode", given),
        ("init: the mode in settings", setting(settings, "mode")),
        ("WANDB_MODE", os.environ.get("WANDB_MODE") or None),
    ):
        if value is not None:
            return _checked(source, value)
    return Mode.ONLINE


def setting(settings: Any, name: str) -> Any:
    """Return one of W&B's settings, an object or a dictionary; None if it is not set."""
    if isinstance(settings, Mapping):
        return settings.get(name)
    return getattr(settings, name, None)


def _checked(source: str, value: Any) -> Mode:
    text = str(value).strip().lower()
    try:
        return _OLD_NAMES.get(text) or Mode(text)
    except ValueError:
        known = ", ".join(repr(str(mode)) for mode in Mode)
        raise InvalidArgumentError(
            f"{source} must be one of {known}, but is {shown(value)}"
        ) from None
