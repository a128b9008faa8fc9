"""Sweep configs: top-level keys, metrics, defaults, and every problem at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.registry.configs import BASE, parsed, problems, problems_with
from wanllmdb_common.errors import FieldViolation, InvalidArgumentError
from wanllmdb_registry.domain.config.parse import check_spec, parse_config
from wanllmdb_registry.domain.config.vocabulary import (
    DISTRIBUTIONS,
    PARAMETER_KEYS,
    REFUSED_KEYS,
    TOP_LEVEL_KEYS,
)
from wanllmdb_registry.domain.model import (
    AlgorithmChoice,
    Goal,
    Hyperband,
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


@pytest.mark.parametrize("key", sorted(REFUSED_KEYS))
def test_keys_of_wb_without_a_meaning_are_refused_with_a_reason(key: str) -> None:
    found = problems_with(**{key: "x"})
    assert list(found) == [key]
    assert "leave it out" in found[key] or "when a sweep is created" in found[key]


@pytest.mark.parametrize(
    ("given", "path", "says"),
    [
        ({"parameters": None}, "parameters", "is required (an object)"),
        ({"parameters": {}}, "parameters", "at least one parameter"),
        ({"parameters": {str(n): {"value": 1} for n in range(501)}}, "parameters", "at most 500"),
        ({"parameters": [1]}, "parameters", "must be an object"),
        ({"paramters": {}}, "paramters", "did you mean parameters?"),
        ({"name": 3}, "name", "must be a text"),
        ({"name": "x" * 201}, "name", "has 201 characters"),
        ({"project": "a\0"}, "project", "NUL"),
        ({"description": "x" * 10_001}, "description", "at most 10,000"),
        ({"run_cap": "5"}, "run_cap", "leave the quotes out"),
        ({"run_cap": 5.0}, "run_cap", "must be an integer, is 5.0"),
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
        ("loss", "metric", "must be an object, is 'loss'"),
        ([{"name": "loss"}], "metric", "write metrics: [...]"),
        ({}, "metric.name", "is required"),
        ({"name": ""}, "metric.name", "must not be empty"),
        ({"name": "x" * 201}, "metric.name", "has 201 characters"),
        ({"name": "loss", "goal": "min"}, "metric.goal", "one of minimize, maximize, is 'min'"),
        ({"name": "loss", "goal": "MAXIMIZE"}, "metric.goal", "one of minimize, maximize"),
        ({"name": "loss", "target": "0.5"}, "metric.target", "leave the quotes out"),
        ({"name": "loss", "target": float("nan")}, "metric.target", "finite"),
        ({"name": "loss", "value": "min"}, "metric.value", "best goes by the goal"),
        ({"name": "loss", "value": "mean_last"}, "metric.value", "mean_last_5 say"),
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


def test_several_metrics_are_listed() -> None:
    spec = parsed(metric=None, metrics=[{"name": "b"}, {"name": "a", "value": "best"}]).spec
    assert spec.metrics == (Metric("b"), Metric("a", value=ObjectiveValue.BEST))
    assert spec.metric is None
    assert parsed(metric=None, metrics=[{"name": "b"}]).spec.metric == Metric("b")


@pytest.mark.parametrize(
    ("given", "path", "says"),
    [
        ({"metrics": [{"name": "a"}]}, "metrics", "does not go with metric"),
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


# What a config may hold where it is wrong: words of configs in any order, and anything else.
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
    """What a config is refused for; nothing where it is read. Nothing else may be raised."""
    try:
        parse_config(config)
    except InvalidArgumentError as error:
        return error.violations
    return ()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
            # What can't be encoded could not be sent.
            assert (violation.field + violation.description).encode()
