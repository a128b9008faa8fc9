"""Values that a program sets in its summary or by define_metric count, beside the history."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

import wanllmdb as wandb
from tests.integration.client.function_agents import new_sweep, run_agent, runs_of
from wanllmdb import Client, MetricRow, Run, RunState, Succeeded


async def one_run(client: Client, train: Callable[[], None], **more: Any) -> Run:
    """The run of a function."""
    sweep_id = await new_sweep(client, **more)
    await run_agent(client, sweep_id, train, count=1)
    (run,) = await runs_of(client, sweep_id)
    return run


async def steps_of(client: Client, run: Run) -> dict[str, list[tuple[int, float]]]:
    history = await asyncio.to_thread(client.get_metric_history, run.sweep_id, run.number)
    return {
        name: [(point.step, point.value) for point in each.points] for name, each in history.items()
    }


async def test_a_summary_value_counts_and_leaves_the_history_as_it_was_logged(
    client: Client,
) -> None:
    def train() -> None:
        for loss in (3.0, 1.0, 2.0):
            wandb.log({"loss": loss})
        wandb.summary["loss"] = 1.0
        wandb.summary.best_epoch = 1

    run = await one_run(client, train)

    assert (run.objective, run.last_step) == (1.0, 2)
    assert run.summary == {"loss": 1.0, "best_epoch": 1.0}
    assert await steps_of(client, run) == {"loss": [(0, 3.0), (1, 1.0), (2, 2.0)]}


async def test_of_what_is_set_and_what_is_logged_the_later_one_counts(client: Client) -> None:
    def train() -> None:
        wandb.log({"loss": 3.0, "acc": 0.5})
        wandb.summary.update({"loss": 1.0, "acc": 0.9})
        wandb.log({"loss": 2.0})
        assert dict(wandb.summary) == {"loss": 2.0, "acc": 0.9}

    run = await one_run(client, train)

    assert (run.objective, run.summary) == (2.0, {"loss": 2.0, "acc": 0.9})


async def test_at_one_step_too_the_later_one_counts(client: Client) -> None:
    def train() -> None:
        run = wandb.init()
        wandb.log({"loss": 3.0, "a": 1.0}, commit=False)
        run.summary.update({"loss": 1.0, "a": 2.0})
        wandb.log({"loss": 2.0}, commit=False)
        wandb.log({"loss": 4.0}, commit=False)
        run.summary["b"] = 5.0
        run.summary["loss"] = 0.5

    run = await one_run(client, train)

    assert run.summary == {"loss": 0.5, "a": 2.0, "b": 5.0}
    assert await steps_of(client, run) == {"loss": [(0, 4.0)], "a": [(0, 1.0)]}


async def test_a_metric_that_was_never_logged_may_be_the_objective(client: Client) -> None:
    def train() -> None:
        wandb.init().summary["loss"] = 5.0

    run = await one_run(client, train)

    assert (run.state, run.objective, run.last_step) == (RunState.FINISHED, 5.0, None)
    assert await steps_of(client, run) == {}


@pytest.mark.parametrize(
    ("value", "in_summary", "objective"),
    [("best", 0.5, 0.5), ("best", 9.0, 1.0), ("mean_last_2", 9.0, 1.5)],
)
async def test_which_value_counts_is_the_sweeps_choice(
    client: Client, value: Any, in_summary: float, objective: float
) -> None:
    def train() -> None:
        for loss in (3.0, 1.0, 2.0):
            wandb.log({"loss": loss})
        wandb.summary["loss"] = in_summary

    metric = {"name": "loss", "goal": "minimize", "value": value}
    assert (await one_run(client, train, metric=metric)).objective == objective


@pytest.mark.parametrize("value", ["best", "mean_last_2"])
async def test_a_summary_value_counts_by_any_rule_where_nothing_was_logged(
    client: Client, value: Any
) -> None:
    def train() -> None:
        wandb.summary["loss"] = 5.0

    metric = {"name": "loss", "goal": "minimize", "value": value}
    assert (await one_run(client, train, metric=metric)).objective == 5.0


async def test_a_summary_value_that_is_reported_again_changes_nothing(client: Client) -> None:
    sweep_id = await new_sweep(client)

    def report() -> None:
        run = client.suggest(sweep_id, agent_id="a").runs[0]
        rows = [MetricRow(0, {"loss": 3.0}), MetricRow(0, {"loss": 1.0}, is_summary=True)]
        request_id = str(uuid4())
        for _ in range(2):
            client.report_metrics(sweep_id, 0, run.attempt, rows, request_id=request_id)
        assert client.get_run(sweep_id, 0).summary == {"loss": 1.0}
        client.report_metrics(sweep_id, 0, run.attempt, [MetricRow(1, {"loss": 2.0})])
        # What was reported before that comes late.
        client.report_metrics(sweep_id, 0, run.attempt, rows)
        client.finish_run(sweep_id, 0, run.attempt, Succeeded())

    await asyncio.to_thread(report)

    (run,) = await runs_of(client, sweep_id)
    assert (run.objective, run.last_step) == (2.0, 1)


@pytest.mark.parametrize(
    ("summary", "goal", "objective"),
    [
        ("min", None, 1.0),
        ("max", None, 3.0),
        ("mean", None, 2.0),
        ("first", None, 3.0),
        ("best", None, 1.0),
        ("best", "maximize", 3.0),
        ("last", None, 2.0),
        ("none", None, 2.0),
        (None, None, 2.0),
    ],
)
async def test_define_metric_says_which_value_counts(
    client: Client, summary: str | None, goal: str | None, objective: float
) -> None:
    def train() -> None:
        metric = wandb.define_metric("loss", "epoch", summary=summary, goal=goal)
        assert (metric.name, metric.step_metric) == ("loss", "epoch")
        for epoch, loss in enumerate((3.0, 1.0, 2.0)):
            wandb.log({"loss": loss, "epoch": epoch})

    run = await one_run(client, train)

    assert run.objective == pytest.approx(objective)
    assert (await steps_of(client, run))["loss"] == [(0, 3.0), (1, 1.0), (2, 2.0)]
    own = {} if summary in ("last", "none", None) else {f"loss.{summary}": objective}
    assert run.summary == {"epoch": 2.0, "loss": run.objective} | own


async def test_the_sweeps_own_rule_stands_over_define_metric(client: Client) -> None:
    def train() -> None:
        run = wandb.init()
        run.define_metric("*", summary="max")
        for loss in (3.0, 1.0, 2.0):
            wandb.log({"loss": loss, "acc": loss})

    metric = {"name": "loss", "goal": "minimize", "value": "best"}
    run = await one_run(client, train, metric=metric)

    assert run.objective == 1.0
    assert (run.summary["loss.max"], run.summary["acc"]) == (3.0, 3.0)


async def test_the_value_that_a_definition_names_may_be_the_sweeps_metric(client: Client) -> None:
    def train() -> None:
        wandb.define_metric("val/*", summary="min,max")
        for loss in (3.0, 1.0, 2.0):
            wandb.log({"val/loss": loss})

    metric = {"name": "val/loss.min", "goal": "minimize"}
    run = await one_run(client, train, metric=metric)

    assert run.objective == 1.0
    assert run.summary == {"val/loss": 2.0, "val/loss.min": 1.0, "val/loss.max": 3.0}


async def test_a_summary_or_goal_that_there_is_not_is_refused(client: Client) -> None:
    def train() -> None:
        for how in ({"summary": "minn"}, {"goal": "min"}, {"summary": "min,median"}):
            with pytest.raises(wandb.InvalidArgumentError, match="define_metric: "):
                wandb.define_metric("loss", **how)  # type: ignore[arg-type]
        wandb.log({"loss": 1.0})

    assert (await one_run(client, train)).state is RunState.FINISHED


async def test_notes_and_tags_that_are_set_are_kept_with_the_run(client: Client) -> None:
    seen: list[Any] = []

    def train() -> None:
        run = wandb.init(tags=["a"], notes="first", group="g", job_type="train")
        run.tags += ("b",)
        run.notes = "second"
        seen.append((run.tags, run.notes, run.group, run.job_type))
        run.tags = (*run.tags[1:], "c")
        run.name = "mine"
        wandb.log({"loss": 1.0})

    run = await one_run(client, train)

    assert seen == [(("a", "b"), "second", "g", "train")]
    assert run.name == "mine"
    assert run.labels == {
        "b": "",
        "c": "",
        "notes": "second",
        "group": "g",
        "job_type": "train",
    }


async def test_a_run_is_described_by_wandbs_variables_where_the_program_says_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("NAME", "n"), ("TAGS", "a,b"), ("NOTES", "o"), ("RUN_GROUP", "g")):
        monkeypatch.setenv(f"WANDB_{name}", text)

    def train() -> None:
        wandb.init(notes="mine")
        wandb.log({"loss": 1.0})

    run = await one_run(client, train)

    assert run.name == "n"
    assert run.labels == {"a": "", "b": "", "notes": "mine", "group": "g"}


async def test_what_a_program_asks_of_its_run(
    client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    seen: dict[str, Any] = {}

    def train() -> None:
        run = wandb.init(entity="team", project="ignored")
        seen.update(
            path=run.path,
            urls=[run.url, run.get_url(), run.project_url, run.sweep_url, run.get_sweep_url()],
            dir=run.dir,
            flags=(run.offline, run.disabled, run.resumed, run.step, run.starting_step),
            static=run.config_static["n"],
            name=(run.project_name(), run.start_time > 0),
            same=[copy.copy(run) is run, copy.deepcopy(run) is run],
            unpickled=pickle.loads(pickle.dumps(run)) is run,
        )
        copies = [copy.deepcopy(wandb.config), copy.deepcopy(run.config)]
        copies += [pickle.loads(pickle.dumps(wandb.config)), dict(**wandb.config)]
        for made in copies:
            made["n"] = 9
        seen["n"] = (wandb.config.n, run.config["n"])
        wandb.log({"loss": 1.0})

    run = await one_run(client, train, parameters={"n": {"value": 32}})

    where = f"wanllmdb://{client.registry_address}/wanllmdb/default"
    of_run, of_sweep = f"{where}/runs/{run.sweep_id}-0", f"{where}/sweeps/{run.sweep_id}"
    assert seen["path"] == f"wanllmdb/default/{run.sweep_id}-0"
    assert seen["urls"] == [of_run, of_run, where, of_sweep, of_sweep]
    assert seen["dir"] == f"{tmp_path}/wanllmdb/run-{run.sweep_id}-0/files"
    assert seen["flags"] == (False, False, False, 0, 0)
    assert (seen["static"], seen["name"]) == (32, ("default", True))
    assert seen["same"] == [True, True]
    assert seen["unpickled"] is True
    assert seen["n"] == (32, 32)
    assert run.config == {}
