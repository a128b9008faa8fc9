"""How much a report writes, and how much of the database a page reads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncpg

from tests.contract.stored import Stored, create
from wanllmdb_registry.domain.command import Command
from wanllmdb_registry.domain.group_commit import MAX_WEIGHT, GroupCommit, Outcome
from wanllmdb_registry.domain.model import MetricRow
from wanllmdb_registry.domain.reads import RunOrder, RunPosition
from wanllmdb_registry.domain.report_metrics import ReportMetrics
from wanllmdb_registry.domain.update_run import RunUpdate, UpdateRun


def report(number: int, names: Sequence[str], step: int = 0) -> ReportMetrics:
    rows = [MetricRow(step, dict.fromkeys(names, float(step)))]
    return ReportMetrics(None, lambda c: c.encode(), number=number, attempt=1, rows=rows)


def set_config(number: int, size: int) -> UpdateRun:
    fields = frozenset({"config", "labels"})
    update = RunUpdate(fields, "", {"l": "v"}, {"text": "c" * size}, "")
    return UpdateRun(None, lambda run: run.name.encode(), number=number, update=update)


async def rows_of(url: str, sweep_id: str) -> dict[str, tuple[int, float]]:
    """Return the step of each last value, and the transaction that wrote it."""
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetch(
            "SELECT name, step, xmin::text::bigint AS written FROM last_values WHERE sweep_id = $1",
            sweep_id,
        )
        return {row["name"]: (row["step"], row["written"]) for row in found}
    finally:
        await connection.close()


async def test_a_report_touches_the_values_that_it_brings_alone(
    stored: Stored, contract_database: str
) -> None:
    sweep_id = await stored.sweep()
    names = [f"m{i}" for i in range(1_000)]
    await stored.store.apply(sweep_id, [create(0), set_config(0, 100_000), report(0, names, 5)])
    before = await rows_of(contract_database, sweep_id)
    await stored.store.apply(sweep_id, [report(0, ["m7", "new"], 6), report(0, ["m8"], 4)])
    after = await rows_of(contract_database, sweep_id)
    assert {name for name in after if after[name] != before.get(name)} == {"m7", "new"}
    assert (after["m7"][0], after["m8"][0]) == (6, 5)
    run = await stored.runs.get(sweep_id, number=0)
    # Values that the report did not load are unchanged.
    assert (run.parameters, run.labels, len(str(run.config["text"]))) == (
        {"x": 0.5},
        {"l": "v"},
        100_000,
    )
    assert (run.metrics, run.summary["m7"], run.summary["m8"], len(run.summary)) == (
        1_001,
        6.0,
        5.0,
        1_001,
    )


async def test_reports_and_other_changes_of_a_run_share_a_transaction(stored: Stored) -> None:
    sweep_id = await stored.sweep()
    await stored.store.apply(sweep_id, [create(0, 1), report(0, ["a"], 1), report(1, ["a"], 3)])
    await stored.store.apply(
        sweep_id,
        [report(0, ["a", "b"], 2), set_config(0, 10), report(1, ["a"], 2), report(0, ["b"], 1)],
    )
    first, second = [await stored.runs.get(sweep_id, number=number) for number in (0, 1)]
    assert (first.summary, first.summary_steps) == ({"a": 2.0, "b": 2.0}, {"a": 2, "b": 2})
    assert (second.summary, second.last_step, second.metrics) == ({"a": 3.0}, 3, 1)


async def test_a_page_reads_as_many_runs_as_fit_into_its_bytes(stored: Stored) -> None:
    sweep_id = await stored.sweep()
    numbers = list(range(7))
    await stored.store.apply(
        sweep_id, [create(*numbers), *(set_config(number, 100_000) for number in numbers)]
    )
    for order in RunOrder:
        seen, after = list[int](), None
        while True:
            page = await stored.runs.list(sweep_id, [], order, after, 1000, most_bytes=250_000)
            assert len(page.items) <= 3
            seen += [run.number for run in page.items]
            if not page.has_more:
                break
            after = RunPosition(page.items[-1].number, page.items[-1].objective)
        expected = numbers[::-1] if order is RunOrder.NUMBER_DESC else numbers
        assert seen == expected
    tiny = await stored.runs.list(sweep_id, [], RunOrder.NUMBER_ASC, None, 1000, most_bytes=1)
    assert ([run.number for run in tiny.items], tiny.has_more) == ([0], True)
    watched, since = list[int](), 0
    for _ in numbers:
        # A stream holds one page at a time, for as long as its reader takes.
        changes = await stored.syncs.watch(sweep_id, since, 1000)
        watched += [run.number for run in changes.runs]
        since = changes.revision
        if not changes.has_more:
            break
    assert watched == numbers


class _Recorder:
    """A store that records how many changes arrived together."""

    def __init__(self) -> None:
        self.together: list[int] = []

    async def apply(self, sweep_id: str, changes: Sequence[Command]) -> list[Outcome]:
        self.together.append(len(changes))
        return [b"" for _ in changes]


async def test_large_reports_are_committed_with_few_others() -> None:
    recorder = _Recorder()
    commits = GroupCommit(recorder, lambda _: None)
    large = report(0, [f"m{i}" for i in range(MAX_WEIGHT // 2)])
    await asyncio.gather(*(commits.submit("s", large) for _ in range(5)))
    assert recorder.together == [2, 2, 1]
    recorder.together.clear()
    await asyncio.gather(*(commits.submit("s", report(0, ["a"])) for _ in range(50)))
    assert recorder.together == [50]
