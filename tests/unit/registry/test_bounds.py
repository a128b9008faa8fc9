"""Configs and prior runs of any form and size are accepted or rejected within seconds."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.processor_time import soon
from wanllmdb.api.registry.v1 import search_space_pb2, sweep_pb2
from wanllmdb_common.did_you_mean import few_hints
from wanllmdb_common.errors import InvalidArgumentError
from wanllmdb_common.search_space.distributions import Categorical, Parameter, SearchSpace
from wanllmdb_common.search_space.proto_conversion import value_to_proto
from wanllmdb_registry.domain.config.parsing.config import check_spec, parse_config
from wanllmdb_registry.domain.config.text import read_text
from wanllmdb_registry.domain.model import SweepSpec
from wanllmdb_registry.domain.prior_runs import Fitter, Fitting, Row, reject_unfit
from wanllmdb_registry.domain.run_files.readers import read_csv, read_json_lines
from wanllmdb_registry.domain.templates.rendering import check_template, render
from wanllmdb_registry.domain.templates.template import Placeholder, Template
from wanllmdb_registry.rpc.request_reader import RequestReader
from wanllmdb_registry.rpc.spec_reader import SpecReader

PARAMETERS = {"x": {"min": 0.0, "max": 1.0}, "n": {"min": 1, "max": 8}}
RANDOM = {"method": "random", "metric": {"name": "loss"}, "parameters": PARAMETERS}


@contextlib.contextmanager
def computing_soon() -> Iterator[None]:
    """Compute as a server does: with few hints."""
    with soon(), few_hints():
        yield


def refusal(work: Callable[[], object]) -> InvalidArgumentError:
    with computing_soon(), pytest.raises(InvalidArgumentError) as caught:
        work()
    return caught.value


def spec_of(**parameters: Any) -> SweepSpec:
    return parse_config({**RANDOM, "parameters": parameters}).spec


def unknown_keys(count: int) -> dict[str, int]:
    return {f"parameter_{i}_metrics": 1 for i in range(count)}


def test_of_tens_of_thousands_of_unknown_keys_the_first_are_told() -> None:
    error = refusal(lambda: parse_config(RANDOM | unknown_keys(80_000)))
    assert "more than 1,000 problems" in error.message
    assert len(error.violations) == 1_000


@pytest.mark.parametrize("where", ["metric", "early_terminate", "retries", "sampler"])
def test_unknown_keys_within_an_object_are_told_likewise(where: str) -> None:
    known: dict[str, dict[str, Any]] = {
        "metric": {"name": "loss"},
        "early_terminate": {"type": "hyperband", "min_iter": 3},
        "retries": {"lost": 1},
        "sampler": {"name": "random"},
    }
    config = {**RANDOM, where: known[where] | unknown_keys(80_000)}
    error = refusal(lambda: parse_config(config))
    assert "more than 1,000 problems" in error.message


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"x": {"value": [0] * 100_001}}, "more than 100,000 keys"),
        ({f"p{i}": {"value": 1} for i in range(501)}, "are 501, at most 500"),
        ({f"p{i}": {"value": 1} for i in range(30_000)}, "are 30000, at most 500"),
        ({"k" * 1_001: {"value": 1}}, "a key of 1,001 characters"),
        ({"x": {"value": {"k" * 900_000: [0] * 90_000}}}, "a key of 900,000 characters"),
        ({2**70: {"value": 1}}, "more than 64 bits as a key"),
        ({"x": {"value": nested(101)}}, "nested too deeply"),
        ({"x": {"value": nested(100_000)}}, "nested too deeply"),
        ({"x": {"values": [[i] for i in range(10_000)] + [[1]]}}, "at most 10,000"),
        (
            {"x": {"values": list(range(10_000))}}
            | {f"y{i}": {"value": 1, "when": {"x": list(range(10_000))}} for i in range(8)},
            "",
        ),
        (
            {
                "x": {"values": list(range(10_000))},
                "g": {
                    "when": {"x": list(range(10_000))},
                    "parameters": {f"y{i}": {"value": 1} for i in range(400)},
                },
            },
            "conditions with 4,000,000 values",
        ),
        (
            {"g": {"when": unknown_keys(40_000), "parameters": {"y": {"value": 1}}}},
            "has 40000 conditions, at most 50",
        ),
        (
            {f"some_parameter_{i}": {"value": 1, "when": unknown_keys(50)} for i in range(400)},
            "unknown parameter",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_config_of_any_size_is_judged_soon(config: dict[Any, Any], says: str) -> None:
    if says:
        assert says in refusal(lambda: parse_config({**RANDOM, "parameters": config})).message
    else:
        with computing_soon():
            parse_config({**RANDOM, "parameters": config})


def test_choices_that_are_lists_are_compared_soon() -> None:
    values = [[i, {"a": i}] for i in range(9_999)]
    with computing_soon():
        spec_of(x={"values": values})
    with computing_soon():
        spec = spec_of(x={"values": [*values, [5, {"a": 5}]]})
    assert spec.space.parameters[0].distribution == Categorical(tuple(values))
    twice = replace(
        spec, space=SearchSpace((Parameter("x", Categorical((*values, [5, {"a": 5}]))),))
    )
    error = refusal(lambda: check_spec(twice))
    assert error.violations[0].field == "parameters.x.values[9999]"
    assert error.violations[0].description == "appears twice"


def test_constraints_of_unknown_names_are_refused_soon() -> None:
    names = {f"{'some_long_name_of_a_parameter_' * 6}{i}": {"value": i} for i in range(500)}
    constraint = " + ".join(f"some_long_name{i}" for i in range(50)) + " < 1"
    config = {**RANDOM, "parameters": names, "constraints": [constraint] * 100}
    assert "no parameter is named" in refusal(lambda: parse_config(config)).message
    keywords = {f"{'g' * (i + 1)}.for": {"value": i} for i in range(190)}
    broken = {**RANDOM, "parameters": keywords, "constraints": ["g.for < < " * 99] * 100}
    assert "is not a valid expression" in refusal(lambda: parse_config(broken)).message


def aliases(first: str, form: str, *, times: int = 9, levels: int = 40) -> str:
    """Return a YAML text in which each line repeats the line before several times."""
    lines = (
        f"a{level}: &a{level} " + form % ",".join([f"*a{level - 1}"] * times)
        for level in range(1, levels)
    )
    return "\n".join([f"a0: &a0 {first}", *lines])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [" + "1," * 450_000 + "1]", "more than 100,000 keys"),
        ("\n".join(f"k{i:06}: 1" for i in range(80_000)), ""),
        ("a: " + "[" * 500_000, "nested too deeply"),
        ("\n".join(" " * i + "a:" for i in range(1_000)), "nested too deeply"),
        ("a: " + "9" * 1_000_000, "is neither YAML nor JSON"),
        ('{"a": ' + "9" * 1_000_000 + "}", "is neither YAML nor JSON"),
        ("a: &x [1]\nb: [" + "*x," * 100 + "*x]", ""),
        ("a: &x {}\nb: {<<: *x}", ""),
        (
            "a0: &a0 [1]\n"
            + "\n".join(f"a{i + 1}: &a{i + 1} [{','.join([f'*a{i}'] * 9)}]" for i in range(40)),
            "more than 100,000 keys",
        ),
        (
            "a0: &a0 {k: 1}\n"
            + "\n".join(
                f"a{i + 1}: &a{i + 1} {{<<: [{','.join([f'*a{i}'] * 9)}]}}" for i in range(40)
            ),
            "more than 100,000 keys",
        ),
        (
            aliases("[1]", "[%s]", times=1, levels=200),
            "nested too deeply",
        ),
        (f"{'k' * 900}: 1\n{'k' * 900}: 2", "appears twice"),
        ("a: !" + "t" * 500_000 + " 1", "is not allowed: remove it"),
    ],
    ids=lambda value: f"{value:.12}",
)
def test_a_text_of_any_form_is_read_or_refused_soon(text: str, says: str) -> None:
    if says:
        error = refusal(lambda: read_text(text))
        assert says in error.message
        assert len(error.message) < 2_500
    else:
        with computing_soon():
            read_text(text)


def typed(**fields: Any) -> sweep_pb2.SweepSpec:
    return sweep_pb2.SweepSpec(method=sweep_pb2.METHOD_RANDOM, **fields)


def constant(name: str, count: int = 1) -> search_space_pb2.Parameter:
    return search_space_pb2.Parameter(
        name=name,
        constant=search_space_pb2.ConstantDistribution(value=value_to_proto(1)),
        conditions=[search_space_pb2.ParameterCondition(parameter="x")] * (count - 1),
    )


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ([constant(f"p{i}") for i in range(100_000)], "at most 500, are 100000"),
        ([constant("a/" * 1_000_000 + "b")], "a name of 2,000,001 characters"),
        ([constant("y", 100_000)], "99,999 conditions"),
        (
            [
                search_space_pb2.Parameter(
                    name=name,
                    categorical=search_space_pb2.CategoricalDistribution(
                        values=[value_to_proto(i) for i in range(60_000)]
                    ),
                )
                for name in "ab"
            ],
            "120,000 values",
        ),
    ],
)
def test_a_typed_spec_of_any_size_is_judged_soon(
    parameters: list[search_space_pb2.Parameter], says: str
) -> None:
    message = typed(search_space=search_space_pb2.SearchSpace(parameters=parameters))

    def read() -> None:
        reader = SpecReader()
        spec, written = reader.spec(message)
        check_spec(spec, written, reader.problems)

    assert says in refusal(read).message


def template(text: str, **defaults: Any) -> Template:
    return Template(
        "t", "", text, tuple(Placeholder(name, default=value) for name, value in defaults.items())
    )


MENTIONS = "method: random\nparameters: {x: {values: [" + ", ".join(["$(a)"] * 900) + "]}}"


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (template(MENTIONS, a="x" * 100_000), "characters from placeholders"),
        (template(MENTIONS, a=list(range(10_000))), "characters from placeholders"),
        (template(MENTIONS, a=[0] * 200), "more than 100,000 keys"),
        (template(MENTIONS.replace("$(a)", "$(a)" * 2), a=1), "more than 1,000 times"),
        (template("a: '" + "$(a)" * 200_000 + "'", a=1), "more than 1,000 times"),
        (template("$(a)$(a)$(a): 1", a="k" * 400_000), "characters from placeholders"),
    ],
)
def test_what_placeholders_bring_into_a_config_is_bounded(made: Template, says: str) -> None:
    for work in (lambda: check_template(made), lambda: render(made, {})):
        assert says in refusal(work).message


def fit(spec: SweepSpec, rows: Iterator[Row]) -> Fitting:
    fitting = Fitting()
    Fitter(spec).fit(rows, fitting, "source")
    return fitting


def test_a_header_of_any_width_is_judged_soon() -> None:
    spec = spec_of(**PARAMETERS)
    wide = "x,n,loss," + ",".join(f"c{i}" for i in range(300_000)) + "\n0.5,1,1\n"
    error = refusal(lambda: fit(spec, read_csv(spec, wide, "source")))
    assert "300,003 columns, at most 10,000" in error.message
    repeated = "x,n,loss," + ",".join(["c"] * 9_000) + "\n0.5,1,1\n"
    error = refusal(lambda: fit(spec, read_csv(spec, repeated, "source")))
    assert "the header names 'c' more than once" in error.message


WIDE = {f"p{i:03}": {"min": 0.0, "max": 0.5} for i in range(500)}
CHOICES = {"x": {"values": list(range(10_000))}}
TEXTS = {"x": {"values": ["v" * 9_000 + str(i) for i in range(10)]}}


@pytest.mark.parametrize(
    ("parameters", "text", "unfit"),
    [
        (PARAMETERS, "x,n,loss\n" + "nonsense,9,a\n" * 100_000, 100_000),
        (PARAMETERS, "x,n,loss\n0.5," + "9" * 4_000_000 + ",1\n", 1),
        (PARAMETERS, "x,n,loss\n" + ("0.5," + "9" * 4_000 + ",1\n") * 900, 900),
        (PARAMETERS, "x,n,loss\n" + "," * 4_000_000 + "\n", 1),
        (PARAMETERS, "x,n,loss\n" + "\n" * 4_000_000, 0),
        (PARAMETERS, "x,n,loss\n0.5,1,\0\n", 1),
        (WIDE, ",".join(WIDE) + ",loss\n" + "1,\n" * 100_000, 100_000),
        (CHOICES, "x,loss\n" + "a,1\n" * 100_000, 100_000),
        (CHOICES, "x,loss\n" + "9999.0,1\n" * 100_000, 0),
        (TEXTS, "x,loss\n" + "a,1\n" * 100_000, 100_000),
    ],
    ids=range(10),
)
def test_rows_of_any_form_are_judged_soon(
    parameters: dict[str, Any], text: str, unfit: int
) -> None:
    spec = spec_of(**parameters)
    with computing_soon():
        fitting = fit(spec, read_csv(spec, text, "source"))
    assert fitting.skipped == unfit
    assert len(fitting.unfit) == min(unfit, 1_000)
    assert all(len(row.problems) <= 11 for row in fitting.unfit)
    if unfit:
        message = refusal(lambda: reject_unfit(fitting, "source")).message
        assert f"{unfit:,} prior runs do not fit" in message


@pytest.mark.parametrize(
    ("parameters", "text", "unfit"),
    [
        (WIDE, "{}\n" * 100_000, 100_000),
        (CHOICES, '{"x": 1e400, "loss": 1}\n' * 100_000, 100_000),
        (PARAMETERS, "\n" * 4_000_000, 0),
        (PARAMETERS, '{"x": ' + "[" * 900 + "]" * 900 + ', "n": 1, "loss": 1}', 1),
        (PARAMETERS, '{"x": ' + "9" * 4_000 + ', "n": 1, "loss": 1}', 1),
        (PARAMETERS, json.dumps(dict.fromkeys(map(str, range(300_000)), 1)), 1),
        (PARAMETERS, '{"x": 0.5, "x": 2, "n": 1, "loss": 1}', 1),
    ],
    ids=range(7),
)
def test_json_lines_of_any_form_are_judged_soon(
    parameters: dict[str, Any], text: str, unfit: int
) -> None:
    spec = spec_of(**parameters)
    with computing_soon():
        fitting = fit(spec, read_json_lines(spec, text, "source"))
    assert fitting.skipped == unfit


def test_a_quote_that_is_never_closed_and_lines_that_nest_too_deeply_are_refused() -> None:
    spec = spec_of(**PARAMETERS)
    text = 'x,n,loss\n0.5,"' + "a\n" * 1_900_000
    assert "can't be read" in refusal(lambda: fit(spec, read_csv(spec, text, "s"))).message
    deep = "[" * 4_000_000
    assert "is not JSON" in refusal(lambda: fit(spec, read_json_lines(spec, deep, "s"))).message


def test_requests_with_too_much_are_refused_before_it_is_looked_at() -> None:
    reader = RequestReader()
    many = {f"p{i}": value_to_proto("\0") for i in range(100_000)}
    deep = {"x": search_space_pb2.ParameterValue(json_value="[" * 900 + "]" * 900)}
    with computing_soon():
        assert reader.parameters("a", many) == {}
        assert reader.parameters("b", deep) == {}
        assert reader.config("c", many) == {}
        assert reader.labels("d", dict.fromkeys(map(str, range(100_000)), "\0")) == {}
        for i in range(100_000):
            reader.problem(f"e{i}", "is wrong")
    told = {problem.field: problem.description for problem in reader.problems}
    assert told["a"] == "has 100,000 values, at most 500 are allowed"
    assert "nested more than 100 deep" in told["b"]
    assert set("abcd") < told.keys()
    assert len(reader.problems) == 1_000
