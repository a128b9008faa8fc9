"""Sweeps over gRPC: creation, lists, changes, life cycle."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from google.protobuf import field_mask_pb2
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.sweeps import (
    Registry,
    config_text,
    create_runs,
    create_sweep,
    finish_run,
    proposal,
    request_id,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import sweep_list_pb2, sweep_pb2


async def test_a_new_sweep_is_pending_with_every_default(registry: Registry) -> None:
    response = await registry.CreateSweep(
        pb.CreateSweepRequest(config_text=config_text(project="p1", name="first"))
    )
    sweep = response.sweep
    assert (sweep.project, sweep.name) == ("p1", "first")
    assert sweep.state == sweep_pb2.SWEEP_STATE_PENDING
    assert sweep.spec.HasField("seed")
    assert sweep.spec.retries.lost == 2
    assert (await registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep.sweep_id))).sweep == sweep


async def test_text_and_the_typed_form_of_a_config_give_the_same_spec(registry: Registry) -> None:
    by_text = await registry.ParseSweepConfig(
        pb.ParseSweepConfigRequest(
            config_text=config_text(parameters={"x": {"min": 0.5, "max": 1.5}, "n": {"value": 3}})
        )
    )
    typed = await registry.ParseSweepConfig(pb.ParseSweepConfigRequest(spec=by_text.spec))
    assert by_text.spec == typed.spec
    constant = by_text.spec.search_space.parameters[0].constant.value
    assert constant.WhichOneof("kind") == "int_value"


async def test_a_config_and_a_sweep_of_it_are_warned_of_alike(registry: Registry) -> None:
    text = config_text(
        entity="team",
        method="bayes",
        metric={"name": "loss", "impute": "worst", "impute_while_running": "latest"},
        early_terminate={"type": "hyperband", "min_iter": 1, "max_iter": 9, "s": 9},
        parameters={"x": {"distribution": "log_uniform", "min": 1, "max": 5}},
        args_style="wandb",
    )
    parsed = await registry.ParseSweepConfig(pb.ParseSweepConfigRequest(config_text=text))
    created = await registry.CreateSweep(pb.CreateSweepRequest(config_text=text))
    assert [warning.split(":")[0] for warning in parsed.warnings] == [
        "entity",
        "parameter 'x'",
        "early_terminate.min_iter",
        "early_terminate.s",
    ]
    assert created.warnings == parsed.warnings
    spec = created.sweep.spec
    assert spec.early_termination.hyperband.strict
    assert spec.args_style == sweep_pb2.ARGS_STYLE_WANDB
    (metric,) = spec.metrics
    assert (metric.impute, metric.impute_while_running) == (
        sweep_pb2.IMPUTE_WORST,
        sweep_pb2.IMPUTE_LATEST,
    )


async def test_a_space_without_a_point_is_rejected_in_each_form(registry: Registry) -> None:
    text = config_text(constraints=["n > 8"])
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await registry.CreateSweep(pb.CreateSweepRequest(config_text=text))
    assert "'n > 8'" in failure.fields["constraints"]
    spec = await registry.ParseSweepConfig(pb.ParseSweepConfigRequest(config_text=config_text()))
    spec.spec.search_space.constraints.append("n > 8")
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await registry.CreateSweep(pb.CreateSweepRequest(spec=spec.spec))
    assert "'n > 8'" in failure.fields["constraints"]


async def test_however_much_is_wrong_the_answer_arrives(registry: Registry) -> None:
    wrong = {f"{'p' * 150}{n}": {"mim": 1, "distribution": "unifrom"} for n in range(500)}
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await registry.CreateSweep(pb.CreateSweepRequest(config_text=config_text(parameters=wrong)))
    assert len(failure.fields) >= 3


async def test_a_grid_is_answered_with_its_size_and_how_it_was_cut(registry: Registry) -> None:
    parameters = {"a": {"values": [1, 2, 3]}, "b": {"min": 0.0, "max": 1.0}}
    response = await registry.CreateSweep(
        pb.CreateSweepRequest(config_text=config_text(method="grid", parameters=parameters))
    )
    assert response.grid_size == 30
    assert "'b' is continuous" in response.warnings[0]


async def test_a_bad_config_names_every_problem_and_creates_nothing(registry: Registry) -> None:
    parameters = {"x": {"min": 2, "max": 1}, "y": {"values": []}}
    request = pb.CreateSweepRequest(
        project="bad", config_text=config_text(parameters=parameters, run_cap=0)
    )
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await registry.CreateSweep(request)
    assert failure.fields.keys() == {"parameters.x.min", "parameters.y.values", "run_cap"}
    listed = await registry.ListSweeps(
        sweep_list_pb2.ListSweepsRequest(filter=sweep_list_pb2.SweepFilter(project="bad"))
    )
    assert not listed.sweeps


async def test_a_typed_spec_is_checked_like_a_config(registry: Registry) -> None:
    spec = sweep_pb2.SweepSpec(method=sweep_pb2.METHOD_BAYES)
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await registry.CreateSweep(pb.CreateSweepRequest(spec=spec))
    assert failure.fields.keys() == {"metric", "parameters"}
    spec.search_space.parameters.add(name="x")
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as failure:
        await registry.CreateSweep(pb.CreateSweepRequest(spec=spec))
    assert "no distribution" in failure.message


async def test_a_request_without_a_config_says_so(registry: Registry) -> None:
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG"):
        await registry.CreateSweep(pb.CreateSweepRequest())


async def test_the_same_request_creates_one_sweep(registry: Registry) -> None:
    request = pb.CreateSweepRequest(
        project="once", config_text=config_text(), request_id=request_id()
    )
    answers = await asyncio.gather(*(registry.CreateSweep(request) for _ in range(8)))
    assert all(answer == answers[0] for answer in answers)
    listed = await registry.ListSweeps(
        sweep_list_pb2.ListSweepsRequest(filter=sweep_list_pb2.SweepFilter(project="once"))
    )
    assert [sweep.sweep_id for sweep in listed.sweeps] == [answers[0].sweep.sweep_id]


async def test_a_request_id_can_not_serve_two_requests(registry: Registry) -> None:
    request = pb.CreateSweepRequest(config_text=config_text(), request_id=request_id())
    await registry.CreateSweep(request)
    request.name = "another"
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED"):
        await registry.CreateSweep(request)
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.CreateSweep(pb.CreateSweepRequest(request_id="7", name="a\0b"))
    assert failure.fields.keys() == {"request_id", "name"}


async def test_export_creates_an_equal_sweep(registry: Registry) -> None:
    sweep = await create_sweep(
        registry,
        method="bayes",
        name="kept",
        description="d",
        early_terminate={"type": "hyperband", "min_iter": 2},
        run_cap=7,
    )
    for form in (pb.CONFIG_FORMAT_YAML, pb.CONFIG_FORMAT_JSON):
        text = (
            await registry.ExportSweep(pb.ExportSweepRequest(sweep_id=sweep.sweep_id, format=form))
        ).text
        again = await registry.CreateSweep(
            pb.CreateSweepRequest(config_text=pb.ConfigText(text=text))
        )
        assert again.sweep.spec == sweep.spec
        assert (again.sweep.name, again.sweep.description) == ("kept", "d")


async def test_lists_page_filter_and_order(registry: Registry) -> None:
    for index in range(7):
        await create_sweep(
            registry,
            project="listed",
            name=f"{'ab'[index % 2]}{index}",
            method=["random", "grid"][index % 2],
        )

    async def names(
        order: sweep_list_pb2.SweepOrder.ValueType = sweep_list_pb2.SWEEP_ORDER_UNSPECIFIED,
        **filters: Any,
    ) -> list[str]:
        found: list[str] = []
        request = sweep_list_pb2.ListSweepsRequest(
            filter=sweep_list_pb2.SweepFilter(project="listed", **filters),
            order=order,
            page_size=2,
        )
        while True:
            page = await registry.ListSweeps(request)
            assert len(page.sweeps) <= 2
            found += [sweep.name for sweep in page.sweeps]
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    assert await names() == ["a6", "b5", "a4", "b3", "a2", "b1", "a0"]
    ascending = await names(sweep_list_pb2.SWEEP_ORDER_CREATE_TIME_ASC)
    assert ascending == ["a0", "b1", "a2", "b3", "a4", "b5", "a6"]
    assert await names(sweep_list_pb2.SWEEP_ORDER_NAME_ASC) == [
        "a0",
        "a2",
        "a4",
        "a6",
        "b1",
        "b3",
        "b5",
    ]
    assert await names(methods=[sweep_pb2.METHOD_GRID]) == ["b5", "b3", "b1"]
    assert await names(states=[sweep_pb2.SWEEP_STATE_RUNNING]) == []
    third = (
        await registry.ListSweeps(
            sweep_list_pb2.ListSweepsRequest(filter=sweep_list_pb2.SweepFilter(project="listed"))
        )
    ).sweeps[4]
    assert await names(created_after=third.create_time) == ["a6", "b5", "a4", "b3", "a2"]
    assert await names(created_before=third.create_time) == ["b1", "a0"]


async def test_a_page_token_is_bound_to_its_request(registry: Registry) -> None:
    for _ in range(2):
        await create_sweep(registry, project="tokens")
    page = await registry.ListSweeps(
        sweep_list_pb2.ListSweepsRequest(
            filter=sweep_list_pb2.SweepFilter(project="tokens"), page_size=1
        )
    )
    for token, project in ((page.next_page_token, "other"), ("x", "tokens"), ("e30", "tokens")):
        with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN"):
            await registry.ListSweeps(
                sweep_list_pb2.ListSweepsRequest(
                    filter=sweep_list_pb2.SweepFilter(project=project), page_token=token
                )
            )


async def test_wrong_filters_are_rejected(registry: Registry) -> None:
    request = sweep_list_pb2.ListSweepsRequest(
        filter=sweep_list_pb2.SweepFilter(states=[99, 0]),  # type: ignore[list-item]
        page_size=1001,
    )
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.ListSweeps(request)
    assert failure.fields.keys() == {"page_size", "filter.states"}


async def test_the_lifecycle_allows_its_moves_alone(registry: Registry) -> None:
    moves = {
        "start": (registry.StartSweep, pb.StartSweepRequest),
        "pause": (registry.PauseSweep, pb.PauseSweepRequest),
        "resume": (registry.ResumeSweep, pb.ResumeSweepRequest),
        "finish": (registry.FinishSweep, pb.FinishSweepRequest),
        "cancel": (registry.CancelSweep, pb.CancelSweepRequest),
    }
    legal = {
        "PENDING": {"start": "RUNNING", "finish": "FINISHED", "cancel": "CANCELED"},
        "RUNNING": {"pause": "PAUSED", "finish": "FINISHED", "cancel": "CANCELED"},
        "PAUSED": {"resume": "RUNNING", "finish": "FINISHED", "cancel": "CANCELED"},
        "FINISHED": {},
        "CANCELED": {},
    }
    paths: dict[str, list[str]] = {
        "PENDING": [],
        "RUNNING": ["start"],
        "PAUSED": ["start", "pause"],
        "FINISHED": ["finish"],
        "CANCELED": ["cancel"],
    }
    for state, path in paths.items():
        for move, (call, request_type) in moves.items():
            sweep = await create_sweep(registry)
            for step in path:
                await moves[step][0](moves[step][1](sweep_id=sweep.sweep_id))  # type: ignore[operator]
            request = request_type(sweep_id=sweep.sweep_id)
            if move in legal[state]:
                after = (await call(request)).sweep  # type: ignore[operator]
                name = sweep_pb2.SweepState.Name(after.state)
                assert name == f"SWEEP_STATE_{legal[state][move]}"
                assert after.HasField("end_time") == (after.state > sweep_pb2.SWEEP_STATE_PAUSED)
            else:
                with rpc_fails(StatusCode.FAILED_PRECONDITION, "SWEEP_STATE_CONFLICT") as failure:
                    await call(request)  # type: ignore[operator]
                assert failure.metadata["state"] == state


async def test_update_changes_what_the_mask_names(registry: Registry) -> None:
    sweep = await create_sweep(registry, run_cap=5)
    new = sweep_pb2.Sweep(sweep_id=sweep.sweep_id, name="new", description="text")
    new.spec.run_cap = 9
    new.spec.metrics.add(target=0.25)
    mask = field_mask_pb2.FieldMask(paths=["name", "spec.run_cap", "spec.metrics"])
    after = (await registry.UpdateSweep(pb.UpdateSweepRequest(sweep=new, update_mask=mask))).sweep
    assert (after.name, after.description) == ("new", "")
    assert (after.spec.run_cap, after.spec.metrics[0].target) == (9, 0.25)
    assert after.etag != sweep.etag
    wrong = field_mask_pb2.FieldMask(paths=["spec.method"])
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await registry.UpdateSweep(pb.UpdateSweepRequest(sweep=new, update_mask=wrong))
    assert "update_mask" in failure.fields
    new.spec.run_cap = 0
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG"):
        await registry.UpdateSweep(pb.UpdateSweepRequest(sweep=new, update_mask=mask))


async def test_a_stale_etag_aborts_and_runs_do_not_make_it_stale(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    started = (await registry.StartSweep(pb.StartSweepRequest(sweep_id=sweep.sweep_id))).sweep
    await create_runs(registry, sweep.sweep_id, proposal(0))
    with rpc_fails(StatusCode.ABORTED, "ETAG_MISMATCH") as failure:
        await registry.PauseSweep(pb.PauseSweepRequest(sweep_id=sweep.sweep_id, etag=sweep.etag))
    assert failure.metadata["etag"] == started.etag
    await registry.PauseSweep(pb.PauseSweepRequest(sweep_id=sweep.sweep_id, etag=started.etag))


async def test_delete_takes_everything_and_answers_a_repetition(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    (run,) = await create_runs(registry, sweep.sweep_id, proposal(0))
    await finish_run(registry, run, 1.0)
    request = pb.DeleteSweepRequest(sweep_id=sweep.sweep_id, request_id=request_id())
    await registry.DeleteSweep(request)
    await registry.DeleteSweep(request)
    with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep.sweep_id))
    with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await registry.ListRuns(pb.ListRunsRequest(sweep_id=sweep.sweep_id))


@pytest.mark.parametrize("sweep_id", ["nothere", "' OR 1=1 --", "x" * 201])
async def test_an_unknown_sweep_is_not_found(registry: Registry, sweep_id: str) -> None:
    code, reason = StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"
    if len(sweep_id) > 200:
        code, reason = StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"
    with rpc_fails(code, reason):
        await registry.GetSweep(pb.GetSweepRequest(sweep_id=sweep_id))
    with rpc_fails(code, reason):
        await registry.StartSweep(pb.StartSweepRequest(sweep_id=sweep_id))
