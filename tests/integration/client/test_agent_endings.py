"""How a run of a training function ends, and how its agent reports the end."""

from __future__ import annotations

import asyncio
import sys

import pytest

import wanllmdb as wandb
from tests.integration.client.function_agents import new_sweep, run_agent, runs_of
from wanllmdb import Client, RunState


async def test_a_failure_that_is_retried_is_reported_as_one(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client, retries={"failed": 1}, run_cap=1)
    attempts = iter([True, False])

    def train() -> None:
        wandb.init()
        if next(attempts):
            raise RuntimeError("out of luck")
        wandb.log({"loss": 1.0})

    await run_agent(client, sweep_id, train)

    err = capsys.readouterr().err
    assert "run 0 failed, to be retried, " in err
    assert "out of luck" in err
    assert "run 0 finished: loss 1" in err


async def test_finishing_with_an_exit_code_fails_the_run(client: Client) -> None:
    sweep_id = await new_sweep(client)

    def train() -> None:
        wandb.log({"loss": 1.0})
        wandb.finish(exit_code=3)

    assert (await run_agent(client, sweep_id, train, count=1)).failed == 1
    (run,) = await runs_of(client, sweep_id)
    assert run.error is not None
    assert "finish(exit_code=3)" in run.error.message


async def test_a_run_that_logged_another_name_gets_a_hint(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client, metric={"name": "val/loss", "goal": "minimize"})

    await run_agent(client, sweep_id, lambda: wandb.log({"val": {"loss": 1.0}}), count=2)

    hint = "hint: the sweep needs val/loss; the run logged val.loss; did you mean 'val.loss'?"
    assert capsys.readouterr().err.count(hint) == 1


async def test_an_agent_that_is_never_to_give_up_goes_on(client: Client) -> None:
    sweep_id = await new_sweep(client, run_cap=7)

    def train() -> None:
        raise ValueError("never")

    result = await asyncio.to_thread(
        wandb.agent, sweep_id, train, never_give_up=True, client=client
    )

    assert (result.runs, result.failed) == (7, 7)


async def test_an_exception_fails_its_run_and_the_agent_goes_on(client: Client) -> None:
    sweep_id = await new_sweep(client, run_cap=3)

    def train() -> None:
        run = wandb.init()
        wandb.log({"loss": 1.0})
        if run.number == 1:
            raise RuntimeError("out of memory")

    result = await run_agent(client, sweep_id, train)

    assert (result.runs, result.failed) == (3, 1)
    _, broken, _ = await runs_of(client, sweep_id)
    assert broken.state is RunState.FAILED
    assert broken.error is not None
    assert broken.error.message == "RuntimeError: out of memory"
    assert 'raise RuntimeError("out of memory")' in broken.error.traceback
    assert "wanllmdb/_agent" not in broken.error.traceback
    # What it logged before is kept.
    assert broken.summary == {"loss": 1.0}


async def test_an_agent_whose_runs_fail_quickly_gives_up_and_says_why(client: Client) -> None:
    sweep_id = await new_sweep(client)

    def train() -> None:
        raise ImportError("no module named torch")

    with pytest.raises(
        wandb.AgentGaveUpError, match=r"3 runs in a row failed within 60 s.*torch"
    ) as gave_up:
        await run_agent(client, sweep_id, train)

    assert isinstance(gave_up.value.__cause__, ImportError)
    assert len(await runs_of(client, sweep_id)) == 3


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
async def test_an_agent_does_not_give_up_over_results(
    client: Client, capsys: pytest.CaptureFixture[str], value: float | None
) -> None:
    """Six programs that succeed without reporting the sweep's metric."""
    sweep_id = await new_sweep(
        client, metric={"name": "accuracy", "goal": "maximize"}, run_cap=6, max_failed_runs=1
    )
    logged = {"Accuracy": 1.0} if value is None else {"accuracy": value}

    result = await run_agent(client, sweep_id, lambda: wandb.log(logged))

    assert (result.runs, result.failed) == (6, 0)
    runs = await runs_of(client, sweep_id)
    assert {(run.state, run.objective) for run in runs} == {(RunState.FINISHED, None)}
    err = capsys.readouterr().err
    if value is None:
        assert err.count("hint: the sweep needs accuracy") == 1
        assert "did you mean 'Accuracy'?" in err
    else:
        assert "the final value of metric 'accuracy' is " in err
    sweep = await asyncio.to_thread(client.get_sweep, sweep_id)
    assert (sweep.state.name, sweep.stats.best_run) == ("FINISHED", None)


@pytest.mark.parametrize(
    ("code", "state"), [(0, RunState.FINISHED), (None, RunState.FINISHED), (3, RunState.FAILED)]
)
async def test_sys_exit_ends_the_run_not_the_agent(
    client: Client, code: int | None, state: RunState
) -> None:
    sweep_id = await new_sweep(client, run_cap=2)

    def train() -> None:
        wandb.log({"loss": 1.0})
        sys.exit(code)

    assert (await run_agent(client, sweep_id, train)).runs == 2
    assert {run.state for run in await runs_of(client, sweep_id)} == {state}


async def test_a_run_may_be_finished_by_its_own_code(client: Client) -> None:
    sweep_id = await new_sweep(client, run_cap=2)

    def train() -> None:
        if wandb.init().number == 0:
            with wandb.init() as run:
                run.log({"loss": 1.0})
        else:
            wandb.log({"loss": 2.0})
            wandb.finish()
        with pytest.raises(wandb.NoRunError, match="takes no more metrics"):
            wandb.log({"loss": 3.0})

    await run_agent(client, sweep_id, train)

    assert [run.objective for run in await runs_of(client, sweep_id)] == [1.0, 2.0]


async def test_an_exception_that_leaves_the_block_fails_the_run(client: Client) -> None:
    sweep_id = await new_sweep(client)

    def fit() -> None:
        with wandb.init() as run:
            run.log({"loss": 1.0})
            int("bad batch")

    def train() -> None:
        with pytest.raises(ValueError, match="invalid literal"):
            fit()

    await run_agent(client, sweep_id, train, count=1)

    (run,) = await runs_of(client, sweep_id)
    assert run.error is not None
    assert run.error.message == ("ValueError: invalid literal for int() with base 10: 'bad batch'")


async def test_early_termination_stops_what_does_badly(client: Client) -> None:
    sweep_id = await new_sweep(
        client, early_terminate={"type": "hyperband", "min_iter": 3}, run_cap=6
    )
    stopped_at: dict[int, int] = {}

    def train() -> None:
        run = wandb.init()
        for epoch in range(30):
            try:
                # Each run is worse than the one before it.
                wandb.log({"loss": run.number + 1 / (1 + epoch)})
            except Exception:
                pytest.fail("a stop is no Exception")
            except wandb.RunStopped:
                stopped_at[run.number] = epoch
                raise

    await run_agent(client, sweep_id, train)

    runs = await runs_of(client, sweep_id)
    assert runs[0].state is RunState.FINISHED
    pruned = [run for run in runs if run.state is RunState.PRUNED]
    assert set(stopped_at) == {run.number for run in pruned} != set()
    for run in pruned:
        # Band 3 is reached by the third value, of step 2.
        assert stopped_at[run.number] == run.last_step == 2
        assert run.error is not None
        assert "iteration 3" in run.error.message
