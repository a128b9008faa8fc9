"""Sweep configs: top-level keys, metrics, defaults, and every problem at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.registry.configs import BASE, parsed, problems, problems_with
from wanllmdb_common.errors import FieldViolation, InvalidArgumentError
from wanllmdb_registry.domain.config.parsing.config import check_spec, parse_config
from wanllmdb_registry.domain.config.vocabulary import (
    DISTRIBUTIONS,
    IGNORED_KEYS,
    MISPLACED_KEYS,
    PARAMETER_KEYS,
    TOP_LEVEL_KEYS,
)
from wanllmdb_registry.domain.model import (
    AlgorithmChoice,
    Goal,
    Hyperband,
    Impute,
    Method,
    Metric,
    ObjectiveValue,
    RetryPolicy,
    SweepSpec,
)


def test_defaults_are_filled_in() -> None:
    config = {
        "method": "bayes",
        "metric": {"name": "loss"},
        "parameters": {"x": {"value": 1}},
        "early_terminate": {"type": "hyperband", "min_iter": 3},
    }
    spec = parse_config(config).spec
    assert spec.sampler == AlgorithmChoice("tpe")
    assert spec.metric == Metric("loss", Goal.MINIMIZE, None, ObjectiveValue.LAST, 0)
    assert spec.early_termination == Hyperband(3, 3.0, strict=True)
    assert spec.retries == RetryPolicy(lost=2, failed=0)
    assert (spec.run_cap, spec.seed, spec.max_failed_runs, spec.terminator) == (None,) * 4
    assert (spec.program, spec.command, spec.space.constraints) == ("", (), ())


def test_everything_that_a_config_can_say_is_read() -> None:
    config = parsed(
        method="random",
        metric={"name": "acc", "goal": "maximize", "target": 1, "value": "mean_last_5"},
        run_cap=7,
        max_failed_runs=2,
        seed=3,
        retries={"lost": 0},
        name="n",
        description="d",
        project="p",
        program="train.py",
        command=["${program}"],
    )
    assert (config.name, config.description, config.project) == ("n", "d", "p")
    spec = config.spec
    assert spec.metric == Metric("acc", Goal.MAXIMIZE, 1.0, ObjectiveValue.MEAN_LAST, 5)
    assert (spec.run_cap, spec.max_failed_runs, spec.seed) == (7, 2, 3)
    assert spec.retries == RetryPolicy(0, 0)
    assert (spec.program, spec.command) == ("train.py", ("${program}",))


def test_null_is_the_same_as_nothing() -> None:
    given = {key: None for key in TOP_LEVEL_KEYS if key not in BASE}
    assert parse_config({**BASE, **given}) == parse_config(BASE)


def test_parameters_are_ordered_by_name() -> None:
    spec = parsed(parameters={"b": {"value": 1}, "a": {"value": 2}}).spec
    assert [p.name for p in spec.space.parameters] == ["a", "b"]


def test_every_problem_is_named_at_once() -> None:
    found = problems(
        {
            "metod": "grid",
            "metric": {"goal": "max"},
            "parameters": {
                "lr": {"distribution": "log_uniform", "min": -3, "max": 1e-2},
                "a": {"distribution": "unifrom", "min": 1},
                "b": {"min": 3, "max": 2},
                "1x": {"values": []},
                "d": 5,
                "g": {"parameters": {"e": {"min": "0.1", "max": 1.0}}, "when": {"bb": 1}},
            },
            "early_terminate": {"type": "median"},
            "run_cap": 0,
            "max_failed_runs": 0,
            "seed": -1,
            "retries": {"lost": 101},
            "command": ["${prorgam}"],
        }
    )
    assert found.keys() == {
        "metod",
        "method",
        "metric.name",
        "metric.goal",
        "parameters.lr.min",
        "parameters.a.distribution",
        "parameters.b.min",
        "parameters.1x",
        "parameters.1x.values",
        "parameters.d",
        "parameters.g.parameters.e.min",
        "parameters.g.when.bb",
        "early_terminate.type",
        "run_cap",
        "max_failed_runs",
        "seed",
        "retries.lost",
        "command[0]",
    }
    assert "did you mean method?" in found["metod"]
    assert "did you mean b?" in found["parameters.g.when.bb"]


@pytest.mark.parametrize("key", sorted(IGNORED_KEYS))
def test_keys_of_wb_without_a_meaning_have_no_effect_and_a_warning(key: str) -> None:
    config = parsed(**{key: {"type": "local"}})
    assert config.spec == parsed().spec
    assert config.warnings == (f"{key}: has no effect: {IGNORED_KEYS[key]}",)


@pytest.mark.parametrize(
    "key", ["RUN", "sweep_id", "common", "template", "wandb_version", "notes", "x-anchors", 7, None]
)
def test_unknown_keys_have_no_effect_and_a_warning(key: Any) -> None:
    config = parse_config({**BASE, key: ["x"]})
    assert config.spec == parsed().spec
    (warning,) = config.warnings
    assert warning.startswith(f"{key}: unknown key without effect; known are method, ")


@pytest.mark.parametrize(
    ("key", "known"),
    [
        ("Method", "method"),
        ("METRIC", "metric"),
        ("run-cap", "run_cap"),
        ("runcap", "run_cap"),
        ("parametrs", "parameters"),
        ("early_termination", "early_terminate"),
        ("comand", "command"),
        ("programm", "program"),
        ("discription", "description"),
    ],
)
def test_a_key_that_is_near_a_known_one_is_refused(key: str, known: str) -> None:
    assert f"did you mean {known}?" in problems_with(**{key: "x"})[key]


@pytest.mark.parametrize("key", sorted(MISPLACED_KEYS))
def test_a_key_that_belongs_to_another_place_is_refused(key: str) -> None:
    assert problems_with(**{key: "x"}) == {key: MISPLACED_KEYS[key]}


@pytest.mark.parametrize("distribution", [{"min": 0, "max": 1}, {"value": 1}, {"parameters": {}}])
def test_a_parameter_in_place_of_a_key_is_refused(distribution: dict[str, Any]) -> None:
    assert "write parameters: {lr: ...}" in problems_with(lr=distribution)["lr"]


def test_many_warnings_are_told_once_each_and_the_first_of_them() -> None:
    config = parsed(**{f"zz{i}": i for i in range(80)})
    assert len(config.warnings) == 51
    assert config.warnings[0].startswith("zz0: unknown key")
    assert config.warnings[-1] == "and 30 more warnings"
    assert all(len(warning) <= 603 for warning in parsed(**{"z" * 999: "y"}).warnings)


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ({"run_cap": 5.0}, {"run_cap": 5}),
        ({"seed": 7.0}, {"seed": 7}),
        ({"max_failed_runs": 3.0}, {"max_failed_runs": 3}),
        ({"retries": {"lost": 1.0}}, {"retries": {"lost": 1}}),
        ({"run_cap": "1e2"}, {"run_cap": 100}),
        ({"run_cap": "1_000"}, {"run_cap": 1000}),
        ({"name": 3}, {"name": "3"}),
        ({"project": 2024}, {"project": "2024"}),
        ({"description": 0.5}, {"description": "0.5"}),
        ({"method": "Bayes"}, {"method": "bayes"}),
        (
            {"metric": {"name": "a", "goal": "MAXIMIZE"}},
            {"metric": {"name": "a", "goal": "maximize"}},
        ),
        ({"metric": {"name": "a", "target": "1e-3"}}, {"metric": {"name": "a", "target": 1e-3}}),
        ({"metric": {"name": "a", "type": "x"}}, {"metric": {"name": "a"}}),
        (
            {"metric": {"name": "a", "impute": "Worst"}, "method": "bayes"},
            {"metric": {"name": "a", "impute": "worst"}, "method": "bayes"},
        ),
    ],
)
def test_what_is_clear_is_read_with_a_warning(given: dict[str, Any], same: dict[str, Any]) -> None:
    config = parsed(**given)
    assert len(config.warnings) == 1
    assert config.warnings[0].startswith(next(iter(given)))
    plain = parsed(**same)
    assert not plain.warnings
    assert replace(config, warnings=()) == plain


@pytest.mark.parametrize("impute", [*Impute, None])
def test_impute_is_read_as_wb_has_it(impute: Impute | None) -> None:
    given = {"name": "a", "impute": impute, "impute_while_running": impute}
    assert parsed(metric=given).spec.metric == Metric(
        "a", impute=impute, impute_while_running=impute
    )


@pytest.mark.parametrize("never", [False, "false", "False", None])
def test_running_runs_are_not_imputed_by_default(never: Any) -> None:
    config = parsed(metric={"name": "a", "impute_while_running": never})
    assert (config.spec.metric, config.warnings) == (Metric("a"), ())


@pytest.mark.parametrize(
    ("given", "path", "says"),
    [
        ({"parameters": None}, "parameters", "is required (an object)"),
        ({"parameters": {}}, "parameters", "at least one parameter"),
        ({"parameters": {str(n): {"value": 1} for n in range(501)}}, "parameters", "at most 500"),
        ({"parameters": [1]}, "parameters", "must be an object"),
        ({"paramters": {}}, "paramters", "did you mean parameters?"),
        ({"name": ["x"]}, "name", "must be a text"),
        ({"name": True}, "name", "must be a text"),
        ({"method": "custom"}, "method", "write bayes, or choose a sampler by name"),
        ({"args_style": "nested"}, "args_style", "must be one of flat, wandb"),
        ({"name": "x" * 201}, "name", "has 201 characters"),
        ({"project": "a\0"}, "project", "NUL"),
        ({"description": "x" * 10_001}, "description", "at most 10,000"),
        ({"run_cap": "5"}, "run_cap", "remove the quotes"),
        ({"run_cap": 5.5}, "run_cap", "must be an integer, is 5.5"),
        ({"run_cap": "5.5e0"}, "run_cap", "must be an integer, is 5.5"),
        ({"run_cap": float("inf")}, "run_cap", "must be an integer"),
        ({"run_cap": True}, "run_cap", "must be an integer, is True"),
        ({"max_failed_runs": -1}, "max_failed_runs", "at least 1"),
        ({"seed": 2**53 + 1}, "seed", "at most 2^53"),
        ({"seed": 2**80}, "seed", "must fit into 64 bits"),
        ({"retries": 3}, "retries", "must be an object"),
        ({"retries": {"failed": -1}}, "retries.failed", "at least 0"),
        ({"retries": {"crashed": 1}}, "retries.crashed", "known are lost, failed"),
        ({"constraints": "a < b"}, "constraints", 'write ["a < b"] for a single one'),
        ({"constraints": [3]}, "constraints[0]", "must be a text"),
    ],
)
def test_a_wrong_key_is_told_where_and_why(given: dict[str, Any], path: str, says: str) -> None:
    assert says in problems_with(**given)[path]


@pytest.mark.parametrize(
    ("metric", "path", "says"),
    [
        ("loss", "metric", "must be an object, is 'loss'; write {name: ..., goal: ...}"),
        ([{"name": "loss"}], "metric", "write metrics: [...]"),
        ({}, "metric.name", "is required"),
        ({"name": ""}, "metric.name", "must not be empty"),
        ({"name": "x" * 201}, "metric.name", "has 201 characters"),
        ({"name": "loss", "goal": "min"}, "metric.goal", "one of minimize, maximize, is 'min'"),
        ({"name": "loss", "impute": "mean"}, "metric.impute", "one of worst, best, latest"),
        ({"name": "loss", "impute": False}, "metric.impute", "one of worst, best, latest"),
        (
            {"name": "loss", "impute_while_running": True},
            "metric.impute_while_running",
            "one of worst, best, latest",
        ),
        ({"name": "loss", "target": "0.5"}, "metric.target", "remove the quotes"),
        ({"name": "loss", "target": float("nan")}, "metric.target", "finite"),
        ({"name": "loss", "value": "min"}, "metric.value", "best is the minimum or the maximum"),
        ({"name": "loss", "value": "mean_last"}, "metric.value", "for example mean_last_5"),
        ({"name": "loss", "value": "mean_last_0"}, "metric.value", "at least one value"),
        ({"name": "loss", "value": "mean_last_999999"}, "metric.value", "1 to 100000"),
        ({"name": "loss", "value": 3}, "metric.value", "must be last, best or mean_last_N"),
        ({"nam": "loss"}, "metric.nam", "did you mean name?"),
    ],
)
def test_a_wrong_metric_is_told_where_and_why(metric: Any, path: str, says: str) -> None:
    for method in ("random", "bayes"):
        assert says in problems_with(metric=metric, method=method)[path]


def test_a_metric_that_can_not_be_read_is_not_missing() -> None:
    early = {"type": "hyperband", "min_iter": 1}
    found = problems_with(metric={"goal": "maximize"}, method="bayes", early_terminate=early)
    assert list(found) == ["metric.name"]


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("learning rate", ", for example learning_rate"),
        ("größe", ", for example gro_e"),
        ("étape.1", ", for example etape.1"),
        ("学习率_lr", ", for example _lr"),
        ("2nd", ", for example _2nd"),
        ("学习率", ""),
        ("学习率2", ""),
        ("$$$", ""),
        ("αβ γ", ""),
    ],
)
def test_a_wrong_name_is_told_with_an_example_where_there_is_one(name: str, example: str) -> None:
    (told,) = problems_with(parameters={name: {"value": 1}}).values()
    assert told.startswith("a name starts with a letter (a to z, A to Z) or _")
    assert told.endswith(f"_ . @ or -{example}")


def test_several_metrics_are_listed() -> None:
    spec = parsed(metric=None, metrics=[{"name": "b"}, {"name": "a", "value": "best"}]).spec
    assert spec.metrics == (Metric("b"), Metric("a", value=ObjectiveValue.BEST))
    assert spec.metric is None
    assert parsed(metric=None, metrics=[{"name": "b"}]).spec.metric == Metric("b")


@pytest.mark.parametrize(
    ("given", "path", "says"),
    [
        ({"metrics": [{"name": "a"}]}, "metrics", "can't be combined with metric"),
        ({"metric": None, "metrics": []}, "metrics", "at least one metric"),
        ({"metric": None, "metrics": {"name": "a"}}, "metrics", "must be a list"),
        ({"metric": None, "metrics": ["a"]}, "metrics[0]", "must be an object"),
        (
            {"metric": None, "metrics": [{"name": "a"}] * 2},
            "metrics[1].name",
            "'a' is listed twice",
        ),
        ({"metric": None, "metrics": [{"name": "a", "goal": 1}]}, "metrics[0].goal", "must be"),
        (
            {"metric": None, "metrics": [{"name": str(n)} for n in range(11)]},
            "metrics",
            "at most 10",
        ),
    ],
)
def test_wrong_metrics_are_told_where_and_why(given: dict[str, Any], path: str, says: str) -> None:
    assert says in problems_with(**given)[path]


def test_a_parameter_that_can_not_be_read_is_the_only_problem() -> None:
    assert problems({"method": "random", "parameters": {"a": 3}}).keys() == {"parameters.a"}


def test_a_spec_that_came_typed_has_the_paths_of_a_config() -> None:
    spec = parsed(parameters={"g": {"parameters": {"x": {"value": 1}}}}).spec
    wrong = SweepSpec(
        method=Method.GRID,
        space=spec.space,
        sampler=AlgorithmChoice("tpe"),
        metrics=(Metric("a"), Metric("")),
        early_termination=AlgorithmChoice("no_such"),
        run_cap=0,
    )
    with pytest.raises(InvalidArgumentError) as caught:
        check_spec(wrong)
    assert [v.field for v in caught.value.violations] == [
        "sampler.name",
        "metrics[1].name",
        "pruner",
        "pruner.name",
        "run_cap",
    ]


def test_what_is_nested_too_deeply_is_refused() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    assert "nested too deeply" in problems_with(parameters={"x": {"value": deep}})["config"]


# Values of an invalid config: words of configs in any order, and arbitrary values.
words = st.sampled_from(
    [*TOP_LEVEL_KEYS, *PARAMETER_KEYS, *DISTRIBUTIONS, "hyperband", "tpe", "x", "type", "options"]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([20, 400, 5000]).map(lambda digits: 10**digits)
    | st.floats()
    | st.text()
    | words
)
json_like = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(words | st.text(), inner, max_size=4)
        | st.dictionaries(st.integers() | st.booleans() | st.floats(), inner, max_size=2)
    ),
    max_leaves=12,
)


def violations(config: dict[str, Any]) -> tuple[FieldViolation, ...]:
    """Return the problems of a config, none for a valid one; other errors are not allowed."""
    try:
        parse_config(config)
    except InvalidArgumentError as error:
        return error.violations
    return ()


@given(
    st.dictionaries(words, json_like, max_size=5),
    st.dictionaries(st.text() | words, json_like, max_size=5),
    json_like,
)
def test_whatever_a_config_holds_it_is_read_or_refused(
    top: dict[str, Any], parameters: dict[str, Any], one: Any
) -> None:
    for config in (
        top,
        {**BASE, **top},
        {**BASE, "parameters": parameters},
        {**BASE, "parameters": {"x": one, "g": {"parameters": parameters}}},
        {**BASE, "parameters": {"x": {"values": [1, 2]}, "y": {"value": 1, "when": {"x": one}}}},
    ):
        for violation in violations(config):
            # A text that can't be encoded could not be sent.
            assert (violation.field + violation.description).encode()
