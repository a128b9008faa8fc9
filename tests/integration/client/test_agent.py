"""A training function runs a sweep: the facade and the agent against the real services."""

from __future__ import annotations

import asyncio
import math
import multiprocessing
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import wanllmdb as wandb
from tests.integration.client.conftest import config
from wanllmdb import AgentResult, Client, InvalidArgumentError, Run, RunState, SweepState


async def new_sweep(client: Client, **more: Any) -> str:
    created = await asyncio.to_thread(client.create_sweep, config(**more))
    return created.sweep.sweep_id


async def run_agent(
    client: Client, sweep_id: str, function: Callable[[], Any], count: int | None = None
) -> AgentResult:
    return await asyncio.to_thread(wandb.agent, sweep_id, function, count, client=client)


async def runs_of(client: Client, sweep_id: str) -> list[Run]:
    return await asyncio.to_thread(lambda: list(client.list_runs(sweep_id)))


def report_x() -> None:
    wandb.log({"loss": wandb.config.x})


async def test_an_agent_works_until_the_cap_is_reached(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client, run_cap=3)

    result = await run_agent(client, sweep_id, report_x)

    assert (result.runs, result.failed) == (3, 0)
    runs = await runs_of(client, sweep_id)
    assert [run.state for run in runs] == [RunState.FINISHED] * 3
    assert [run.objective for run in runs] == [run.parameters["x"] for run in runs]
    sweep = await asyncio.to_thread(client.get_sweep, sweep_id)
    assert sweep.state is SweepState.FINISHED
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("run 0 finished: loss 0.")
    assert lines[-1].startswith(
        "agent done (the sweep hands out no more runs: its run_cap was reached): 3 runs; best loss"
    )


async def test_an_agent_does_as_many_runs_as_asked(client: Client) -> None:
    sweep_id = await new_sweep(client)

    await run_agent(client, sweep_id, report_x, count=2)

    assert len(await runs_of(client, sweep_id)) == 2


async def test_the_facade_finds_the_services_by_the_environment(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    client: Client,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("WANLLMDB_REGISTRY", "WANLLMDB_SUGGESTION"):
        monkeypatch.setenv(name, environment[name])

    def program() -> str:
        sweep_id = wandb.sweep(config(), "my-project", name="mine")
        wandb.agent(sweep_id, function=report_x, count=1)
        return sweep_id

    sweep_id = await asyncio.to_thread(program)

    sweep = await asyncio.to_thread(client.get_sweep, sweep_id)
    assert (sweep.project, sweep.name, sweep.stats.finished_runs) == ("my-project", "mine", 1)
    assert f"created sweep {sweep_id} (mine) in project my-project\n" in capsys.readouterr().err


async def test_the_function_sees_its_run(client: Client) -> None:
    sweep_id = await new_sweep(
        client, parameters={"opt": {"parameters": {"lr": {"value": 0.5}}}, "n": {"value": 32}}
    )
    seen: dict[str, Any] = {}

    def train() -> None:
        run = wandb.init(config={"epochs": 3, "n": 1, "opt": {"lr": 9}}, project="ignored")
        seen.update(
            same=wandb.init() is run,
            run=(run.sweep_id, run.number, run.id),
            config=dict(wandb.config),
            attribute=wandb.config.opt.lr,
            type=type(wandb.config["n"]),
        )
        run.log({"loss": 1})

    await run_agent(client, sweep_id, train, count=1)

    assert seen == {
        "same": True,
        "run": (sweep_id, 0, f"{sweep_id}-0"),
        "config": {"opt": {"lr": 0.5}, "n": 32, "epochs": 3},
        "attribute": 0.5,
        "type": int,
    }


async def test_what_is_logged_is_the_history(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client)

    def train() -> None:
        wandb.log({"loss": np.float32(0.5), "val": {"ok": True}, "sample": "text"})
        wandb.log({"loss": math.nan, "sample": "text"})
        wandb.log({"loss": 0.25}, step=10, commit=True)
        wandb.log({"loss": 0.125})

    await run_agent(client, sweep_id, train, count=1)

    history = await asyncio.to_thread(client.get_metric_history, sweep_id, 0)
    assert sorted(history) == ["loss", "val.ok"]
    points = history["loss"].points
    assert [point.step for point in points] == [0, 1, 10, 11]
    assert math.isnan(points[1].value)
    assert points[3].value == 0.125
    assert capsys.readouterr().err.count("'sample' is left out") == 1


async def test_a_name_that_is_none_loses_no_run(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client)

    def train() -> None:
        wandb.init()
        wandb.log({"loss": 1.0, "": 2.0, "x" * 201: 3.0, "a\0b": 4.0, "y" * 200: 5.0})

    await run_agent(client, sweep_id, train, count=1)

    (run,) = await runs_of(client, sweep_id)
    assert run.state is RunState.FINISHED
    assert run.summary == {"loss": 1.0, "y" * 200: 5.0}
    assert capsys.readouterr().err.count("log leaves out") == 3


async def test_a_run_is_described_by_what_looks_like_text(client: Client) -> None:
    sweep_id = await new_sweep(client)

    def train() -> None:
        wandb.init(name=7, tags="baseline", group=3)  # type: ignore[arg-type]
        wandb.log({"loss": 1.0})

    await run_agent(client, sweep_id, train, count=1)

    (run,) = await runs_of(client, sweep_id)
    assert (run.name, run.labels) == ("7", {"baseline": "", "group": "3"})


async def test_a_step_is_an_integer(client: Client) -> None:
    sweep_id = await new_sweep(client)

    def train() -> None:
        wandb.init()
        with pytest.raises(InvalidArgumentError, match=r"step must be an integer, but is 1\.5"):
            wandb.log({"loss": 1.0}, step=1.5)  # type: ignore[arg-type]
        wandb.log({"loss": 1.0})

    result = await run_agent(client, sweep_id, train, count=1)

    assert result.failed == 0


async def test_a_failure_that_is_retried_is_told_as_one(
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
    assert "run 0 failed, to be tried again, " in err
    assert "out of luck" in err
    assert "run 0 finished: loss 1" in err


async def test_steps_and_commits_are_as_in_wandb(client: Client) -> None:
    sweep_id = await new_sweep(client)
    steps: list[int] = []

    def train() -> None:
        run = wandb.init()
        calls: list[tuple[dict[str, float], dict[str, Any]]] = [
            ({"a": 1.0}, {"commit": False}),
            ({"b": 1.0}, {}),
            ({"a": 2.0}, {}),
            ({"a": 3.0}, {"step": 5}),
            ({"b": 3.0}, {}),
            ({"a": 4.0}, {"step": 7, "commit": True}),
            ({"loss": 1.0}, {}),
        ]
        for data, how in calls:
            wandb.log(data, **how)
            steps.append(run.step)

    await run_agent(client, sweep_id, train, count=1)

    assert steps == [0, 1, 2, 5, 6, 8, 9]
    history = await asyncio.to_thread(client.get_metric_history, sweep_id, 0)
    points = {
        name: [(point.step, point.value) for point in metric.points]
        for name, metric in history.items()
    }
    assert points == {
        "a": [(0, 1.0), (1, 2.0), (5, 3.0), (7, 4.0)],
        "b": [(0, 1.0), (5, 3.0)],
        "loss": [(8, 1.0)],
    }


async def test_what_is_set_in_the_summary_counts(client: Client) -> None:
    sweep_id = await new_sweep(client, run_cap=2)

    def train() -> None:
        if wandb.init().number == 0:
            wandb.log({"loss": 3.0, "acc": 0.5})
            wandb.log({"loss": 2.0})
            assert dict(wandb.summary) == {"loss": 2.0, "acc": 0.5}
            wandb.summary.update({"loss": 1.0, "checkpoint": "best.pt"})
            assert wandb.summary.checkpoint == "best.pt"
        else:
            assert wandb.run is not None
            wandb.run.summary["loss"] = 5.0

    await run_agent(client, sweep_id, train)

    runs = await runs_of(client, sweep_id)
    assert [run.objective for run in runs] == [1.0, 5.0]
    assert runs[0].summary == {"loss": 1.0, "acc": 0.5}
    assert runs[0].last_step == 1


async def test_what_the_function_makes_of_its_config_is_stored_beside_the_parameters(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client, parameters={"lr": {"value": 0.5}, "n": {"value": 32}})

    def train() -> None:
        wandb.init(config={"epochs": 3, "n": 1}, name="mine", tags=["a"], group="g")
        wandb.config.lr = 0.25
        wandb.log({"loss": wandb.config.lr})

    await run_agent(client, sweep_id, train, count=1)

    (run,) = await runs_of(client, sweep_id)
    assert run.parameters == {"lr": 0.5, "n": 32}
    assert run.config == {"lr": 0.25, "epochs": 3}
    assert (run.name, run.labels) == ("mine", {"a": "", "group": "g"})
    # Nothing to warn of.
    assert capsys.readouterr().err.startswith("run 0 finished")


async def test_finishing_with_an_exit_code_fails_the_run(client: Client) -> None:
    sweep_id = await new_sweep(client)

    def train() -> None:
        wandb.log({"loss": 1.0})
        wandb.finish(exit_code=3)

    assert (await run_agent(client, sweep_id, train, count=1)).failed == 1
    (run,) = await runs_of(client, sweep_id)
    assert run.error is not None
    assert "finish(exit_code=3)" in run.error.message


async def test_what_is_no_number_warns_once_and_fails_nothing(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client, run_cap=2)

    def train() -> None:
        for _ in range(3):
            wandb.log({"loss": np.array([0.5]), "none": None, "hist": [1, 2], "z": 1j})

    result = await run_agent(client, sweep_id, train)

    assert (result.runs, result.failed) == (2, 0)
    said = capsys.readouterr().err
    for name in ("none", "hist", "z"):
        assert said.count(f"'{name}' is left out") == 1


async def test_a_run_that_logged_another_name_gets_a_hint(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client, metric={"name": "val/loss", "goal": "minimize"})

    await run_agent(client, sweep_id, lambda: wandb.log({"val": {"loss": 1.0}}), count=2)

    hint = "hint: the sweep needs val/loss; the run logged val.loss; is 'val.loss' the one?"
    assert capsys.readouterr().err.count(hint) == 1


async def test_an_id_may_be_a_path_as_in_wandb(client: Client) -> None:
    sweep_id = await new_sweep(client, run_cap=1)

    result = await asyncio.to_thread(
        wandb.agent, f"me/project/{sweep_id}", report_x, project="p", entity="me", client=client
    )

    assert result.runs == 1


async def test_an_agent_that_is_never_to_give_up_goes_on(client: Client) -> None:
    sweep_id = await new_sweep(client, run_cap=7)

    def train() -> None:
        raise ValueError("never")

    result = await asyncio.to_thread(
        wandb.agent, sweep_id, train, never_give_up=True, client=client
    )

    assert (result.runs, result.failed) == (7, 7)


async def test_many_values_all_arrive(client: Client) -> None:
    sweep_id = await new_sweep(client)

    def train() -> None:
        for step in range(30):
            wandb.log({f"m{index}": float(step) for index in range(1_000)} | {"loss": 1.0})

    await run_agent(client, sweep_id, train, count=1)

    history = await asyncio.to_thread(client.get_metric_history, sweep_id, 0)
    assert len(history) == 1_001
    assert all(len(metric.points) == 30 for metric in history.values())


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


async def test_a_run_without_the_metric_fails_with_the_reason(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client)

    result = await run_agent(client, sweep_id, lambda: wandb.log({"other": 1}), count=1)

    assert result.failed == 1
    (run,) = await runs_of(client, sweep_id)
    assert run.state is RunState.FAILED
    assert "without a value of metric 'loss'" in capsys.readouterr().err


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


async def test_a_canceled_sweep_stops_its_runs_and_its_agents(client: Client) -> None:
    sweep_id = await new_sweep(client)
    training = threading.Event()

    def train() -> None:
        while True:
            wandb.log({"loss": 1.0})
            training.set()
            threading.Event().wait(0.01)

    agent = asyncio.create_task(run_agent(client, sweep_id, train))
    await asyncio.to_thread(training.wait)
    await asyncio.to_thread(client.cancel_sweep, sweep_id)

    result = await asyncio.wait_for(agent, 10)
    assert result.ended_by == "the sweep is canceled"
    (run,) = await runs_of(client, sweep_id)
    assert run.state is RunState.CANCELED


async def test_an_agent_waits_for_a_paused_sweep(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep_id = await new_sweep(client, run_cap=1)
    await asyncio.to_thread(client.start_sweep, sweep_id)
    await asyncio.to_thread(client.pause_sweep, sweep_id)

    agent = asyncio.create_task(run_agent(client, sweep_id, report_x))
    await asyncio.sleep(1)
    assert not agent.done()
    await asyncio.to_thread(client.resume_sweep, sweep_id)

    assert (await asyncio.wait_for(agent, 10)).runs == 1
    assert capsys.readouterr().err.count("is paused: waiting until it is resumed") == 1


async def test_an_agent_of_no_sweep_is_an_error(client: Client) -> None:
    with pytest.raises(wandb.NotFoundError):
        await run_agent(client, "nosuchsweep1", report_x)


async def test_an_agent_of_an_ended_sweep_ends(client: Client) -> None:
    sweep_id = await new_sweep(client)
    await asyncio.to_thread(client.finish_sweep, sweep_id)

    result = await run_agent(client, sweep_id, report_x)

    assert (result.runs, result.ended_by) == (0, "the sweep is finished")


async def test_a_grid_is_worked_off_once(client: Client) -> None:
    sweep_id = await new_sweep(
        client, method="grid", parameters={"a": {"values": [1, 2]}, "b": {"values": ["x", "y"]}}
    )

    result = await run_agent(client, sweep_id, lambda: wandb.log({"loss": wandb.config.a}))

    assert "every point of its search space" in result.ended_by
    points = [(run.parameters["a"], run.parameters["b"]) for run in await runs_of(client, sweep_id)]
    assert points == [(1, "x"), (1, "y"), (2, "x"), (2, "y")]


async def test_agents_in_threads_have_a_run_each(client: Client) -> None:
    sweep_id = await new_sweep(client, run_cap=40)

    results = await asyncio.gather(*(run_agent(client, sweep_id, report_x) for _ in range(8)))

    runs = await runs_of(client, sweep_id)
    assert sum(result.runs for result in results) == 40
    assert [run.number for run in runs] == list(range(40))
    assert [run.objective for run in runs] == [run.parameters["x"] for run in runs]


async def test_a_thread_of_the_function_belongs_to_its_run(client: Client) -> None:
    sweep_id = await new_sweep(client)

    def train() -> None:
        worker = threading.Thread(target=report_x)
        worker.start()
        worker.join()

    await run_agent(client, sweep_id, train, count=1)

    (run,) = await runs_of(client, sweep_id)
    assert run.state is RunState.FINISHED


async def test_a_fork_of_the_function_is_told_where_to_log(client: Client) -> None:
    sweep_id = await new_sweep(client)
    told: list[str] = []

    def train() -> None:
        context = multiprocessing.get_context("fork")
        answers = context.SimpleQueue()

        def work() -> None:
            try:
                wandb.log({"loss": 1.0})
            except wandb.NoRunError as error:
                answers.put(str(error))

        worker = context.Process(target=work)
        worker.start()
        told.append(answers.get())
        worker.join()
        wandb.log({"loss": 2.0})

    await run_agent(client, sweep_id, train, count=1)

    assert "log was called in a fork of the process that works on run 0" in told[0]
    (run,) = await runs_of(client, sweep_id)
    assert run.objective == 2.0


async def train_later() -> None: ...


def train_lazily() -> Iterator[None]:
    yield


@pytest.mark.parametrize("function", [train_later, train_lazily])
def test_a_function_that_a_call_does_not_run_is_refused(function: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="give a plain function"):
        wandb.agent("s", function)


@pytest.mark.parametrize(("function", "count"), [("train", None), (report_x, 0)])
def test_what_an_agent_cant_do_is_refused(function: Any, count: int | None) -> None:
    with pytest.raises(wandb.InvalidArgumentError, match=r"agent: (function|count) must be"):
        wandb.agent("s", function, count)
