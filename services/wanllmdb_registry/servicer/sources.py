"""The ways in which a config reaches the server: typed, as an object, as text, by a template."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf import json_format, struct_pb2

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.errors import FieldViolation, InvalidArgumentError
from wanllmdb_common.off_loop import computed
from wanllmdb_registry.domain.config.grids import check_feasible
from wanllmdb_registry.domain.config.parse import (
    ParsedConfig,
    check_spec,
    parse_config,
)
from wanllmdb_registry.domain.config.text import read_text
from wanllmdb_registry.domain.config.wording import invalid_config
from wanllmdb_registry.domain.templates.rendering import parse_template
from wanllmdb_registry.servicer.specs import SpecReader
from wanllmdb_registry.servicer.templates import read_template_use
from wanllmdb_registry.store.template_store import TemplateStore


async def parse_source(
    request: pb.CreateSweepRequest | pb.ParseSweepConfigRequest, templates: TemplateStore
) -> ParsedConfig:
    """The config of a request, checked.

    Raises:
        InvalidArgumentError: INVALID_SWEEP_CONFIG with every problem.
        NotFoundError: TEMPLATE_NOT_FOUND.
    """
    if request.WhichOneof("source") == "template":
        name, values = read_template_use(request.template)
        template = await templates.get(name)
        return await computed(lambda: _feasible(lambda: parse_template(template, values)))
    # A large config takes a second to check, and a constraint half of one.
    return await computed(lambda: _feasible(lambda: _parsed(request)))


def _feasible(parse: Callable[[], ParsedConfig]) -> ParsedConfig:
    parsed = parse()
    check_feasible(parsed.spec)
    return parsed


def _parsed(request: pb.CreateSweepRequest | pb.ParseSweepConfigRequest) -> ParsedConfig:
    match request.WhichOneof("source"):
        case "spec":
            reader = SpecReader()
            spec, written = reader.spec(request.spec)
            return check_spec(spec, written, reader.problems)
        case "config":
            return parse_config(_object(request.config))
        case "config_text":
            return parse_config(read_text(request.config_text.text))
        case _:
            text = "set one of spec, config, config_text or template"
            raise InvalidArgumentError(
                "INVALID_SWEEP_CONFIG", text, [FieldViolation("source", text)]
            )


def _object(struct: struct_pb2.Struct) -> dict[str, Any]:
    # The JSON form writes whole numbers without a point, as the protos promise.
    try:
        data: dict[str, Any] = json_format.MessageToDict(struct)
    except (json_format.Error, ValueError, RecursionError) as error:
        raise invalid_config([FieldViolation("config", str(error))]) from None
    return {key: _whole(value) for key, value in data.items()}


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return value
