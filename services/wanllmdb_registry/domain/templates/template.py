"""A template, and the built-in ones: one YAML file each in `built_in/`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

from wanllmdb_common.errors import AlreadyExistsError, FailedPreconditionError, NotFoundError
from wanllmdb_common.search_space.distributions import ParameterValue


class Absent:
    """The value of a default or an example that is not given; None is a given value."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A placeholder of a template, which its config mentions as `$(name)`."""

    name: str
    description: str = ""
    default: ParameterValue | Absent = ABSENT
    example: ParameterValue | Absent = ABSENT


@dataclass(frozen=True, slots=True)
class Template:
    """A named sweep config with placeholders.

    `version` counts the changes; built-in templates have version 0 and no times.
    """

    name: str
    description: str
    config_text: str
    placeholders: tuple[Placeholder, ...] = ()
    version: int = 0
    create_time: datetime | None = None
    update_time: datetime | None = None

    @property
    def built_in(self) -> bool:
        """Whether the template comes with the server."""
        return self.create_time is None

    @property
    def etag(self) -> str:
        """The version of the template; a template that is created again gets another etag."""
        if self.create_time is None:
            described = json.dumps([self.description, self.config_text, repr(self.placeholders)])
            return f'"{hashlib.sha256(described.encode()).hexdigest()[:16]}"'
        return f'"{self.create_time.timestamp():.6f}-{self.version}"'


def template_not_found(name: str) -> NotFoundError:
    """Return the error TEMPLATE_NOT_FOUND."""
    return NotFoundError(
        "TEMPLATE_NOT_FOUND", f"there is no template '{name:.100}'", template=name[:100]
    )


def template_name_taken(name: str) -> AlreadyExistsError:
    """Return the error TEMPLATE_NAME_TAKEN."""
    return AlreadyExistsError(
        "TEMPLATE_NAME_TAKEN",
        f"template '{name}' already exists: choose another name, or update that template",
        template=name,
    )


def template_built_in(name: str) -> FailedPreconditionError:
    """Return the error TEMPLATE_BUILT_IN."""
    return FailedPreconditionError(
        "TEMPLATE_BUILT_IN",
        f"template '{name}' comes with the server and can't be changed: create a template of your "
        "own from its config",
        template=name,
    )


@cache
def built_in_templates() -> Mapping[str, Template]:
    """Return the built-in templates by name, in order."""
    folder = files(__package__) / "built_in"
    texts = [
        entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    ]
    found = [_template(yaml.safe_load(text)) for text in texts]
    return {template.name: template for template in sorted(found, key=lambda each: each.name)}


def _template(data: Mapping[str, Any]) -> Template:
    return Template(
        name=data["name"],
        description=data["description"].strip(),
        config_text=data["config"],
        placeholders=tuple(
            Placeholder(
                name,
                entry["description"],
                entry.get("default", ABSENT),
                entry.get("example", ABSENT),
            )
            for name, entry in data["placeholders"].items()
        ),
    )
