"""Each mutation, sent to two replicas at once with one request id, has a single effect."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from google.protobuf import descriptor, field_mask_pb2
from google.protobuf.message import Message

from tests.integration.registry.reads import get_run, get_sweep
from tests.integration.registry.replicas import Replica, replicas_of
from tests.sweeps import (
    config_text,
    create_runs,
    create_runs_request,
    create_sweep,
    proposal,
    request_id,
    row,
)
from wanllmdb.api.registry.v1 import key_service_pb2 as key_pb
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_list_pb2, sweep_pb2
from wanllmdb.api.registry.v1 import template_service_pb2 as template_pb
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto

# Number of rounds, so that the replicas meet in different ways.
ROUNDS = 6


@dataclass(frozen=True)
class Case:
    """A mutation of a sweep or of the resource `name`, after `prepare` has run."""

    request: Callable[[str], Any]
    prepare: Callable[[Replica, str], Awaitable[object]] | None = None


async def _handed_out(replica: Replica, sweep_id: str) -> None:
    await create_runs(replica.registry, sweep_id, proposal(0), proposal(1))


async def _started(replica: Replica, sweep_id: str) -> None:
    await replica.registry.StartSweep(pb.StartSweepRequest(sweep_id=sweep_id))


async def _paused(replica: Replica, sweep_id: str) -> None:
    await _started(replica, sweep_id)
    await replica.registry.PauseSweep(pb.PauseSweepRequest(sweep_id=sweep_id))


async def _enqueued(replica: Replica, sweep_id: str) -> None:
    await _handed_out(replica, sweep_id)
    runs = [pb.EnqueuedRun(parameters=parameters_to_proto({"x": 0.25}))]
    await replica.registry.EnqueueRuns(pb.EnqueueRunsRequest(sweep_id=sweep_id, runs=runs))


async def _ended(replica: Replica, sweep_id: str) -> None:
    await _handed_out(replica, sweep_id)
    await replica.registry.FinishRun(
        pb.FinishRunRequest(sweep_id=sweep_id, number=0, attempt=1, failed=pb.RunFailed())
    )
    await replica.registry.FinishSweep(pb.FinishSweepRequest(sweep_id=sweep_id))


SWEEP_CASES = {
    "CancelRuns": Case(
        lambda sweep_id: pb.CancelRunsRequest(sweep_id=sweep_id, numbers=[0]), _handed_out
    ),
    "RetryRuns": Case(lambda sweep_id: pb.RetryRunsRequest(sweep_id=sweep_id, numbers=[0]), _ended),
    "UpdateSweep": Case(
        lambda sweep_id: pb.UpdateSweepRequest(
            sweep=sweep_pb2.Sweep(sweep_id=sweep_id, description="changed"),
            update_mask=field_mask_pb2.FieldMask(paths=["description"]),
        )
    ),
    "DeleteSweep": Case(lambda sweep_id: pb.DeleteSweepRequest(sweep_id=sweep_id), _handed_out),
    "StartSweep": Case(lambda sweep_id: pb.StartSweepRequest(sweep_id=sweep_id)),
    "PauseSweep": Case(lambda sweep_id: pb.PauseSweepRequest(sweep_id=sweep_id), _started),
    "ResumeSweep": Case(lambda sweep_id: pb.ResumeSweepRequest(sweep_id=sweep_id), _paused),
    "FinishSweep": Case(lambda sweep_id: pb.FinishSweepRequest(sweep_id=sweep_id), _enqueued),
    "CancelSweep": Case(lambda sweep_id: pb.CancelSweepRequest(sweep_id=sweep_id), _enqueued),
    "CreateRuns": Case(
        lambda sweep_id: create_runs_request(sweep_id, proposal(2), proposal(3)), _handed_out
    ),
    "UpdateRun": Case(
        lambda sweep_id: pb.UpdateRunRequest(
            run=run_pb2.Run(sweep_id=sweep_id, number=1, external_run_id="outside"),
            update_mask=field_mask_pb2.FieldMask(paths=["external_run_id"]),
        ),
        _handed_out,
    ),
    "EnqueueRuns": Case(
        lambda sweep_id: pb.EnqueueRunsRequest(
            sweep_id=sweep_id, runs=[pb.EnqueuedRun(parameters=parameters_to_proto({"x": 0.25}))]
        ),
        _handed_out,
    ),
    "ImportRuns": Case(
        lambda sweep_id: pb.ImportRunsRequest(
            sweep_id=sweep_id, source=pb.PriorRunSource(csv="x,n,loss\n0.5,2,1.0\n0.25,3,2.0\n")
        )
    ),
    "ReportMetrics": Case(
        lambda sweep_id: pb.ReportMetricsRequest(
            sweep_id=sweep_id, number=0, attempt=1, rows=[row(3, {"loss": 1.0, "acc": 0.5})]
        ),
        _handed_out,
    ),
    "FinishRun": Case(
        lambda sweep_id: pb.FinishRunRequest(
            sweep_id=sweep_id, number=1, attempt=1, succeeded=pb.RunSucceeded(objective=0.5)
        ),
        _handed_out,
    ),
    "ReleaseRun": Case(
        lambda sweep_id: pb.ReleaseRunRequest(sweep_id=sweep_id, number=1, attempt=1),
        _handed_out,
    ),
    "ResumeRuns": Case(
        lambda sweep_id: internal_pb.ResumeRunsRequest(
            sweep_id=sweep_id, agent_id="agent", count=5
        ),
        _handed_out,
    ),
    "TerminateSweep": Case(
        lambda sweep_id: internal_pb.TerminateSweepRequest(sweep_id=sweep_id, message="enough"),
        _enqueued,
    ),
}


async def _template(replica: Replica, name: str) -> None:
    await replica.templates.CreateTemplate(
        template_pb.CreateTemplateRequest(template=_template_of(name))
    )


def _template_of(name: str) -> template_pb.Template:
    return template_pb.Template(name=name, config_text=config_text().text)


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


# Resources outside of any sweep: created under a name and found again by the name.
OTHER_CASES = {
    "CreateSweep": Case(
        lambda name: pb.CreateSweepRequest(project=name, config_text=config_text())
    ),
    "CreateTemplate": Case(
        lambda name: template_pb.CreateTemplateRequest(template=_template_of(name))
    ),
    "UpdateTemplate": Case(
        lambda name: template_pb.UpdateTemplateRequest(
            template=template_pb.Template(name=name, description="changed"),
            update_mask=field_mask_pb2.FieldMask(paths=["description"]),
        ),
        _template,
    ),
    "DeleteTemplate": Case(lambda name: template_pb.DeleteTemplateRequest(name=name), _template),
}


def _mutations(file: descriptor.FileDescriptor) -> set[str]:
    """Return the RPCs that take a request id, with the path of that field."""
    return {
        method.name
        for service in file.services_by_name.values()
        for method in service.methods
        if "request_id" in method.input_type.fields_by_name or method.name == "CreateRuns"
    }


def test_every_mutation_is_tried() -> None:
    mutations = {
        name
        for file in (pb.DESCRIPTOR, internal_pb.DESCRIPTOR, template_pb.DESCRIPTOR)
        for name in _mutations(file)
    }
    assert mutations == SWEEP_CASES.keys() | OTHER_CASES.keys()
    assert _mutations(key_pb.DESCRIPTOR) == {"CreateKey", "RevokeKey"}


@pytest.fixture(scope="module")
async def replicas(session_database: str) -> AsyncIterator[list[Replica]]:
    async with replicas_of(session_database, 2) as both:
        yield both


async def _send_twice(replicas: list[Replica], rpc: str, request: Message) -> list[Any]:
    """Send one request twice to both replicas at once, and return the answers."""
    return await asyncio.gather(*(replica.call(rpc, request) for replica in [*replicas, *replicas]))


def _with_id(request: Any) -> Any:
    named = request.requests[0] if isinstance(request, internal_pb.CreateRunsRequest) else request
    named.request_id = request_id()
    return request


def _same(left: Message, right: Message) -> bool:
    """Return whether the answers are equal, apart from the field that marks the first one."""
    for message in (left, right):
        if isinstance(message, internal_pb.CreateRunsResponse):
            for result in message.results:
                result.answered_before = False
            message.conflict, message.etag = False, ""
    return left == right


@pytest.mark.parametrize("rpc", SWEEP_CASES)
async def test_two_replicas_carry_out_one_request_once(replicas: list[Replica], rpc: str) -> None:
    case = SWEEP_CASES[rpc]
    registry = replicas[0].registry
    for _ in range(ROUNDS):
        sweeps = [await create_sweep(registry) for _ in range(2)]
        raced, alone = [sweep.sweep_id for sweep in sweeps]
        for sweep_id in (raced, alone):
            if case.prepare is not None:
                await case.prepare(replicas[0], sweep_id)
        request = _with_id(case.request(raced))
        answers = await _send_twice(replicas, rpc, request)
        answers.append(await replicas[1].call(rpc, request))
        assert all(_same(answer, answers[0]) for answer in answers), answers
        await replicas[0].call(rpc, _with_id(case.request(alone)))
        if rpc == "DeleteSweep":
            continue
        # The sweep has as many revisions, runs and values as after a single request.
        seen, expected = [await get_sweep(registry, sweep_id) for sweep_id in (raced, alone)]
        assert (seen.revision, seen.state) == (expected.revision, expected.state)
        assert (seen.prior_run_count, seen.description) == (
            expected.prior_run_count,
            expected.description,
        )
        for field in ("total_runs", "queued_runs", "running_runs", "finished_runs"):
            assert getattr(seen.stats, field) == getattr(expected.stats, field)
        for number in range(int(seen.stats.total_runs)):
            here, there = [await get_run(registry, s, number) for s in (raced, alone)]
            assert (here.state, here.attempt) == (there.state, there.attempt)
            assert (here.revision, here.summary) == (there.revision, there.summary)


@pytest.mark.parametrize("rpc", OTHER_CASES)
async def test_two_replicas_carry_out_one_request_without_a_sweep_once(
    replicas: list[Replica], rpc: str
) -> None:
    case = OTHER_CASES[rpc]
    for turn in range(ROUNDS):
        name = f"{rpc.lower()}-{turn}"
        if case.prepare is not None:
            await case.prepare(replicas[0], name)
        request = _with_id(case.request(name))
        answers = await _send_twice(replicas, rpc, request)
        answers.append(await replicas[1].call(rpc, request))
        assert all(answer == answers[0] for answer in answers), answers
        if rpc == "CreateSweep":
            listed = await replicas[1].registry.ListSweeps(
                sweep_list_pb2.ListSweepsRequest(filter=sweep_list_pb2.SweepFilter(project=name))
            )
            assert [sweep.sweep_id for sweep in listed.sweeps] == [answers[0].sweep.sweep_id]


async def test_two_replicas_make_one_key_once(replicas: list[Replica]) -> None:
    for turn in range(ROUNDS):
        create = key_pb.CreateKeyRequest(
            name=f"key-{turn}",
            role=key_pb.ROLE_READER,
            projects=["p"],
            secret_sha256=_digest(f"key-{turn}"),
            request_id=request_id(),
        )
        created = await _send_twice(replicas, "CreateKey", create)
        assert all(answer == created[0] for answer in created)
        key_id = created[0].key.key_id
        revoke = key_pb.RevokeKeyRequest(key_id=key_id, request_id=request_id())
        revoked = await _send_twice(replicas, "RevokeKey", revoke)
        assert all(answer == revoked[0] for answer in revoked)
    listed = await replicas[1].keys.ListKeys(key_pb.ListKeysRequest())
    names = [key.name for key in listed.keys if key.name.startswith("key-")]
    assert sorted(names) == sorted(set(names))
