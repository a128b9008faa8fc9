"""The ways in which a config reaches the server: typed, as an object, as text, by a template."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from google.protobuf import struct_pb2

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.errors import FieldViolation, InvalidArgumentError
from wanllmdb_registry.domain.config.grids import check_feasible
from wanllmdb_registry.domain.config.parsing.config import ParsedConfig, check_spec, parse_config
from wanllmdb_registry.domain.config.problems import invalid_config
from wanllmdb_registry.domain.config.text import read_text_with_warnings
from wanllmdb_registry.domain.config.validation.values import ConfigSize
from wanllmdb_registry.domain.templates.rendering import parse_template
from wanllmdb_registry.servicer.computing import computed
from wanllmdb_registry.servicer.spec_size import require_size
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
    require_size(parsed.spec)
    return parsed


def _parsed(request: pb.CreateSweepRequest | pb.ParseSweepConfigRequest) -> ParsedConfig:
    match request.WhichOneof("source"):
        case "spec":
            reader = SpecReader()
            spec, written = reader.spec(request.spec)
            return check_spec(spec, written, reader.problems)
        case "config":
            return parse_config(_object(request.config, ConfigSize()))
        case "config_text":
            return parse_config(*read_text_with_warnings(request.config_text.text))
        case _:
            text = "set one of spec, config, config_text or template"
            raise InvalidArgumentError(
                "INVALID_SWEEP_CONFIG", text, [FieldViolation("source", text)]
            )


def _object(struct: struct_pb2.Struct, size: ConfigSize, depth: int = 1) -> dict[str, Any]:
    size.enter(depth, len(struct.fields))
    data = {}
    for key, value in struct.fields.items():
        size.key(key)
        data[key] = _value(value, size, depth + 1)
    return data


def _value(message: struct_pb2.Value, size: ConfigSize, depth: int) -> Any:
    match message.WhichOneof("kind"):
        case "struct_value":
            return _object(message.struct_value, size, depth)
        case "list_value":
            values = message.list_value.values
            size.enter(depth, len(values))
            return [_value(value, size, depth + 1) for value in values]
        case "number_value":
            number = message.number_value
            if not math.isfinite(number):
                text = f"holds the number {number}: numbers must be finite"
                raise invalid_config([FieldViolation("config", text)])
            # Whole numbers are written without a point, as the protos promise.
            return int(number) if number.is_integer() and abs(number) < 2**53 else number
        case "string_value":
            return message.string_value
        case "bool_value":
            return message.bool_value
        case _:
            return None
