"""What a notebook shows: runs as a data frame, and sweeps and results as HTML."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import polars as pl
import pytest

import wanllmdb
from wanllmdb import AsyncClient, Client, EnqueuedRun, MetricRow, RunColumnKey

CONFIG: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "x": {"min": 0.0, "max": 1.0},
        "layers": {"min": 1, "max": 8},
        "size": {"values": [16, 32]},
        "optimizer": {"values": ["adam", "sgd"]},
        "is_wide": {"values": [True, False]},
        "kind": {"values": ["a", 1, None]},
    },
}
POINT = {"x": 0.25, "layers": 3, "size": 32, "optimizer": "sgd", "is_wide": True, "kind": 1}
COLUMNS = [
    *(RunColumnKey("parameter", name) for name in POINT),
    RunColumnKey("objective", "loss"),
    RunColumnKey("summary", "loss"),
    RunColumnKey("label", "note"),
    RunColumnKey("field", "start_time"),
    RunColumnKey("field", "attempt"),
    RunColumnKey("field", "last_step"),
]


@pytest.fixture
async def sweep_id(async_client: AsyncClient) -> str:
    """A sweep with a finished run, one that ended without a value, and a queued one."""
    sweep_id = (await async_client.create_sweep(CONFIG, name="<b>bold</b>")).sweep.sweep_id
    points = [POINT, POINT | {"is_wide": False, "kind": "a"}, POINT | {"kind": None}]
    queued = [
        EnqueuedRun(point, labels={"note": "<i>"} if i else {}) for i, point in enumerate(points)
    ]
    await async_client.enqueue_runs(sweep_id, queued)
    await async_client.suggest(sweep_id, agent_id="tester", count=2)
    await async_client.report_metrics(sweep_id, 0, 1, [MetricRow(4, {"loss": float("nan")})])
    await async_client.finish_run(sweep_id, 0, 1, wanllmdb.Succeeded(1.5))
    await async_client.finish_run(sweep_id, 1, 1, wanllmdb.Failed("<script>broken</script>"))
    return sweep_id


async def test_a_frame_of_pandas_has_the_types_of_the_values(
    async_client: AsyncClient, sweep_id: str
) -> None:
    frame = await async_client.runs_frame(sweep_id, COLUMNS, library="pandas")

    assert list(frame["number"]) == [0, 1, 2]
    assert list(frame["state"]) == ["finished", "failed", "queued"]
    assert {name: str(frame[name].dtype) for name in ("x", "layers", "size", "is_wide")} == {
        **{"x": "float64", "layers": "int64", "size": "int64", "is_wide": "bool"}
    }
    assert frame["kind"].tolist() == [1, "a", None]
    assert frame["optimizer"].tolist() == ["sgd"] * 3
    # Two columns of one name have their kind before it.
    assert frame["objective.loss"][0] == 1.5
    assert frame["objective.loss"].isna().tolist() == [False, True, True]
    assert frame["summary.loss"].isna().all()
    assert frame["note"].isna().tolist() == [True, False, False]
    started = (await async_client.get_run(sweep_id, 0)).start_time
    assert started is not None
    assert frame["start_time"][0] == pd.Timestamp(started)
    assert frame["start_time"].isna().tolist() == [False, False, True]
    assert str(frame["last_step"].dtype) == "Int64"
    assert frame["last_step"].isna().tolist() == [False, True, True]
    assert frame["last_step"][0] == 4


async def test_a_frame_of_polars_tells_nan_from_no_value(
    async_client: AsyncClient, sweep_id: str
) -> None:
    frame = await async_client.runs_frame(sweep_id, COLUMNS, library="polars")

    assert dict(zip(frame.columns, frame.dtypes, strict=True)) == {
        "number": pl.Int64,
        "state": pl.String,
        "x": pl.Float64,
        "layers": pl.Int64,
        "size": pl.Int64,
        "optimizer": pl.String,
        "is_wide": pl.Boolean,
        "kind": pl.Object,
        "objective.loss": pl.Float64,
        "summary.loss": pl.Float64,
        "note": pl.String,
        "start_time": pl.Datetime("us", "UTC"),
        "attempt": pl.Int64,
        "last_step": pl.Int64,
    }
    assert frame["is_wide"].to_list() == [True, False, True]
    assert frame["kind"].to_list() == [1, "a", None]
    assert frame["note"].to_list() == [None, "<i>", "<i>"]
    assert frame["objective.loss"].to_list() == [1.5, None, None]
    assert frame["summary.loss"].is_nan().to_list() == [True, None, None]
    assert frame["last_step"].to_list() == [4, None, None]
    assert frame["start_time"][0].astimezone(UTC).date() == datetime.now(UTC).date()


async def test_a_frame_has_the_runs_in_the_given_states(
    async_client: AsyncClient, client: Client, sweep_id: str
) -> None:
    sweep = await async_client.get_sweep(sweep_id)
    frame = await asyncio.to_thread(client.runs_frame, sweep, states=["finished"])

    assert frame["number"].tolist() == [0]
    assert list(frame.columns)[:2] == ["number", "state"]
    assert {"x", "layers", "loss", "start_time", "end_time"} <= set(frame.columns)


@pytest.mark.parametrize("library", ["pandas", "polars"])
async def test_a_sweep_without_runs_is_a_frame_without_rows(
    async_client: AsyncClient, library: str
) -> None:
    sweep = (await async_client.create_sweep(CONFIG)).sweep
    frame = await async_client.runs_frame(sweep, COLUMNS, library=library)

    assert frame.shape == (0, 14)


async def test_a_library_that_makes_no_frames_is_rejected(async_client: AsyncClient) -> None:
    with pytest.raises(wanllmdb.InvalidArgumentError, match="pandas and polars do"):
        await async_client.runs_frame("sweep", library="arrow")


async def test_without_the_library_the_error_names_the_extra(
    environment: dict[str, str], sweep_id: str
) -> None:
    program = f"""
import sys
sys.modules["polars"] = None
import wanllmdb
try:
    wanllmdb.Client().runs_frame({sweep_id!r}, library="polars")
except ImportError as error:
    print(error)
"""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "pip install 'wanllmdb[polars]'" in done.stdout, done.stderr


async def test_sweeps_and_results_are_tables_with_escaped_texts(
    async_client: AsyncClient, sweep_id: str
) -> None:
    sweep = await async_client.get_sweep(sweep_id)
    failed = await async_client.get_run(sweep_id, 1)
    best = await async_client.get_best_runs(sweep_id)
    created = await async_client.create_sweep(CONFIG | {"name": "<u>"})

    shown = sweep._repr_html_()
    assert "&lt;b&gt;bold&lt;/b&gt;" in shown
    assert "3 (1 queued, 1 finished, 1 failed)" in shown
    assert '<th style="text-align:left">best run, 0</th>' in shown
    assert "&lt;script&gt;broken" in failed._repr_html_()
    assert "&lt;i&gt;" in failed._repr_html_()
    assert "1 of 1 best runs" in best._repr_html_()
    assert "<td>1.5</td>" in best._repr_html_()
    for html in (shown, failed._repr_html_(), created._repr_html_()):
        assert html.startswith("<table>")
        assert not [tag for tag in ("<b>", "<i>", "<u>", "<script>") if tag in html]


async def test_a_long_list_ends_with_the_number_of_others(async_client: AsyncClient) -> None:
    created = await async_client.create_sweep(CONFIG)
    many = wanllmdb.SweepList((created.sweep,) * 60, 1_000)

    html = many._repr_html_()

    assert html.count("<tr>") == 52
    assert "... and 10 more" in html
    assert created.sweep.sweep_id in html
