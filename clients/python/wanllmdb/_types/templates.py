"""Named sweep configs with placeholders, kept on the server, to and from protobuf."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wanllmdb._types.values import UNSET, from_parameter_value, optional_time, to_parameter_value
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb.api.registry.v1 import template_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class TemplatePlaceholder:
    """A blank in a template's config, written as `$(name)`.

    A value is required if `default` is UNSET; `example` shows a typical value for a placeholder
    without a default.
    """

    name: str
    description: str = ""
    default: Any = UNSET
    example: Any = UNSET


@dataclass(frozen=True, slots=True)
class Template:
    """A named sweep config with placeholders; built-in templates come with the server.

    Times are aware and in UTC; None for built-in templates.
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
    """A template with values for its placeholders, from which a sweep can be created."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)


def template_use_to_proto(use: TemplateUse) -> registry_pb.TemplateUse:
    """The message of a template with values."""
    return registry_pb.TemplateUse(
        template=use.template,
        values={
            name: to_parameter_value(value, f"values.{name}") for name, value in use.values.items()
        },
    )


def template_from_proto(message: pb.Template) -> Template:
    """A template."""
    return Template(
        name=message.name,
        description=message.description,
        config_text=message.config_text,
        placeholders=tuple(map(_placeholder_from_proto, message.placeholders)),
        built_in=message.built_in,
        etag=message.etag,
        create_time=optional_time(message, "create_time"),
        update_time=optional_time(message, "update_time"),
    )


def _placeholder_from_proto(message: pb.TemplatePlaceholder) -> TemplatePlaceholder:
    return TemplatePlaceholder(
        name=message.name,
        description=message.description,
        default=from_parameter_value(message.default) if message.HasField("default") else UNSET,
        example=from_parameter_value(message.example) if message.HasField("example") else UNSET,
    )


def placeholders_to_proto(
    placeholders: Iterable[TemplatePlaceholder],
) -> list[pb.TemplatePlaceholder]:
    messages = []
    for index, placeholder in enumerate(placeholders):
        path = f"template.placeholders[{index}]"
        message = pb.TemplatePlaceholder(name=placeholder.name, description=placeholder.description)
        if placeholder.default is not UNSET:
            message.default.CopyFrom(to_parameter_value(placeholder.default, f"{path}.default"))
        if placeholder.example is not UNSET:
            message.example.CopyFrom(to_parameter_value(placeholder.example, f"{path}.example"))
        messages.append(message)
    return messages
