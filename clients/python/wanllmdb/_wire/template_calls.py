"""The registry's RPCs about templates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from wanllmdb._errors import InvalidArgumentError
from wanllmdb._types.enums import ConfigFormat
from wanllmdb._types.template import Template, TemplatePlaceholder, TemplateUse
from wanllmdb._types.unset import UNSET, Unset
from wanllmdb._wire.call import Call, Page, field_of, nothing, page_of, request_id_or_new, sendable
from wanllmdb._wire.enums import to_wire
from wanllmdb._wire.values import (
    config_text,
    from_parameter_value,
    optional_time,
    to_parameter_value,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb.api.registry.v1 import template_service_pb2 as pb


@sendable
def create_template(
    name: str,
    config: Mapping[str, Any] | str,
    description: str,
    placeholders: Iterable[TemplatePlaceholder],
    request_id: str | None,
) -> Call[Template]:
    """CreateTemplate."""
    template = pb.Template(
        name=name,
        description=description,
        config_text=_text(config),
        placeholders=_placeholders(placeholders),
    )
    return Call(
        pb.CreateTemplateRequest(template=template, request_id=request_id_or_new(request_id)),
        _TEMPLATE,
    )


@sendable
def get_template(name: str) -> Call[Template]:
    """GetTemplate."""
    return Call(pb.GetTemplateRequest(name=name), _TEMPLATE)


@sendable
def list_templates(page_size: int) -> Callable[[str], Call[Page[Template]]]:
    """ListTemplates, by page token."""

    def page(token: str) -> Call[Page[Template]]:
        return Call(
            pb.ListTemplatesRequest(page_size=page_size, page_token=token),
            page_of("templates", to_template),
        )

    return page


@sendable
def update_template(
    name: str,
    config: Mapping[str, Any] | str | Unset,
    description: str | Unset,
    placeholders: Iterable[TemplatePlaceholder] | Unset,
    etag: str,
    request_id: str | None,
) -> Call[Template]:
    """UpdateTemplate: the mask names what is given."""
    template = pb.Template(name=name, etag=etag)
    request = pb.UpdateTemplateRequest(request_id=request_id_or_new(request_id))
    mask = request.update_mask.paths
    if description is not UNSET:
        mask.append("description")
        template.description = description
    if config is not UNSET:
        mask.append("config_text")
        template.config_text = _text(config)
    if placeholders is not UNSET:
        mask.append("placeholders")
        template.placeholders.extend(_placeholders(placeholders))
    if not mask:
        raise InvalidArgumentError(
            "update_template was called without anything to change: give config, description "
            "or placeholders"
        )
    request.template.CopyFrom(template)
    return Call(request, _TEMPLATE)


@sendable
def delete_template(name: str, etag: str, request_id: str | None) -> Call[None]:
    """DeleteTemplate."""
    return Call(
        pb.DeleteTemplateRequest(name=name, etag=etag, request_id=request_id_or_new(request_id)),
        nothing,
    )


@sendable
def render_template(
    name: str, values: Mapping[str, Any], config_format: ConfigFormat | str
) -> Call[str]:
    """RenderTemplate."""
    wire_format = to_wire(config_format, ConfigFormat, registry_pb.ConfigFormat, "format")
    return Call(
        pb.RenderTemplateRequest(
            use=to_template_use(TemplateUse(name, values)), format=wire_format
        ),
        field_of("text", str),
    )


def to_template_use(use: TemplateUse) -> registry_pb.TemplateUse:
    """The message of a template with values."""
    return registry_pb.TemplateUse(
        template=use.template,
        values={
            name: to_parameter_value(value, f"values.{name}") for name, value in use.values.items()
        },
    )


def to_template(message: pb.Template) -> Template:
    """A template."""
    return Template(
        name=message.name,
        description=message.description,
        config_text=message.config_text,
        placeholders=tuple(map(_from_placeholder, message.placeholders)),
        built_in=message.built_in,
        etag=message.etag,
        create_time=optional_time(message, "create_time"),
        update_time=optional_time(message, "update_time"),
    )


_TEMPLATE = field_of("template", to_template)


def _from_placeholder(message: pb.TemplatePlaceholder) -> TemplatePlaceholder:
    return TemplatePlaceholder(
        name=message.name,
        description=message.description,
        default=from_parameter_value(message.default) if message.HasField("default") else UNSET,
        example=from_parameter_value(message.example) if message.HasField("example") else UNSET,
    )


def _placeholders(placeholders: Iterable[TemplatePlaceholder]) -> list[pb.TemplatePlaceholder]:
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


def _text(config: Mapping[str, Any] | str) -> str:
    return config if isinstance(config, str) else config_text(config)
