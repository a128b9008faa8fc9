"""The program that everyone writes first: a sweep, an agent, the best run."""

from __future__ import annotations

import base64
import json

from clients.conformance.runner.live import LiveStage, live_scenario
from clients.conformance.runner.live_sweep import SEARCH, LiveSweep, parameters_of, states_of
from clients.conformance.runner.scenario import expect, expect_true
from wanllmdb.api.registry.v1.sweep_pb2 import SweepSpec

_CONFIG = json.dumps({**SEARCH, "run_cap": 5})
_SGD, _ADAM = ({"type": "string", "value": name} for name in ("sgd", "adam"))
_DESCRIPTION = {
    "method": "random",
    "metrics": [{"name": "loss", "goal": "minimize"}],
    "parameters": {
        "batch": {"int_uniform": {"min": 16, "max": 256, "q": 16}},
        "optimizer/name": {"categorical": {"values": [_SGD, _ADAM]}},
        "optimizer/momentum": {
            "uniform": {"min": 0, "max": 1},
            "when": {"optimizer/name": [_SGD]},
        },
    },
    "run_cap": 4,
}


@live_scenario("a sweep of a config, an agent with a count, one that ends it, the best run")
async def config(stage: LiveStage) -> None:
    async with stage.client() as client:
        created = await client.ask("sweep.create", config=_CONFIG)
        sweep = LiveSweep(stage.registry, created["sweep_id"])
        first = await client.ask("agent.run", sweep_id=sweep.sweep_id, count=2, values=[5.0, 4.0])
        last = await client.ask("agent.run", sweep_id=sweep.sweep_id, values=[3.0, 2.0])
        numbers = await client.ask("runs.list", sweep_id=sweep.sweep_id)
        revisions = await client.ask("sweep.watch", sweep_id=sweep.sweep_id, changes=1)

    expect((first["runs"], last["runs"]), (2, 3), "the numbers of runs")
    expect(numbers, [0, 1, 2, 3, 4], "the runs that the client lists")
    expect(len(revisions), 1, "the changes that the client watches")
    runs = await sweep.runs()
    expect(states_of(runs), ["FINISHED"] * 5, "the states of the runs")
    seen = [each["parameters"] for each in [*first["seen"], *last["seen"]]]
    expect(seen, [parameters_of(run) for run in runs], "the parameters that the code saw")
    expect([run.objective for run in runs], [4.0, 4.0, 2.0, 2.0, 2.0], "the objectives")
    expect(await sweep.losses(4), {0: 3.0, 1: 2.0}, "the values of the last run")
    best = await sweep.best_run()
    expect((best.number, best.objective), (2, 2.0), "the best run")
    expect(await sweep.state(), "FINISHED", "the state of the sweep")


@live_scenario("a sweep of the builders, with a group, a condition and steps")
async def builders(stage: LiveStage) -> None:
    async with stage.client() as client:
        built = await client.testee.ask("sweep.build", _DESCRIPTION)
        spec = SweepSpec.FromString(base64.b64decode(built["result"]["message"]))
        sweep = await LiveSweep.create_of_spec(stage.registry, spec)
        result = await client.ask("agent.run", sweep_id=sweep.sweep_id, values=[1.0])

    runs = await sweep.runs()
    expect(states_of(runs), ["FINISHED"] * 4, "the states of the runs")
    seen = [each["parameters"] for each in result["seen"]]
    expect(seen, [parameters_of(run) for run in runs], "the parameters that the code saw")
    for each in seen:
        expect_true(each["batch"] in range(16, 257, 16), f"the batch is a step: {each['batch']}")
        has_momentum = "momentum" in each["optimizer"]
        expect(has_momentum, each["optimizer"]["name"] == "sgd", "whether there is a momentum")
