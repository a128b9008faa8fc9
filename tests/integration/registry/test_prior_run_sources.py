"""Where prior runs come from: CSV, JSON lines, exports and other sweeps; what is rejected."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from grpc import StatusCode

from tests.errors import rpc_fails
from tests.integration.registry.prior_runs import (
    FAILED,
    FINISHED,
    PRUNED,
    import_runs,
    prior,
    prior_runs,
)
from tests.integration.registry.reads import get_sweep
from tests.sweeps import (
    Registry,
    create_runs,
    create_sweep,
    finish_run,
    proposal,
    row,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import parameters_from_proto, parameters_to_proto

PARAMETERS = {
    "lr": {"distribution": "log_uniform_values", "min": 0.0001, "max": 1.0},
    "layers": {"min": 1, "max": 8},
    "optimizer": {"values": ["adam", "sgd"]},
    "width": {"values": [32, 0.5, True, None]},
}
UNFIT = [
    ({"x": 2.0, "n": 1}, "x is never 2.0: it is uniform from 0.0 to 1.0"),
    ({"x": 0.5}, "no value of parameter 'n'"),
    ({"x": 0.5, "n": 1, "y": 1}, "no parameter 'y'"),
    ({"x": 0.5, "n": 1.5}, "n is never 1.5: it is uniform from 1 to 8, an integer"),
    ({"x": 0.5, "n": True}, "n is never True: it is uniform from 1 to 8, an integer"),
]


async def export(registry: Registry, sweep_id: str, form: pb.RunFormat.ValueType) -> str:
    request = pb.ExportRunsRequest(sweep_id=sweep_id, format=form)
    pieces = [piece.data async for piece in registry.ExportRuns(request)]
    return b"".join(pieces).decode()


AWKWARD: dict[str, Any] = {
    "state": {"values": ["on", "off"]},
    "loss": {"min": 0.0, "max": 1.0},
    "text": {"values": ['a,"b"', "two\nlines", " spaces ", "=1+1", ""]},
    "any": {"values": [1, 1.5, True, None, [1, {"a": 2.0}]]},
    "big": {"min": -(2**60), "max": 2**60},
    "group": {"parameters": {"tiny": {"min": 0.0, "max": 1e-3}}},
}


async def test_a_csv_is_read_by_the_distributions(registry: Registry) -> None:
    sweep = await create_sweep(registry, parameters=PARAMETERS)
    text = (
        "\ufefflr,layers,optimizer,width,loss,state,comment\r\n"
        '0.1,2,adam,32,0.5,,"two\nlines, and ""quotes"""\r\n'
        "1,3.0,sgd,0.5,Infinity,FAILED,\r\n"
        "1e-3,8,sgd,True,,PRUNED,\r\n"
        "0.01,1,adam,null,-2,finished,\r\n"
    )
    answer = await import_runs(registry, sweep.sweep_id, csv=text)
    assert answer.imported_runs == 4
    listed = await prior_runs(registry, sweep.sweep_id)
    got = [
        (parameters_from_proto(run.parameters), list(run.objectives), run.state) for run in listed
    ]
    assert got == [
        ({"layers": 2, "lr": 0.1, "optimizer": "adam", "width": 32}, [0.5], FINISHED),
        ({"layers": 3, "lr": 1.0, "optimizer": "sgd", "width": 0.5}, [], FAILED),
        ({"layers": 8, "lr": 0.001, "optimizer": "sgd", "width": True}, [], PRUNED),
        ({"layers": 1, "lr": 0.01, "optimizer": "adam", "width": None}, [-2.0], FINISHED),
    ]
    assert [type(got[i][0]["width"]) for i in range(4)] == [int, float, bool, type(None)]
    assert listed[2].source == "CSV line 5"


async def test_json_lines_may_be_flat_or_as_exported(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    lines = [
        {"x": 0.5, "n": 2, "loss": 1.0, "more": [1]},
        {"parameters": {"x": 0.75, "n": 3}, "metrics": {"loss": "NaN"}, "state": "FAILED"},
        {"parameters": {"x": 1, "n": 3.0}, "state": "PRUNED", "last_step": 7},
    ]
    text = "\n\n".join(map(json.dumps, lines)) + "\n"
    assert (await import_runs(registry, sweep.sweep_id, json_lines=text)).imported_runs == 3
    listed = await prior_runs(registry, sweep.sweep_id)
    assert [
        (parameters_from_proto(run.parameters), list(run.objectives), run.state) for run in listed
    ] == [
        ({"n": 2, "x": 0.5}, [1.0], FINISHED),
        ({"n": 3, "x": 0.75}, [], FAILED),
        ({"n": 3, "x": 1.0}, [], PRUNED),
    ]
    assert [run.last_step for run in listed] == [0, 0, 7]
    assert [run.HasField("last_step") for run in listed] == [False, False, True]


@pytest.mark.parametrize(
    ("source", "field", "says"),
    [
        ({"csv": ""}, "source.csv", "is empty"),
        ({"csv": "a,b\n1,2\n"}, "source.csv", "names no parameter"),
        ({"csv": "x,x\n1,2\n"}, "source.csv", "more than once"),
        ({"csv": 'x,n,loss\n"0.5,1,2\n'}, "source.csv", "line"),
        ({"json_lines": "[1]"}, "source.json_lines", "line 1 is not an object"),
        ({"json_lines": '{"x": 1}\n{'}, "source.json_lines", "line 2 is not JSON"),
        ({}, "source", "set one of"),
    ],
)
async def test_a_source_that_can_not_be_read_is_rejected(
    registry: Registry, source: dict[str, Any], field: str, says: str
) -> None:
    sweep = await create_sweep(registry)
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await import_runs(registry, sweep.sweep_id, **source)
    assert failure.fields.keys() == {field}
    assert says in failure.fields[field]
    assert (await get_sweep(registry, sweep.sweep_id)).prior_run_count == 0


async def test_rows_that_do_not_fit_are_rejected_together_or_left_out(registry: Registry) -> None:
    sweep = await create_sweep(registry)
    good = prior({"x": 0.5, "n": 1}, 1.0)
    bad = [prior(parameters, 1.0) for parameters, _ in UNFIT]
    bad += [
        prior({"x": 0.5, "n": 1}),
        prior({"x": 0.5, "n": 1}, math.nan),
        prior({"x": 0.5, "n": 1}, 1.0, 2.0),
        prior({"x": 0.5, "n": 1}, 1.0, state=run_pb2.RUN_STATE_RUNNING),
    ]
    says = [text for _, text in UNFIT]
    says += ["no value of metric 'loss'", "is nan", "has 2 objectives", "is RUNNING"]
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await import_runs(registry, sweep.sweep_id, runs=[good, *bad])
    assert list(failure.fields) == [f"source.runs[{i}]" for i in range(1, len(bad) + 1)]
    for text, told in zip(says, failure.fields.values(), strict=True):
        assert text in told
    assert "9 prior runs do not fit" in failure.message
    assert (await get_sweep(registry, sweep.sweep_id)).prior_run_count == 0
    answer = await import_runs(registry, sweep.sweep_id, runs=[good, *bad], skip_unfit=True)
    assert (answer.imported_runs, answer.skipped_runs) == (1, len(bad))
    assert answer.skip_reasons[1] == "entry 2: has no value of parameter 'n'"


async def test_a_thousand_rows_that_do_not_fit_still_make_a_readable_answer(
    registry: Registry,
) -> None:
    sweep = await create_sweep(registry)
    text = "x,n,loss\n" + "nonsense,-1,also nonsense\n" * 1_000
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await import_runs(registry, sweep.sweep_id, csv=text)
    assert "1,000 prior runs do not fit" in failure.message
    assert failure.metadata["problems"] == "1000"
    assert 1 < len(failure.fields) < 1_000
    assert failure.fields["source.csv[0]"].startswith("CSV line 2: x: 'nonsense' is not a number")
    answer = await import_runs(registry, sweep.sweep_id, csv=text, skip_unfit=True)
    assert (answer.skipped_runs, len(answer.skip_reasons)) == (1_000, 20)


async def test_conditions_and_constraints_are_held_to(registry: Registry) -> None:
    sweep = await create_sweep(
        registry,
        parameters={
            "optimizer": {"values": ["adam", "sgd"]},
            "momentum": {"min": 0.0, "max": 1.0, "when": {"optimizer": "sgd"}},
            "a": {"min": 1, "max": 9},
            "b": {"min": 1, "max": 9},
        },
        constraints=["a < b"],
    )
    text = (
        "optimizer,momentum,a,b,loss\n"
        "adam,,1,2,1.0\n"
        "adam,0.5,1,2,2.0\n"
        "sgd,0.5,1,2,3.0\n"
        "sgd,,1,2,4.0\n"
        "adam,,3,2,5.0\n"
    )
    answer = await import_runs(registry, sweep.sweep_id, csv=text, skip_unfit=True)
    assert list(answer.skip_reasons) == [
        "CSV line 5: has no value of parameter 'momentum'",
        "CSV line 6: breaks 'a < b'",
    ]
    listed = await prior_runs(registry, sweep.sweep_id)
    # A run with optimizer adam has no momentum, whatever the table contains.
    assert [parameters_from_proto(run.parameters).get("momentum") for run in listed] == [
        None,
        None,
        0.5,
    ]


async def test_another_sweep_is_a_source(registry: Registry) -> None:
    other = await create_sweep(
        registry, parameters={"x": {"min": 0.0, "max": 2.0}, "n": {"min": 1, "max": 8}}
    )
    runs = await create_runs(registry, other.sweep_id, *(proposal(i, x=i / 4) for i in range(8)))
    for run in runs[:6]:
        await finish_run(registry, run, run.number + 0.5)
    await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=other.sweep_id,
            number=6,
            attempt=1,
            rows=[row(3, {"loss": 9.0, "acc": 0.25})],
            failed=pb.RunFailed(error=run_pb2.RunError(message="boom")),
        )
    )
    sweep = await create_sweep(registry)
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as failure:
        await import_runs(registry, sweep.sweep_id, sweep_id=other.sweep_id)
    assert failure.fields.keys() == {"source.sweep_id[5]", "source.sweep_id[6]"}
    answer = await import_runs(registry, sweep.sweep_id, sweep_id=other.sweep_id, skip_unfit=True)
    # Run 7 is still running, so it has no result.
    assert (answer.imported_runs, answer.skipped_runs) == (5, 2)
    listed = await prior_runs(registry, sweep.sweep_id)
    assert [list(run.objectives) for run in listed] == [[0.5], [1.5], [2.5], [3.5], [4.5]]
    assert listed[4].source == f"sweep {other.sweep_id} run 4"
    with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
        await import_runs(registry, sweep.sweep_id, sweep_id="gone")
    with rpc_fails(StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"):
        await import_runs(registry, sweep.sweep_id, sweep_id=sweep.sweep_id)


async def test_metrics_of_another_sweep_are_found_by_name(registry: Registry) -> None:
    """Import the objective if the other sweep optimized the same metric, else the last value."""
    other = await create_sweep(registry)
    await create_runs(registry, other.sweep_id, proposal(0))
    await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=other.sweep_id,
            number=0,
            attempt=1,
            rows=[row(0, {"loss": 5.0, "acc": 0.25})],
            succeeded=pb.RunSucceeded(objective=4.0),
        )
    )
    sweep = await create_sweep(
        registry, metric=None, metrics=[{"name": "acc", "goal": "maximize"}, {"name": "loss"}]
    )
    await import_runs(registry, sweep.sweep_id, sweep_id=other.sweep_id)
    (run,) = await prior_runs(registry, sweep.sweep_id)
    assert list(run.objectives) == [0.25, 4.0]


@pytest.mark.parametrize("form", ["csv", "json_lines"])
async def test_what_was_exported_comes_in_as_it_was(registry: Registry, form: str) -> None:
    """The names also collide with columns, and values contain separators, quotes and line ends."""
    other = await create_sweep(registry, parameters=AWKWARD)
    texts, anything = AWKWARD["text"]["values"], AWKWARD["any"]["values"]
    points = [
        {
            "state": ["on", "off"][i % 2],
            "loss": i / 7,
            "text": texts[i],
            "any": anything[i],
            "big": 2**60 - i,
            "group/tiny": 1e-3 / (i + 3),
        }
        for i in range(5)
    ]
    proposals = [
        internal_pb.RunProposal(number=i, parameters=parameters_to_proto(point))
        for i, point in enumerate(points)
    ]
    runs = await create_runs(registry, other.sweep_id, *proposals)
    for run in runs[:4]:
        await finish_run(registry, run, run.number / 3)
    await registry.FinishRun(
        pb.FinishRunRequest(
            sweep_id=other.sweep_id,
            number=4,
            attempt=1,
            rows=[row(11, {"loss": math.nan})],
            pruned=pb.RunPruned(reason="worse"),
        )
    )
    kind = {"csv": pb.RUN_FORMAT_CSV, "json_lines": pb.RUN_FORMAT_JSON_LINES}[form]
    text = await export(registry, other.sweep_id, kind)
    sweep = await create_sweep(registry, parameters=AWKWARD)
    await import_runs(registry, sweep.sweep_id, **{form: text})  # type: ignore[arg-type]  # the form decides
    listed = await prior_runs(registry, sweep.sweep_id)
    for got, point in zip(listed, points, strict=True):
        read = parameters_from_proto(got.parameters)
        assert read == point
        assert {name: type(value) for name, value in read.items()} == {
            name: type(value) for name, value in point.items()
        }
    assert [list(run.objectives) for run in listed] == [[0.0], [1 / 3], [2 / 3], [1.0], []]
    assert (listed[4].state, listed[4].last_step) == (PRUNED, 11)
