"""RPCs on templates."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from functools import partial

from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb.api.registry.v1 import search_space_pb2 as space_pb
from wanllmdb.api.registry.v1 import template_service_pb2 as pb
from wanllmdb_common.computing.off_loop import BYTES_A_ROW, converted
from wanllmdb_common.error_mapping import Context
from wanllmdb_common.errors import (
    AbortedError,
    InvalidArgumentError,
    UnavailableError,
)
from wanllmdb_common.search_space.distributions import ParameterValue
from wanllmdb_common.search_space.proto_conversion import value_to_proto
from wanllmdb_registry.domain.bounds import MAX_DESCRIPTION
from wanllmdb_registry.domain.config.problems import invalid_config
from wanllmdb_registry.domain.config.text import write_json, write_yaml
from wanllmdb_registry.domain.templates.rendering import check_template, render
from wanllmdb_registry.domain.templates.template import (
    ABSENT,
    Absent,
    Placeholder,
    Template,
    built_in_templates,
    template_built_in,
    template_name_taken,
    template_not_found,
)
from wanllmdb_registry.rpc.base import BaseServicer, computed
from wanllmdb_registry.rpc.config_sources import read_template_use, require_template_size, written
from wanllmdb_registry.rpc.conversion import timestamp
from wanllmdb_registry.rpc.page_tokens import as_text, fitting, read_token, write_token
from wanllmdb_registry.rpc.request_reader import RequestReader

MAX_PLACEHOLDERS = 100
_NAME = re.compile(r"[a-z0-9-]{1,100}")
_FIELDS = ("description", "config_text", "placeholders")


# A check holds for one version of the template, which others may change meanwhile.
_TRIES = 5


class _UncheckedError(Exception):
    """An update would produce a template that has not been checked yet."""

    def __init__(self, template: Template) -> None:
        super().__init__(template.name)
        self.template = template


class TemplateServicer(BaseServicer):
    """RPCs on templates; the protos state the contract of each RPC."""

    async def CreateTemplate(self, request: pb.CreateTemplateRequest, context: Context) -> bytes:
        reader = RequestReader()
        require_template_size("template", request.template)
        key = reader.key(request)
        name = request.template.name
        if not _NAME.fullmatch(name):
            reader.problem(
                "template.name",
                f"must be 1 to 100 lower-case letters, digits and hyphens, is '{name:.100}'",
            )
        template = _read(reader, request.template)
        await computed(lambda: _check(reader, template))

        def create(present: Template | None, now: datetime) -> tuple[Template, bytes]:
            if present is not None or name in built_in_templates():
                raise template_name_taken(name)
            made = replace(template, version=1, create_time=now, update_time=now)
            return made, pb.CreateTemplateResponse(
                template=template_to_proto(made)
            ).SerializeToString()

        return await self.registry.templates.apply(name, key, create)

    async def GetTemplate(
        self, request: pb.GetTemplateRequest, context: Context
    ) -> pb.GetTemplateResponse:
        reader = RequestReader()
        name = reader.text("name", request.name, required=True)
        reader.done()
        template = await self.registry.templates.get(name)
        return pb.GetTemplateResponse(template=template_to_proto(template))

    async def ListTemplates(
        self, request: pb.ListTemplatesRequest, context: Context
    ) -> pb.ListTemplatesResponse:
        reader = RequestReader()
        limit = reader.limit("page_size", request.page_size, default=50, maximum=1000)
        reader.done()
        position = read_token(request, request.page_token, (as_text,))
        after = "" if position is None else position[0]
        found = await self.registry.templates.list(after, limit)
        page = await converted(
            lambda: fitting([template_to_proto(template) for template in found.items]),
            found.size // BYTES_A_ROW,
        )
        response = pb.ListTemplatesResponse(templates=page)
        if found.has_more or len(found.items) > len(page):
            response.next_page_token = write_token(request, [page[-1].name])
        return response

    async def UpdateTemplate(self, request: pb.UpdateTemplateRequest, context: Context) -> bytes:
        reader = RequestReader()
        require_template_size("template", request.template)
        key = reader.key(request)
        name = reader.text("template.name", request.template.name, required=True)
        paths = request.update_mask.paths or _FIELDS
        fields = reader.mask("update_mask", paths, _FIELDS)
        given = _read(reader, request.template)
        reader.etag(request.template.etag, "template.etag")
        reader.done()
        etag = request.template.etag

        checked: Template | None = None

        def change(present: Template | None, now: datetime) -> tuple[Template, bytes]:
            present = _changeable(present, name, etag)
            changed = replace(
                present,
                version=present.version + 1,
                update_time=now,
                **{field: getattr(given, field) for field in fields},
            )
            if checked is None or not _reads_alike(checked, changed):
                raise _UncheckedError(changed)
            return changed, pb.UpdateTemplateResponse(
                template=template_to_proto(changed)
            ).SerializeToString()

        for _ in range(_TRIES):
            try:
                return await self.registry.templates.apply(name, key, change)
            except _UncheckedError as error:
                # Checked without the lock, because a large config takes a second.
                unchecked = error.template
                await computed(partial(check_template, unchecked))
                checked = unchecked
        raise UnavailableError(
            "WRITE_CONFLICT",
            f"template '{name}' kept changing during the check; retry the same request",
        )

    async def DeleteTemplate(self, request: pb.DeleteTemplateRequest, context: Context) -> bytes:
        reader = RequestReader()
        key = reader.key(request)
        name = reader.text("name", request.name, required=True)
        reader.etag(request.etag)
        reader.done()

        def remove(present: Template | None, now: datetime) -> tuple[None, bytes]:
            _changeable(present, name, request.etag)
            return None, b""

        return await self.registry.templates.apply(name, key, remove)

    async def RenderTemplate(
        self, request: pb.RenderTemplateRequest, context: Context
    ) -> pb.RenderTemplateResponse:
        name, values = read_template_use(request.template)
        template = await self.registry.templates.get(name)
        write = write_json if request.format == registry_pb.CONFIG_FORMAT_JSON else write_yaml
        text = await computed(lambda: written(render(template, values), write))
        return pb.RenderTemplateResponse(text=text)


def template_to_proto(template: Template) -> pb.Template:
    """Return the message."""
    return pb.Template(
        name=template.name,
        description=template.description,
        config_text=template.config_text,
        placeholders=[
            pb.TemplatePlaceholder(
                name=placeholder.name,
                description=placeholder.description,
                default=_value(placeholder.default),
                example=_value(placeholder.example),
            )
            for placeholder in template.placeholders
        ],
        built_in=template.built_in,
        etag=template.etag,
        create_time=timestamp(template.create_time),
        update_time=timestamp(template.update_time),
    )


def _value(value: ParameterValue | Absent) -> space_pb.ParameterValue | None:
    return None if isinstance(value, Absent) else value_to_proto(value)


def _read(reader: RequestReader, message: pb.Template) -> Template:
    count = len(message.placeholders)
    if count > MAX_PLACEHOLDERS:
        reader.problem(
            "template.placeholders",
            f"has {count} entries, at most {MAX_PLACEHOLDERS} are allowed",
        )
        reader.done()
    return Template(
        name=message.name,
        description=reader.text("template.description", message.description, limit=MAX_DESCRIPTION),
        config_text=message.config_text,
        placeholders=tuple(
            _placeholder(reader, f"template.placeholders[{index}]", placeholder)
            for index, placeholder in enumerate(message.placeholders)
        ),
    )


def _placeholder(reader: RequestReader, path: str, message: pb.TemplatePlaceholder) -> Placeholder:
    given: dict[str, ParameterValue] = {}
    for field in ("default", "example"):
        if message.HasField(field):
            given |= reader.parameters(path, {field: getattr(message, field)})
    return Placeholder(
        reader.text(f"{path}.name", message.name),
        reader.text(f"{path}.description", message.description, limit=1_000),
        given.get("default", ABSENT),
        given.get("example", ABSENT),
    )


def _reads_alike(left: Template, right: Template) -> bool:
    return (left.config_text, left.placeholders) == (right.config_text, right.placeholders)


def _check(reader: RequestReader, template: Template) -> None:
    """Check that neither the request nor the template has a problem."""
    try:
        check_template(template)
    except InvalidArgumentError as error:
        raise invalid_config([*reader.problems, *error.violations]) from None
    reader.done()


def _changeable(present: Template | None, name: str, etag: str) -> Template:
    """Return the template if a caller with this etag may change it."""
    if present is None:
        raise (template_built_in if name in built_in_templates() else template_not_found)(name)
    if etag and etag != present.etag:
        raise AbortedError(
            "ETAG_MISMATCH",
            f"template '{name}' was changed by another caller; read it again and retry",
            template=name,
            etag=present.etag,
        )
    return present
