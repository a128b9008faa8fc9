"""TemplateService: mutations exactly once, etags, pages, and sweeps from templates."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.conftest import registry_server
from tests.errors import rpc_fails
from tests.sweeps import Registry, request_id
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb.api.registry.v1 import template_service_pb2 as pb
from wanllmdb.api.registry.v1 import template_service_pb2_grpc as pb_grpc
from wanllmdb_common.search_space.distributions import ParameterValue
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto, value_to_proto
from wanllmdb_registry.domain.templates.template import Template
from wanllmdb_registry.domain.unit_of_work import RequestKey
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.migrate import migrate
from wanllmdb_registry.store.template_store import TemplateStore

if TYPE_CHECKING:
    from wanllmdb.api.registry.v1.template_service_pb2_grpc import TemplateServiceAsyncStub

Templates: TypeAlias = "TemplateServiceAsyncStub"
Code = grpc.StatusCode

CONFIG = "method: random\nrun_cap: $(runs)\nparameters: {x: {min: $(low), max: 1.0}}\n"


@pytest.fixture(scope="session")
async def templates(registry_address: str) -> AsyncIterator[Templates]:
    async with grpc.aio.insecure_channel(registry_address) as channel:
        yield pb_grpc.TemplateServiceStub(channel)


def template(name: str = "", **changes: object) -> pb.Template:
    made = pb.Template(
        name=name or f"t-{uuid.uuid4().hex[:8]}",
        description="a test",
        config_text=CONFIG,
        placeholders=[
            pb.TemplatePlaceholder(name="runs", description="the cap", default=value_to_proto(5)),
            pb.TemplatePlaceholder(name="low", example=value_to_proto(0.25)),
        ],
    )
    for field, value in changes.items():
        setattr(made, field, value)
    return made


async def created(templates: Templates, **changes: object) -> pb.Template:
    request = pb.CreateTemplateRequest(template=template(**changes), request_id=request_id())  # type: ignore[arg-type]  # fields by name
    return (await templates.CreateTemplate(request)).template


def use(name: str, **values: ParameterValue) -> registry_pb.TemplateUse:
    return registry_pb.TemplateUse(template=name, values=parameters_to_proto(values))


async def test_it_is_created_read_changed_and_deleted(templates: Templates) -> None:
    made = await created(templates)
    assert not made.built_in
    assert made.placeholders[0].default.int_value == 5
    assert not made.placeholders[1].HasField("default")
    assert made.placeholders[1].example.double_value == 0.25
    assert made.create_time == made.update_time
    got = await templates.GetTemplate(pb.GetTemplateRequest(name=made.name))
    assert got.template == made

    update = pb.UpdateTemplateRequest(
        template=pb.Template(name=made.name, description="new", etag=made.etag),
        request_id=request_id(),
    )
    update.update_mask.paths.append("description")
    changed = (await templates.UpdateTemplate(update)).template
    assert (changed.description, changed.config_text) == ("new", made.config_text)
    assert changed.etag != made.etag
    assert changed.update_time.ToDatetime() > made.update_time.ToDatetime()
    update.request_id = request_id()
    with rpc_fails(Code.ABORTED, "ETAG_MISMATCH"):
        await templates.UpdateTemplate(update)
    with rpc_fails(Code.ABORTED, "ETAG_MISMATCH"):
        await templates.DeleteTemplate(pb.DeleteTemplateRequest(name=made.name, etag=made.etag))

    await templates.DeleteTemplate(pb.DeleteTemplateRequest(name=made.name, etag=changed.etag))
    with rpc_fails(Code.NOT_FOUND, "TEMPLATE_NOT_FOUND") as failure:
        await templates.GetTemplate(pb.GetTemplateRequest(name=made.name))
    assert failure.metadata == {"template": made.name}


async def test_an_update_without_a_mask_replaces_all_of_it(templates: Templates) -> None:
    made = await created(templates)
    other = pb.Template(
        name=made.name, config_text="method: grid\nparameters: {x: {values: [1]}}\n"
    )

    changed = (
        await templates.UpdateTemplate(
            pb.UpdateTemplateRequest(template=other, request_id=request_id())
        )
    ).template

    assert (changed.description, changed.config_text) == ("", other.config_text)
    assert list(changed.placeholders) == []


async def test_a_config_must_fit_its_placeholders_also_after_an_update(
    templates: Templates,
) -> None:
    made = await created(templates)
    update = pb.UpdateTemplateRequest(
        template=pb.Template(
            name=made.name, config_text="method: random\nparameters: {x: {value: $(lo)}}\n"
        )
    )
    update.update_mask.paths.append("config_text")
    with rpc_fails(Code.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await templates.UpdateTemplate(update)
    assert failure.fields.keys() == {
        "parameters.x.value",
        "template.placeholders[0].name",
        "template.placeholders[1].name",
    }
    assert (
        await templates.GetTemplate(pb.GetTemplateRequest(name=made.name))
    ).template.etag == made.etag


async def test_every_problem_of_a_request_is_reported(templates: Templates) -> None:
    bad = template("Not A Name", config_text=CONFIG.replace("random", "magic"))
    bad.placeholders.add(name="unused", default=value_to_proto(1))

    with rpc_fails(Code.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await templates.CreateTemplate(pb.CreateTemplateRequest(template=bad, request_id="no-uuid"))

    assert failure.fields.keys() == {
        "request_id",
        "template.name",
        "template.placeholders[2].name",
        "method",
    }
    with rpc_fails(Code.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await templates.CreateTemplate(
            pb.CreateTemplateRequest(template=template(description="x" * 10_001))
        )
    assert failure.fields.keys() == {"template.description"}


async def test_names_are_taken_once(templates: Templates) -> None:
    made = await created(templates)

    for name in (made.name, "sklearn"):
        with rpc_fails(Code.ALREADY_EXISTS, "TEMPLATE_NAME_TAKEN") as failure:
            await created(templates, name=name)
        assert failure.metadata == {"template": name}


async def test_built_in_ones_stay_as_they_are(templates: Templates) -> None:
    got = (await templates.GetTemplate(pb.GetTemplateRequest(name="sklearn"))).template
    assert got.built_in
    assert not got.HasField("create_time")

    with rpc_fails(Code.FAILED_PRECONDITION, "TEMPLATE_BUILT_IN"):
        await templates.UpdateTemplate(pb.UpdateTemplateRequest(template=got))
    with rpc_fails(Code.FAILED_PRECONDITION, "TEMPLATE_BUILT_IN"):
        await templates.DeleteTemplate(pb.DeleteTemplateRequest(name="sklearn"))
    with rpc_fails(Code.NOT_FOUND, "TEMPLATE_NOT_FOUND"):
        await templates.DeleteTemplate(pb.DeleteTemplateRequest(name="no-such"))


async def test_a_repeated_request_gets_the_first_answer(templates: Templates) -> None:
    create = pb.CreateTemplateRequest(template=template(), request_id=request_id())
    first = await templates.CreateTemplate(create)
    assert await templates.CreateTemplate(create) == first

    other = pb.CreateTemplateRequest(template=template(), request_id=create.request_id)
    with rpc_fails(Code.INVALID_ARGUMENT, "REQUEST_ID_REUSED"):
        await templates.CreateTemplate(other)

    update = pb.UpdateTemplateRequest(
        template=pb.Template(name=first.template.name, description="once"), request_id=request_id()
    )
    update.update_mask.paths.append("description")
    changed = await templates.UpdateTemplate(update)
    assert await templates.UpdateTemplate(update) == changed

    delete = pb.DeleteTemplateRequest(name=first.template.name, request_id=request_id())
    await templates.DeleteTemplate(delete)
    await templates.DeleteTemplate(delete)
    assert await templates.CreateTemplate(create) == first
    assert await templates.UpdateTemplate(update) == changed
    with rpc_fails(Code.NOT_FOUND, "TEMPLATE_NOT_FOUND"):
        await templates.GetTemplate(pb.GetTemplateRequest(name=first.template.name))


async def test_the_same_request_at_the_same_time_is_carried_out_once(
    templates: Templates,
) -> None:
    create = pb.CreateTemplateRequest(template=template(), request_id=request_id())

    answers = await asyncio.gather(*(templates.CreateTemplate(create) for _ in range(8)))

    assert all(answer == answers[0] for answer in answers)


async def test_of_many_that_create_one_name_one_does(templates: Templates) -> None:
    name = template().name
    calls = [
        templates.CreateTemplate(
            pb.CreateTemplateRequest(template=template(name), request_id=request_id())
        )
        for _ in range(8)
    ]

    answers = await asyncio.gather(*calls, return_exceptions=True)

    assert sum(isinstance(answer, pb.CreateTemplateResponse) for answer in answers) == 1
    errors = [answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    assert {error.code() for error in errors} == {Code.ALREADY_EXISTS}
    assert len(errors) == 7


async def test_they_are_listed_by_name_with_the_built_in_ones(database_url: str) -> None:
    async with (
        registry_server(database_url) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        templates: Templates = pb_grpc.TemplateServiceStub(channel)
        for name in ("a-first", "m-middle", "z-last"):
            await created(templates, name=name)
        names: list[str] = []
        token = ""
        while True:
            page = await templates.ListTemplates(
                pb.ListTemplatesRequest(page_size=2, page_token=token)
            )
            assert len(page.templates) <= 2
            names += [each.name for each in page.templates]
            token = page.next_page_token
            if not token:
                break

    assert names == [
        "a-first",
        "gradient-boosting",
        "llm-fine-tuning",
        "m-middle",
        "pytorch-image",
        "sklearn",
        "z-last",
    ]


async def test_rendering_gives_a_config_that_creates_the_same_sweep(
    templates: Templates, registry: Registry
) -> None:
    made = await created(templates)
    for form in (registry_pb.CONFIG_FORMAT_YAML, registry_pb.CONFIG_FORMAT_JSON):
        text = (
            await templates.RenderTemplate(
                pb.RenderTemplateRequest(template=use(made.name, low=0.5), format=form)
            )
        ).text
        assert text.startswith("{") == (form == registry_pb.CONFIG_FORMAT_JSON)
        by_text = await registry.ParseSweepConfig(
            registry_pb.ParseSweepConfigRequest(config_text=registry_pb.ConfigText(text=text))
        )
        by_template = await registry.ParseSweepConfig(
            registry_pb.ParseSweepConfigRequest(template=use(made.name, low=0.5))
        )
        assert by_text == by_template
        assert by_template.spec.run_cap == 5

    with rpc_fails(Code.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await templates.RenderTemplate(pb.RenderTemplateRequest(template=use(made.name, runs="x")))
    assert failure.fields.keys() == {"values.low", "run_cap"}


async def test_a_sweep_from_a_template_outlives_it_and_so_does_its_request(
    templates: Templates, registry: Registry
) -> None:
    made = await created(templates)
    create = registry_pb.CreateSweepRequest(
        template=use(made.name, low=0.5, runs=9), request_id=request_id()
    )
    sweep = (await registry.CreateSweep(create)).sweep
    assert sweep.spec.run_cap == 9
    assert sweep.spec.search_space.parameters[0].uniform.min == 0.5

    await templates.DeleteTemplate(pb.DeleteTemplateRequest(name=made.name))

    assert (await registry.CreateSweep(create)).sweep == sweep
    with rpc_fails(Code.NOT_FOUND, "TEMPLATE_NOT_FOUND"):
        await registry.CreateSweep(
            registry_pb.CreateSweepRequest(template=use(made.name), request_id=request_id())
        )


async def test_replies_are_forgotten_and_a_stored_template_hides_a_built_in_one(
    database_url: str,
) -> None:
    database = Database(database_url)
    try:
        await migrate(database)
        store = TemplateStore(database)
        key = RequestKey(request_id(), b"f")
        calls = 0

        def change(present: Template | None, now: datetime) -> tuple[Template, bytes]:
            nonlocal calls
            calls += 1
            return Template("sklearn", "ours", "", (), 1, now, now), b"reply"

        assert (await store.get("sklearn")).built_in
        assert await store.apply("sklearn", key, change) == b"reply"
        assert await store.apply("sklearn", key, change) == b"reply"
        assert calls == 1
        assert (await store.get("sklearn")).description == "ours"
        names = [template.name for template in (await store.list("", 100)).items]
        assert names.count("sklearn") == 1

        assert await store.delete_old_replies(timedelta(hours=1)) == 0
        assert await store.delete_old_replies(timedelta()) == 1
        await store.apply("sklearn", key, change)
        assert calls == 2
    finally:
        await database.close()


async def test_both_services_of_the_server_are_healthy_by_name(registry_address: str) -> None:
    async with grpc.aio.insecure_channel(registry_address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("SweepRegistryService", "TemplateService"):
            request = health_pb2.HealthCheckRequest(service=f"wanllmdb.api.registry.v1.{name}")
            answer = await health.Check(request)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
