"""The history of one sweep: every call and its answer, every watch, and the final state."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import grpc.aio
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from tests.robustness.keys import Key
from tests.robustness.schedule import SweepPlan
from tests.robustness.work_seen import WorkSeen
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb_common.error_mapping import STATUS_DETAILS_KEY

# Errors of a call that may have been carried out, or will be.
UNCERTAIN_CODES = frozenset(
    ["UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "RESOURCE_EXHAUSTED", "INTERNAL", "UNKNOWN"]
)


@dataclass(eq=False, slots=True)
class Try:
    """One sending of a request.

    Attributes:
        key: The request id, which is equal for every sending of a request.
        start: Seconds from the start of the traffic, like all times here.
        timeout: The caller's timeout in seconds.
        returned: When the caller got the result; infinity if the call was stopped before.
        answer: None after an error.
        by: The key that the call sent; None if no key is required.
        code: The code of the error; empty for an answer.
    """

    method: str
    key: str
    target: str
    request: Message
    start: float
    timeout: float
    returned: float = math.inf
    answer: Message | None = None
    code: str = ""
    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    by: Key | None = None

    def note(self, error: grpc.aio.AioRpcError) -> None:
        """Record the result of the call."""
        self.code = error.code().name
        self.reason, self.metadata = _details(error)

    @property
    def is_answered(self) -> bool:
        """Whether the request was carried out, for certain."""
        return self.answer is not None

    @property
    def is_refused(self) -> bool:
        """Whether the request was not carried out, for certain."""
        return bool(self.code) and self.code not in UNCERTAIN_CODES

    @property
    def end(self) -> float:
        """When the request's effect was over: infinity after an error, as it may come later."""
        return self.returned if self.is_answered or self.is_refused else math.inf

    def __str__(self) -> str:
        outcome = self.code or ("ok" if self.is_answered else "stopped")
        reason = f" {self.reason} {dict(self.metadata)}" if self.reason else ""
        by = "" if self.by is None else f" with the {self.by}"
        text = (
            f"{self.start:8.3f} - {self.returned:8.3f}  {self.method} {self.key} at {self.target}"
            f"{by}"
        )
        return f"{text}: {outcome}{reason}\n    > {_line(self.request)}\n    < {_line(self.answer)}"


def _details(error: grpc.aio.AioRpcError) -> tuple[str, dict[str, str]]:
    for name, value in error.trailing_metadata() or ():
        if name == STATUS_DETAILS_KEY and isinstance(value, bytes):
            for packed in status_pb2.Status.FromString(value).details:
                info = error_details_pb2.ErrorInfo()
                if packed.Unpack(info):
                    return info.reason, dict(info.metadata)
    return "", {}


def _line(message: Message | None) -> str:
    return "-" if message is None else " ".join(str(message).split())[:1500]


@dataclass(frozen=True, slots=True)
class Seen:
    """One message of a watch.

    Attributes:
        watcher: The index of the watcher in the sweep.
        stream: The index of the watcher's stream; each stream begins where the one before ended.
        since: The revision after which the stream was asked to begin.
        at: When the message arrived.
    """

    watcher: int
    stream: int
    since: int
    at: float
    revision: int
    run: run_pb2.Run | None = None
    sweep: sweep_pb2.Sweep | None = None

    @property
    def is_checkpoint(self) -> bool:
        """Whether the message is a checkpoint: all changes up to its revision were sent."""
        return self.run is None and self.sweep is None


@dataclass(frozen=True, slots=True)
class Peek:
    """One message of a watch with a key that expires or is revoked.

    Attributes:
        opened: When the stream was opened.
        at: When the message arrived.
    """

    key: Key
    target: str
    opened: float
    at: float


# Points by (number, attempt), then by metric and step.
Points = Mapping[tuple[int, int], Mapping[tuple[str, int], run_pb2.MetricPoint]]


@dataclass(frozen=True, slots=True)
class FinalState:
    """The registry's state of the sweep at the end."""

    sweep: sweep_pb2.Sweep
    runs: Sequence[run_pb2.Run]
    points: Points
    best_runs: Sequence[run_pb2.Run]


@dataclass(eq=False)
class History:
    """Everything that was recorded of one sweep.

    Attributes:
        began: When the sweep's creation was first requested.
        ended: When the final state was read.
        slack: Seconds by which a call may end late because of this machine's load.
        gave_up: Requests that could not be carried out within their time.
        project: The sweep's project; empty for the default project.
        intrusions: Requests with keys that certainly did not permit them.
        peeks: Messages of watches with keys that expired or were revoked.
        work: The work of real agents; None if simulated agents work on the sweep.
    """

    plan: SweepPlan
    sweep_id: str = ""
    began: float = 0.0
    ended: float = 0.0
    slack: float = 2.0
    tries: list[Try] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    gave_up: list[str] = field(default_factory=list)
    project: str = ""
    intrusions: list[Try] = field(default_factory=list)
    peeks: list[Peek] = field(default_factory=list)
    work: WorkSeen | None = None
    final: FinalState | None = None

    def of(self, *methods: str) -> Iterator[Try]:
        """Return the sendings of these methods."""
        return (one for one in self.tries if one.method in methods)

    @cached_property
    def requests(self) -> Mapping[str, Sequence[Try]]:
        """The sendings by request id."""
        found: defaultdict[str, list[Try]] = defaultdict(list)
        for one in self.tries:
            found[one.key].append(one)
        return found

    def answer(self, key: str) -> Any:
        """Return the answer to a request, or None if no sending of it was answered."""
        return next((one.answer for one in self.requests[key] if one.is_answered), None)

    def is_refused(self, key: str) -> bool:
        """Return whether no sending of the request was carried out, for certain."""
        return all(one.is_refused for one in self.requests[key])

    @property
    def end_state(self) -> FinalState:
        """The final state, which every complete history has."""
        assert self.final is not None
        return self.final
