"""Client and AsyncClient: imported and exported runs, and the fields of runs."""

from __future__ import annotations

import asyncio
import json
import math

import pytest

import wanllmdb
from tests.integration.client.conftest import config
from wanllmdb import (
    AlgorithmKind,
    AsyncClient,
    Client,
    CsvRuns,
    Hyperband,
    JsonLinesRuns,
    OptionType,
    PriorRun,
    PriorSweep,
    RunState,
    SearchSpace,
    Succeeded,
    Uniform,
)

SEVERAL = {
    **{key: value for key, value in config().items() if key != "metric"},
    "metrics": [{"name": "loss"}, {"name": "acc", "goal": "maximize"}],
}


async def worked(client: AsyncClient, count: int = 6) -> str:
    """A sweep with finished runs whose loss is x."""
    sweep_id = (await client.create_sweep(config())).sweep.sweep_id
    for run in (await client.suggest(sweep_id, agent_id="tester", count=count)).runs:
        await client.finish_run(sweep_id, run.number, 1, Succeeded(run.parameters["x"]))
    return sweep_id


async def test_prior_runs_come_from_anywhere(async_client: AsyncClient) -> None:
    sweep_id = (await async_client.create_sweep(config())).sweep.sweep_id
    one = PriorRun({"x": 0.5, "n": 16}, RunState.FINISHED, (1.5,), source="a book")
    other = PriorRun({"x": 0.25, "n": 32}, RunState.PRUNED, (2.5,), last_step=7)

    assert (await async_client.import_runs(sweep_id, [one, other])).imported_runs == 2
    text = "x,n,loss\n0.1,16,3.0\n9.0,16,4.0\n"
    with pytest.raises(wanllmdb.InvalidArgumentError, match=r"9\.0"):
        await async_client.import_runs(sweep_id, CsvRuns(text))
    part = await async_client.import_runs(sweep_id, CsvRuns(text), skip_unfit=True)
    assert (part.imported_runs, part.skipped_runs) == (1, 1)
    assert "9.0" in part.skip_reasons[0]
    line = JsonLinesRuns('{"parameters": {"x": 0.75, "n": 32}, "metrics": {"loss": 5.0}}\n')
    await async_client.import_runs(sweep_id, line)

    prior = [run async for run in async_client.list_prior_runs(sweep_id, page_size=2)]
    assert prior[0] == one
    assert (prior[1].state, prior[1].last_step) == (RunState.PRUNED, 7)
    assert [run.objectives[0] for run in prior] == [1.5, 2.5, 3.0, 5.0]
    assert (await async_client.get_sweep(sweep_id)).prior_runs == 4
    copy = await async_client.create_sweep(
        config(), prior_runs=PriorSweep(await worked(async_client))
    )
    assert (copy.imported_runs, copy.skipped_runs) == (6, 0)


async def test_a_training_script_starts_with_prior_runs(
    client: Client, async_client: AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    source = PriorSweep(await worked(async_client))

    sweep_id = await asyncio.to_thread(wanllmdb.sweep, config(), prior_runs=source, client=client)

    assert (await async_client.get_sweep(sweep_id)).prior_runs == 6
    assert "6 prior runs imported, 0 skipped" in "".join(capsys.readouterr())


async def test_the_same_import_is_taken_once(async_client: AsyncClient) -> None:
    sweep_id = (await async_client.create_sweep(config())).sweep.sweep_id
    request_id = "11111111-2222-4333-8444-666666666666"
    source = [PriorRun({"x": 0.5, "n": 16}, RunState.FINISHED, (1.5,))]

    first = await async_client.import_runs(sweep_id, source, request_id=request_id)
    assert await async_client.import_runs(sweep_id, source, request_id=request_id) == first
    assert (await async_client.get_sweep(sweep_id)).prior_runs == 1


async def test_exports_come_in_pieces_of_whole_rows(async_client: AsyncClient) -> None:
    sweep_id = await worked(async_client)

    text = b"".join([piece async for piece in async_client.export_runs(sweep_id)]).decode()
    lines = [piece async for piece in async_client.export_runs(sweep_id, "json_lines")]

    assert text.startswith("number,state,")
    assert len(text.splitlines()) == 7
    runs = [json.loads(line) for line in b"".join(lines).splitlines()]
    assert [run["number"] for run in runs] == list(range(6))
    assert all(run["metrics"]["loss"] == run["parameters"]["x"] for run in runs)
    none = [piece async for piece in async_client.export_runs(sweep_id, states=["failed"])]
    assert len(b"".join(none).splitlines()) == 1
    with pytest.raises(wanllmdb.NotFoundError):
        await anext(async_client.export_runs("nosuchsweep1"))


async def test_the_blocking_client_does_the_same(client: Client, async_client: AsyncClient) -> None:
    sweep_id = await worked(async_client)

    def use() -> None:
        text = b"".join(client.export_runs(sweep_id)).decode()
        other = client.create_sweep(config(), prior_runs=CsvRuns(text))
        assert other.imported_runs == 6
        assert len(list(client.list_prior_runs(other.sweep.sweep_id))) == 6
        again = client.import_runs(other.sweep.sweep_id, PriorSweep(sweep_id))
        assert again.imported_runs == 6
        assert client.get_timeline(sweep_id).run_numbers == tuple(range(6))
        assert "sklearn" in [template.name for template in client.list_templates()]
        assert client.render_template("sklearn", {"runs": 3}).count("run_cap: 3") == 1
        assert len(client.compare_sweeps([sweep_id]).curves) == 1

    await asyncio.to_thread(use)


async def test_answers_of_the_analysis_service(async_client: AsyncClient) -> None:
    sweep_id = await worked(async_client)
    objectives = (await async_client.get_optimization_history(sweep_id)).objectives

    slices = await async_client.get_slices(sweep_id, parameters=["x"])
    assert slices.objectives == slices.parameters[0].values == objectives
    assert (min(slices.ranks), max(slices.ranks)) == (0.0, 1.0)
    contour = await async_client.get_contour(sweep_id, "x", "n", resolution=4)
    assert contour.y.axis.categories == (16, 32)
    assert [len(row) for row in contour.surface] == [len(contour.x_positions)] * 2
    edf = await async_client.get_edf([sweep_id], max_points=5)
    assert len(edf.objectives) == len(edf.curves[0].shares) == 5
    assert edf.curves[0].finished_runs == 6
    matrix = await async_client.get_correlations(sweep_id, method="pearson")
    x, loss = matrix.names.index("x"), matrix.names.index("loss")
    assert matrix.correlations[x][loss] == pytest.approx(1.0)
    assert matrix.runs[x][loss] == 6
    (curve,) = (await async_client.compare_sweeps([sweep_id])).curves
    assert curve.best_objectives[-1] == min(objectives)
    assert curve.total_runs == 6
    timeline = await async_client.get_timeline(sweep_id)
    assert timeline.agents == ("tester",) * 6
    assert timeline.objectives == objectives
    assert not any(math.isnan(seconds) for seconds in timeline.end_seconds)
    importance = await async_client.get_parameter_importance(sweep_id, evaluator="ped_anova")
    assert importance.importances == {each.name: each.importance for each in importance.parameters}


async def test_several_metrics_have_a_front_and_a_volume(async_client: AsyncClient) -> None:
    sweep_id = (await async_client.create_sweep(SEVERAL)).sweep.sweep_id
    for run in (await async_client.suggest(sweep_id, agent_id="tester", count=3)).runs:
        values = {"loss": 1.0 + run.number, "acc": 1.0 + run.number % 2}
        ended = await async_client.finish_run(sweep_id, run.number, 1, Succeeded(objectives=values))
        assert ended.run.objectives == tuple(values.values())
        assert ended.run.objective is None
    best = await async_client.get_best_runs(sweep_id, count=1)
    assert (len(best.runs), best.total_runs) == (1, 2)
    volume = await async_client.get_hypervolume_history(
        sweep_id, reference_point={"loss": 4.0, "acc": 0.0}
    )
    assert volume.hypervolumes == pytest.approx((3.0, 5.0, 5.0))
    assert volume.reference_point == {"loss": 4.0, "acc": 0.0}
    with pytest.raises(wanllmdb.FailedPreconditionError) as several:
        await async_client.get_optimization_history(sweep_id)
    assert several.value.reason == "SEVERAL_METRICS"
    assert (await async_client.get_optimization_history(sweep_id, metric="acc")).objectives == (
        *(1.0, 2.0, 1.0),
    )
    updated = await async_client.update_sweep(sweep_id, targets={"acc": 9.0})
    assert [metric.target for metric in updated.sweep.spec.metrics] == [None, 9.0]


async def test_a_space_is_widened_and_not_narrowed(async_client: AsyncClient) -> None:
    sweep_id = await worked(async_client)
    spec = (await async_client.get_sweep(sweep_id)).spec
    wider = SearchSpace({**spec.parameters, "x": Uniform(0.0, 2.0)})

    updated = await async_client.update_sweep(sweep_id, search_space=wider)

    assert updated.sweep.spec.search_space == wider
    with pytest.raises(wanllmdb.InvalidArgumentError) as narrower:
        await async_client.update_sweep(sweep_id, search_space=spec.search_space)
    assert narrower.value.reason == "INVALID_SWEEP_CONFIG"
    ruled = await async_client.update_sweep(sweep_id, early_termination=Hyperband(min_iter=2))
    assert "early termination" in ruled.warnings[0]


async def test_algorithms_tell_their_options(async_client: AsyncClient) -> None:
    algorithms = {(each.kind, each.name): each for each in await async_client.list_algorithms()}

    tpe = algorithms[AlgorithmKind.SAMPLER, "tpe"]
    assert tpe.method is wanllmdb.Method.BAYES
    option = {each.name: each for each in tpe.options}["n_startup_trials"]
    assert (option.type, option.default) == (OptionType.INT, 10)
    median = algorithms[AlgorithmKind.PRUNER, "median"]
    assert median.method is None
    percentile = algorithms[AlgorithmKind.PRUNER, "percentile"]
    assert {each.name: each.default for each in percentile.options}["percentile"] is wanllmdb.UNSET
