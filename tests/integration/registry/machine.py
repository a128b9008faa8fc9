"""The base of the state machine: the registry, the sweeps so far, and how calls are compared."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from google.protobuf import field_mask_pb2
from google.protobuf.message import Message
from grpc import StatusCode
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.errors import rpc_fails
from tests.integration.registry import model
from tests.integration.registry.compare import Tracked
from tests.integration.registry.model import Etag, Rejected
from tests.sweeps import Registry, request_id, row
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, search_space_pb2, sweep_pb2
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto

T = TypeVar("T")


MAX_SWEEPS = 5
SPACE = search_space_pb2.SearchSpace(
    parameters=[
        search_space_pb2.Parameter(
            name="x", uniform=search_space_pb2.UniformDistribution(min=0.0, max=1.0)
        )
    ]
)

counts = st.integers(0, 3)
caps = st.none() | st.integers(1, 6)
targets = st.none() | st.sampled_from([0.25, 0.5, 2.0])
etags = st.sampled_from([Etag.NONE, Etag.NONE, Etag.CURRENT, Etag.STALE])
metrics = st.builds(
    model.Metric,
    name=st.just("loss"),
    maximize=st.booleans(),
    target=st.none() | targets,
    value=st.sampled_from(["last", "last", "best", "mean_last_2"]),
)
specs = st.builds(
    lambda cap, first, second, retries, max_failed: model.Sweep(
        cap, tuple(first + [replace(metric, name="acc") for metric in second]), retries, max_failed
    ),
    cap=caps,
    # None, one or two items; mostly one.
    first=st.lists(metrics, min_size=1, max_size=1),
    second=st.lists(metrics, max_size=1),
    retries=st.sampled_from([0, 0, 1, 2]),
    max_failed=st.sampled_from([None, 1, 2]),
) | st.builds(
    lambda cap, retries: model.Sweep(cap, (), retries, None), cap=caps, retries=st.integers(0, 2)
)
# The index of a sweep or run, counted from the newest, so that most calls meet the newest one.
which = st.integers(0, 7)


def same(left: Message, right: Message) -> bool:
    """Return whether two messages are equal, where NaN equals NaN."""
    return left.SerializeToString(deterministic=True) == right.SerializeToString(deterministic=True)


def as_rows(reported: Sequence[float], first: int = 0) -> model.Rows:
    """Return a row for each value, from the step `first` on.

    Both metrics get the value, with opposite signs, and so does one other metric.
    """
    return [
        (first + step, {"loss": value, "acc": -value, "other": 1.0})
        for step, value in enumerate(reported)
    ]


def to_messages(rows: model.Rows) -> list[run_pb2.MetricRow]:
    """Return the rows as messages."""
    return [row(step, values) for step, values in rows]


class Machine(RuleBasedStateMachine):
    """The state machine without rules; Hypothesis runs it in a thread beside the event loop."""

    def __init__(self, registry: Registry, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.registry = registry
        self.loop = loop
        self.sweeps: list[Tracked] = []
        self.deleted: list[Tracked] = []
        self.touched: list[Tracked] = []
        self.points = 0

    @property
    def newest(self) -> model.Sweep:
        """The model of the newest sweep, to which most rules apply."""
        return self.sweeps[-1].model

    def call(self, method: str, request: Message) -> Any:
        """Call one RPC on the event loop of the test."""

        async def answer() -> Any:
            return await getattr(self.registry, method)(request, timeout=60)

        coroutine: Coroutine[Any, Any, Any] = answer()
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def step(
        self, sweep: Tracked, method: str, request: Any, apply: Callable[[], T]
    ) -> tuple[Any, T] | None:
        """Apply a mutation to both; return both answers, or None when both reject the mutation."""
        sweep.model.clock += 1
        self.touched.append(sweep)
        try:
            expected = apply()
        except Rejected as error:
            with rpc_fails(StatusCode[error.code], error.reason):
                self.call(method, request)
            return None
        reply = self.call(method, request)
        if getattr(request, "request_id", ""):
            sweep.answered.append((method, request, reply))
        return reply, expected

    def pick(self, index: int) -> Tracked:
        """Return a sweep, mostly the newest one."""
        return self.sweeps[-1 if index < 5 else -1 - index % len(self.sweeps)]

    def pick_run(self, sweep: Tracked, index: int) -> tuple[int, int]:
        """Return number and attempt of a running run, of any run, or of a missing one."""
        runs = sweep.model.runs
        running = [run for run in runs if run.state == "RUNNING"]
        if index < 5 and running:
            run = running[index % len(running)]
        elif index < 7 and runs:
            run = runs[index * 3 % len(runs)]
        else:
            return len(runs), 1
        return run.number, run.attempt

    def point(self) -> float:
        """Return an x that no other run has."""
        self.points += 1
        return self.points / 4096

    def pick_any(self, index: int) -> Tracked:
        """Return any sweep, sometimes a deleted one."""
        return self.deleted[-1] if self.deleted and index == 7 else self.pick(index)


class SweepMachine(Machine):
    """Rules about sweeps: each calls the registry and the model."""

    def add(self, rules: model.Sweep) -> None:
        """Create the sweep that later rules use."""
        spec = sweep_pb2.SweepSpec(
            method=sweep_pb2.METHOD_RANDOM,
            search_space=SPACE,
            metrics=map(_metric, rules.metrics),
            run_cap=rules.cap,
            retries=sweep_pb2.RetryPolicy(failed=rules.retries),
            max_failed_runs=rules.max_failed,
        )
        request = pb.CreateSweepRequest(spec=spec, request_id=request_id())
        reply = self.call("CreateSweep", request)
        sweep = Tracked(reply.sweep.sweep_id, rules)
        sweep.answered.append(("CreateSweep", request, reply))
        self.sweeps.append(sweep)
        self.touched.append(sweep)

    @rule(index=which, name=st.sampled_from(["Start", "Pause", "Resume"]), etag=etags)
    def transition(self, index: int, name: str, etag: Etag) -> None:
        self.move(self.pick(index), name, etag)

    @precondition(lambda self: self.newest.state == "PAUSED")
    @rule()
    def resume(self) -> None:
        self.move(self.sweeps[-1], "Resume", Etag.CURRENT)

    @precondition(lambda self: self.newest.ended or len(self.newest.runs) > 3)
    @rule(index=which, name=st.sampled_from(["Finish", "Cancel"]), etag=etags)
    def end(self, index: int, name: str, etag: Etag) -> None:
        self.move(self.pick(index), name, etag)

    def move(self, sweep: Tracked, name: str, etag: Etag) -> None:
        """Apply one of the transitions."""
        request = getattr(pb, f"{name}SweepRequest")(
            sweep_id=sweep.sweep_id, etag=sweep.etag(etag), request_id=request_id()
        )
        self.step(sweep, f"{name}Sweep", request, lambda: sweep.model.transition(name, etag))

    @rule(
        index=which,
        cap=caps | st.just(0),
        aim=targets | st.just(math.nan),
        etag=etags,
        what=st.sampled_from(["cap", "target", "failures"]),
    )
    def change_limit(
        self, index: int, cap: int | None, aim: float | None, etag: Etag, what: str
    ) -> None:
        sweep = self.pick(index)
        rules = sweep.model
        if what == "cap":
            request = self.update(sweep, "spec.run_cap", sweep_pb2.SweepSpec(run_cap=cap), etag)
            self.step(sweep, "UpdateSweep", request, lambda: rules.update_cap(cap, etag))
        elif what == "failures":
            spec = sweep_pb2.SweepSpec(max_failed_runs=cap)
            request = self.update(sweep, "spec.max_failed_runs", spec, etag)
            self.step(sweep, "UpdateSweep", request, lambda: rules.update_max_failed(cap, etag))
        else:
            name = "loss" if len(rules.metrics) > 1 else ""
            spec = sweep_pb2.SweepSpec(metrics=[sweep_pb2.Metric(name=name, target=aim)])
            request = self.update(sweep, "spec.metrics", spec, etag)
            self.step(sweep, "UpdateSweep", request, lambda: rules.update_target(aim, etag))

    @rule(index=which, count=counts)
    def import_runs(self, index: int, count: int) -> None:
        sweep = self.pick(index)
        objectives = [(0.5,) * len(sweep.model.metrics)] * count
        runs = [
            run_pb2.PriorRun(
                parameters=parameters_to_proto({"x": self.point()}),
                state=run_pb2.RUN_STATE_FINISHED,
                objectives=values,
            )
            for values in objectives
        ]
        request = pb.ImportRunsRequest(
            sweep_id=sweep.sweep_id,
            source=pb.PriorRunSource(runs=pb.PriorRunList(runs=runs)),
            request_id=request_id(),
        )
        self.step(sweep, "ImportRuns", request, lambda: sweep.model.import_runs(objectives))

    def update(
        self, sweep: Tracked, path: str, spec: sweep_pb2.SweepSpec, etag: Etag
    ) -> pb.UpdateSweepRequest:
        """Update one field."""
        named = sweep_pb2.Sweep(sweep_id=sweep.sweep_id, spec=spec, etag=sweep.etag(etag))
        mask = field_mask_pb2.FieldMask(paths=[path])
        return pb.UpdateSweepRequest(sweep=named, update_mask=mask, request_id=request_id())

    @precondition(lambda self: len(self.sweeps) > 1 and self.newest.ended)
    @rule(index=which, etag=etags)
    def delete(self, index: int, etag: Etag) -> None:
        sweep = self.pick(index)
        request = pb.DeleteSweepRequest(
            sweep_id=sweep.sweep_id, etag=sweep.etag(etag), request_id=request_id()
        )
        if self.step(sweep, "DeleteSweep", request, lambda: sweep.model.delete(etag)):
            self.sweeps.remove(sweep)
            self.deleted.append(sweep)
            self.touched.clear()

    @precondition(lambda self: self.deleted)
    @rule(method=st.sampled_from(["GetSweep", "ListRuns", "SyncRuns", "StartSweep", "CreateRuns"]))
    def call_for_a_deleted_sweep(self, method: str) -> None:
        package = pb if hasattr(pb, f"{method}Request") else internal_pb
        request = getattr(package, f"{method}Request")(sweep_id=self.deleted[-1].sweep_id)
        if isinstance(request, internal_pb.CreateRunsRequest):
            request.requests.add(agent_id="agent", request_id=request_id())
        with rpc_fails(StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND"):
            self.call(method, request)


def _metric(rules: model.Metric) -> sweep_pb2.Metric:
    values = {
        "last": sweep_pb2.OBJECTIVE_VALUE_LAST,
        "best": sweep_pb2.OBJECTIVE_VALUE_BEST,
        "mean_last_2": sweep_pb2.OBJECTIVE_VALUE_MEAN_LAST,
    }
    return sweep_pb2.Metric(
        name=rules.name,
        goal=sweep_pb2.GOAL_MAXIMIZE if rules.maximize else sweep_pb2.GOAL_MINIMIZE,
        target=rules.target,
        value=values[rules.value],
        mean_over=2 if rules.value == "mean_last_2" else 0,
    )
