"""A run whose function calls init and finish several times, or begins nested parts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import wanllmdb as wandb
from tests.integration.client.function_agents import new_sweep, run_agent, runs_of
from wanllmdb import Client, Run, RunState

REINIT: list[dict[str, Any]] = [
    {"reinit": True},
    {"reinit": "finish_previous"},
    {"reinit": "create_new"},
    {"settings": {"reinit": "create_new"}},
]


async def one_run(client: Client, train: Callable[[], None], **more: Any) -> Run:
    """The run of a function."""
    sweep_id = await new_sweep(client, **more)
    await run_agent(client, sweep_id, train, count=1)
    (run,) = await runs_of(client, sweep_id)
    return run


async def steps_of(client: Client, run: Run, name: str) -> list[tuple[int, float]]:
    history = await asyncio.to_thread(client.get_metric_history, run.sweep_id, run.number)
    return [(point.step, point.value) for point in history[name].points]


@pytest.mark.parametrize("reinit", REINIT)
async def test_the_mean_that_is_logged_after_folds_within_the_run_is_the_objective(
    client: Client, reinit: dict[str, Any]
) -> None:
    def train() -> None:
        wandb.init()
        for fold in range(3):
            wandb.init(**reinit)
            wandb.log({"loss": 10.0 + fold})
            wandb.finish()
        wandb.log({"loss": 2.0})

    run = await one_run(client, train)

    assert (run.state, run.objective) == (RunState.FINISHED, 2.0)
    assert await steps_of(client, run, "loss") == [(0, 10.0), (1, 11.0), (2, 12.0), (3, 2.0)]


async def test_folds_in_blocks_leave_the_outer_run_open(client: Client) -> None:
    def train() -> None:
        with wandb.init() as outer:
            for fold in range(2):
                with wandb.init(reinit=True) as inner:
                    inner.log({"loss": 10.0 + fold})
            outer.log({"loss": 2.0})

    run = await one_run(client, train)

    assert (run.state, run.objective) == (RunState.FINISHED, 2.0)


async def test_a_run_that_is_begun_again_after_each_finish_goes_on(client: Client) -> None:
    seen: list[Any] = []

    def train() -> None:
        for fold in range(3):
            run = wandb.init(reinit=True, name=f"fold-{fold}")
            for epoch in range(2):
                wandb.log({"loss": 10.0 * fold + epoch}, step=epoch)
            seen.append((wandb.run is run, run.number))
            wandb.finish()
            seen.append(wandb.run)

    run = await one_run(client, train)

    assert seen == [(True, 0), None] * 3
    assert (run.state, run.objective, run.name) == (RunState.FINISHED, 21.0, "fold-2")
    assert await steps_of(client, run, "loss") == [
        *[(0, 0.0), (1, 1.0)],
        *[(2, 10.0), (3, 11.0)],
        *[(4, 20.0), (5, 21.0)],
    ]


async def test_there_is_no_run_before_init_and_log_works_all_the_same(client: Client) -> None:
    seen: list[Any] = []

    def train() -> None:
        seen.append(wandb.run)
        wandb.log({"loss": wandb.config.n})
        seen.append(wandb.run)
        # What frameworks do: they give names and tags to a run that they began themselves.
        run = wandb.run if wandb.run else wandb.init(name="theirs", tags=["a"])
        seen.append(wandb.run is run)
        wandb.finish()

    run = await one_run(client, train, parameters={"n": {"value": 4}})

    assert seen == [None, None, True]
    assert (run.objective, run.name, run.labels) == (4.0, "theirs", {"a": ""})


async def test_steps_that_are_given_never_reach_back_before_an_inner_part(client: Client) -> None:
    def train() -> None:
        wandb.init()
        wandb.log({"loss": 9.0}, step=0)
        wandb.log({"loss": 8.0}, step=1)
        with wandb.init(reinit=True):
            for step in range(5):
                wandb.log({"inner": float(step)}, step=step)
        wandb.log({"loss": 7.0}, step=2)
        # Not the last one by its step, but it can't go back before what came in between.
        wandb.log({"loss": 6.0}, step=0)

    run = await one_run(client, train)

    assert run.objective == 7.0
    assert [step for step, _ in await steps_of(client, run, "inner")] == [2, 3, 4, 5, 6]
    assert min(step for step, value in await steps_of(client, run, "loss") if value < 8.0) == 7


async def test_the_best_of_all_parts_counts_where_the_sweep_says_so(client: Client) -> None:
    def train() -> None:
        for loss in (3.0, 1.0, 2.0):
            with wandb.init(reinit=True):
                wandb.log({"loss": loss})

    metric = {"name": "loss", "goal": "minimize", "value": "best"}
    run = await one_run(client, train, metric=metric)

    assert run.objective == 1.0


async def test_logging_after_all_was_finished_fails_the_run(client: Client) -> None:
    def train() -> None:
        for loss in (3.0, 1.0):
            wandb.init(reinit=True)
            wandb.log({"loss": loss})
            wandb.finish()
        wandb.log({"loss": 2.0})

    run = await one_run(client, train)

    assert run.state is RunState.FAILED
    assert run.error is not None
    assert "run 0 is finished and takes no more metrics until init()" in run.error.message


async def test_what_raises_after_finish_fails_the_run(client: Client) -> None:
    def train() -> None:
        wandb.init()
        wandb.log({"loss": 1.0})
        wandb.finish()
        raise RuntimeError("the test set is not there")

    run = await one_run(client, train)

    assert run.state is RunState.FAILED
    assert run.error is not None
    assert run.error.message == "RuntimeError: the test set is not there"


async def test_finish_twice_is_finish_once(client: Client) -> None:
    def train() -> None:
        wandb.log({"loss": 1.0})
        wandb.finish()
        wandb.finish()
        assert wandb.run is None

    run = await one_run(client, train)

    assert (run.state, run.objective) == (RunState.FINISHED, 1.0)


async def test_init_without_reinit_begins_no_part_of_its_own(client: Client) -> None:
    def train() -> None:
        outer = wandb.init()
        assert wandb.init() is wandb.init(reinit=False) is outer
        wandb.log({"loss": 1.0})
        wandb.finish()
        with pytest.raises(wandb.NoRunError):
            wandb.log({"loss": 2.0})

    run = await one_run(client, train)

    assert (run.state, run.objective) == (RunState.FINISHED, 1.0)


@pytest.mark.parametrize(
    ("last", "state"), [(0, RunState.FINISHED), (1, RunState.FAILED)], ids=["well", "badly"]
)
async def test_the_last_finish_says_how_the_run_ended(
    client: Client, last: int, state: RunState
) -> None:
    def train() -> None:
        for code in (1, last):
            wandb.init()
            wandb.log({"loss": 1.0})
            wandb.finish(code)

    run = await one_run(client, train)

    assert run.state is state


async def test_an_exception_in_an_inner_part_that_is_caught_leaves_the_run_to_go_on(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    def train() -> None:
        wandb.init()
        try:
            with wandb.init(reinit=True):
                int("no data")
        except ValueError:
            wandb.log({"loss": 1.0})

    run = await one_run(client, train)

    assert (run.state, run.objective) == (RunState.FINISHED, 1.0)
    said = "a part of run 0 failed, and the run continues: ValueError: invalid literal"
    assert said in capsys.readouterr().err


async def test_a_part_that_is_given_no_known_way_to_begin_is_refused(client: Client) -> None:
    def train() -> None:
        with pytest.raises(wandb.InvalidArgumentError, match="reinit must be True, False or one"):
            wandb.init(reinit="always")
        wandb.log({"loss": 1.0})

    run = await one_run(client, train)

    assert run.state is RunState.FINISHED
