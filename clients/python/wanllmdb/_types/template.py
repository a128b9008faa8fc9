"""Named sweep configs with placeholders, kept on the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wanllmdb._types.unset import UNSET


@dataclass(frozen=True, slots=True)
class TemplatePlaceholder:
    """A blank in a template's config, where it stands as `$(name)`.

    A value is required where `default` is UNSET; `example` is a value such as is
    wanted, for one without a default.
    """

    name: str
    description: str = ""
    default: Any = UNSET
    example: Any = UNSET


@dataclass(frozen=True, slots=True)
class Template:
    """A named sweep config with placeholders; built-in ones came with the server.

    Times are aware and in UTC, None for built-in ones.
    """

    name: str
    description: str
    config_text: str
    placeholders: tuple[TemplatePlaceholder, ...]
    built_in: bool
    etag: str
    create_time: datetime | None
    update_time: datetime | None


@dataclass(frozen=True, slots=True)
class TemplateUse:
    """A template with values for its placeholders: what a sweep can be created from."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
