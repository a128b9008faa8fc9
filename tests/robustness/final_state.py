"""Read the registry's state of a sweep at the end."""

from __future__ import annotations

from collections import defaultdict

from tests.robustness.calls import Calls
from tests.robustness.history import FinalState
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb


async def read_final_state(calls: Calls, sweep_id: str, *, has_best: bool) -> FinalState:
    """Read the whole state, with the best runs if the sweep has a best run."""
    got = await calls.ask("GetSweep", pb.GetSweepRequest(sweep_id=sweep_id))
    runs: list[run_pb2.Run] = []
    token = ""
    while not runs or token:
        # Small pages on purpose, so that the paging is tested too.
        request = pb.ListRunsRequest(sweep_id=sweep_id, page_size=9, page_token=token)
        page = await calls.ask("ListRuns", request)
        runs += page.runs
        token = page.next_page_token
        if not page.runs:
            break
    points = {}
    for run in runs:
        for attempt in range(1, run.attempt + 1):
            points[run.number, attempt] = await _points(calls, sweep_id, run.number, attempt)
    best: list[run_pb2.Run] = []
    if has_best:
        best_request = suggestion_pb.GetBestRunsRequest(sweep_id=sweep_id, count=5)
        best = list((await calls.ask("GetBestRuns", best_request)).runs)
    return FinalState(got.sweep, runs, points, best)


async def _points(
    calls: Calls, sweep_id: str, number: int, attempt: int
) -> dict[tuple[str, int], run_pb2.MetricPoint]:
    found: dict[str, list[run_pb2.MetricPoint]] = defaultdict(list)
    token = ""
    while True:
        request = pb.GetMetricHistoryRequest(
            sweep_id=sweep_id, number=number, attempt=attempt, page_token=token
        )
        page = await calls.ask("GetMetricHistory", request)
        for history in page.histories:
            found[history.name] += history.points
        token = page.next_page_token
        if not token:
            break
    return {(name, point.step): point for name, points in found.items() for point in points}
