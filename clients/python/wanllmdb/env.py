"""W&B's functions that set and read the environment for `init` and `sweep`."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

__all__ = ["get_dir", "get_entity", "get_project", "set_entity", "set_project"]

Environment = MutableMapping[str, str] | None


def get_project(default: str | None = None, env: Environment = None) -> str | None:
    """The value of WANDB_PROJECT."""
    return _environment(env).get("WANDB_PROJECT", default)


def set_project(value: str, env: Environment = None) -> None:
    """Set WANDB_PROJECT."""
    _environment(env)["WANDB_PROJECT"] = value


def get_entity(default: str | None = None, env: Environment = None) -> str | None:
    """The value of WANDB_ENTITY, which has no effect on the platform."""
    return _environment(env).get("WANDB_ENTITY", default)


def set_entity(value: str, env: Environment = None) -> None:
    """Set WANDB_ENTITY, which has no effect on the platform."""
    _environment(env)["WANDB_ENTITY"] = value


def get_dir(default: str | None = None, env: Environment = None) -> str | None:
    """The value of WANDB_DIR."""
    return _environment(env).get("WANDB_DIR", default)


def _environment(env: Environment) -> MutableMapping[str, str]:
    return os.environ if env is None else env
