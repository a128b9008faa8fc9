"""What a program put in the place of `wandb.run`, `wandb.config` and `wandb.summary`."""

from __future__ import annotations

import sys
from types import ModuleType

from wanllmdb._agent.base_run import BaseRun
from wanllmdb._agent.config import Config
from wanllmdb._agent.summary import Summary
from wanllmdb._notes import note
from wanllmdb._proxies import CurrentConfig, CurrentSummary

_PACKAGE = __package__
_OURS = (CurrentConfig, CurrentSummary, Config, Summary, BaseRun, type(None))


def put_back() -> None:
    """Has the module's names mean the current run again, as W&B's `init` does.

    `wandb.config = {...}`, which tutorials have, would hide what the sweep chose from this run
    and from all later ones.
    """
    for module in _modules():
        for name in ("run", "config", "summary"):
            there = vars(module).get(name)
            if isinstance(there, CurrentConfig | CurrentSummary):
                continue
            if vars(module).pop(name, None) is not None and not isinstance(there, _OURS):
                note(
                    f"wandb.{name} was set to a {type(there).__name__}, and init() makes it that "
                    f"of the run again, so what it held does not count: give values of the "
                    f"program's own to init(config=...), or to wandb.{name}.update(...)"
                )


def _modules() -> list[ModuleType]:
    package = sys.modules[_PACKAGE]
    alias = sys.modules.get("wandb")
    # The other `wandb` is W&B's own.
    is_ours = alias is not None and vars(alias).get("wanllmdb") is package
    return [package, alias] if alias is not None and is_ours else [package]
