"""Each sampler through both services: its state survives restarts and can't be forged."""

from __future__ import annotations

import contextlib
import json
import pickle
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg
import grpc
import grpc.aio
import pytest
from google.protobuf import field_mask_pb2

from tests.conftest import STATE_KEY, suggestion_server
from tests.errors import rpc_fails
from tests.integration.suggestion.conftest import NewSweep
from tests.integration.suggestion.sweeps import Sweep, new_id, values
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc
from wanllmdb_common.algorithms.samplers import SAMPLERS
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto
from wanllmdb_suggestion.registry.state_seal import StateSeal

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

SPACE = """
  depth: {min: 1, max: 20}
  lr: {distribution: log_uniform, min: 0.0001, max: 0.1}
  momentum: {min: 0.0, max: 1.0}
"""

DISCRETE = """
  depth: {min: 1, max: 4}
  kind: {values: [a, b, 1.0, null]}
"""

TWO_METRICS = "metrics: [{name: loss}, {name: speed, goal: maximize}]"

SAMPLER_LINES = {
    "random": "sampler: {name: random}",
    "qmc": "sampler: {name: qmc}",
    "grid": "sampler: {name: grid}",
    "brute_force": "sampler: {name: brute_force}",
    "tpe": "sampler: {name: tpe, options: {n_startup_trials: 3, multivariate: false}}",
    "gp": "sampler: {name: gp, options: {n_startup_trials: 3}}",
    "cmaes": "sampler: {name: cmaes, options: {popsize: 4}}",
    "nsga2": "sampler: {name: nsga2, options: {population_size: 4}}",
    "nsga3": "sampler: {name: nsga3, options: {population_size: 4}}",
}

needs_torch = pytest.mark.skipif(
    find_spec("torch") is None, reason="torch is not installed: pip install 'wanllmdb[gp]'"
)

ALL = [
    pytest.param(sampler.name, sampler.method, marks=needs_torch if sampler.name == "gp" else ())
    for sampler in SAMPLERS
]


@pytest.mark.parametrize("strategy", ["worst", "best", "latest"])
async def test_failed_and_running_runs_inform_the_model_as_configured(
    new_sweep: NewSweep, strategy: str
) -> None:
    """Compares two sweeps with the same seed and results, one of them with imputation."""
    proposed = []
    for metric in (
        "metric: {name: loss}",
        f"metric: {{name: loss, impute: {strategy}, impute_while_running: {strategy}}}",
    ):
        sampler = "sampler: {name: tpe, options: {n_startup_trials: 3}}"
        sweep = await new_sweep(
            "bayes",
            space=SPACE + "  dropout: {min: 0.0, max: 0.5}\n",
            metric=False,
            more=f"{metric}\n{sampler}",
        )
        await sweep.trials(4)
        for attempt in range(6):
            [run] = (await sweep.suggest()).runs
            await sweep.report(run, [-9.0, -8.0])
            if attempt != 5:
                await sweep.fail(run)
        proposed.append([values(run) for run in (await sweep.suggest(count=2)).runs])
    assert proposed[0] != proposed[1]


@contextlib.asynccontextmanager
async def another_service(
    registry_address: str, sweep: Sweep, state_key: str = STATE_KEY
) -> AsyncIterator[Sweep]:
    """Connect the sweep to a new suggestion service."""
    async with (
        suggestion_server(registry_address, state_key) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        stub = suggestion_grpc.SuggestionServiceStub(channel)
        yield Sweep(sweep.registry, stub, sweep.sweep_id)


def loss_of(parameters: dict[str, Any]) -> float:
    return sum(float(v) for v in parameters.values() if isinstance(v, int | float))


async def trials(sweep: Sweep, count: int) -> list[dict[str, Any]]:
    found = []
    for _ in range(count):
        [run] = (await sweep.suggest()).runs
        found.append(values(run))
        await sweep.finish(run, loss_of(found[-1]))
    return found


@pytest.mark.parametrize(("sampler", "method"), ALL)
async def test_a_new_service_before_every_third_trial_changes_nothing(
    new_sweep: NewSweep, registry_address: str, sampler: str, method: str
) -> None:
    space = DISCRETE if sampler in ("grid", "brute_force") else SPACE
    undisturbed = await trials(
        await new_sweep(method, space=space, more=SAMPLER_LINES[sampler]), 12
    )
    sweep = await new_sweep(method, space=space, more=SAMPLER_LINES[sampler])
    disturbed: list[dict[str, Any]] = []
    for _ in range(4):
        async with another_service(registry_address, sweep) as fresh:
            disturbed += await trials(fresh, 3)
    assert disturbed == undisturbed


async def stored_states(sweep: Sweep) -> dict[int, bytes]:
    response = await sweep.registry.SyncRuns(internal_pb.SyncRunsRequest(sweep_id=sweep.sweep_id))
    return {run.number: run.sampler_state for run in response.runs if run.sampler_state}


async def test_states_of_another_key_are_not_read(
    new_sweep: NewSweep, registry_address: str
) -> None:
    """The sweep goes on; CMA-ES starts again."""
    sweep = await new_sweep("bayes", space=SPACE, more=SAMPLER_LINES["cmaes"])
    await trials(sweep, 6)
    before = await stored_states(sweep)
    async with another_service(registry_address, sweep, state_key="77" * 32) as stranger:
        await trials(stranger, 3)
    [run] = (await sweep.suggest()).runs
    after = await stored_states(sweep)
    assert {number: after[number] for number in before} == before
    ours, theirs = StateSeal(b"\x5e" * 32, sweep.sweep_id), StateSeal(b"\x77" * 32, sweep.sweep_id)
    assert all(ours.open(number, before[number]) for number in before)
    assert theirs.open(7, after[7])
    assert not ours.open(7, after[7])
    # CMA-ES starts with the first population: the service did not read the other key's state.
    assert b'"cma:generation":0' in theirs.open(7, after[7])
    assert b'"cma:generation":1' in ours.open(5, after[5])
    assert run.number == 9


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._file,)


async def test_a_state_that_a_caller_forged_is_never_unpickled(
    new_sweep: NewSweep, tmp_path: Path
) -> None:
    sweep = await new_sweep("bayes", space=SPACE, more=SAMPLER_LINES["cmaes"])
    bomb = pickle.dumps(Bomb(tmp_path / "hurt")).hex()
    kept = {"parents": {}, "trial": {"cma:generation": 0, "cma:optimizer:0": bomb}}
    state = json.dumps(kept).encode()
    forged = [state, b"\0" * 32 + state, StateSeal(b"guess", sweep.sweep_id).seal(1, state)]
    for number, sealed in enumerate(forged):
        parameters = {"depth": 3 + number, "lr": 0.001, "momentum": 0.5}
        response = await sweep.registry.CreateRuns(
            internal_pb.CreateRunsRequest(
                sweep_id=sweep.sweep_id,
                requests=[
                    internal_pb.RunsForAgent(
                        request_id=new_id(),
                        agent_id="mallory",
                        count=1,
                        proposals=[
                            internal_pb.RunProposal(
                                number=number,
                                parameters=parameters_to_proto(parameters),
                                sampler_state=sealed,
                            )
                        ],
                    )
                ],
            )
        )
        [run] = response.results[0].runs
        await sweep.finish(run, 1.0)
    await trials(sweep, 6)
    assert not (tmp_path / "hurt").exists()
    # The forged state works: without the seal, unpickling creates the file.
    pickle.loads(bytes.fromhex(bomb))
    assert (tmp_path / "hurt").exists()


async def test_a_sealed_state_is_valid_for_one_run_of_one_sweep() -> None:
    seal = StateSeal(b"key", "sweep")
    sealed = seal.seal(3, b"state")
    assert seal.open(3, sealed) == b"state"
    assert seal.open(4, sealed) == b""
    assert StateSeal(b"key", "other").open(3, sealed) == b""
    assert StateSeal(b"another", "sweep").open(3, sealed) == b""
    assert seal.open(3, sealed[:-1]) == b""
    assert seal.open(3, sealed[:31]) == b""
    assert seal.open(3, b"") == b""
    assert seal.seal(3, b"") == b""


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "nsga3"])
async def test_the_best_runs_of_several_metrics_are_the_pareto_front(
    new_sweep: NewSweep, sampler: str
) -> None:
    sweep = await new_sweep(
        "bayes", space=SPACE, metric=False, more=f"{TWO_METRICS}\n{SAMPLER_LINES[sampler]}"
    )
    # Loss and speed: run 1 is dominated by 2, 3 equals 2, 5 is the fastest.
    results = [(1.0, 1.0), (3.0, 2.0), (2.0, 2.0), (2.0, 2.0), None, (9.0, 9.0), (1.0, 0.5)]
    for result in results:
        [run] = (await sweep.suggest()).runs
        if result is None:
            await sweep.fail(run)
        else:
            loss, speed = result
            await sweep.report_row(run, {"loss": loss, "speed": speed})
            await sweep.finish(run)
    best = await sweep.suggestion.GetBestRuns(pb.GetBestRunsRequest(sweep_id=sweep.sweep_id))
    assert [run.number for run in best.runs] == [0, 2, 3, 5]
    assert best.total_runs == 4
    assert list(best.runs[0].objectives) == [1.0, 1.0]
    assert dict(best.runs[3].summary) == {"loss": 9.0, "speed": 9.0}
    few = await sweep.suggestion.GetBestRuns(
        pb.GetBestRunsRequest(sweep_id=sweep.sweep_id, count=2)
    )
    assert [run.number for run in few.runs] == [0, 2]
    assert few.total_runs == 4


async def test_an_empty_front(new_sweep: NewSweep) -> None:
    sweep = await new_sweep("bayes", space=SPACE, metric=False, more=TWO_METRICS)
    best = await sweep.suggestion.GetBestRuns(pb.GetBestRunsRequest(sweep_id=sweep.sweep_id))
    assert (len(best.runs), best.total_runs) == (0, 0)


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed")
async def test_a_missing_package_is_reported_with_how_to_install_it(new_sweep: NewSweep) -> None:
    sweep = await new_sweep("bayes", space=SPACE, more=SAMPLER_LINES["gp"])
    with rpc_fails(grpc.StatusCode.FAILED_PRECONDITION, "ALGORITHM_NOT_INSTALLED") as rejection:
        await sweep.suggest()
    assert "pip install 'wanllmdb[gp]'" in rejection.message
    assert rejection.metadata == {"algorithm": "gp", "package": "wanllmdb[gp]"}
    listed = await sweep.suggestion.ListAlgorithms(pb.ListAlgorithmsRequest())
    installed = {
        algorithm.name: algorithm.is_installed
        for algorithm in listed.algorithms
        if algorithm.kind == pb.ALGORITHM_KIND_SAMPLER
    }
    assert installed == {sampler.name: sampler.name != "gp" for sampler in SAMPLERS}


async def test_list_algorithms_describes_each_sampler(new_sweep: NewSweep) -> None:
    sweep = await new_sweep()
    listed = await sweep.suggestion.ListAlgorithms(pb.ListAlgorithmsRequest())
    samplers = {a.name: a for a in listed.algorithms if a.kind == pb.ALGORITHM_KIND_SAMPLER}
    assert set(samplers) == set(SAMPLER_LINES)
    assert all(a.description and a.title for a in samplers.values())
    assert all(o.description for a in samplers.values() for o in a.options)
    assert list(samplers["gp"].requires) == ["wanllmdb[gp]"]
    [group] = [o for o in samplers["tpe"].options if o.name == "group"]
    assert group.type == pb.OPTION_TYPE_BOOL
    assert group.default.bool_value is False
    exhaustive = {name for name, a in samplers.items() if a.is_exhaustive}
    assert exhaustive == {"grid", "brute_force"}
    several = {name for name, a in samplers.items() if not a.takes_several_metrics}
    assert several == {"cmaes"}


@pytest.mark.parametrize(
    ("method", "line", "problem"),
    [
        ("bayes", "sampler: {name: tpe, options: {n_startup_trials: 0}}", "n_startup_trials"),
        ("bayes", "sampler: {name: tpe, options: {startup: 3}}", "startup"),
        ("bayes", "sampler: {name: tpe, options: {group: true, multivariate: false}}", "group"),
        ("bayes", "sampler: {name: cmaes, options: {lr_adapt: true, with_margin: true}}", "lr_"),
        ("random", "sampler: {name: qmc, options: {qmc_type: lattice}}", "qmc_type"),
        ("bayes", "sampler: {name: nsga4}", "sampler.name"),
    ],
)
async def test_options_are_checked_before_the_sweep_is_created(
    new_sweep: NewSweep, method: str, line: str, problem: str
) -> None:
    with rpc_fails(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as rejection:
        await new_sweep(method, more=line)
    assert any(problem in field for field in rejection.fields), rejection.fields


@pytest.mark.parametrize(
    ("method", "sampler", "space"),
    [("grid", "brute_force", SPACE), ("bayes", "cmaes", DISCRETE)],
)
async def test_spaces_that_a_sampler_can_t_search_are_rejected(
    new_sweep: NewSweep, method: str, sampler: str, space: str
) -> None:
    with rpc_fails(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as rejection:
        await new_sweep(method, space=space, more=SAMPLER_LINES[sampler])
    assert any(sampler in text for text in rejection.fields.values()), rejection.fields


async def test_a_discrete_space_is_searched_fully_before_points_repeat(
    new_sweep: NewSweep,
) -> None:
    sweep = await new_sweep("random", space=DISCRETE)
    runs = [*(await sweep.suggest(count=7)).runs, *(await sweep.suggest(count=9)).runs]
    assert len({str(sorted(values(run).items(), key=str)) for run in runs}) == 16
    assert len((await sweep.suggest(count=3)).runs) == 3


async def test_brute_force_ends_with_the_space(new_sweep: NewSweep) -> None:
    sweep = await new_sweep("grid", space=DISCRETE, more=SAMPLER_LINES["brute_force"])
    answer = await sweep.suggest(count=20)
    assert len(answer.runs) == 16
    assert answer.exhausted == pb.EXHAUSTED_REASON_SPACE_EXHAUSTED
    found = [values(run) for run in answer.runs]
    in_order = [
        values(r) for r in (await (await new_sweep("grid", space=DISCRETE)).suggest(16)).runs
    ]
    assert found != in_order
    assert sorted(map(str, found)) == sorted(map(str, in_order))


async def test_constraints_hold_for_every_run(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(
        "bayes", space=SPACE, more='constraints: ["depth > 15 or momentum < 0.1"]'
    )
    found = await trials(sweep, 14)
    assert all(p["depth"] > 15 or p["momentum"] < 0.1 for p in found)


async def test_a_space_without_points_left_is_reported(
    new_sweep: NewSweep, session_database: str
) -> None:
    """CreateSweep rejects such a space if it detects it; here the database is edited instead."""
    sweep = await new_sweep("bayes", space=SPACE, more='constraints: ["depth > 0"]')
    first_id = new_id()
    [first] = (await sweep.suggest(request_id=first_id)).runs
    connection = await asyncpg.connect(session_database)
    try:
        await connection.execute(
            "UPDATE sweeps SET config = replace(config, 'depth > 0', 'depth > 20')"
            " WHERE sweep_id = $1",
            sweep.sweep_id,
        )
    finally:
        await connection.close()
    # The services learn of the change with the sweep's next revision.
    await sweep.registry.UpdateSweep(
        rpb.UpdateSweepRequest(
            sweep=sweep_pb2.Sweep(sweep_id=sweep.sweep_id, description="narrower"),
            update_mask=field_mask_pb2.FieldMask(paths=["description"]),
            request_id=new_id(),
        )
    )
    with rpc_fails(grpc.StatusCode.FAILED_PRECONDITION, "CONSTRAINTS_NOT_MET") as rejection:
        await sweep.suggest()
    assert "depth > 20" in rejection.message
    assert rejection.metadata == {"sweep_id": sweep.sweep_id}
    # A retry of an answered request gets the same response.
    assert (await sweep.suggest(request_id=first_id)).runs == [first]
