"""Sweeps, runs and templates for fuzzed requests, so that the requests pass the first check.

Requests name the objects by texts that begin with @, which are the same in each test run: an
example that Hypothesis found means the same when it is tried again.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from typing import Any, cast

import grpc.aio
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tests.registry_stub import RegistryStub
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb.api.registry.v1 import search_space_pb2 as space_pb
from wanllmdb.api.registry.v1 import template_service_pb2 as template_pb
from wanllmdb.api.registry.v1 import template_service_pb2_grpc as template_grpc
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc
from wanllmdb_registry.rpc.page_tokens import write_token

_SPACE = {
    "x": {"min": 0.0, "max": 1.0},
    "n": {"min": 1, "max": 8},
    "opt": {"values": ["adam", "sgd", 1, None, [1, 2]]},
}
_EXAMPLE = space_pb.ParameterValue(int_value=2)
_LOSS = {"name": "loss", "goal": "minimize"}

_SWEEPS: dict[str, dict[str, Any]] = {
    "random": {"method": "random", "metric": _LOSS, "parameters": _SPACE, "run_cap": 1_000},
    "bayes": {"method": "bayes", "metric": _LOSS, "parameters": _SPACE},
    "grid": {
        "method": "grid",
        "metric": _LOSS,
        "parameters": {"a": {"values": [1, 2, 3]}, "x": {"values": [0.5, 1.5]}},
    },
    "multi": {
        "method": "bayes",
        "sampler": {"name": "nsga2"},
        "metrics": [_LOSS, {"name": "size", "goal": "maximize"}],
        "parameters": _SPACE,
        "constraints": ["x < n"],
    },
    "halving": {
        "method": "bayes",
        "metric": _LOSS,
        "parameters": _SPACE,
        "early_terminate": {"type": "hyperband", "max_iter": 27, "s": 2},
    },
    "paused": {"method": "random", "metric": _LOSS, "parameters": _SPACE},
    "ended": {"method": "random", "metric": _LOSS, "parameters": _SPACE},
    "unmeasured": {"method": "random", "parameters": _SPACE},
    "empty": {"method": "random", "metric": _LOSS, "parameters": _SPACE},
}

_LONG_AGO = "2020-01-01T00:00:00+00:00"
# Positions where no page ends, in tokens that are nevertheless bound to their requests.
_POSITIONS: list[list[Any]] = [
    [],
    [None],
    ["x"],
    [5, None],
    [2**70, 1],
    [-1, "x"],
    [0.5, 0.5],
    [1, float("inf")],
    [_LONG_AGO, _LONG_AGO, "y"],
    ["9999-12-31T23:59:59", "", ""],
    ["x", "\x00", "y"],
    ["\ud800", "\ud800", "\ud800"],
    [{}, []],
    [[[[1]]]],
    [True, False],
    [2**63 - 1, _LONG_AGO, "y"],
    ["x", _LONG_AGO, "y"],
    [5],
]

_SWEEP_NAMES = [*(f"@{name}" for name in _SWEEPS), "@deleted"]
_REQUEST_IDS = ["@id", "", "6ba7b810-9dad-41d1-80b4-00c04fd430c8"]

NAMED_TEXTS: dict[str, list[str]] = {
    "sweep_id": _SWEEP_NAMES,
    "sweep_ids": _SWEEP_NAMES,
    "request_id": _REQUEST_IDS,
    "page_token": [*(f"@token{index}" for index in range(len(_POSITIONS))), ""],
    "agent_id": ["agent", "agent-2"],
    "external_run_id": ["elsewhere-1", ""],
    "template": ["@template", "random-search"],
    "name": ["loss", "x", "@template", "fuzz", "tpe", "median"],
    "names": ["loss", "size"],
    "metric": ["loss", "size", ""],
    "parameter": ["x", "n", "opt"],
    "parameters": ["x", "n", "opt"],
    "x_parameter": ["x", "n", "opt"],
    "y_parameter": ["x", "n", "opt"],
    "values": ["loss", "size", "x", "step"],
    "summary": ["loss"],
    "reference_point": ["loss", "size"],
    "options": ["n_startup_trials", "population_size", "interval_steps"],
    "project": ["default", ""],
    "etag": ["", "stale"],
    "string_value": ["adam", "sgd", ""],
    "command": ["${program}", "${args}", "${envvar:HOME}", "python"],
    "paths": [
        "name",
        "description",
        "labels",
        "config",
        "external_run_id",
        "spec.run_cap",
        "spec.search_space",
        "spec.early_termination",
        "spec.terminator",
        "spec.retries",
        "spec.metrics",
        "spec.max_failed_runs",
        "config_text",
        "placeholders",
        "",
        "spec",
        "sweep_id",
    ],
}


class World:
    """The existing objects, by their names in requests."""

    def __init__(self, registry: grpc.aio.Channel, suggestion: grpc.aio.Channel) -> None:
        self._sweeps = RegistryStub(registry)
        self._templates = template_grpc.TemplateServiceStub(registry)
        self._suggestion = suggestion_grpc.SuggestionServiceStub(suggestion)
        self._ids: dict[str, str] = {}

    async def create(self) -> None:
        """Create all objects again, under new ids."""
        for name, config in _SWEEPS.items():
            self._ids[f"@{name}"] = await self._create_sweep(config)
        worked_on = ("random", "bayes", "multi", "halving", "unmeasured")
        await asyncio.gather(*(self._work_on(self._ids[f"@{name}"]) for name in worked_on))
        await self._sweeps.EnqueueRuns(
            pb.EnqueueRunsRequest(sweep_id=self._ids["@random"], runs=[pb.EnqueuedRun()])
        )
        await self._sweeps.CancelSweep(pb.CancelSweepRequest(sweep_id=self._ids["@ended"]))
        await self._sweeps.StartSweep(pb.StartSweepRequest(sweep_id=self._ids["@paused"]))
        await self._sweeps.PauseSweep(pb.PauseSweepRequest(sweep_id=self._ids["@paused"]))
        self._ids["@deleted"] = await self._create_sweep(_SWEEPS["empty"])
        await self._sweeps.DeleteSweep(pb.DeleteSweepRequest(sweep_id=self._ids["@deleted"]))
        self._ids["@template"] = f"fuzz-{uuid.uuid4().hex[:8]}"
        await self._templates.CreateTemplate(
            template_pb.CreateTemplateRequest(
                template=template_pb.Template(
                    name=self._ids["@template"],
                    config_text="method: random\nparameters:\n  x:\n    min: 0\n    max: $(most)\n",
                    placeholders=[template_pb.TemplatePlaceholder(name="most", example=_EXAMPLE)],
                )
            )
        )

    def with_real_names(self, request: Message) -> Message:
        """Return the request with every @name replaced by the real name."""
        # Of any request; some have fields that the base class lacks.
        real: Any = type(request)()
        real.CopyFrom(request)
        for message, field in _texts_of(real):
            value = getattr(message, field.name)
            if field.is_repeated:
                value[:] = [self._real(text) for text in value]
            else:
                setattr(message, field.name, self._real(value))
        token = getattr(real, "page_token", "")
        if token.startswith("@token"):
            position = list(_POSITIONS[int(token.removeprefix("@token"))])
            real.page_token = write_token(real, position)
        return cast(Message, real)

    def _real(self, text: str) -> str:
        return str(uuid.uuid4()) if text == "@id" else self._ids.get(text, text)

    async def _create_sweep(self, config: dict[str, Any]) -> str:
        request = pb.CreateSweepRequest(config_text=pb.ConfigText(text=json.dumps(config)))
        return (await self._sweeps.CreateSweep(request)).sweep.sweep_id

    async def _work_on(self, sweep_id: str) -> None:
        """Make runs in several states, with metrics."""
        request = suggestion_pb.SuggestRequest(sweep_id=sweep_id, agent_id="agent", count=5)
        runs = (await self._suggestion.Suggest(request)).runs
        for run in runs:
            rows = [
                run_pb2.MetricRow(step=step, values={"loss": 1 / (step + 1), "size": step})
                for step in range(3)
            ]
            await self._sweeps.ReportMetrics(
                pb.ReportMetricsRequest(
                    sweep_id=sweep_id, number=run.number, attempt=run.attempt, rows=rows
                )
            )
        outcomes = [
            {"succeeded": pb.RunSucceeded()},
            {"succeeded": pb.RunSucceeded()},
            {"failed": pb.RunFailed(error=run_pb2.RunError(message="broken"))},
            {"pruned": pb.RunPruned(reason="poor")},
        ]
        for run, outcome in zip(runs, outcomes, strict=False):
            await self._sweeps.FinishRun(
                pb.FinishRunRequest(
                    sweep_id=sweep_id,
                    number=run.number,
                    attempt=run.attempt,
                    **outcome,  # type: ignore[arg-type]  # by name
                )
            )


def _texts_of(message: Message) -> Iterator[tuple[Message, FieldDescriptor]]:
    for field, value in message.ListFields():
        kind = field.message_type
        if field.type == FieldDescriptor.TYPE_STRING:
            yield message, field
        elif kind is None:
            continue
        elif kind.GetOptions().map_entry:
            if kind.fields_by_name["value"].message_type is not None:
                for key in value:
                    yield from _texts_of(value[key])
        elif field.is_repeated:
            for item in value:
                yield from _texts_of(item)
        else:
            yield from _texts_of(value)
