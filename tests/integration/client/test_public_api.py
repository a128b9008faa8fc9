"""`wandb.Api` reads one sweep and one run as programs written for W&B do."""

from __future__ import annotations

import asyncio
import json
import math
from datetime import datetime
from pathlib import Path

import pytest

import wanllmdb as wandb
from tests.integration.client.results import ended, finished_runs, handed_out, new_sweep, reading
from wanllmdb import Api, AsyncClient, MetricRow
from wanllmdb.apis.public import (
    InvalidPathError,
    Run,
    RunNotFoundError,
    Sweep,
    SweepNotFoundError,
)

NESTED = {
    "x": {"min": 0.0, "max": 1.0},
    "epochs": {"value": 3},
    "optimizer": {"parameters": {"name": {"value": "adam"}, "lr": {"min": 0.0, "max": 1.0}}},
}


async def test_a_sweep_shows_its_config_state_and_runs(api: Api, async_client: AsyncClient) -> None:
    sweep_id = await new_sweep(async_client, "api", name="mine", parameters=NESTED, run_cap=20)
    await finished_runs(async_client, sweep_id, [0.5, 0.2, 0.9])

    def read() -> None:
        sweep = api.sweep(f"me/api/{sweep_id}")
        assert (sweep.id, sweep.name, sweep.state) == (sweep_id, "mine", "RUNNING")
        assert (sweep.entity, sweep.project) == ("me", "api")
        assert sweep.path == ["me", "api", sweep_id]
        assert sweep.config["method"] == "random"
        assert sweep.config["metric"] == {"name": "loss", "goal": "minimize"}
        assert sweep.config["parameters"]["optimizer"]["parameters"]["name"] == {"value": "adam"}
        assert sweep.order == "+summary_metrics.loss"
        assert sweep.expected_run_count == 20
        assert len(sweep.runs) == 3
        assert [run.summary["loss"] for run in sweep.runs] == [0.5, 0.2, 0.9]
        assert sweep.load()["state"] == "RUNNING"
        assert sweep.bestLoss == sweep.best_loss == 0.2
        assert f"me/api/{sweep_id}" in repr(sweep)
        assert sweep_id in sweep._repr_html_()
        assert not sweep.display()

    await reading(read)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        ("start_sweep", "RUNNING"),
        ("pause_sweep", "PAUSED"),
        ("finish_sweep", "FINISHED"),
        ("cancel_sweep", "CANCELED"),
    ],
)
async def test_a_sweeps_state_has_wandbs_word(
    api: Api, async_client: AsyncClient, call: str, word: str
) -> None:
    sweep_id = await new_sweep(async_client, "api")
    sweep = await reading(lambda: api.sweep(sweep_id))
    assert sweep.state == "PENDING"
    if call == "pause_sweep":
        await async_client.start_sweep(sweep_id)

    await getattr(async_client, call)(sweep_id)

    assert (await reading(lambda: sweep.load(force=True)))["state"] == sweep.state == word


async def test_a_grids_points_are_the_expected_runs(api: Api, async_client: AsyncClient) -> None:
    grid = {"a": {"values": [1, 2, 3]}, "b": {"values": [1, 2]}}
    whole = await new_sweep(async_client, "api", method="grid", parameters=grid)
    capped = await new_sweep(async_client, "api", method="grid", parameters=grid, run_cap=4)
    endless = await new_sweep(async_client, "api")

    counts = await reading(
        lambda: [api.sweep(sweep_id).expected_run_count for sweep_id in (whole, capped, endless)]
    )

    assert counts == [6, 4, None]


async def test_a_run_shows_what_was_stored_of_it(api: Api, async_client: AsyncClient) -> None:
    sweep_id = await new_sweep(async_client, "api", name="shown", parameters=NESTED)
    (run,) = await handed_out(async_client, sweep_id)
    await async_client.update_run(
        sweep_id,
        run.number,
        labels={"fast": "", "baseline": "", "notes": "a note", "group": "g", "job_type": "train"},
        config={"optimizer/lr": 0.5, "seed": 7, "layers": [1, 2]},
    )
    await ended(
        async_client,
        run,
        wandb.Succeeded(),
        [{"loss": 0.5, "val.acc": 0.1}, {"loss": 0.25, "val.acc": 0.3}],
    )

    def read() -> None:
        run = api.run(f"me/api/{sweep_id}-0")
        assert (run.id, run.name, run.display_name) == (f"{sweep_id}-0", "shown-0", "shown-0")
        assert (run.state, run.sweep_name, run.sweep.id) == ("finished", sweep_id, sweep_id)
        assert run.config["optimizer"] == {"name": "adam", "lr": 0.5}
        assert (run.config["epochs"], run.config["seed"]) == (3, 7)
        assert type(run.config) is dict
        with pytest.raises(KeyError):
            run.config["missing"]
        assert json.loads(run.json_config)["seed"]["value"] == 7
        assert run.tags == ["baseline", "fast"]
        assert (run.notes, run.group, run.job_type) == ("a note", "g", "train")
        assert (run.user, run.metadata, run.system_metrics) == (None, None, {})
        assert run.lastHistoryStep == 1
        assert run.historyKeys["lastStep"] == 1
        for time in (run.created_at, run.heartbeat_at):
            assert time is not None
            assert datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ").year >= 2024
        assert run.createdAt == run.created_at
        assert run.load()["summaryMetrics"]["loss"] == 0.25

    await reading(read)


async def test_a_summary_is_read_as_wandbs(api: Api, async_client: AsyncClient) -> None:
    sweep_id = await new_sweep(async_client, "api")
    (run,) = await handed_out(async_client, sweep_id)
    await ended(
        async_client, run, wandb.Succeeded(), [{"loss": 1.0}, {"loss": 0.5, "val.acc": 0.25}]
    )

    summary = (await reading(lambda: api.run(f"{sweep_id}-0"))).summary

    assert (summary["loss"], summary.loss, summary.get("loss")) == (0.5, 0.5, 0.5)
    assert (summary["val.acc"], summary["val"]["acc"], summary.val.acc) == (0.25, 0.25, 0.25)
    assert summary.get("other") is None
    assert summary.get("other", 1) == 1
    assert "loss" in summary
    assert "other" not in summary
    assert not hasattr(summary, "other")
    with pytest.raises(KeyError):
        summary["other"]
    with pytest.raises(KeyError):
        _ = summary.other
    assert summary["_step"] == 1
    assert summary["_runtime"] >= 0.0
    shown = {key: value for key, value in summary._json_dict.items() if not key.startswith("_")}
    assert shown == {"loss": 0.5, "val.acc": 0.25}
    assert dict(summary) == dict(summary.items()) == summary._json_dict


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        (wandb.Succeeded(), "finished"),
        (wandb.Failed("broke"), "failed"),
        (wandb.Pruned("slow"), "killed"),
        (wandb.Canceled("enough"), "killed"),
    ],
)
async def test_a_runs_state_has_wandbs_word(
    api: Api, async_client: AsyncClient, outcome: wandb.Outcome, word: str
) -> None:
    sweep_id = await new_sweep(async_client, "api", retries={"failed": 0})
    (run,) = await handed_out(async_client, sweep_id)
    held = await reading(lambda: api.run(f"{sweep_id}-0"))
    assert held.state == "running"

    await ended(async_client, run, outcome, [{"loss": 1.0}])

    assert held.state == "running"
    await reading(lambda: held.load(force=True))
    assert held.state == word


async def test_a_run_that_waits_is_pending_or_preempted(
    api: Api, async_client: AsyncClient
) -> None:
    sweep_id = await new_sweep(async_client, "api")
    await async_client.enqueue_runs(sweep_id, [{"x": 0.5}, {"x": 0.6}])
    (run,) = await handed_out(async_client, sweep_id)
    await async_client.release_run(sweep_id, run.number, run.attempt, reason="preempted")

    states = await reading(lambda: [run.state for run in api.sweep(sweep_id).runs])

    assert states == ["preempted", "pending"]


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
async def test_the_best_run_is_the_registrys(
    api: Api, async_client: AsyncClient, goal: str
) -> None:
    sweep_id = await new_sweep(
        async_client, "api", metric={"name": "loss", "goal": goal, "value": "best"}
    )
    # By the last values the order would be the other one.
    for run, values in zip(
        await handed_out(async_client, sweep_id, 3),
        [[3.0, 5.0], [1.0, 9.0, 4.0], [2.0, math.nan]],
        strict=True,
    ):
        await ended(async_client, run, wandb.Succeeded(), [{"loss": value} for value in values])
    (expected,) = (await async_client.get_best_runs(sweep_id, count=1)).runs

    best = await reading(lambda: api.sweep(sweep_id).best_run())

    assert best is not None
    assert best.id == f"{sweep_id}-{expected.number}"


async def test_another_order_makes_another_run_the_best(
    api: Api, async_client: AsyncClient
) -> None:
    sweep_id = await new_sweep(async_client, "api")
    await finished_runs(async_client, sweep_id, [0.5, 0.2, 0.9])

    def read() -> list[str]:
        sweep = api.sweep(sweep_id)
        # A bare name is a metric's and descends, as in W&B.
        orders = ("loss", "-loss", "+loss", "summary_metrics.loss")
        return [run.id for run in map(sweep.best_run, orders) if run is not None]

    assert await reading(read) == [f"{sweep_id}-{number}" for number in (2, 2, 1, 2)]


async def test_the_best_run_of_several_metrics_is_of_the_front(
    api: Api, async_client: AsyncClient, capfd: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(
        async_client,
        "api",
        metric=None,
        metrics=[{"name": "loss", "goal": "minimize"}, {"name": "acc", "goal": "maximize"}],
    )
    for run, (loss, acc) in zip(
        await handed_out(async_client, sweep_id, 3),
        [(2.0, 0.9), (1.0, 0.5), (3.0, 0.1)],
        strict=True,
    ):
        await ended(async_client, run, wandb.Succeeded(), [{"loss": loss, "acc": acc}])

    best = await reading(lambda: api.sweep(sweep_id).best_run())

    assert best is not None
    assert best.id == f"{sweep_id}-1"
    assert "get_best_runs" in capfd.readouterr().err


async def test_while_no_run_has_finished_the_last_values_decide(
    api: Api, async_client: AsyncClient
) -> None:
    sweep_id = await new_sweep(async_client, "api")
    sweep = await reading(lambda: api.sweep(sweep_id))
    assert await reading(sweep.best_run) is None
    assert sweep.best_loss is None
    runs = await handed_out(async_client, sweep_id, 3)
    for run, loss in zip(runs[1:], (0.5, 0.25), strict=True):
        await async_client.report_metrics(
            sweep_id, run.number, run.attempt, [MetricRow(0, {"loss": loss})]
        )

    best = await reading(sweep.best_run)

    assert best is not None
    assert (best.id, best.state) == (f"{sweep_id}-2", "running")


async def test_all_forms_of_a_path_find_the_same(api: Api, async_client: AsyncClient) -> None:
    sweep_id = await new_sweep(async_client, "my project")
    await finished_runs(async_client, sweep_id, [0.5])

    def read() -> tuple[set[str], set[str]]:
        run, sweep = api.run(f"{sweep_id}-0"), api.sweep(sweep_id)
        starts = ("", "my project/", "me/my project/", "/me/my project/")
        runs = {api.run(f"{start}{run.id}").id for start in starts}
        sweeps = {api.sweep(f"{start}{sweep_id}").id for start in starts}
        runs |= {
            api.run(path).id
            for path in (
                f"/me/my project/runs/{run.id}",
                f"https://wandb.ai/me/my%20project/runs/{run.id}/overview?nw=1",
                run.url,
                "/".join(run.path),
                f"{run.entity}/{run.project}/{run.id}",
            )
        }
        sweeps |= {api.sweep(path).id for path in (sweep.url, "/".join(sweep.path))}
        assert isinstance(api.from_path(f"me/my project/sweeps/{sweep_id}"), Sweep)
        assert isinstance(api.from_path(f"me/my project/runs/{run.id}"), Run)
        return runs, sweeps

    assert await reading(read) == ({f"{sweep_id}-0"}, {sweep_id})


async def test_a_sweep_is_found_by_its_id_in_another_project(
    api: Api, async_client: AsyncClient, capfd: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(async_client, "real")

    sweep = await reading(lambda: api.sweep(f"me/imagined/{sweep_id}"))

    assert sweep.project == "real"
    assert "is in project 'real', not 'imagined'" in capfd.readouterr().err


async def test_objects_are_made_by_their_classes_too(api: Api, async_client: AsyncClient) -> None:
    sweep_id = await new_sweep(async_client, "api-classes")
    await finished_runs(async_client, sweep_id, [0.5])

    def read() -> None:
        public = wandb.apis.public
        project = api.project("api-classes", entity="me")
        (run,) = public.Runs(project.client, project.entity, "api-classes", {"state": "finished"})
        assert run.path == ["me", "api-classes", f"{sweep_id}-0"]
        assert public.Run(api.client, "us", "api-classes", run.id).path[0] == "us"
        assert public.Sweep(api.client, "us", "api-classes", sweep_id).runs[0].id == run.id
        with pytest.raises(RunNotFoundError):
            public.Run(api.client, "us", "api-classes", "nope")

    await reading(read)


async def test_what_is_not_there_is_not_found(api: Api, async_client: AsyncClient) -> None:
    sweep_id = await new_sweep(async_client, "api")

    def read() -> None:
        for path in ("me/api/nosuchsweep1", "nosuchsweep1", "x" * 500, "é"):
            with pytest.raises(SweepNotFoundError, match="no sweep"):
                api.sweep(path)
        for path in (f"{sweep_id}-0", f"{sweep_id}-x", f"me/api/{sweep_id}", f"-{10**30}"):
            with pytest.raises(RunNotFoundError, match="no run"):
                api.run(path)
        for path in ("", " ", "a/b/c/d", "a//b"):
            with pytest.raises(InvalidPathError, match="write entity/project/id"):
                api.run(path)

    await reading(read)
    assert issubclass(SweepNotFoundError, wandb.NotFoundError)
    assert issubclass(RunNotFoundError, wandb.NotFoundError)
    assert issubclass(RunNotFoundError, ValueError)
    # W&B raises the same for a path that is none and for a run that is not there.
    assert issubclass(InvalidPathError, wandb.NotFoundError)
    assert issubclass(InvalidPathError, wandb.InvalidArgumentError)
    assert issubclass(InvalidPathError, ValueError)


async def test_waiting_for_a_run_ends_with_it(api: Api, async_client: AsyncClient) -> None:
    sweep_id = await new_sweep(async_client, "api")
    (run,) = await handed_out(async_client, sweep_id)
    waited = await reading(lambda: api.run(f"{sweep_id}-0"))
    waiting = asyncio.create_task(reading(waited.wait_until_finished))
    await async_client.report_metrics(
        sweep_id, run.number, run.attempt, [MetricRow(0, {"loss": 1.0})]
    )
    assert not waiting.done()

    await ended(async_client, run, wandb.Failed("broke"))
    await async_client.cancel_sweep(sweep_id)

    await asyncio.wait_for(waiting, 60)
    assert waited.state == "failed"
    await reading(waited.wait_until_finished)


async def test_a_training_function_reads_from_its_agents_services(
    async_client: AsyncClient,
    registry_address: str,
    suggestion_address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Nothing is at the environment's addresses: the agent's client has its own.
    for name in ("WANLLMDB_REGISTRY", "WANLLMDB_SUGGESTION"):
        monkeypatch.setenv(name, "localhost:9")
    sweep_id = await new_sweep(async_client, "api")
    await finished_runs(async_client, sweep_id, [0.25])
    best: list[float] = []

    def train() -> None:
        with wandb.init():
            wandb.log({"loss": 0.5})
            run = wandb.Api(timeout=20).sweep(sweep_id).best_run()
            assert run is not None
            best.append(run.summary["loss"])

    def work() -> None:
        with wandb.Client(registry_address, suggestion_address) as client:
            wandb.agent(sweep_id, train, count=1, client=client)

    await reading(work)
    assert best == [0.25]


async def test_a_registry_that_is_away_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WANLLMDB_REGISTRY", f"unix:{tmp_path}/missing")

    with pytest.raises(wandb.UnavailableError, match="WANLLMDB_REGISTRY"):
        await reading(lambda: wandb.Api().sweep("k6rsniyyjhjy"))
