"""The plots of a sweep draw what the services answered."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from typing import Any

import pytest

import wanllmdb
from wanllmdb import AsyncClient, Client, EnqueuedRun, plot

PARAMETERS: dict[str, Any] = {
    "lr": {"distribution": "log_uniform_values", "min": 0.001, "max": 10.0},
    "optimizer": {"values": ["adam", "<i>sgd</i>"]},
    "x": {"min": 0.0, "max": 4.0},
    "adam": {"when": {"optimizer": "adam"}, "parameters": {"beta": {"min": 0.0, "max": 1.0}}},
}
POINTS: list[dict[str, Any]] = [
    {"lr": 0.01, "optimizer": "adam", "x": 1.0, "adam.beta": 0.5},
    {"lr": 1.0, "optimizer": "<i>sgd</i>", "x": 3.0},
    {"lr": 0.1, "optimizer": "adam", "x": 2.0, "adam.beta": 0.25},
    {"lr": 0.3, "optimizer": "<i>sgd</i>", "x": 0.5},
]
LOSSES = [3.0, 4.0, 1.0, 2.0]


async def ended(client: AsyncClient, outcomes: list[Any], **config: Any) -> str:
    """Create a sweep whose runs have these outcomes and end with a running one; return its id."""
    spec = {"method": "random", "parameters": PARAMETERS, **config}
    sweep_id = (await client.create_sweep(spec)).sweep.sweep_id
    names = set((await client.get_sweep(sweep_id)).spec.parameters)
    beta = next(name for name in names if name.endswith("beta"))
    points = [
        {beta if name == "adam.beta" else name: value for name, value in point.items()}
        for point in POINTS
    ]
    await client.enqueue_runs(sweep_id, [EnqueuedRun(point) for point in points])
    await client.suggest(sweep_id, agent_id="<u>agent</u>", count=len(points) + 1)
    for number, outcome in enumerate(outcomes):
        await client.finish_run(sweep_id, number, 1, outcome)
    return sweep_id


@pytest.fixture
async def sweep_id(async_client: AsyncClient) -> str:
    """A sweep with one metric and four finished runs."""
    return await ended(
        async_client,
        [wanllmdb.Succeeded(loss) for loss in LOSSES],
        metric={"name": "loss", "goal": "minimize"},
    )


async def drawn(draw: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Draw in a thread, since the services answer in this one; return the figure as JSON."""
    figure = await asyncio.to_thread(draw, *args, **options)
    text = figure.to_json()
    for tag in ("<b>", "<i>", "<u>"):
        assert tag not in text.replace("\\u003c", "<").replace("\\u003e", ">")
    return json.loads(text)


def listed(values: Any) -> list[Any]:
    """The values of a column of a figure."""
    assert isinstance(values, list)
    return values


async def test_history(client: Client, sweep_id: str) -> None:
    figure = await drawn(plot.history, sweep_id, client=client)

    runs, best = figure["data"]
    assert listed(runs["x"]) == [0, 1, 2, 3]
    assert listed(runs["y"]) == LOSSES
    assert listed(best["y"]) == [3.0, 3.0, 1.0, 1.0]
    assert figure["layout"]["title"]["text"] == "History: 4 finished runs, minimize"


async def test_importance(client: Client, sweep_id: str) -> None:
    figure = await drawn(plot.importance, sweep_id, client=client, evaluator="ped_anova")

    answer = await asyncio.to_thread(
        client.get_parameter_importance, sweep_id, evaluator="ped_anova"
    )
    (bars,) = figure["data"]
    assert bars["x"] == [each.importance for each in answer.parameters][::-1]
    assert "lr" in bars["y"]


async def test_parallel(client: Client, sweep_id: str) -> None:
    figure = await drawn(plot.parallel, sweep_id, client=client)

    (lines,) = figure["data"]
    axes = {axis["label"]: axis for axis in lines["dimensions"]}
    assert listed(axes["loss"]["values"]) == LOSSES
    assert lines["line"]["color"] == LOSSES
    lr = axes["lr"]
    assert listed(lr["values"]) == pytest.approx([-2.0, 0.0, -1.0, math.log10(0.3)])
    assert (lr["ticktext"][0], lr["ticktext"][-1]) == ("0.001", "10")
    assert axes["optimizer"]["ticktext"] == ["adam", "&lt;i&gt;sgd&lt;/i&gt;"]
    assert listed(axes["optimizer"]["values"]) == [0.0, 1.0, 0.0, 1.0]
    # Runs without a value have a tick of their own.
    (beta,) = [axis for name, axis in axes.items() if name.endswith("beta")]
    assert beta["ticktext"][0] == "none"
    missing = beta["tickvals"][0]
    assert listed(beta["values"]) == [0.5, missing, 0.25, missing]
    assert missing < 0


async def test_slice(client: Client, sweep_id: str) -> None:
    names = ["lr", "optimizer", "x"]
    figure = await drawn(plot.slice, sweep_id, names, client=client)

    lr, optimizer, x = figure["data"]
    assert sorted(zip(x["x"], x["y"], strict=True)) == sorted(
        zip([1.0, 3.0, 2.0, 0.5], LOSSES, strict=True)
    )
    assert sorted(lr["marker"]["color"]) == [0, 1, 2, 3]
    assert figure["layout"]["xaxis"]["type"] == "log"
    assert figure["layout"]["xaxis2"]["ticktext"] == ["adam", "&lt;i&gt;sgd&lt;/i&gt;"]
    assert set(optimizer["x"]) == {0.0, 1.0}


async def test_a_slice_leaves_out_runs_without_the_parameter(client: Client, sweep_id: str) -> None:
    sweep = await asyncio.to_thread(client.get_sweep, sweep_id)
    beta = next(name for name in sweep.spec.parameters if name.endswith("beta"))

    figure = await drawn(plot.slice, sweep, [beta], client=client)

    assert sorted(figure["data"][0]["x"]) == [0.25, 0.5]


async def test_contour(client: Client, sweep_id: str) -> None:
    figure = await drawn(plot.contour, sweep_id, "x", "lr", client=client, resolution=7)

    surface, runs = figure["data"]
    answer = await asyncio.to_thread(client.get_contour, sweep_id, "x", "lr", resolution=7)
    assert listed(surface["x"]) == list(answer.x_positions)
    assert [len(row) for row in surface["z"]] == [7] * 7
    assert sorted(runs["x"]) == [0.5, 1.0, 2.0, 3.0]
    assert figure["layout"]["yaxis"]["type"] == "log"


async def test_timeline(client: Client, sweep_id: str) -> None:
    figure = await drawn(plot.timeline, sweep_id, client=client)

    states = {bars["name"]: bars for bars in figure["data"]}
    assert listed(states["finished"]["y"]) == [0, 1, 2, 3]
    assert listed(states["running"]["y"]) == [4]
    assert min(states["running"]["x"]) >= 0
    assert set(states["finished"]["hovertext"]) == {"&lt;u&gt;agent&lt;/u&gt;"}


@pytest.mark.parametrize("metrics", [2, 3])
async def test_pareto(client: Client, async_client: AsyncClient, metrics: int) -> None:
    names = ["loss", "size", "time"][:metrics]
    values = [[3.0, 1.0, 1.0], [4.0, 4.0, 4.0], [1.0, 3.0, 2.0], [2.0, 2.0, 2.0]]
    sweep_id = await ended(
        async_client,
        [wanllmdb.Succeeded(objectives=dict(zip(names, row, strict=False))) for row in values],
        metrics=[{"name": name, "goal": "minimize"} for name in names],
    )

    figure = await drawn(plot.pareto, sweep_id, client=client)

    runs, front = figure["data"]
    assert listed(runs["x"]) == [3.0, 4.0, 1.0, 2.0]
    assert listed(front["x"]) == [3.0, 1.0, 2.0]
    assert listed(front["y"]) == [1.0, 3.0, 2.0]
    assert front["text"] == ["run 0", "run 2", "run 3"]
    assert ("z" in front) == (metrics == 3)


async def test_a_pareto_plot_needs_several_metrics(client: Client, sweep_id: str) -> None:
    with pytest.raises(wanllmdb.InvalidArgumentError, match="the sweep has 1"):
        await drawn(plot.pareto, sweep_id, client=client)


async def test_without_a_client_the_environment_names_the_services(
    environment: dict[str, str], sweep_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WANLLMDB_REGISTRY", "WANLLMDB_SUGGESTION"):
        monkeypatch.setenv(name, environment[name])

    figure = await drawn(plot.history, sweep_id)

    assert listed(figure["data"][0]["y"]) == LOSSES


async def test_a_plot_shows_a_sample_of_many_runs(client: Client, sweep_id: str) -> None:
    figure = await drawn(plot.history, sweep_id, client=client, max_points=2)

    assert " of 4 finished runs" in figure["layout"]["title"]["text"]
