"""The templates that come with the server: one YAML file each in `built_in/`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from wanllmdb_registry.domain.templates.model import ABSENT, Placeholder, Template


@cache
def built_in_templates() -> Mapping[str, Template]:
    """The built-in templates by name, in order."""
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
