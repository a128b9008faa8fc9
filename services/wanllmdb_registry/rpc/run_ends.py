"""Ends of runs: read from FinishRun requests, and carried out with other commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.computing.off_loop import converted
from wanllmdb_common.error_mapping import code_of, metadata_of, sent_message
from wanllmdb_common.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    ServiceError,
)
from wanllmdb_registry.domain.bounds import MAX_ERROR_MESSAGE, MAX_TOGETHER
from wanllmdb_registry.domain.command import Command
from wanllmdb_registry.domain.finish_run import (
    Canceled,
    EndedRun,
    Failed,
    FinishRun,
    GivenObjectives,
    Outcome,
    Pruned,
    Succeeded,
)
from wanllmdb_registry.domain.group_commit import GroupCommit
from wanllmdb_registry.prometheus_metrics import RETRIES_QUEUED, RUN_ENDS
from wanllmdb_registry.rpc.conversion import best_to_proto, run_to_proto, sweep_state
from wanllmdb_registry.rpc.request_reader import RequestReader, head, run_error, storable

# Errors of one end; any other error concerns the whole transaction.
_REJECTIONS = (FailedPreconditionError, InvalidArgumentError, NotFoundError)
# The most ends of one call.
MAX_ENDS = MAX_TOGETHER
# Bytes of metrics that take as long to read as a usual row of runs: some rows of one value.
BYTES_OF_METRICS = 250
# The bytes of a result's tag and length.
_ENTRY_BYTES = 16


async def read_end(request: pb.FinishRunRequest) -> FinishRun:
    """Return the command that ends the run.

    Raises:
        InvalidArgumentError: INVALID_REQUEST.
    """
    reader = RequestReader()
    reader.sweep_id(request.sweep_id)
    key = reader.key(request)
    number, attempt = reader.run_attempt(request)
    rows = await converted(
        lambda: reader.rows(request.rows), request.ByteSize() // BYTES_OF_METRICS
    )
    outcome = _outcome(reader, request)
    config = reader.config("config", request.config)
    reader.done()
    return FinishRun(
        key,
        _encode_ended,
        number=number,
        attempt=attempt,
        rows=rows,
        outcome=outcome,
        config=config,
    )


def count_end(end: FinishRun, reply: bytes) -> None:
    """Count the end of a run, and a failed run that is queued again; no other run is."""
    RUN_ENDS.labels(type(end.outcome).__name__.lower()).inc()
    if isinstance(end.outcome, Failed):
        response = pb.FinishRunResponse.FromString(reply)
        if response.run.state == run_pb2.RUN_STATE_QUEUED:
            RETRIES_QUEUED.inc()


@dataclass(frozen=True, slots=True)
class RunEnds:
    """Ends of runs of one sweep, in order: the command of each, or why it is invalid."""

    ends: Sequence[FinishRun | InvalidArgumentError]

    @classmethod
    async def read(
        cls, reader: RequestReader, sweep_id: str, requests: Sequence[pb.FinishRunRequest]
    ) -> Self:
        """Return the ends; record a problem for one of another sweep.

        The caller was authorized for this sweep alone.
        """
        if len(requests) > MAX_ENDS:
            reader.problem(
                "ended_runs", f"has {len(requests):,} entries, at most {MAX_ENDS:,} are allowed"
            )
            return cls(())
        ends: list[FinishRun | InvalidArgumentError] = []
        for index, request in enumerate(requests):
            if request.sweep_id != sweep_id:
                reader.problem(f"ended_runs[{index}].sweep_id", "must be the request's sweep_id")
                continue
            try:
                ends.append(await read_end(request))
            except InvalidArgumentError as error:
                ends.append(error)
        return cls(ends)

    async def commit(
        self, commits: GroupCommit, sweep_id: str, last: Command | None = None
    ) -> tuple[list[bytes | ServiceError], bytes]:
        """End the runs, then execute `last`, in one transaction unless they are many.

        Returns the outcome of each end, and the answer of `last`.

        Raises:
            ServiceError: `last` was rejected, or the database failed.
        """
        valid = [end for end in self.ends if isinstance(end, FinishRun)]
        commands: list[Command] = [*valid, *(() if last is None else (last,))]
        outcomes = await commits.submit_together(sweep_id, commands)
        for outcome in outcomes[: len(valid)]:
            if isinstance(outcome, ServiceError) and not isinstance(outcome, _REJECTIONS):
                raise outcome
        answer = b"" if last is None else outcomes[-1]
        if isinstance(answer, ServiceError):
            raise answer
        of_valid = iter(outcomes)
        results = [next(of_valid) if isinstance(end, FinishRun) else end for end in self.ends]
        for end, result in zip(self.ends, results, strict=True):
            if isinstance(end, FinishRun) and isinstance(result, bytes):
                count_end(end, result)
        return results, answer


def results_to_proto(
    outcomes: Iterable[bytes | ServiceError], room: int
) -> list[pb.FinishRunResult]:
    """Return the results; those beyond `room` bytes are empty."""
    results = []
    for outcome in outcomes:
        result = pb.FinishRunResult()
        if isinstance(outcome, ServiceError):
            result.error.code = code_of(outcome).value[0]
            result.error.message = sent_message(outcome)
            result.error.reason = outcome.reason
            result.error.metadata.update(metadata_of(outcome))
        elif len(outcome) <= room:
            result.response.MergeFromString(outcome)
        size = result.ByteSize() + _ENTRY_BYTES
        if size <= room:
            room -= size
        else:
            result.Clear()
        results.append(result)
    return results


def reason_of_end(text: str) -> str:
    """Return a reason as it is stored with a run."""
    return head(storable(text), MAX_ERROR_MESSAGE)


def _encode_ended(ended: EndedRun) -> bytes:
    return pb.FinishRunResponse(
        run=run_to_proto(ended.run),
        sweep_state=sweep_state(ended.sweep.state),
        best_run=best_to_proto(ended.sweep.best),
    ).SerializeToString()


def _outcome(reader: RequestReader, request: pb.FinishRunRequest) -> Outcome:
    match request.WhichOneof("outcome"):
        case "succeeded":
            given = request.succeeded
            return Succeeded(
                GivenObjectives(
                    given.objective if given.HasField("objective") else None,
                    dict(given.objectives),
                )
            )
        case "failed":
            return Failed(run_error(request.failed.error))
        case "pruned":
            return Pruned(reason_of_end(request.pruned.reason))
        case "canceled":
            return Canceled(reason_of_end(request.canceled.reason))
        case _:
            reader.problem("outcome", "set one of succeeded, failed, pruned or canceled")
            return Succeeded()
