"""`wanllmdb best`, `importance`, `history`, ... and `algorithms`: results of runs."""

from __future__ import annotations

import json
import re

import pytest

from tests.integration.client.command_line import CommandLine
from wanllmdb import AsyncClient, Succeeded

SPACE = {
    "lr": {"distribution": "log_uniform", "min": 0.001, "max": 1.0},
    "n": {"min": 1, "max": 8},
    "opt": {"values": ["adam", "sgd"]},
}
ONE = {"method": "random", "metric": {"name": "loss"}, "parameters": SPACE, "seed": 5}
TWO = {
    **ONE,
    "metric": None,
    "metrics": [{"name": "loss"}, {"name": "acc", "goal": "maximize"}],
}


async def worked(cli: CommandLine, client: AsyncClient, agent_id: str = "alpha") -> str:
    """A sweep with 20 runs whose loss is n."""
    sweep_id = await cli.create(ONE)
    for run in (await client.suggest(sweep_id, agent_id=agent_id, count=20)).runs:
        await client.finish_run(sweep_id, run.number, 1, Succeeded(float(run.parameters["n"])))
    return sweep_id


@pytest.fixture
async def sweep_id(cli: CommandLine, async_client: AsyncClient) -> str:
    return await worked(cli, async_client)


@pytest.fixture
async def front(cli: CommandLine, async_client: AsyncClient) -> str:
    """A sweep with two metrics: runs 0 and 2 are the front."""
    made = await cli.create({key: value for key, value in TWO.items() if value is not None})
    runs = (await async_client.suggest(made, agent_id="a", count=3)).runs
    for run, (loss, acc) in zip(runs, [(1.0, 0.5), (2.0, 0.4), (3.0, 0.9)], strict=True):
        values = {"loss": loss, "acc": acc}
        await async_client.finish_run(made, run.number, 1, Succeeded(objectives=values))
    return made


async def test_best_of_one_metric(cli: CommandLine, sweep_id: str) -> None:
    found = await cli.json("best", sweep_id, "--count", "3")
    losses = [run["objective"] for run in found["runs"]]
    assert losses == sorted(losses)
    assert len(losses) == 3
    table = (await cli("best", sweep_id)).out
    assert re.search(r"RUN +STATE +loss +TIME +lr +n +opt", table)


async def test_best_of_several_metrics_is_the_front(cli: CommandLine, front: str) -> None:
    found = await cli.json("best", front)
    assert [run["number"] for run in found["runs"]] == [0, 2]
    table = (await cli("best", front)).out
    assert "2 runs that no other run dominates" in table
    assert re.search(r"loss +acc", table)
    assert "1 of 2 runs" in (await cli("best", front, "--count", "1")).out
    shown = (await cli("runs", "show", front, "2")).out
    assert re.search(r"objective +loss +3 *\n +acc +0\.9", shown)


@pytest.mark.parametrize("evaluator", ["fanova", "mean_decrease_impurity", "ped_anova"])
async def test_importance(cli: CommandLine, sweep_id: str, evaluator: str) -> None:
    result = await cli.json("importance", sweep_id, "--evaluator", evaluator)
    by_name = {each["name"]: each for each in result["parameters"]}
    assert sum(each["importance"] for each in result["parameters"]) == pytest.approx(1.0)
    assert result["parameters"][0]["name"] == "n"
    assert by_name["n"]["linear_correlation"] == pytest.approx(1.0)
    assert by_name["n"]["runs"] == 20
    table = (await cli("importance", sweep_id, "--evaluator", evaluator)).out
    assert "+1.00" in table
    assert "from 20 finished runs" in table


async def test_history_and_several_metrics(cli: CommandLine, sweep_id: str, front: str) -> None:
    assert (await cli("history", sweep_id)).out.count("•") >= 1
    result = await cli.json("history", sweep_id)
    assert result["best_objectives"][-1] == min(result["objectives"])
    assert "name one of loss, acc" in (await cli("history", front, code=1)).err
    assert (await cli.json("history", front, "--metric", "acc"))["goal"] == "maximize"


async def test_hypervolume(cli: CommandLine, front: str, sweep_id: str) -> None:
    result = await cli.json("hypervolume", front, "--reference", "loss=4", "--reference", "acc=0")
    # Of (1, 0.5): 3 x 0.5; (3, 0.9) adds 1 x 0.4.
    assert result["hypervolumes"] == pytest.approx([1.5, 1.5, 1.9])
    assert result["reference_point"] == {"loss": 4.0, "acc": 0.0}
    plot = (await cli("hypervolume", front)).out
    assert "measured from loss" in plot
    assert "run 0" in plot
    await cli("hypervolume", front, "--reference", "x", code=2)
    await cli("hypervolume", sweep_id, code=1)


async def test_slices(cli: CommandLine, sweep_id: str) -> None:
    plots = (await cli("slices", sweep_id)).out
    assert "lr (log)" in plots
    assert "opt  adam | sgd" in plots
    result = await cli.json("slices", sweep_id, "--parameter", "n")
    (column,) = result["parameters"]
    assert column["values"] == result["objectives"]


async def test_contour(cli: CommandLine, sweep_id: str) -> None:
    plot = (await cli("contour", sweep_id, "lr", "n")).out
    assert "n over lr" in plot
    assert "█" in plot
    result = await cli.json("contour", sweep_id, "lr", "n", "--resolution", "5")
    assert len(result["surface"]) == len(result["y_positions"])
    assert {len(row) for row in result["surface"]} == {5}
    assert "opt over lr" in (await cli("contour", sweep_id, "lr", "opt")).out


async def test_correlations(cli: CommandLine, sweep_id: str) -> None:
    result = await cli.json("correlations", sweep_id, "--method", "spearman")
    row = result["names"].index("n")
    assert result["correlations"][row][result["names"].index("loss")] == pytest.approx(1.0)
    assert "+1.00" in (await cli("correlations", sweep_id)).out


async def test_compare_and_edf(cli: CommandLine, async_client: AsyncClient, sweep_id: str) -> None:
    other = await worked(cli, async_client)
    said = (await cli("compare", sweep_id, other)).out
    assert sweep_id in said
    assert other in said
    assert "B" in said
    assert "20 runs" in said
    assert " s" in (await cli("compare", sweep_id, other, "--by", "time")).out
    result = await cli.json("compare", sweep_id, other)
    assert [curve["finished_runs"] for curve in result["curves"]] == [20, 20]
    edf = await cli.json("edf", sweep_id, other)
    assert edf["curves"][0]["shares"][-1] == 1.0
    assert "A" in (await cli("edf", sweep_id, other)).out


async def test_timeline(cli: CommandLine, async_client: AsyncClient) -> None:
    made = await worked(cli, async_client, agent_id="agent [x]")
    plot = (await cli("timeline", made)).out
    assert "agent [x] │" in plot
    assert "20 runs" in plot
    result = await cli.json("timeline", made)
    assert result["agents"] == ["agent [x]"] * 20
    assert result["states"] == ["finished"] * 20
    assert all(end >= 0 for end in result["end_seconds"])


async def test_without_runs(cli: CommandLine) -> None:
    sweep_id = await cli.create(ONE)
    assert "No finished run has a value" in (await cli("best", sweep_id)).out
    assert "no finished runs" in (await cli("history", sweep_id)).out
    assert "no finished runs" in (await cli("slices", sweep_id)).out
    assert "no run has started" in (await cli("timeline", sweep_id)).out
    assert "no finished runs" in (await cli("compare", sweep_id)).out
    await cli("importance", sweep_id, code=1)


async def test_algorithms_are_described_with_their_options(cli: CommandLine) -> None:
    table = (await cli("algorithms")).out
    for name in ("tpe", "median", "no_improvement", "ped_anova"):
        assert name in table
    shown = (await cli("algorithms", "tpe")).out
    assert re.search(r"n_startup_trials +integer, >= 1", shown)
    assert "needs a metric" in shown
    pruners = await cli.json("algorithms", "--kind", "pruner")
    assert {each["kind"] for each in pruners} == {"pruner"}
    percentile = next(each for each in pruners if each["name"] == "percentile")
    required = next(each for each in percentile["options"] if each["name"] == "percentile")
    assert "default" not in required
    assert "did you mean tpe?" in (await cli("algorithms", "tep", code=2)).err


async def test_watch_beyond_the_end_of_a_sweep_ends(
    cli: CommandLine, async_client: AsyncClient, sweep_id: str
) -> None:
    finished = await async_client.finish_sweep(sweep_id)

    said = await cli("watch", sweep_id, "--json", "--since-revision", str(finished.revision))

    assert [json.loads(line)["kind"] for line in said.out.splitlines()] == ["checkpoint"]
