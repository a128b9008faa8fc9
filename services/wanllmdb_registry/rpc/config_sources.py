"""Reads a sweep's config from its three sources: a typed spec, a text or a template."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf.message import Message

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.errors import (
    FieldViolation,
    InvalidArgumentError,
    invalid_request,
)
from wanllmdb_common.search_space.distributions import ParameterValue
from wanllmdb_registry.domain.bounds import MAX_SPEC_BYTES, MAX_WARNING, MAX_WARNINGS, PAGE_BYTES
from wanllmdb_registry.domain.config.export import config_of
from wanllmdb_registry.domain.config.grids import check_feasible
from wanllmdb_registry.domain.config.parsing.config import ParsedConfig, check_spec, parse_config
from wanllmdb_registry.domain.config.positions import placed
from wanllmdb_registry.domain.config.problems import invalid_config
from wanllmdb_registry.domain.config.text import read_config_text, write_compact
from wanllmdb_registry.domain.model import SweepSpec
from wanllmdb_registry.domain.templates.rendering import parse_template
from wanllmdb_registry.rpc.base import computed
from wanllmdb_registry.rpc.conversion import spec_to_proto
from wanllmdb_registry.rpc.request_reader import RequestReader, head
from wanllmdb_registry.rpc.spec_reader import SpecReader
from wanllmdb_registry.store.template_store import TemplateStore

MAX_TEMPLATE_BYTES = 1024 * 1024


async def parse_source(
    request: pb.CreateSweepRequest | pb.ParseSweepConfigRequest, templates: TemplateStore
) -> ParsedConfig:
    """Return the validated config of a request.

    Raises:
        InvalidArgumentError: INVALID_SWEEP_CONFIG with every problem.
        NotFoundError: TEMPLATE_NOT_FOUND.
    """
    if request.WhichOneof("source") == "template":
        name, values = read_template_use(request.template)
        template = await templates.get(name)
        return await computed(lambda: _feasible(lambda: parse_template(template, values)))
    # A large config takes one second to validate, and a constraint half a second.
    return await computed(lambda: _parsed(request))


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
            return _feasible(lambda: check_spec(spec, written, reader.problems))
        case "config_text":
            given = request.config_text
            read = read_config_text(given.text)
            keeps_floats = given.keeps_floats or not read.is_json
            with placed(read):
                return _feasible(
                    lambda: parse_config(read.data, read.warnings, keeps_floats=keeps_floats)
                )
        case _:
            text = "set one of spec, config_text or template"
            raise InvalidArgumentError(
                "INVALID_SWEEP_CONFIG", text, [FieldViolation("source", text)]
            )


def read_template_use(
    use: pb.TemplateUse,
) -> tuple[str, dict[str, ParameterValue]]:
    """Return the template's name and the values.

    Raises:
        InvalidArgumentError: INVALID_REQUEST.
    """
    reader = RequestReader()
    require_template_size("values", use)
    name = reader.text("template", use.template, required=True)
    values = reader.parameters("values", use.values)
    reader.done()
    return name, values


def require_template_size(field: str, message: Message) -> None:
    """Check the size of a message before its texts are searched, which is slow in long texts.

    Raises:
        InvalidArgumentError: INVALID_REQUEST.
    """
    size = message.ByteSize()
    if size > MAX_TEMPLATE_BYTES:
        text = f"takes {size:,} bytes, at most {MAX_TEMPLATE_BYTES:,} are allowed"
        raise invalid_request(FieldViolation(field, text))


def require_size(spec: SweepSpec) -> None:
    """Check that the spec fits into every response, as a message and as a config.

    Raises:
        InvalidArgumentError: INVALID_SWEEP_CONFIG.
    """
    config = write_compact(config_of(spec)).encode()
    size = max(spec_to_proto(spec).ByteSize(), len(config))
    if size > MAX_SPEC_BYTES:
        text = (
            f"takes {size:,} bytes, at most {MAX_SPEC_BYTES:,} are allowed: replace long values "
            "by short ones, for example by the paths of files that contain them"
        )
        raise invalid_config([FieldViolation("config", text)])


def some_warnings(warnings: Sequence[str]) -> list[str]:
    """Return the first warnings, and a note on the number of omitted ones."""
    shown = [head(text, MAX_WARNING) for text in warnings[:MAX_WARNINGS]]
    if len(warnings) > MAX_WARNINGS:
        shown[-1] = f"there are {len(warnings) - MAX_WARNINGS + 1:,} more warnings like these"
    return shown


def written(config: dict[str, Any], write: Callable[[dict[str, Any]], str]) -> str:
    """Return the config as the text that `write` makes, or on one line if that is too long.

    Raises:
        InvalidArgumentError: INVALID_SWEEP_CONFIG: one line is too long, too.
    """
    text = write(config)
    if len(text.encode()) > PAGE_BYTES:
        text = write_compact(config)
    size = len(text.encode())
    if size > PAGE_BYTES:
        problem = f"takes {size:,} bytes, at most {PAGE_BYTES:,} fit into a response"
        raise invalid_config([FieldViolation("config", problem)])
    return text
