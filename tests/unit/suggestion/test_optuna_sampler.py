"""Sweeps propose what Optuna's own studies do, given the same samplers, seeds and results."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GPSampler,
    NSGAIIISampler,
    NSGAIISampler,
    TPESampler,
)
from optuna.trial import TrialState

from tests.unit.suggestion.imagined_sweep import Ask, ImaginedSweep
from tests.unit.suggestion.spaces import (
    CONDITIONAL,
    SIX_PARAMETERS,
    rounded,
    run,
    spec,
    without_torch,
)
from wanllmdb_common.algorithms.samplers import SAMPLERS, cmaes_state_bytes
from wanllmdb_common.search_space.distributions import (
    Parameter,
    ParameterValue,
    SearchSpace,
    Uniform,
)
from wanllmdb_suggestion.optimizer.model import SweepModel
from wanllmdb_suggestion.optimizer.samplers.make_sampler import make_sampler
from wanllmdb_suggestion.optimizer.samplers.optuna_sampler import OptunaSampler
from wanllmdb_suggestion.optimizer.samplers.sampler import ask_seed
from wanllmdb_suggestion.optimizer.space_mapping import SpaceMapping
from wanllmdb_suggestion.optimizer.types import PriorRecord, RunRecord, RunState, StudySpec

pytestmark = [
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
    pytest.mark.filterwarnings("ignore:Argument ``:FutureWarning"),
]

SEED = 7

# Without the normal distribution, which reaches Optuna as a quantile. The last digit of the
# quantile of a run's value may differ.
FIVE_PARAMETERS = SearchSpace(tuple(p for p in SIX_PARAMETERS.parameters if p.name != "noise"))


def losses(parameters: dict[str, ParameterValue], metrics: int) -> list[float]:
    numbers = [float(v) for v in parameters.values() if isinstance(v, int | float)]
    return [sum((x - 0.3 * metric) ** 2 for x in numbers) for metric in range(metrics)]


def ours(a_spec: StudySpec, trials: int, outstanding: int) -> list[dict[str, ParameterValue]]:
    """A sweep in which every seventh run fails."""
    running: deque[RunRecord] = deque()
    sweep, model = ImaginedSweep(len(a_spec.metrics)), SweepModel(a_spec)
    found = []
    for number in range(trials):
        sweep.sync(model)
        [record] = sweep.hand_out(model.propose([Ask(1)], seconds=99))
        found.append(dict(record.parameters))
        running.append(record)
        if len(running) < outstanding:
            continue
        done = running.popleft()
        if number % 7 == 6:
            sweep.end(done, RunState.FAILED)
        else:
            values = losses(dict(done.parameters), len(a_spec.metrics))
            sweep.end(done, RunState.FINISHED, *values)
    return found


def theirs(
    a_spec: StudySpec, trials: int, outstanding: int, sampler: Callable[[int], BaseSampler]
) -> list[dict[str, ParameterValue]]:
    """The same sweep by Optuna alone: define by run, ask and tell, and a new sampler each."""
    mapping = SpaceMapping(a_spec.space)
    study = optuna.create_study(directions=["minimize"] * len(a_spec.metrics))
    running: deque[tuple[optuna.Trial, dict[str, ParameterValue]]] = deque()
    found = []
    for number in range(trials):
        study.sampler = sampler(ask_seed(SEED, number))
        trial = study.ask()
        drawn: dict[str, Any] = {}
        for name in mapping.in_order:
            distribution = mapping.distributions.get(name)
            if distribution is not None and mapping.is_active(
                name, mapping.complete({}, {**_lows(mapping), **drawn})
            ):
                drawn[name] = _suggest(trial, name, distribution)
        found.append(mapping.complete({}, {**_lows(mapping), **drawn}))
        running.append((trial, found[-1]))
        if len(running) < outstanding:
            continue
        done, parameters = running.popleft()
        if number % 7 == 6:
            study.tell(done, state=TrialState.FAIL)
        else:
            study.tell(done, losses(parameters, len(a_spec.metrics)))
    return found


def _lows(mapping: SpaceMapping) -> dict[str, Any]:
    """Return values for parameters that are not drawn yet or not part of the run."""
    return {
        name: d.to_external_repr(getattr(d, "low", 0)) for name, d in mapping.distributions.items()
    }


def _suggest(trial: optuna.Trial, name: str, distribution: BaseDistribution) -> Any:
    return trial._suggest(name, distribution)


CASES: list[Any] = [
    (
        "tpe",
        {"multivariate": False},
        FIVE_PARAMETERS,
        1,
        lambda s: TPESampler(seed=s, multivariate=False),
    ),
    ("tpe", {}, CONDITIONAL, 1, lambda s: TPESampler(seed=s)),
    (
        "tpe",
        {"multivariate": False},
        CONDITIONAL,
        1,
        lambda s: TPESampler(seed=s, multivariate=False),
    ),
    (
        "tpe",
        {"constant_liar": False},
        CONDITIONAL,
        1,
        lambda s: TPESampler(seed=s, constant_liar=False),
    ),
    (
        "tpe",
        {"group": True},
        CONDITIONAL,
        1,
        lambda s: TPESampler(seed=s, group=True, multivariate=True),
    ),
    ("tpe", {}, FIVE_PARAMETERS, 2, lambda s: TPESampler(seed=s)),
    ("tpe", {}, CONDITIONAL, 3, lambda s: TPESampler(seed=s)),
    (
        "tpe",
        {"multivariate": True},
        FIVE_PARAMETERS,
        3,
        lambda s: TPESampler(seed=s, multivariate=True),
    ),
    (
        "tpe",
        {"group": True},
        CONDITIONAL,
        2,
        lambda s: TPESampler(seed=s, group=True, multivariate=True),
    ),
    (
        "tpe",
        {"n_startup_trials": 5, "n_ei_candidates": 7},
        FIVE_PARAMETERS,
        1,
        lambda s: TPESampler(seed=s, n_startup_trials=5, n_ei_candidates=7),
    ),
    ("cmaes", {}, FIVE_PARAMETERS, 1, lambda s: CmaEsSampler(seed=s)),
    (
        "cmaes",
        {"with_margin": True},
        FIVE_PARAMETERS,
        1,
        lambda s: CmaEsSampler(seed=s, with_margin=True),
    ),
    (
        "nsga2",
        {"population_size": 8},
        FIVE_PARAMETERS,
        2,
        lambda s: NSGAIISampler(seed=s, population_size=8),
    ),
    (
        "nsga3",
        {"population_size": 8},
        FIVE_PARAMETERS,
        3,
        lambda s: NSGAIIISampler(seed=s, population_size=8),
    ),
    pytest.param("gp", {}, FIVE_PARAMETERS, 1, lambda s: GPSampler(seed=s), marks=without_torch),
]


@pytest.mark.parametrize(("name", "options", "space", "metrics", "sampler"), CASES)
def test_a_sweep_is_what_optuna_does(
    name: str,
    options: dict[str, Any],
    space: SearchSpace,
    metrics: int,
    sampler: Callable[[int], BaseSampler],
) -> None:
    a_spec = spec(name, space, options=options, metrics=metrics)
    trials = 24 if name == "gp" else 45
    # With group, Optuna's running trials also have parameters that the run lacks: Optuna draws
    # the parameters of all groups, and keeps them until the trial ends.
    for outstanding in [1] if options.get("group") else [1, 8]:
        expected = theirs(a_spec, trials, outstanding, sampler)
        found = ours(a_spec, trials, outstanding)
        assert list(map(rounded, found)) == list(map(rounded, expected))


@pytest.mark.parametrize("name", ["tpe", "cmaes", "nsga2"])
def test_what_a_user_gives_is_kept_and_the_rest_chosen(name: str) -> None:
    sampler = make_sampler(spec(name, CONDITIONAL, metrics=2 if name == "nsga2" else 1))
    for number in range(12):
        parameters = dict(sampler.propose(number) or {})
        sampler.observe(
            replace(
                run(number, parameters, RunState.FINISHED, number / 2),
                objectives=(number / 2, 1.0),
                sampler_state=sampler.state(number, parameters),
            )
        )
    given: dict[str, ParameterValue] = {"optimizer": "sgd", "lr": 0.0123}
    completed = sampler.complete(12, given)
    assert {k: completed[k] for k in given} == given
    assert {"depth", "momentum", "nesterov"} <= completed.keys()
    assert sampler.complete(12, given) == completed
    # Parameters that the run does not have are left out, even if they were given.
    assert "momentum" not in sampler.complete(12, {"optimizer": "adam", "momentum": 0.5})


@pytest.mark.parametrize("name", ["cmaes", "nsga2"])
def test_a_run_that_is_handed_out_again_keeps_its_state(name: str) -> None:
    a_spec = spec(name, options={"population_size": 4} if name == "nsga2" else {"popsize": 4})
    sweep, model = ImaginedSweep(), SweepModel(a_spec)
    for number in range(12):
        sweep.sync(model)
        [record] = sweep.hand_out(model.propose([Ask(1)], seconds=99))
        sweep.end(record, RunState.FINISHED, float(number))
    sweep.sync(model)
    [lost] = sweep.hand_out(model.propose([Ask(1)], seconds=99))
    assert lost.sampler_state
    sweep.write(replace(lost, state=RunState.QUEUED))
    sweep.sync(model)
    [again] = sweep.hand_out(model.propose([Ask(1)], seconds=99))
    assert again == replace(lost, attempt=2)


@pytest.mark.parametrize("name", ["cmaes", "nsga2"])
def test_failed_runs_count_as_the_worst_where_asked_for(name: str) -> None:
    """Failed runs are ignored by default, and count as the worst value so far by option."""

    def trials(policy: str) -> OptunaSampler:
        sampler = make_sampler(spec(name, options={"failed_runs": policy}))
        assert isinstance(sampler, OptunaSampler)
        for number, (state, objective) in enumerate(
            [
                (RunState.FINISHED, 1.0),
                (RunState.FAILED, None),
                (RunState.FINISHED, 3.0),
                (RunState.LOST, None),
            ]
        ):
            sampler.observe(run(number, dict(sampler.propose(number)), state, objective))
        sampler.propose(4)
        return sampler

    ignored, worst = trials("ignore"), trials("worst")
    assert [t.state.name for t in ignored._storage.get_all_trials(0)] == [
        "COMPLETE",
        "FAIL",
        "COMPLETE",
        "FAIL",
    ]
    assert [t.values for t in worst._storage.get_all_trials(0)] == [[1.0], [3.0], [3.0], None]
    # A later, worse value becomes the worst value of all such runs.
    worst.observe(run(4, dict(worst.propose(4)), RunState.FINISHED, 9.0))
    worst.propose(5)
    assert worst._storage.get_all_trials(0)[1].values == [9.0]


def test_while_all_failed_there_is_no_worst() -> None:
    sampler = make_sampler(spec("cmaes", options={"failed_runs": "worst"}))
    assert isinstance(sampler, OptunaSampler)
    for number in range(3):
        sampler.observe(run(number, dict(sampler.propose(number)), RunState.FAILED))
    sampler.propose(3)
    assert all(t.state is TrialState.FAIL for t in sampler._storage.get_all_trials(0))


def test_infinite_losses_of_several_metrics_are_taken() -> None:
    sampler = make_sampler(spec("tpe", metrics=2))
    for number in range(30):
        parameters = dict(sampler.propose(number) or {})
        pair = (math.inf, -math.inf) if number % 4 == 0 else (float(number % 7), -float(number))
        record = replace(run(number, parameters, RunState.FINISHED), objectives=pair)
        sampler.observe(record)
    assert sampler.propose(30) is not None


@pytest.mark.parametrize("name", ["tpe", "nsga2"])
def test_pruned_runs_of_several_metrics_tell_nothing(name: str) -> None:
    a_spec = spec(name, metrics=2)
    points = [dict(make_sampler(a_spec).propose(n) or {}) for n in range(20)]
    pruned = [PriorRecord(0, RunState.PRUNED, points[19], (0.5, 0.5), last_step=3)]
    sampler = make_sampler(a_spec, pruned)
    for number in range(15):
        sampler.observe(
            replace(run(number, points[number], RunState.FINISHED), objectives=(1.0, number))
        )
    sampler.observe(replace(run(15, points[15], RunState.PRUNED), objectives=(0.0, 0.0)))
    assert sampler.propose(16) is not None


@pytest.mark.parametrize("described", SAMPLERS, ids=lambda d: d.name)
def test_prior_runs_matter_where_it_is_said(described: Any) -> None:
    """A sampler that learns from prior runs changes its proposals if there are many."""
    if described.name == "gp" and not _has_torch():
        pytest.skip("torch is not installed: pip install 'wanllmdb[gp]'")
    metrics = 2 if described.name.startswith("nsga") else 1
    space = SIX_PARAMETERS if described.name != "brute_force" else _discrete()
    options = {"population_size": 10} if described.name.startswith("nsga") else {}
    a_spec = spec(described.name, space, options=options, metrics=metrics)
    source = make_sampler(spec("random", space))
    priors = [
        PriorRecord(i, RunState.FINISHED, dict(source.propose(i) or {}), (float(i),) * metrics)
        for i in range(30)
    ]
    proposals = []
    for known in ([], priors):
        sampler = make_sampler(a_spec, known)
        # CMA-ES starts to learn after its first run.
        first = dict(source.propose(99) or {})
        sampler.observe(
            replace(run(0, first, RunState.FINISHED, 50.0), objectives=(50.0,) * metrics)
        )
        proposals.append(sampler.propose(1))
    assert (proposals[0] != proposals[1]) == described.uses_prior_runs


def _has_torch() -> bool:
    return not without_torch.mark.args[0]


def _discrete() -> SearchSpace:
    kept = ("batch_size", "dropout", "layers")
    return SearchSpace(tuple(p for p in SIX_PARAMETERS.parameters if p.name in kept))


@pytest.mark.parametrize(
    "options",
    [{}, {"use_separable_cma": True}, {"with_margin": True}, {"lr_adapt": True}],
)
def test_the_state_of_cmaes_is_no_larger_than_what_configs_are_held_against(
    options: dict[str, bool],
) -> None:
    """The registry rejects spaces that are too large by this figure."""
    space = SearchSpace(tuple(Parameter(f"p{i:02}", Uniform(0.0, 1.0)) for i in range(40)))
    a_spec = spec("cmaes", space, options={"popsize": 4, **options})
    sweep, model, largest = ImaginedSweep(), SweepModel(a_spec), 0
    for number in range(8):
        sweep.sync(model)
        for record in sweep.hand_out(model.propose([Ask(1)], seconds=99)):
            largest = max(largest, len(record.sampler_state))
            sweep.end(record, RunState.FINISHED, number * 0.1)
    bound = cmaes_state_bytes(40, a_spec.sampler.options)
    assert bound / 3 < largest <= bound
