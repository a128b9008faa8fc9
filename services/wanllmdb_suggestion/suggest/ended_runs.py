"""Ends of runs that come with Suggests, and what the registry answers to them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb


@dataclass(eq=False, slots=True)
class EndedRuns:
    """The ends of one Suggest.

    Attributes:
        requests: The ends, in order.
        results: What became of each; empty until the registry has answered.
    """

    requests: Sequence[registry_pb.FinishRunRequest] = ()
    results: Sequence[registry_pb.FinishRunResult] = ()

    @property
    def is_open(self) -> bool:
        """Whether the registry has not answered yet."""
        return len(self.results) < len(self.requests)

    @property
    def size(self) -> int:
        """The bytes of the ends in a message."""
        return sum(end.ByteSize() for end in self.requests)


def ended_runs_of(request: pb.SuggestRequest) -> EndedRuns:
    """Return the ends of a Suggest as the registry takes them: each with its sweep and an id.

    With the sweep, an end equals the FinishRun request that another delivery may send. Calls of
    the registry are retried, also for an end without an id.
    """
    ends = list(request.ended_runs)
    for end in ends:
        end.sweep_id = request.sweep_id
        end.request_id = end.request_id or str(uuid.uuid4())
    return EndedRuns(ends)


class OpenEnds:
    """The ends of several Suggests that the registry has not answered yet."""

    def __init__(self, ended: Iterable[EndedRuns] = ()) -> None:
        self._ended = [each for each in ended if each.is_open]

    @property
    def requests(self) -> Sequence[registry_pb.FinishRunRequest]:
        """The ends, in order; none once they are settled."""
        return [end for each in self._ended for end in each.requests]

    def settle(self, results: Iterable[registry_pb.FinishRunResult]) -> None:
        """Record the registry's results, which are in the order of the requests."""
        following = iter(results)
        for each in self._ended:
            each.results = list(islice(following, len(each.requests)))
        self._ended = []


def put_results(
    response: pb.SuggestResponse, results: Sequence[registry_pb.FinishRunResult], room: int
) -> None:
    """Add the results to a response; those beyond `room` bytes are left empty."""
    for result in results:
        added = response.ended_runs.add()
        size = result.ByteSize()
        if size <= room:
            added.CopyFrom(result)
            room -= size
