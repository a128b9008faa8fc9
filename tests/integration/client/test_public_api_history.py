"""`wandb.Api` returns histories in W&B's rows, as dictionaries and as tables."""

from __future__ import annotations

import math
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

import wanllmdb as wandb
from tests.integration.client.results import ended, finished_runs, handed_out, new_sweep, reading
from wanllmdb import Api, AsyncClient, MetricRow
from wanllmdb.apis.public import InvalidQueryError, MissingPackageError, Run


@pytest.fixture
async def run(api: Api, async_client: AsyncClient) -> Run:
    """Ten steps of `loss`; `acc` at every third one, and one that is NaN."""
    sweep_id = await new_sweep(async_client, "history")
    (held,) = await handed_out(async_client, sweep_id)
    assert held.start_time is not None
    rows = [
        MetricRow(
            step,
            {"loss": math.nan if step == 4 else 1.0 / (step + 1)}
            | ({"acc": step / 10} if step % 3 == 0 else {}),
            held.start_time + timedelta(seconds=step),
        )
        for step in range(10)
    ]
    await async_client.report_metrics(sweep_id, held.number, held.attempt, rows)
    await ended(async_client, held, wandb.Succeeded())
    return await reading(lambda: api.run(f"{sweep_id}-0"))


async def test_all_rows_are_scanned(run: Run) -> None:
    rows = await reading(lambda: list(run.scan_history()))

    assert [row["_step"] for row in rows] == list(range(10))
    assert rows[3]["loss"] == 0.25
    assert rows[3]["acc"] == 0.3
    assert "acc" not in rows[4]
    assert math.isnan(rows[4]["loss"])
    assert [round(row["_runtime"]) for row in rows] == list(range(10))
    began = datetime.fromtimestamp(rows[0]["_timestamp"], UTC)
    assert abs(began - datetime.now(UTC)) < timedelta(minutes=5)


async def test_rows_have_all_of_the_keys_and_these_alone(run: Run) -> None:
    both = await reading(lambda: list(run.scan_history(keys=["acc", "loss"])))
    stepped = await reading(lambda: list(run.scan_history(["_step", "acc"])))
    steps = await reading(lambda: list(run.scan_history(keys=["_step"])))
    none = await reading(lambda: list(run.scan_history(keys=["acc", "other"])))

    assert [set(row) for row in both] == [{"acc", "loss"}] * 4
    assert [row["_step"] for row in stepped] == [0, 3, 6, 9]
    assert steps == [{"_step": step} for step in range(10)]
    assert none == []


@pytest.mark.parametrize(
    ("bounds", "steps"),
    [
        ({"min_step": 3, "max_step": 6}, [3, 4, 5]),
        ({"min_step": None, "max_step": 2}, [0, 1]),
        ({"min_step": 8}, [8, 9]),
        ({"max_step": 0}, []),
        ({"min_step": 20}, []),
        ({"max_step": 1_000}, list(range(10))),
    ],
)
async def test_steps_are_bounded(run: Run, bounds: dict[str, Any], steps: list[int]) -> None:
    rows = await reading(lambda: list(run.scan_history(page_size=2, **bounds)))

    assert [row["_step"] for row in rows] == steps


async def test_a_scan_is_taken_by_next_and_again_by_for(run: Run) -> None:
    def read() -> None:
        scan = run.scan_history()
        assert [next(scan)["_step"], next(scan)["_step"]] == [0, 1]
        assert len(list(scan)) == len(list(scan)) == 10
        assert scan.next()["_step"] == 2

    await reading(read)


async def test_a_scan_that_was_cut_off_is_read_again(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = run._reader.client
    send, failures = connection._invoke, [wandb.UnavailableError("the registry is unavailable")]

    def failing(call: Any) -> Any:
        if failures:
            raise failures.pop()
        return send(call)

    monkeypatch.setattr(connection, "_invoke", failing)
    scan = iter(run.scan_history())
    with pytest.raises(wandb.UnavailableError):
        await reading(lambda: next(scan))

    assert len(await reading(lambda: list(scan))) == 10


async def test_a_long_history_comes_by_pages(api: Api, async_client: AsyncClient) -> None:
    sweep_id = await new_sweep(async_client, "history")
    (held,) = await handed_out(async_client, sweep_id)
    count = 18_000
    for start in range(0, count, 3_000):
        rows = [
            MetricRow(step, {name: float(step) for name in ("a", "b", "loss")})
            for step in range(start, start + 3_000)
        ]
        await async_client.report_metrics(sweep_id, held.number, held.attempt, rows)
    requests = []
    send = api._client._invoke

    def counting(call: Any) -> Any:
        requests.append(call.rpc)
        return send(call)

    run = await reading(lambda: api.run(f"{sweep_id}-0"))
    api._client._invoke = counting  # type: ignore[method-assign]

    rows_read = await reading(lambda: list(run.scan_history()))

    assert len(rows_read) == count
    assert all(row["a"] == row["b"] == row["loss"] == row["_step"] for row in rows_read)
    # 54,000 points, of which one answer holds 50,000.
    assert requests == ["GetMetricHistory"] * 2


async def test_a_history_is_a_table(run: Run) -> None:
    table = await reading(run.history)

    assert isinstance(table, pd.DataFrame)
    assert set(table.columns) == {"_step", "_timestamp", "_runtime", "loss", "acc"}
    assert list(table["_step"]) == list(range(10))
    assert table["acc"].notna().sum() == 4
    assert table["loss"].min() == 0.1


async def test_a_history_is_sampled_at_even_distances(run: Run) -> None:
    def read() -> None:
        for samples, steps in ((4, [0, 3, 6, 9]), (2, [0, 9]), (1, [9]), (10, list(range(10)))):
            rows = run.history(samples=samples, pandas=False)
            assert [row["_step"] for row in rows] == steps
        rows = run.history(keys=["acc"], samples=3, pandas=False)
        assert [set(row) for row in rows] == [{"_step", "acc"}] * 3
        assert [row["_step"] for row in rows][::2] == [0, 9]
        rows = run.history(500, ["loss"], "acc", False)
        assert [set(row) for row in rows] == [{"acc", "loss"}] * 4
        assert run.history(stream="system", pandas=False) == []
        assert run.history(stream="system").empty

    await reading(read)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"keys": "loss"}, "keys must be a list"),
        ({"keys": [1]}, "keys must be a list"),
        ({"samples": 0}, "at least 1"),
        ({"stream": "events"}, "default or system"),
        ({"stream": "system", "keys": ["loss"]}, "stream default"),
    ],
)
async def test_arguments_of_a_history_are_checked(
    run: Run, arguments: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidQueryError, match=says):
        await reading(lambda: run.history(pandas=False, **arguments))


async def test_without_pandas_the_list_is_offered(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(MissingPackageError, match=r"pip install pandas.*pandas=False"):
        run.history()

    assert len(await reading(lambda: run.history(pandas=False))) == 10
    assert issubclass(MissingPackageError, ImportError)
    assert issubclass(MissingPackageError, wandb.WanllmdbError)


async def test_a_run_without_metrics_has_an_empty_history(
    api: Api, async_client: AsyncClient
) -> None:
    sweep_id = await new_sweep(async_client, "history")
    await async_client.enqueue_runs(sweep_id, [{"x": 0.5}])

    def read() -> None:
        run = api.run(f"{sweep_id}-0")
        assert list(run.scan_history()) == []
        assert run.history(pandas=False) == []
        assert run.history().empty
        assert run.lastHistoryStep == -1

    await reading(read)


async def test_histories_of_many_runs_bear_their_ids(api: Api, async_client: AsyncClient) -> None:
    sweep_id = await new_sweep(async_client, "api-histories")
    await finished_runs(async_client, sweep_id, [0.5, 0.25])

    def read() -> None:
        runs = api.runs("api-histories")
        rows = runs.histories()
        assert [(row["run_id"], row["loss"]) for row in rows] == [
            (f"{sweep_id}-0", 0.5),
            (f"{sweep_id}-1", 0.25),
        ]
        table = runs.histories(keys=["loss"], format="pandas")
        assert list(table.columns) == ["_step", "loss", "run_id"]
        assert list(table["loss"]) == [0.5, 0.25]
        with pytest.raises(InvalidQueryError, match="pandas or polars"):
            runs.histories(format="arrow")  # type: ignore[arg-type]

    await reading(read)
