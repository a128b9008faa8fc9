"""Sweep configs: what is read, what is refused, what is written back."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanllmdb_common.errors import InvalidArgumentError
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogUniform,
    Normal,
    Parameter,
    Quantized,
    SearchSpace,
    Uniform,
    same_value,
)
from wanllmdb_registry.domain.config.export import config_of
from wanllmdb_registry.domain.config.parse import parse_config
from wanllmdb_registry.domain.config.text import read_text, write_json, write_yaml
from wanllmdb_registry.domain.config.validate import problems_of
from wanllmdb_registry.domain.model import (
    Goal,
    Hyperband,
    Method,
    Metric,
    RetryPolicy,
    SweepSpec,
)


def law_of(**parameter: Any) -> Distribution:
    parsed = parse_config({"method": "random", "parameters": {"p": parameter}})
    return parsed.spec.space.parameters[0].distribution


def problems(config: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidArgumentError) as caught:
        parse_config(config)
    assert caught.value.reason == "INVALID_SWEEP_CONFIG"
    return {v.field: v.description for v in caught.value.violations}


@pytest.mark.parametrize(
    ("parameter", "law"),
    [
        ({"value": 3}, Constant(3)),
        ({"values": [16, 0.5, "a", None, True]}, Categorical((16, 0.5, "a", None, True))),
        ({"min": 0.0, "max": 1}, Uniform(0.0, 1.0)),
        ({"min": 1, "max": 8}, IntUniform(1, 8)),
        ({"distribution": "uniform", "min": 0, "max": 0.5, "q": 0.1}, Uniform(0.0, 0.5, 0.1)),
        ({"distribution": "int_uniform", "min": 1, "max": 9, "q": 2}, IntUniform(1, 9, 2)),
        ({"distribution": "log_uniform", "min": 1e-4, "max": 1e-2}, LogUniform(1e-4, 1e-2)),
        ({"distribution": "log_uniform", "min": 1, "max": 512}, IntLogUniform(1, 512)),
        ({"distribution": "normal"}, Normal(0.0, 1.0)),
        (
            {"distribution": "normal", "mu": 2, "sigma": 3, "q": 0.5},
            Quantized(Normal(2.0, 3.0), 0.5),
        ),
        ({"mu": 2, "sigma": 3, "q": 4}, Quantized(Normal(2.0, 3.0), 4)),
    ],
)
def test_a_parameter_is_read_as_its_law(parameter: dict[str, Any], law: Distribution) -> None:
    assert law_of(**parameter) == law


def test_integer_bounds_of_a_named_uniform_give_integers_and_a_warning() -> None:
    config = {
        "method": "random",
        "parameters": {"p": {"distribution": "uniform", "min": 0, "max": 1}},
    }
    parsed = parse_config(config)
    assert parsed.spec.space.parameters[0].distribution == IntUniform(0, 1)
    assert "write 0.0 and 1.0" in parsed.warnings[0]


def test_defaults_are_filled_in() -> None:
    config = {
        "method": "bayes",
        "metric": {"name": "loss"},
        "parameters": {"x": {"value": 1}},
        "early_terminate": {"type": "hyperband", "min_iter": 3},
    }
    spec = parse_config(config).spec
    assert spec.metric == Metric("loss", Goal.MINIMIZE)
    assert spec.early_termination == Hyperband(3, 3.0, strict=False)
    assert spec.retries == RetryPolicy(lost=2, failed=0)
    assert (spec.run_cap, spec.seed) == (None, None)


def test_parameters_are_ordered_by_name() -> None:
    config = {"method": "grid", "parameters": {"b": {"value": 1}, "a": {"value": 2}}}
    assert [p.name for p in parse_config(config).spec.space.parameters] == ["a", "b"]


def test_every_problem_is_named_at_once() -> None:
    found = problems(
        {
            "metod": "grid",
            "metric": {"goal": "max"},
            "parameters": {
                "lr": {"distribution": "log_uniform", "min": -3, "max": 1e-2},
                "a": {"distribution": "unifrom", "min": 1},
                "b": {"min": 3, "max": 2},
                "c": {"values": [1, 2, 1]},
                "1x": {"values": []},
                "d": 5,
                "e": {"min": "0.1", "max": 1.0},
                "f": {"values": [1], "mu": 0},
                "g": {"distribution": "normal", "sigma": 0},
                "h": {"min": 0.0, "max": 1.0, "q": 2.0},
            },
            "early_terminate": {"type": "median"},
            "run_cap": 0,
            "seed": -1,
            "retries": {"lost": 101},
        }
    )
    assert found.keys() == {
        "metod",
        "method",
        "metric.name",
        "parameters.lr.min",
        "parameters.a.distribution",
        "parameters.b.min",
        "parameters.c.values[2]",
        "parameters.1x",
        "parameters.1x.values",
        "parameters.d",
        "parameters.e.min",
        "parameters.f.mu",
        "parameters.g.sigma",
        "parameters.h.q",
        "early_terminate.type",
        "early_terminate.min_iter",
        "run_cap",
        "seed",
        "retries.lost",
    }
    assert "did you mean method?" in found["metod"]
    assert "did you mean uniform?" in found["parameters.a.distribution"]
    assert "not exponents" in found["parameters.lr.min"]
    assert "leave the quotes out" in found["parameters.e.min"]


@pytest.mark.parametrize("key", ["early_terminate", "method"])
def test_what_compares_runs_needs_a_metric(key: str) -> None:
    config: dict[str, Any] = {"method": "random", "parameters": {"x": {"value": 1}}}
    extra = {"early_terminate": {"type": "hyperband", "min_iter": 1}, "method": "bayes"}
    found = problems({**config, key: extra[key]})
    assert any("metric" in text for text in found.values())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &x 1\nb: *x", "line 2, column 4: aliases"),
        ("a: 1\na: 2", "key 'a' is there twice"),
        ('{"a": 1, "a": 2}', "key 'a' is there twice"),
        ("x: !!python/object:os.system 1", "could not determine a constructor"),
        ("- 1", "must hold an object"),
        ("{", "line 1"),
        ("[" * 100_000, "nested too deeply"),
        ("x: " + "a" * 2_000_000, "characters"),
    ],
)
def test_text_that_is_no_config_says_where(text: str, says: str) -> None:
    with pytest.raises(InvalidArgumentError, match="the sweep config") as caught:
        read_text(text)
    assert says in caught.value.message


def test_yaml_numbers_are_those_of_yaml_1_2() -> None:
    assert read_text("a: 1e-4\nb: 10\nc: 1.0\nd: 2020-01-01") == {
        "a": 1e-4,
        "b": 10,
        "c": 1.0,
        "d": "2020-01-01",
    }


@pytest.mark.parametrize("text", ["1e-4", "1E5", "\x85", "a\u2028b", "2020-01-01", "yes", "\u4e2d"])
def test_a_text_stays_a_text_in_yaml(text: str) -> None:
    config = {"a": [text, 1e-4, 10]}
    assert read_text(write_yaml(config)) == config


def test_a_parameter_that_can_not_be_read_is_the_only_problem() -> None:
    assert problems({"method": "random", "parameters": {"a": 3}}).keys() == {"parameters.a"}


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,10}", fullmatch=True)
finite = st.floats(-1e9, 1e9)
integers = st.integers(-(2**40), 2**40)
scalars = st.none() | st.booleans() | integers | finite | st.text("abc \u00e9\u4e2d:#", max_size=6)
values = st.recursive(
    scalars, lambda s: st.lists(s, max_size=3) | st.dictionaries(names, s, max_size=3), max_leaves=5
)


@st.composite
def ranges(draw: st.DrawFn, kind: str) -> Distribution:
    if kind.startswith("int"):
        low = draw(st.integers(1, 10**6) if "log" in kind else integers)
        high = low + draw(st.integers(1, 10**6))
        q = draw(st.integers(1, high - low))
        return IntLogUniform(low, high, q) if "log" in kind else IntUniform(low, high, q)
    floor = draw(st.floats(1e-9, 1e3) if "log" in kind else finite)
    top = floor + draw(st.floats(1.0, 1e6))
    step = draw(st.none() | st.floats(1e-3, 1.0))
    return LogUniform(floor, top, step) if "log" in kind else Uniform(floor, top, step)


laws: st.SearchStrategy[Distribution] = st.one_of(
    st.builds(Constant, values),
    st.lists(scalars, min_size=1, max_size=5, unique_by=lambda v: (type(v), v)).map(
        lambda items: Categorical(tuple(items))
    ),
    *(ranges(kind) for kind in ("int", "int log", "float", "float log")),
    st.builds(Normal, finite, st.floats(1e-6, 1e6), st.none() | st.floats(1e-3, 10.0)),
    st.builds(Quantized, st.builds(Normal, finite, st.floats(1e-6, 1e6)), st.integers(1, 100)),
)
specs = st.builds(
    SweepSpec,
    method=st.sampled_from(Method),
    space=st.dictionaries(names, laws, min_size=1, max_size=4).map(
        lambda d: SearchSpace(tuple(Parameter(n, d[n]) for n in sorted(d)))
    ),
    metrics=st.builds(Metric, names, st.sampled_from(Goal), st.none() | finite).map(
        lambda metric: (metric,)
    ),
    early_termination=st.none()
    | st.builds(Hyperband, st.integers(1, 100), st.floats(1.5, 10.0), st.booleans()),
    run_cap=st.none() | st.integers(1, 10**6),
    seed=st.none() | st.integers(0, 2**53),
    retries=st.builds(RetryPolicy, st.integers(0, 100), st.integers(0, 100)),
)


@given(specs)
def test_a_spec_survives_export_and_import_with_every_type(spec: SweepSpec) -> None:
    assert not problems_of(spec)
    for write in (write_yaml, write_json):
        again = parse_config(read_text(write(config_of(spec)))).spec
        assert again == spec
        for before, after in zip(spec.space.parameters, again.space.parameters, strict=True):
            match before.distribution, after.distribution:
                case Constant(value=old), Constant(value=new):
                    assert same_value(old, new)
                case Categorical(values=olds), Categorical(values=news):
                    assert all(map(same_value, olds, news))
                case old_law, new_law:
                    assert type(old_law) is type(new_law)


@given(st.recursive(scalars, lambda s: st.lists(s) | st.dictionaries(st.text(), s), max_leaves=20))
def test_nonsense_is_refused_and_never_crashes(data: Any) -> None:
    config = data if isinstance(data, dict) else {"method": data, "parameters": data}
    assert problems(config)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_numbers_must_be_finite(bad: float) -> None:
    config = {
        "method": "random",
        "parameters": {"a": {"min": 0.0, "max": bad}, "b": {"value": bad}},
    }
    assert {"parameters.a.max", "parameters.b.value"} <= problems(config).keys()
