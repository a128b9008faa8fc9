"""The registry's RPCs about templates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from wanllmdb._calls.call import Call, Page, field_of, nothing, page_of, request_id_or_new, sendable
from wanllmdb._errors import InvalidArgumentError
from wanllmdb._types.enums import ConfigFormat, enum_to_proto
from wanllmdb._types.templates import (
    Template,
    TemplatePlaceholder,
    TemplateUse,
    placeholders_to_proto,
    template_from_proto,
    template_use_to_proto,
)
from wanllmdb._types.values import (
    UNSET,
    Unset,
    config_text,
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
    template = pb.Template(
        name=name,
        description=description,
        config_text=_text(config),
        placeholders=placeholders_to_proto(placeholders),
    )
    return Call(
        pb.CreateTemplateRequest(template=template, request_id=request_id_or_new(request_id)),
        _TEMPLATE,
    )


@sendable
def get_template(name: str) -> Call[Template]:
    return Call(pb.GetTemplateRequest(name=name), _TEMPLATE)


@sendable
def list_templates(page_size: int) -> Callable[[str], Call[Page[Template]]]:
    """ListTemplates, by page token."""

    def page(token: str) -> Call[Page[Template]]:
        return Call(
            pb.ListTemplatesRequest(page_size=page_size, page_token=token),
            page_of("templates", template_from_proto),
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
    """UpdateTemplate: the mask names the given fields."""
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
        template.placeholders.extend(placeholders_to_proto(placeholders))
    if not mask:
        raise InvalidArgumentError(
            "update_template has nothing to change: give config, description or placeholders"
        )
    request.template.CopyFrom(template)
    return Call(request, _TEMPLATE)


@sendable
def delete_template(name: str, etag: str, request_id: str | None) -> Call[None]:
    return Call(
        pb.DeleteTemplateRequest(name=name, etag=etag, request_id=request_id_or_new(request_id)),
        nothing,
    )


@sendable
def render_template(
    name: str, values: Mapping[str, Any], config_format: ConfigFormat | str
) -> Call[str]:
    wire_format = enum_to_proto(config_format, ConfigFormat, registry_pb.ConfigFormat, "format")
    return Call(
        pb.RenderTemplateRequest(
            template=template_use_to_proto(TemplateUse(name, values)), format=wire_format
        ),
        field_of("text", str),
    )


_TEMPLATE = field_of("template", template_from_proto)


def _text(config: Mapping[str, Any] | str) -> str:
    return config if isinstance(config, str) else config_text(config)
