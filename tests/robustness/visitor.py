"""A visitor whose keys expire, have too few rights, belong to another project or are invalid."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from random import Random
from typing import Any

import grpc.aio

from tests.robustness.calls import Calls, RefusedError, new_id
from tests.robustness.history import Peek, Try
from tests.robustness.key_office import new_key, revoke
from tests.robustness.keys import Key, Keyring, Refusal
from tests.robustness.schedule import SweepPlan
from tests.robustness.users import REQUEST_LABEL
from tests.security_table.keys import id_of, metadata_of, new_secret
from wanllmdb.api.registry.v1 import key_service_pb2 as key_pb
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_list_pb2, sweep_pb2, watch_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb
from wanllmdb_common.calls.caller import Role
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto

# Seconds until the expiring key expires, and until the other one is revoked.
_LIFETIME = (4.5, 7.0)
_REVOKED_AFTER = (0.8, 3.0)

# Methods that the expiring keys call; the rules for them know all of their effects.
_HARMLESS = ("GetSweep", "ListRuns", "ListSweeps", "UpdateSweep", "UpdateSweep")
_READS = ("GetSweep", "ListRuns", "GetMetricHistory", "GetBestRuns", "WatchSweep")
_MUTATIONS = (
    *("EnqueueRuns", "CancelRuns", "UpdateSweep", "PauseSweep", "CancelSweep", "FinishSweep"),
    *("Suggest", "ReportMetrics", "FinishRun", "ReleaseRun", "Heartbeat", "UpdateRun"),
    *("CreateKey", "RevokeKey"),
)
# Methods whose answers were meant for other callers.
_REPEATED = frozenset(_MUTATIONS) - {"Heartbeat", "CreateKey", "RevokeKey"}
AGENT = "visitor"


class Visitor:
    """Tries one request after the other with one key after the other, until `is_over` is set.

    A request that a key certainly does not permit must be rejected and leave no trace.

    Args:
        calls: Sends the visitor's calls.
        plan: The plan of the sweep.
        outsider: An admin's key of another project.

    Attributes:
        is_over: Set it to end the visit.
    """

    def __init__(self, calls: Calls, plan: SweepPlan, outsider: Key) -> None:
        self.is_over = asyncio.Event()
        self._calls = calls
        self._outsider = outsider
        self._random = Random(f"{plan.seed}/visitor")
        self._parameter = next(iter(plan.config["parameters"]))

    async def visit(self) -> None:
        """Visit until `is_over` is set."""
        keyring = self._calls.keyring
        assert keyring is not None
        project = keyring.project
        doomed = await new_key(self._calls, "later revoked", Role.EDITOR, project, by=keyring.admin)
        short = await self._expiring_key(keyring)
        wrong = f"wsk_{id_of(keyring.editor.text)}_{new_secret()}"
        bad = [
            Key("missing", "", never=Refusal.MISSING),
            Key("malformed", "wsk_half", never=Refusal.INVALID),
            Key("unknown", f"wsk_{uuid.uuid4().hex}_{new_secret()}", never=Refusal.INVALID),
            Key("wrong", wrong, never=Refusal.INVALID),
        ]
        peek = asyncio.create_task(self._peek(doomed))
        try:
            await asyncio.gather(
                self._revoke(doomed),
                self._try_keys(
                    [doomed, doomed, short, short, self._outsider, keyring.reader, *bad]
                ),
            )
        finally:
            peek.cancel()
            await asyncio.gather(peek, return_exceptions=True)

    async def _expiring_key(self, keyring: Keyring) -> Key:
        """Create a key that expires soon, perhaps before the call ends."""
        while True:
            seconds = self._random.uniform(*_LIFETIME)
            with contextlib.suppress(RefusedError):
                return await new_key(
                    self._calls,
                    "expiring",
                    Role.EDITOR,
                    keyring.project,
                    by=keyring.admin,
                    seconds=seconds,
                )

    async def _revoke(self, doomed: Key) -> None:
        after = self._random.uniform(*_REVOKED_AFTER)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.is_over.wait(), after)
            return
        await revoke(self._calls, doomed)

    async def _try_keys(self, keys: list[Key]) -> None:
        while not self.is_over.is_set():
            key = self._random.choice(keys)
            await self._try(key)
            with contextlib.suppress(TimeoutError):
                pause = self._random.uniform(0.05, 0.3)
                await asyncio.wait_for(self.is_over.wait(), pause)

    async def _try(self, key: Key) -> None:
        calls = self._calls
        now = calls.clock.now()
        method = self._random.choice(_MUTATIONS if self._random.random() < 0.7 else _READS)
        request: Any = None
        # A replica that knows of a revocation rejects the key at once. The replica of the call is
        # chosen later, so only a rejection by both replicas is certain.
        if self._random.random() < 0.1:
            method = self._random.choice(["ListSweeps", "ListKeys"])
        elif key.refusal(method, calls.history.project, "", now) is None:
            method = self._random.choice(_HARMLESS)
        elif self._random.random() < 0.2:
            method, request = self._answered_request(key) or (method, None)
        if method == "WatchSweep":
            await self._watch(key)
            return
        seconds = self._random.choice([1.0, 2.5])
        await calls.intrude(method, request or self._request(method), seconds, key)

    def _answered_request(self, key: Key) -> tuple[str, Any] | None:
        """Return a request that its sender got answered, and that the key does not permit."""
        history, now = self._calls.history, self._calls.clock.now()
        answered = [
            one
            for one in history.tries
            if one.is_answered
            and one.method in _REPEATED
            and key.refusal(one.method, history.project, "", now) is not None
        ]
        if not answered:
            return None
        one = self._random.choice(answered)
        return one.method, one.request

    def _request(self, method: str) -> Any:
        sweep_id = self._calls.history.sweep_id
        number, attempt = self._some_attempt()
        of_run: dict[str, Any] = {
            "sweep_id": sweep_id,
            "number": number,
            "attempt": attempt,
            "request_id": new_id(),
        }
        match method:
            case "GetSweep" | "ListRuns" | "GetBestRuns":
                kinds = {"GetSweep": pb.GetSweepRequest, "ListRuns": pb.ListRunsRequest}
                return kinds.get(method, suggestion_pb.GetBestRunsRequest)(sweep_id=sweep_id)
            case "GetMetricHistory":
                return pb.GetMetricHistoryRequest(sweep_id=sweep_id, number=number)
            case "ListSweeps":
                return sweep_list_pb2.ListSweepsRequest()
            case "ListKeys":
                return key_pb.ListKeysRequest()
            case "CancelRuns":
                return pb.CancelRunsRequest(
                    sweep_id=sweep_id, numbers=[number], request_id=new_id()
                )
            case "PauseSweep" | "CancelSweep" | "FinishSweep":
                kind = getattr(pb, f"{method}Request")
                return kind(sweep_id=sweep_id, request_id=new_id())
            case "UpdateSweep":
                described = sweep_pb2.Sweep(
                    sweep_id=sweep_id, description=f"a visitor was here {self._random.random()}"
                )
                request = pb.UpdateSweepRequest(sweep=described, request_id=new_id())
                request.update_mask.paths.append("description")
                return request
            case "UpdateRun":
                named = run_pb2.Run(sweep_id=sweep_id, number=number, name=AGENT)
                naming = pb.UpdateRunRequest(run=named, request_id=new_id())
                naming.update_mask.paths.append("name")
                return naming
            case "EnqueueRuns":
                enqueue = pb.EnqueueRunsRequest(sweep_id=sweep_id, request_id=new_id())
                enqueue.runs.add(parameters=parameters_to_proto({}), labels={REQUEST_LABEL: AGENT})
                return enqueue
            case "Suggest":
                return suggestion_pb.SuggestRequest(
                    sweep_id=sweep_id, count=1, agent_id=AGENT, request_id=new_id()
                )
            case "ReportMetrics":
                rows = [run_pb2.MetricRow(step=1_000, values={AGENT: self._random.random()})]
                return pb.ReportMetricsRequest(rows=rows, **of_run)
            case "FinishRun":
                outcome = pb.RunSucceeded(objective=self._random.random())
                return pb.FinishRunRequest(succeeded=outcome, **of_run)
            case "ReleaseRun":
                return pb.ReleaseRunRequest(reason="by a visitor", **of_run)
            case "Heartbeat":
                lease = pb.RunLease(sweep_id=sweep_id, number=number, attempt=attempt)
                return pb.HeartbeatRequest(leases=[lease])
            case "CreateKey":
                return key_pb.CreateKeyRequest(
                    name=AGENT,
                    role=key_pb.ROLE_READER,
                    projects=[self._calls.history.project],
                    secret_sha256=bytes(32),
                    request_id=new_id(),
                )
            case _:
                keyring = self._calls.keyring
                assert keyring is not None
                return key_pb.RevokeKeyRequest(
                    key_id=id_of(keyring.agent.text), request_id=new_id()
                )

    def _some_attempt(self) -> tuple[int, int]:
        """Return an attempt of a run that was assigned recently."""
        for one in reversed(self._calls.history.tries):
            answer: Any = one.answer
            if one.method == "Suggest" and answer is not None and answer.runs:
                run = self._random.choice(answer.runs)
                return run.number, run.attempt
        return 0, 1

    async def _watch(self, key: Key) -> None:
        """Open a watch with an invalid key: the stream must end before its first message."""
        calls = self._calls
        target = calls.registry()
        request = watch_pb2.WatchSweepRequest(sweep_id=calls.history.sweep_id)
        one = Try("WatchSweep", "read-watch", target, request, calls.clock.now(), 1.0, by=key)
        calls.history.intrusions.append(one)
        metadata = metadata_of(key.text) if key.text else ()
        call = calls.stub(target).WatchSweep(request, timeout=1.0, metadata=metadata)
        try:
            message = await call.read()
            one.answer = None if message is grpc.aio.EOF else message
        except grpc.aio.AioRpcError as error:
            one.note(error)
        finally:
            call.cancel()
        one.returned = calls.clock.now()

    async def _peek(self, key: Key) -> None:
        """Watch with a key for longer than the key is valid."""
        calls = self._calls
        since = 0
        while True:
            target = calls.registry()
            request = watch_pb2.WatchSweepRequest(
                sweep_id=calls.history.sweep_id, since_revision=since
            )
            opened = calls.clock.now()
            stub = calls.stub(target)
            call = stub.WatchSweep(request, timeout=60.0, metadata=metadata_of(key.text))
            with contextlib.suppress(grpc.aio.AioRpcError):
                while (message := await call.read()) is not grpc.aio.EOF:
                    since = message.revision
                    peek = Peek(key, target, opened, calls.clock.now())
                    calls.history.peeks.append(peek)
            await asyncio.sleep(self._random.uniform(0.1, 0.4))
