"""What keeps specs, and what is said about them, within a message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wanllmdb_common.errors import FieldViolation
from wanllmdb_registry.domain.bounds import (
    MAX_SPEC_BYTES,
    MAX_WARNING,
    MAX_WARNINGS,
    PAGE_BYTES,
)
from wanllmdb_registry.domain.config.export import config_of
from wanllmdb_registry.domain.config.problems import invalid_config
from wanllmdb_registry.domain.config.text import write_compact
from wanllmdb_registry.domain.model import SweepSpec
from wanllmdb_registry.servicer.requests import head
from wanllmdb_registry.servicer.specs import spec_to_proto


def require_size(spec: SweepSpec) -> None:
    """Passes if every answer with the spec has room for it, as a message and as a config.

    Raises:
        InvalidArgumentError: INVALID_SWEEP_CONFIG.
    """
    config = write_compact(config_of(spec)).encode()
    size = max(spec_to_proto(spec).ByteSize(), len(config))
    if size > MAX_SPEC_BYTES:
        text = (
            f"takes {size:,} bytes, at most {MAX_SPEC_BYTES:,} are allowed: name long values by "
            "short ones, for example by the paths of files that hold them"
        )
        raise invalid_config([FieldViolation("config", text)])


def some_warnings(warnings: Sequence[str]) -> list[str]:
    """The first of the warnings, and how many others there are."""
    shown = [head(text, MAX_WARNING) for text in warnings[:MAX_WARNINGS]]
    if len(warnings) > MAX_WARNINGS:
        shown[-1] = f"there are {len(warnings) - MAX_WARNINGS + 1:,} more warnings like these"
    return shown


def written(config: dict[str, Any], write: Callable[[dict[str, Any]], str]) -> str:
    """The config as text: as `write` lays it out, or on one line where that is too long.

    Raises:
        InvalidArgumentError: INVALID_SWEEP_CONFIG: that is too long too.
    """
    text = write(config)
    if len(text.encode()) > PAGE_BYTES:
        text = write_compact(config)
    size = len(text.encode())
    if size > PAGE_BYTES:
        problem = f"takes {size:,} bytes, at most {PAGE_BYTES:,} fit into an answer"
        raise invalid_config([FieldViolation("config", problem)])
    return text
