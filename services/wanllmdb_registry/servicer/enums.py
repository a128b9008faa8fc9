"""Members of the domain's enumerations and the protos' values, by name."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2

_E = TypeVar("_E", bound=StrEnum)


@lru_cache(maxsize=256)
def enum_number(prefix: str, name: str) -> int:
    """The number of an enum value, by its prefix and the domain's name."""
    kinds = {
        "SWEEP_STATE": sweep_pb2.SweepState,
        "FINISH_REASON": sweep_pb2.FinishReason,
        "METHOD": sweep_pb2.Method,
        "GOAL": sweep_pb2.Goal,
        "OBJECTIVE_VALUE": sweep_pb2.ObjectiveValue,
        "IMPUTE": sweep_pb2.Impute,
        "ARGS_STYLE": sweep_pb2.ArgsStyle,
        "RUN_STATE": run_pb2.RunState,
        "RUN_ORIGIN": run_pb2.RunOrigin,
        "RUN_COMMAND": run_pb2.RunCommand,
    }
    return int(kinds[prefix].Value(f"{prefix}_{name.upper()}"))


def enum_member(kind: type[_E], name: str, prefix: str) -> _E | None:
    """The domain's member for an enum value's name; None for UNSPECIFIED."""
    short = name.removeprefix(prefix + "_")
    return None if short == "UNSPECIFIED" else kind[short]
