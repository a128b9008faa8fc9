"""W&B's modes of a run, and what each of them means in a sweep."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from wanllmdb._agent.text import shown
from wanllmdb._errors import InvalidArgumentError


class Mode(StrEnum):
    """What a program wants its run to do."""

    ONLINE = "online"
    OFFLINE = "offline"
    DISABLED = "disabled"
    SHARED = "shared"
    """Several processes report for the run, and that is meant so."""


_OLD_NAMES = {"run": Mode.ONLINE, "dryrun": Mode.OFFLINE}


def mode_of(given: Any, settings: Any = None) -> Mode:
    """The mode as given to `init`, else by its settings, else by WANDB_MODE; else online.

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
    """One of W&B's settings, which are an object or a dictionary; None where it is not set."""
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
