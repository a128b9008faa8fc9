"""The platform's guarantees for a sweep, with processes as `up` runs them."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.e2e.kills import survive
from tests.e2e.up_process import UpProcess, temporary_data_dir, up, wait_until
from wanllmdb import Client, Succeeded

AGENTS = 32
SPACE = {
    "x": {"min": -5.0, "max": 5.0},
    "rate": {"distribution": "log_uniform", "min": 0.0001, "max": 0.1},
    "layers": {"min": 1, "max": 6},
    "kind": {"values": ["a", "b", "c"]},
}


def client_of(platform: UpProcess) -> Client:
    return Client(registry=platform.ready["registry"], suggestion=platform.ready["suggestion"])


def test_many_agents_never_exceed_the_cap(platform: UpProcess) -> None:
    run_cap = 200
    config = {
        "method": "random",
        "metric": {"name": "score", "goal": "maximize"},
        "parameters": SPACE,
        "run_cap": run_cap,
    }
    with client_of(platform) as client:
        sweep_id = client.create_sweep(config).sweep.sweep_id

        def work(agent: int) -> int:
            done = 0
            while True:
                suggestion = client.suggest(sweep_id, agent_id=f"agent-{agent}")
                if not suggestion.runs:
                    assert suggestion.exhausted == "run_cap"
                    return done
                for run in suggestion.runs:
                    # Few different values, so that many runs are equally good.
                    outcome = Succeeded(float(run.parameters["layers"]))
                    client.finish_run(sweep_id, run.number, run.attempt, outcome)
                    done += 1

        with ThreadPoolExecutor(AGENTS) as agents:
            assert sum(agents.map(work, range(AGENTS))) == run_cap

        runs = list(client.list_runs(sweep_id))
        assert [run.number for run in runs] == list(range(run_cap))
        sweep = client.get_sweep(sweep_id)
        assert sweep.state == "finished"
        assert sweep.finish_reason == "run_cap"
        assert sweep.stats.finished_runs == run_cap
        # Of equally good runs the earlier one, in whatever order they ended.
        true_best = min(runs, key=lambda run: (-(run.objective or 0.0), run.number))
        assert sweep.stats.best_run is not None
        assert sweep.stats.best_run.number == true_best.number
        ranked = sorted(runs, key=lambda run: (-(run.objective or 0.0), run.number))
        best = client.get_best_runs(sweep_id, count=20)
        assert [run.number for run in best.runs] == [run.number for run in ranked[:20]]


def test_replicas_that_are_killed_in_turn_are_not_noticed() -> None:
    with temporary_data_dir() as data_dir, up(data_dir, "--replicas", "2") as running:
        running.wait_until_ready()
        seen = survive(running, agents=16, seconds=20.0, every=5.0)
        assert running.stop() == 0
    assert seen.kills >= 4
    assert seen.rate > 0


def test_killing_the_suggestion_service_changes_nothing_in_the_sequence(
    platform: UpProcess,
) -> None:
    undisturbed = sequence(platform, kill_before=None)
    assert len({str(parameters) for parameters in undisturbed}) == len(undisturbed)
    assert sequence(platform, kill_before=18) == undisturbed


def sequence(platform: UpProcess, *, kill_before: int | None) -> list[dict[str, Any]]:
    """Return the parameters of a seeded sequential sweep, in order."""
    config = {
        "method": "bayes",
        "metric": {"name": "score", "goal": "minimize"},
        "parameters": SPACE,
        "run_cap": 25,
        "seed": 11,
    }
    parameters = []
    with client_of(platform) as client:
        sweep_id = client.create_sweep(config).sweep.sweep_id
        for number in range(25):
            if number == kill_before:
                kill_suggestion(platform)
            (run,) = client.suggest(sweep_id, agent_id="agent").runs
            assert run.number == number
            values = dict(run.parameters)
            parameters.append(values)
            score = (values["x"] - 1) ** 2 + values["layers"] + values["rate"]
            client.finish_run(sweep_id, number, run.attempt, Succeeded(score))
    return parameters


def kill_suggestion(platform: UpProcess) -> None:
    before = platform.ready["pids"]["suggestion"]
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: platform.ready["pids"]["suggestion"] != before)
