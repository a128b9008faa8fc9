"""Makes the sweeps that browser tests read, and prints their ids as JSON.

The runs are those of a demo without the training: the calls are the ones that agents make.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Mapping
from typing import Any

from wanllmdb import Client, Failed, MetricRow, Pruned, Run, Succeeded

TRACEBACK = """Traceback (most recent call last):
  File "train.py", line 12, in train
    raise ValueError("the loss is not a number")
ValueError: the loss is not a number
"""

DIGITS: dict[str, Any] = {
    "name": "digits",
    "description": "A neural network: random with runs in every state",
    "method": "random",
    "metric": {"name": "val_accuracy", "goal": "maximize"},
    "parameters": {
        "learning_rate": {"distribution": "log_uniform", "min": 0.0001, "max": 0.1},
        "hidden_units": {"min": 8, "max": 128},
        "optimizer": {"values": ["adam", "sgd"]},
        "momentum": {"min": 0.0, "max": 0.99, "when": {"optimizer": "sgd"}},
        "epochs": {"value": 20},
    },
    "run_cap": 200,
}
HYPERBAND: dict[str, Any] = {
    **{key: DIGITS[key] for key in ("method", "metric", "parameters")},
    "name": "digits-hyperband",
    "early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 3},
    "run_cap": 30,
}
TREE: dict[str, Any] = {
    "name": "digits-tree",
    "method": "random",
    "metrics": [
        {"name": "val_accuracy", "goal": "maximize"},
        {"name": "leaves", "goal": "minimize"},
    ],
    "parameters": {
        "max_depth": {"min": 2, "max": 16},
        "criterion": {"values": ["gini", "entropy"]},
    },
    "run_cap": 30,
}
LONG = "a_parameter_whose_name_is_much_longer_than_any_column_of_any_table_that_shows_it_could_be"
ODD = {
    "name": "שלום <b>עולם</b> & \u202e\U0001f680 " + "very-long-name-without-a-space" * 3,
    "description": "<img src=x onerror=alert(1)> מימין לשמאל",
    "method": "random",
    "metric": {"name": "דיוק/loss [%]", "goal": "minimize"},
    "parameters": {
        LONG: {"min": 0.0, "max": 1.0},
        "_": {"min": 0.0, "max": 1.0},
        "++model.a@b-c": {"values": ["", " ", 'say "hi", {x}', "<script>"]},
    },
    "run_cap": 50,
}


def accuracy(parameters: Mapping[str, Any]) -> float:
    """Return the accuracy that a network with these parameters would reach."""
    loss = (math.log10(parameters["learning_rate"]) + 2.5) ** 2 / 10
    return float(max(0.1, 0.97 - loss - abs(parameters["hidden_units"] - 80) / 400))


def finish(
    client: Client, sweep: str, count: int, values: Callable[[Run], Mapping[str, float]]
) -> None:
    """Take runs, and finish them with the values that a function finds."""
    for run in client.suggest(sweep, agent_id="agent-1", count=count).runs:
        rows = [
            MetricRow(step, {name: value * (step + 1) / 4 for name, value in values(run).items()})
            for step in range(4)
        ]
        client.finish_run(sweep, run.number, run.attempt, Succeeded(), rows=rows)


def create(client: Client, config: Mapping[str, Any]) -> str:
    """Create and start a sweep."""
    sweep_id = client.create_sweep(config, project="seeded").sweep.sweep_id
    client.start_sweep(sweep_id)
    return sweep_id


def digits(client: Client) -> str:
    sweep = create(client, DIGITS)
    finish(client, sweep, 60, lambda run: {"val_accuracy": accuracy(run.parameters)})
    for run in client.suggest(sweep, agent_id="agent-2", count=9).runs:
        match run.number % 3:
            case 0:
                outcome: Any = Failed("ValueError: the loss is not a number", TRACEBACK)
            case 1:
                outcome = Pruned("below the median at step 3")
            case _:
                outcome = Succeeded(accuracy(run.parameters))
        rows = [MetricRow(0, {"val_accuracy": 0.1})]
        client.finish_run(sweep, run.number, run.attempt, outcome, rows=rows)
    queued = client.enqueue_runs(sweep, [{"hidden_units": 64}] * 3)
    client.cancel_runs(sweep, [queued[0].number])
    client.pause_sweep(sweep)
    return sweep


def hyperband(client: Client) -> str:
    sweep = create(client, HYPERBAND)
    draw = random.Random(1)
    for run in client.suggest(sweep, agent_id="agent-1", count=20).runs:
        steps = 9 if run.number % 3 == 0 else 3
        value = accuracy(run.parameters)
        rows = [
            MetricRow(step, {"val_accuracy": value * (1 - 0.5 ** (step + 1)) + draw.random() / 50})
            for step in range(steps)
        ]
        outcome = Succeeded() if steps == 9 else Pruned("hyperband: rung 3")
        client.finish_run(sweep, run.number, run.attempt, outcome, rows=rows)
    client.finish_sweep(sweep)
    return sweep


def several(client: Client, *more: str) -> str:
    metrics = [*TREE["metrics"], *({"name": name, "goal": "minimize"} for name in more)]
    sweep = create(client, {**TREE, "name": f"digits-{len(metrics)}-metrics", "metrics": metrics})

    def values(run: Run) -> Mapping[str, float]:
        depth = run.parameters["max_depth"]
        found = {"val_accuracy": 1 - 1 / depth + run.number / 500, "leaves": 2.0**depth}
        return {**found, **dict.fromkeys(more, 100.0 / depth)}

    finish(client, sweep, 30, values)
    return sweep


def failed(client: Client) -> str:
    sweep = create(client, {**DIGITS, "name": "every run fails", "run_cap": 4})
    for run in client.suggest(sweep, agent_id="agent-1", count=4).runs:
        outcome = Failed("ValueError: the loss is not a number", TRACEBACK)
        client.finish_run(sweep, run.number, run.attempt, outcome)
    return sweep


def odd(client: Client) -> str:
    sweep = create(client, ODD)
    finish(client, sweep, 20, lambda run: {"דיוק/loss [%]": run.parameters[LONG]})
    return sweep


def main() -> None:
    with Client() as client:
        made = {
            "digits": digits(client),
            "hyperband": hyperband(client),
            "twoMetrics": several(client),
            "threeMetrics": several(client, "seconds"),
            "failed": failed(client),
            "empty": create(client, {**DIGITS, "name": "no run yet"}),
            "odd": odd(client),
        }
    print(json.dumps(made))


if __name__ == "__main__":
    main()
