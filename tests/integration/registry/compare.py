"""Compare what the registry's reads return for a sweep with the model of the sweep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from tests.integration.registry import model
from tests.integration.registry.model import Etag
from wanllmdb.api.registry.v1 import activity_pb2, run_pb2, sweep_pb2
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb

# Calls an RPC by its name.
Call = Callable[[str, Message], Any]


@dataclass
class Tracked:
    """A sweep, its model, and what the test has seen of the sweep.

    `etags` holds etags by the model's version and `revisions` holds revisions with the model's
    clock at that time. The requests that were carried out under a request id are kept with their
    answers.
    """

    sweep_id: str
    model: model.Sweep
    etags: dict[int, str] = field(default_factory=dict)
    revisions: list[tuple[int, int]] = field(default_factory=list)
    answered: list[tuple[str, Any, Any]] = field(default_factory=list)

    def etag(self, choice: Etag) -> str:
        """Return an etag for a choice. A stale etag is the oldest one, if there is any."""
        if choice is Etag.NONE:
            return ""
        if choice is Etag.CURRENT:
            return self.etags[self.model.version]
        stale = [text for version, text in self.etags.items() if version != self.model.version]
        return stale[0] if stale else '"stale"'


def run_state(state: run_pb2.RunState.ValueType) -> str:
    """Return the state's short name: QUEUED for RUN_STATE_QUEUED."""
    return run_pb2.RunState.Name(state).removeprefix("RUN_STATE_")


def sweep_state(state: sweep_pb2.SweepState.ValueType) -> str:
    """Return the state's short name: PENDING for SWEEP_STATE_PENDING."""
    return sweep_pb2.SweepState.Name(state).removeprefix("SWEEP_STATE_")


def command(name: run_pb2.RunCommand.ValueType) -> str:
    """Return the command's short name: STOP for RUN_COMMAND_STOP."""
    return run_pb2.RunCommand.Name(name).removeprefix("RUN_COMMAND_")


def best_of(message: Any) -> tuple[int, float, float] | None:
    """Return the number, objective and x of a `best_run`."""
    if not message.HasField("best_run"):
        return None
    best = message.best_run
    return best.number, best.objective, best.parameters["x"].double_value


def expected_best(rules: model.Sweep) -> tuple[int, float, float | None] | None:
    """Return what `best_of` must return by the model."""
    best = rules.best
    return None if best is None else (best.number, best.objectives[0], best.x)


def objectives_of(run: Any) -> tuple[float, ...]:
    """Return `objective` or `objectives` of a run, whichever is set."""
    assert not (run.HasField("objective") and run.objectives)
    return (run.objective,) if run.HasField("objective") else tuple(run.objectives)


def check_sweep(call: Call, sweep: Tracked) -> None:
    """Check GetSweep: state, limits, counters, best run, and when etag and revision change."""
    got = call("GetSweep", pb.GetSweepRequest(sweep_id=sweep.sweep_id)).sweep
    rules = sweep.model
    reason = sweep_pb2.FinishReason.Name(got.finish_reason).removeprefix("FINISH_REASON_")
    assert (sweep_state(got.state), reason) == (rules.state, rules.finish_reason)
    assert (got.spec.run_cap if got.spec.HasField("run_cap") else None) == rules.cap
    targets = [metric.target if metric.HasField("target") else None for metric in got.spec.metrics]
    assert targets == [metric.target for metric in rules.metrics]
    assert got.prior_run_count == len(rules.prior)
    assert bool(got.end_message) == rules.ended
    stats = got.stats
    counts = {state: getattr(stats, f"{state.lower()}_runs") for state in model.RUN_STATES}
    assert counts == {state: rules.counts[state] for state in model.RUN_STATES}
    assert stats.total_runs == len(rules.runs)
    assert best_of(stats) == expected_best(rules)
    _check_rates(stats, rules)

    known = sweep.etags.setdefault(rules.version, got.etag)
    assert got.etag == known
    assert len(set(sweep.etags.values())) == len(sweep.etags)
    if sweep.revisions:
        before, clock = sweep.revisions[-1]
        if rules.changed > clock:
            assert got.revision > before
        else:
            assert got.revision == before
    sweep.revisions.append((got.revision, rules.clock))
    _check_events(call, sweep)


def _check_events(call: Call, sweep: Tracked) -> None:
    """Check ListSweepEvents: one event for each change that is one, in order."""
    request = activity_pb2.ListSweepEventsRequest(sweep_id=sweep.sweep_id, page_size=1000)
    events = call("ListSweepEvents", request).events[::-1]
    kinds = [activity_pb2.SweepEventKind.Name(event.kind) for event in events]
    assert kinds == [f"SWEEP_EVENT_KIND_{kind}" for kind in sweep.model.events]
    revisions = [event.revision for event in events]
    assert revisions == sorted(revisions)


def _check_rates(stats: sweep_pb2.SweepStats, rules: model.Sweep) -> None:
    counts = rules.counts
    ended = len(rules.runs) - counts["QUEUED"] - counts["RUNNING"]
    assert stats.failure_rate == (ended and (counts["FAILED"] + counts["LOST"]) / ended)
    assert stats.prune_rate == (ended and counts["PRUNED"] / ended)


def check_runs(call: Call, sweep: Tracked) -> None:
    """Check ListRuns: every run, in the order of numbers, without a gap."""
    runs = call("ListRuns", pb.ListRunsRequest(sweep_id=sweep.sweep_id, page_size=1000)).runs
    assert [run.number for run in runs] == list(range(len(runs)))
    got = [
        (
            run_state(run.state),
            run.attempt,
            objectives_of(run),
            run.parameters["x"].double_value,
        )
        for run in runs
    ]
    assert got == [(run.state, run.attempt, run.objectives, run.x) for run in sweep.model.runs]
    assert [run.stop_requested for run in runs] == [run.stopping for run in sweep.model.runs]
    for run in runs:
        reported = sweep.model.runs[run.number].reported
        # Compared as texts, because NaN is not equal to itself.
        last = {name: str(values[max(values)]) for name, values in reported.items()}
        assert {name: str(value) for name, value in run.summary.items()} == last
        steps = [step for values in reported.values() for step in values]
        assert (run.last_step if run.HasField("last_step") else None) == max(steps, default=None)
        assert run.HasField("end_time") == (run_state(run.state) not in ("QUEUED", "RUNNING"))
        assert run.HasField("lease_expire_time") == (run_state(run.state) == "RUNNING")


def check_sync(call: Call, sweep: Tracked, seen: int, page_size: int) -> None:
    """Check SyncRuns from an earlier revision: it returns each run that changed since, once."""
    since, clock = sweep.revisions[seen]
    rules, got = sweep.model, list[internal_pb.SyncedRun]()
    prior: list[internal_pb.SyncedPriorRun] = []
    own: sweep_pb2.Sweep | None = None
    while True:
        page = call(
            "SyncRuns",
            internal_pb.SyncRunsRequest(
                sweep_id=sweep.sweep_id, since_revision=since, page_size=page_size
            ),
        )
        got += page.runs
        prior += page.prior_runs
        if page.HasField("sweep"):
            own = page.sweep
        assert page.revision >= since
        since = page.revision
        if not page.has_more:
            break
    assert since == sweep.revisions[-1][0]
    assert sweep_state(page.state) == rules.state
    assert (page.next_number, page.space_exhausted) == (len(rules.runs), rules.exhausted)
    changed = [run for run in rules.runs if run.changed > clock]
    assert sorted(run.number for run in got) == [run.number for run in changed]
    times = [rules.runs[run.number].changed for run in got]
    assert times == sorted(times)
    for run in got:
        expected = rules.runs[run.number]
        assert (run_state(run.state), run.attempt) == (expected.state, expected.attempt)
        assert objectives_of(run) == expected.objectives
    came = [(i, values) for i, (values, came) in enumerate(rules.prior) if came > clock]
    assert [(entry.index, tuple(entry.run.objectives)) for entry in prior] == came
    assert (own is not None) == (rules.own_changed > clock)
