"""Method and sampler, early termination, terminator."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.registry.configs import parsed, problems_with
from wanllmdb_common.algorithms.description import AlgorithmDescription, Required
from wanllmdb_common.algorithms.pruners import PRUNERS
from wanllmdb_common.algorithms.samplers import SAMPLERS
from wanllmdb_common.algorithms.terminators import TERMINATORS
from wanllmdb_registry.domain.model import AlgorithmChoice, Hyperband, Method

TWO = [{"name": "loss"}, {"name": "size"}]


@pytest.mark.parametrize(
    ("given", "method", "sampler"),
    [
        ({"method": "random"}, Method.RANDOM, "random"),
        ({"method": "grid"}, Method.GRID, "grid"),
        ({"method": "bayes"}, Method.BAYES, "tpe"),
        ({"method": None, "sampler": {"name": "tpe"}}, Method.BAYES, "tpe"),
        ({"method": None, "sampler": {"name": "grid", "options": {}}}, Method.GRID, "grid"),
        ({"method": "bayes", "sampler": {"name": "tpe"}}, Method.BAYES, "tpe"),
    ],
)
def test_method_and_sampler_say_each_other(
    given: dict[str, Any], method: Method, sampler: str
) -> None:
    spec = parsed(**given).spec
    assert (spec.method, spec.sampler) == (method, AlgorithmChoice(sampler))


@pytest.mark.parametrize(
    ("given", "path", "says"),
    [
        ({"method": None}, "method", "is required: one of random, grid, bayes"),
        ({"method": "bayse"}, "method", "must be one of random, grid, bayes, is 'bayse', did"),
        ({"method": ["grid"]}, "method", "must be one of random, grid, bayes"),
        (
            {"method": "tpe"},
            "method",
            "tpe is a sampler: write method: bayes and sampler: {name: tpe}",
        ),
        (
            {"method": "grid", "sampler": {"name": "tpe"}},
            "sampler.name",
            "tpe belongs to method bayes, not to grid: write method: bayes",
        ),
        ({"sampler": "tpe"}, "sampler", "must be an object: write {name: tpe}"),
        ({"sampler": {}}, "sampler.name", "is required"),
        ({"sampler": {"name": "tpa"}}, "sampler.name", "did you mean tpe?"),
        ({"sampler": {"name": "random", "seed": 3}}, "sampler.seed", "options: {seed: ...}"),
        ({"sampler": {"name": "random", "options": {"x": 3}}}, "sampler.options.x", "unknown"),
        ({"sampler": {"name": "random", "options": []}}, "sampler.options", "must be an object"),
        (
            {"sampler": {"name": "random", "options": {"x": float("nan")}}},
            "sampler.options.x",
            "must be a finite number",
        ),
        ({"method": "bayes", "metric": None}, "metric", "method bayes needs a metric"),
        ({"early_terminate": {}}, "early_terminate.type", "must be hyperband, is missing"),
        (
            {"early_terminate": {"type": "median", "min_iter": 1}},
            "early_terminate.type",
            "is 'median': for Optuna's median write pruner: {name: median}",
        ),
        (
            {"early_terminate": {"type": "envelope", "min_iter": 1}},
            "early_terminate.type",
            "must be hyperband, is 'envelope': write other rules as a pruner: hyperband, median",
        ),
        ({"early_terminate": {"type": "hyperband"}}, "early_terminate.min_iter", "max_iter"),
        (
            {"method": "bayes", "sampler": {"name": "tpe", "options": {"n_startup_trails": 3}}},
            "sampler.options.n_startup_trails",
            "did you mean n_startup_trials?",
        ),
        (
            {"method": "bayes", "sampler": {"name": "tpe", "options": {"group": 3}}},
            "sampler.options.group",
            "must be true or false, is 3",
        ),
        (
            {"method": "grid", "sampler": {"name": "grid", "options": {"grid_points": 1}}},
            "sampler.options.grid_points",
            "must be an integer, at least 2",
        ),
        ({"method": None, "sampler": {"name": "nsga2"}, "metric": None}, "metric", "sampler nsga2"),
        (
            {"method": None, "sampler": {"name": "cmaes"}, "metric": None, "metrics": TWO},
            "sampler.name",
            "cmaes supports one metric, not 2; samplers for several: random",
        ),
        (
            {"method": None, "sampler": {"name": "cmaes"}},
            "sampler.name",
            "at least two numeric parameters",
        ),
        ({"method": None, "sampler": {"name": "brute_force"}}, "sampler.name", "set a step q"),
        ({"pruner": {"name": "no_such"}}, "pruner.name", "'no_such' is not one of"),
        ({"pruner": {"name": "patient"}}, "pruner.options.patience", "is required: an integer"),
        (
            {"pruner": {"name": "patient", "options": {"patience": 1, "wrapped": {"name": "x"}}}},
            "pruner.options.wrapped.name",
            "'x' is not one of",
        ),
        ({"terminate": {"name": "no_such"}}, "terminate.name", "'no_such' is not one of"),
        (
            {"pruner": {"name": "a"}, "early_terminate": {"type": "hyperband", "min_iter": 1}},
            "pruner",
            "can't be combined with early_terminate",
        ),
        (
            {"metric": None, "early_terminate": {"type": "hyperband", "min_iter": 1}},
            "early_terminate",
            "needs a metric",
        ),
        (
            {
                "metric": None,
                "metrics": TWO,
                "early_terminate": {"type": "hyperband", "min_iter": 1},
            },
            "early_terminate",
            "compares runs by one metric, but there are 2",
        ),
        ({"metric": None, "metrics": TWO, "pruner": {"name": "a"}}, "pruner", "by one metric"),
        ({"metric": None, "terminate": {"name": "a"}}, "terminate", "needs a metric"),
    ],
)
def test_a_wrong_choice_is_told_where_and_why(given: dict[str, Any], path: str, says: str) -> None:
    assert says in problems_with(**given)[path]


NUMBERS = {name: {"min": 0.0, "max": 1.0, "q": 0.25} for name in ("x", "y")}


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: sampler.name)
def test_every_sampler_can_be_chosen_by_name_alone(sampler: AlgorithmDescription) -> None:
    spec = parsed(method=None, sampler={"name": sampler.name}, parameters=NUMBERS).spec
    assert (spec.method.value, spec.sampler) == (sampler.method, AlgorithmChoice(sampler.name))
    wrong = next(method for method in Method if method.value != sampler.method)
    found = problems_with(method=wrong.value, sampler={"name": sampler.name}, parameters=NUMBERS)
    assert list(found) == ["sampler.name"]


def required(algorithm: AlgorithmDescription) -> dict[str, Any]:
    """Return the smallest value of each required option."""
    options = {o.name: o for o in algorithm.options if isinstance(o.default, Required)}
    options |= {name: o for name in ("lower",) if (o := algorithm.option(name)) is not None}
    numbers = {name: 1 if o.min is None else o.min + 1 for name, o in options.items()}
    return {name: int(n) if options[name].type == "INT" else n for name, n in numbers.items()}


@pytest.mark.parametrize("pruner", PRUNERS, ids=lambda pruner: pruner.name)
def test_every_pruner_can_be_chosen(pruner: AlgorithmDescription) -> None:
    options = required(pruner)
    spec = parsed(pruner={"name": pruner.name, "options": options}).spec
    assert spec.early_termination == AlgorithmChoice(pruner.name, options)


@pytest.mark.parametrize("terminator", TERMINATORS, ids=lambda terminator: terminator.name)
def test_every_terminator_can_be_chosen(terminator: AlgorithmDescription) -> None:
    spec = parsed(terminate={"name": terminator.name}).spec
    assert spec.terminator == AlgorithmChoice(terminator.name)


def test_a_grid_is_as_large_as_its_options_and_conditions_say() -> None:
    space = {
        "a": {"values": [1, 2, 3]},
        "x": {"min": 0.0, "max": 1.0, "when": {"a": 1}},
    }
    sampler = {"name": "grid", "options": {"grid_points": 5, "shuffle": True}}
    config = parsed(method="grid", parameters=space, sampler=sampler, run_cap=3)
    assert config.grid_size == 5 + 2
    assert "'x' is continuous and has no q: its grid is 5 values" in config.warnings[0]
    assert (
        config.warnings[1] == "run_cap 3 ends the sweep before all of its 7 grid points are tried"
    )
    assert parsed(parameters=space).grid_size is None
    many = {f"p{n}": {"min": 0, "max": 2**62} for n in range(500)}
    assert "more than 10^18" in parsed(method="grid", parameters=many, run_cap=3).warnings[0]


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"min_iter": 3}, Hyperband(3)),
        ({"min_iter": 3}, Hyperband(3, strict=True)),
        ({"min_iter": 3, "eta": 2, "strict": True}, Hyperband(3, 2.0, strict=True)),
        ({"min_iter": 3, "strict": False}, Hyperband(3, strict=False)),
        ({"max_iter": 27, "s": 2}, Hyperband(0, max_iter=27, s=2)),
        ({"max_iter": 243, "s": 5}, Hyperband(0, max_iter=243, s=5)),
        ({"max_iter": 10, "s": 1, "eta": 10}, Hyperband(0, 10.0, max_iter=10, s=1)),
    ],
)
def test_hyperband_is_read_as_wb_has_it(given: dict[str, Any], rule: Hyperband) -> None:
    assert parsed(early_terminate={"type": "hyperband", **given}).spec.early_termination == rule


@pytest.mark.parametrize(
    ("given", "same", "warning"),
    [
        (
            {"min_iter": 1, "max_iter": 9, "s": 1},
            {"max_iter": 9, "s": 1},
            "min_iter: has no effect",
        ),
        ({"min_iter": 3, "max_iter": 9}, {"min_iter": 3}, "max_iter: has no effect"),
        ({"min_iter": 1, "s": 1}, {"min_iter": 1}, "s: has no effect"),
        (
            {"max_iter": 242, "s": 5},
            {"max_iter": 242, "s": 4},
            "s: 5 is read as 4, since only 4 brackets fit",
        ),
        ({"max_iter": 9, "s": 1e9}, {"max_iter": 9, "s": 2}, "only 2 brackets fit"),
        ({"max_iter": 27.0, "s": 2}, {"max_iter": 27, "s": 2}, "max_iter: 27.0 is read as"),
        (
            {"min_iter": "3e0"},
            {"min_iter": 3},
            "min_iter: the text '3e0' is read as the number 3.0",
        ),
        ({"min_iter": 1, "strict": "no"}, {"min_iter": 1, "strict": False}, "write false"),
        ({"min_iter": 1, "strict": "True"}, {"min_iter": 1, "strict": True}, "write true"),
        ({"min_iter": 1, "ета": 3}, {"min_iter": 1}, "ета: unknown key without effect"),
        ({"min_iter": 1, "type": "Hyperband"}, {"min_iter": 1}, "'Hyperband' is read as hyperband"),
    ],
)
def test_a_hyperband_that_is_clear_is_read_with_a_warning(
    given: dict[str, Any], same: dict[str, Any], warning: str
) -> None:
    config = parsed(early_terminate={"type": "hyperband", **given})
    assert config.spec == parsed(early_terminate={"type": "hyperband", **same}).spec
    assert any(text.startswith("early_terminate.") and warning in text for text in config.warnings)


@pytest.mark.parametrize(
    ("given", "key", "says"),
    [
        ({"min_iter": 0}, "min_iter", "must be at least 1"),
        ({"min_iter": 1.5}, "min_iter", "must be an integer"),
        ({"max_iter": 9}, "s", "is required with max_iter"),
        ({"max_iter": -9, "s": 1}, "max_iter", "must be at least 1"),
        ({"max_iter": 9, "s": -1}, "s", "must be at least 1"),
        ({"max_iter": 2, "s": 1}, "s", "before iteration 1; at most 0 brackets fit"),
        ({"max_iter": 9, "s": 2, "eta": 1e300}, "s", "at most 0 brackets fit"),
        ({"min_iter": 1, "eta": 1}, "eta", "must be greater than 1"),
        ({"min_iter": 1, "eta": float("inf")}, "eta", "must be greater than 1"),
        ({"min_iter": 1, "strict": "maybe"}, "strict", "must be true or false"),
        ({"min_iter": 1, "etta": 3}, "etta", "did you mean eta?"),
    ],
)
def test_a_wrong_hyperband_is_told_where_and_why(
    given: dict[str, Any], key: str, says: str
) -> None:
    found = problems_with(early_terminate={"type": "hyperband", **given})
    assert says in found[f"early_terminate.{key}"]


def _numbers(count: int) -> dict[str, Any]:
    return {f"p{i}": {"min": 0.0, "max": 1.0} for i in range(count)}


def test_cmaes_over_more_parameters_than_its_state_has_room_for_is_refused() -> None:
    """Suggest would fail after some runs, when the sampler can't be changed any more."""

    def config(count: int, **options: Any) -> dict[str, Any]:
        sampler = {"name": "cmaes", "options": options}
        return {"method": "bayes", "sampler": sampler, "parameters": _numbers(count)}

    def told(count: int, **options: Any) -> dict[str, str]:
        return problems_with(**config(count, **options))

    assert len(parsed(**config(223)).spec.space.parameters) == 223
    assert parsed(**config(500, use_separable_cma=True)).spec.sampler.name == "cmaes"
    text = told(224)["sampler.name"]
    assert "at most 1,310,720 bytes are kept, which is enough for 223" in text
    assert "use_separable_cma" in text
    assert "enough for 221" in told(500, with_margin=True)["sampler.name"]
    assert "with popsize 90000" in told(2, popsize=90_000)["sampler.name"]


@pytest.mark.parametrize(
    ("given", "path", "says"),
    [
        ({"sampler": {"name": "cmaes"}}, "metric.impute_while_running", "runs that have ended"),
        ({"sampler": {"name": "nsga2"}}, "metric.impute_while_running", "choose the sampler tpe"),
    ],
)
def test_a_running_run_has_no_value_for_samplers_by_generations(
    given: dict[str, Any], path: str, says: str
) -> None:
    metric = {"name": "loss", "impute": "worst", "impute_while_running": "latest"}
    found = problems_with(method="bayes", metric=metric, parameters=_numbers(2), **given)
    assert found.keys() == {path}
    assert says in found[path]


def test_imputation_of_several_metrics_is_one_rule_for_all() -> None:
    def metrics(*imputes: str | None) -> list[dict[str, Any]]:
        return [{"name": f"m{i}", "impute": impute} for i, impute in enumerate(imputes)]

    def told(*imputes: str | None) -> dict[str, str]:
        return problems_with(method="bayes", metric=None, metrics=metrics(*imputes))

    read = parsed(method="bayes", metric=None, metrics=metrics("worst", "worst")).spec.metrics
    assert [metric.impute for metric in read] == ["worst", "worst"]
    assert told("worst", None).keys() == {"metrics[1].impute"}
    assert "with several metrics write worst" in told("best", "best")["metrics[0].impute"]


def test_imputation_where_nothing_learns_is_warned_of() -> None:
    metric = {"name": "loss", "impute": "worst", "impute_while_running": "best"}
    (warning,) = parsed(method="random", metric=metric).warnings
    assert "impute and impute_while_running of the metric have no effect" in warning
    assert parsed(method="bayes", metric=metric).warnings == ()
