"""Early termination by every rule, through both services."""

from __future__ import annotations

import math
import random

import grpc.aio
import pytest

from tests.conftest import suggestion_server
from tests.errors import rpc_fails
from tests.integration.suggestion.conftest import NewSweep
from tests.integration.suggestion.sweeps import Sweep, new_id
from wanllmdb.api.registry.v1 import registry_service_pb2 as rpb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as suggestion_grpc

RUNS = 10

PRUNERS = {
    "median": "{name: median, options: {n_startup_trials: 2}}",
    "percentile": "{name: percentile, options: {percentile: 30, n_startup_trials: 1}}",
    "successive_halving": "{name: successive_halving, options: {min_resource: 2}}",
    "hyperband": "{name: hyperband, options: {max_resource: 12}}",
    "patient": "{name: patient, options: {patience: 3, wrapped: {name: median}}}",
    "threshold": "{name: threshold, options: {upper: 4.5}}",
    "wilcoxon": "{name: wilcoxon}",
}


RULES = {
    "bands": "early_terminate: {type: hyperband, max_iter: 12, s: 2}",
    **{name: f"pruner: {pruner}" for name, pruner in PRUNERS.items()},
}


async def ask(sweep: Sweep, number: int) -> pb.ShouldStopResponse:
    request = pb.ShouldStopRequest(sweep_id=sweep.sweep_id, number=number)
    return await sweep.suggestion.ShouldStop(request)


async def prune(sweep: Sweep, run: run_pb2.Run, why: str) -> None:
    await sweep.registry.FinishRun(
        rpb.FinishRunRequest(
            sweep_id=sweep.sweep_id,
            number=run.number,
            attempt=run.attempt,
            pruned=rpb.RunPruned(reason=why),
            request_id=new_id(),
        )
    )


async def train(sweep: Sweep, run: run_pb2.Run, values: list[float], next_check: int) -> bool:
    """Report one value after the other as an agent does; return whether the run was stopped."""
    for step, value in enumerate(values):
        await sweep.report(run, [value], first_step=step)
        if step + 1 >= next_check:
            answer = await ask(sweep, run.number)
            if answer.should_stop:
                await prune(sweep, run, answer.reason)
                return True
            # The next check is absent after the last rung.
            has_next = answer.HasField("next_check_iteration")
            assert not has_next or answer.next_check_iteration > step + 1
            next_check = answer.next_check_iteration if has_next else len(values) + 1
    await sweep.finish(run, values[-1])
    return False


@pytest.mark.parametrize("rule", RULES)
async def test_bad_runs_stop(new_sweep: NewSweep, rule: str) -> None:
    sweep = await new_sweep(more=RULES[rule])
    stopped = []
    for number in range(RUNS):
        answer = await sweep.suggest()
        # Most runs are worse than the runs before them, and get worse still.
        level = 0.0 if number in (5, 8) else number / 2
        values = [level + step / 50 for step in range(12)]
        if await train(sweep, answer.runs[0], values, answer.next_check_iteration):
            stopped.append(number)
    stats = (await sweep.get()).stats
    assert stats.pruned_runs == len(stopped)
    assert 1 <= len(stopped) < RUNS
    assert not {0, 5, 8} & set(stopped), "the best runs go on"
    runs = (await sweep.registry.ListRuns(rpb.ListRunsRequest(sweep_id=sweep.sweep_id))).runs
    for run in runs:
        if run.number in stopped:
            assert f"run {run.number} stops: " in run.error.message


@pytest.mark.parametrize("rule", RULES)
async def test_all_replicas_make_the_same_decisions(
    new_sweep: NewSweep, registry_address: str, rule: str
) -> None:
    """Compares a replica that decided all along, one that decided last, and a new one."""
    sweep = await new_sweep(more=RULES[rule])
    rng = random.Random(3)
    runs = list((await sweep.suggest(count=16)).runs)
    async with (
        suggestion_server(registry_address) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        other = Sweep(
            sweep.registry, suggestion_grpc.SuggestionServiceStub(channel), sweep.sweep_id
        )
        await ask(other, 0)
        for step in (0, 4, 8):
            for run in runs:
                values = [run.number / 3 + rng.gauss(0, 0.5) for _ in range(4)]
                if rule != "wilcoxon" and rng.random() < 0.2:
                    values[rng.randrange(4)] = math.nan
                await sweep.report(run, values, first_step=step)
                if rng.random() < 0.3:
                    await ask(sweep, run.number)
        for run in runs[:6]:
            await sweep.finish(run, run.number / 3)
        mine = [await ask(sweep, run.number) for run in runs]
        theirs = [await ask(other, run.number) for run in runs]
    async with (
        suggestion_server(registry_address) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        late = Sweep(sweep.registry, suggestion_grpc.SuggestionServiceStub(channel), sweep.sweep_id)
        anew = [await ask(late, run.number) for run in runs]
    assert mine == theirs == anew
    assert any(answer.HasField("value") for answer in mine)


async def test_the_first_check_comes_with_the_runs(new_sweep: NewSweep) -> None:
    counts = {
        "{name: median}": 1,
        "{name: threshold, options: {upper: 1, n_warmup_steps: 10}}": 2,
        "{name: patient, options: {patience: 5}}": 7,
    }
    for pruner, count in counts.items():
        sweep = await new_sweep(more=f"pruner: {pruner}")
        assert (await sweep.suggest()).next_check_iteration == count


@pytest.mark.parametrize(
    ("pruner", "path", "text"),
    [
        ("{name: medain}", "pruner.name", "did you mean median?"),
        ("{name: percentile}", "pruner.options.percentile", "is required"),
        (
            "{name: percentile, options: {percentile: 101}}",
            "pruner.options.percentile",
            "at most 100",
        ),
        ("{name: threshold}", "pruner.options.lower", "lower or upper is required"),
        (
            "{name: threshold, options: {lower: 2, upper: 1}}",
            "pruner.options.lower",
            "at most upper",
        ),
        (
            "{name: successive_halving, options: {bootstrap_count: 1}}",
            "pruner.options.bootstrap_count",
            "needs min_resource",
        ),
        (
            "{name: hyperband, options: {min_resource: 5, max_resource: 4}}",
            "pruner.options.max_resource",
            "at least min_resource",
        ),
        (
            "{name: patient, options: {patience: 1, wrapped: {name: threshold}}}",
            "pruner.options.wrapped.options.lower",
            "lower or upper",
        ),
    ],
)
async def test_options_that_do_not_fit_are_rejected(
    new_sweep: NewSweep, pruner: str, path: str, text: str
) -> None:
    with rpc_fails(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_SWEEP_CONFIG") as rejection:
        await new_sweep(more=f"pruner: {pruner}")
    assert [*rejection.fields] == [path]
    assert text in rejection.fields[path]


async def test_a_rule_that_is_changed_on_a_running_sweep(new_sweep: NewSweep) -> None:
    sweep = await new_sweep(more=RULES["bands"])
    [run] = (await sweep.suggest()).runs
    await sweep.report(run, [1.0, 2.0, 9.0])
    assert not (await ask(sweep, run.number)).should_stop
    changed = sweep_pb2.Sweep(sweep_id=sweep.sweep_id)
    pruner = changed.spec.early_termination.pruner
    pruner.name = "threshold"
    pruner.options["upper"].double_value = 5.0
    request = rpb.UpdateSweepRequest(sweep=changed, request_id=new_id())
    request.update_mask.paths.append("spec.early_termination")
    await sweep.registry.UpdateSweep(request)
    decision = await ask(sweep, run.number)
    assert (decision.should_stop, decision.threshold, decision.value) == (True, 5.0, 9.0)


async def test_every_pruner_and_terminator_is_listed(
    suggestion: suggestion_grpc.SuggestionServiceAsyncStub,
) -> None:
    listed = (await suggestion.ListAlgorithms(pb.ListAlgorithmsRequest())).algorithms
    pruners = {a.name: a for a in listed if a.kind == pb.ALGORITHM_KIND_PRUNER}
    assert set(pruners) == set(PRUNERS)
    assert all(pruner.is_installed and pruner.needs_metric for pruner in pruners.values())
    options = {option.name: option for option in pruners["percentile"].options}
    assert (options["percentile"].min, options["percentile"].max) == (0, 100)
    assert not options["percentile"].HasField("default")
    assert options["n_startup_trials"].default.int_value == 5
    terminators = {a.name: a for a in listed if a.kind == pb.ALGORITHM_KIND_TERMINATOR}
    assert set(terminators) == {"no_improvement", "regret_bound"}
    assert list(terminators["regret_bound"].requires) == ["wanllmdb[gp]"]
