"""Names and groups of parameters, and conditions between parameters."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.registry.configs import by_name, parsed, problems_with
from wanllmdb_common.search_space.distributions import Condition, Constant, IntUniform
from wanllmdb_registry.domain.config.export import config_of
from wanllmdb_registry.domain.config.parsing.config import check_spec, parse_config

OPTIMIZER = {"values": ["adam", "sgd"]}


def group(when: Any = None, **parameters: Any) -> dict[str, Any]:
    return {"parameters": parameters} | ({} if when is None else {"when": when})


def test_groups_give_names_with_slashes_to_any_depth() -> None:
    space = {"a": group(b=group(c={"value": 1}), d={"min": 1, "max": 2}), "e": {"value": 2}}
    found = by_name(parameters=space)
    assert list(found) == ["a/b/c", "a/d", "e"]
    assert found["a/b/c"].distribution == Constant(1)
    assert found["a/d"].distribution == IntUniform(1, 2)


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"value": 1}
    for _ in range(depth):
        inner = group(g=inner)
    return {"p": inner}


def test_groups_have_a_deepest_level() -> None:
    assert list(by_name(parameters=nested(19))) == ["p" + "/g" * 19]
    (path,) = problems_with(parameters=nested(20))
    assert path == "parameters.p" + ".parameters.g" * 19


def test_problems_in_groups_have_the_path_as_written() -> None:
    space = {
        "opt": group(
            lr={"min": 2, "max": 1}, mom={"mn": 1}, inner=group(x={"value": float("nan")})
        ),
        "empty": group(),
        "both": {"parameters": {"x": {"value": 1}}, "min": 1},
        "list": {"parameters": [1]},
        "flat/name": {"value": 1},
        "bare": {"lr": {"min": 1, "max": 2}},
        "none": None,
        "choice": [1, 2],
    }
    found = problems_with(parameters=space)
    assert found.keys() == {
        "parameters.opt.parameters.lr.min",
        "parameters.opt.parameters.mom.mn",
        "parameters.opt.parameters.mom",
        "parameters.opt.parameters.inner.parameters.x.value",
        "parameters.empty.parameters",
        "parameters.both.min",
        "parameters.list.parameters",
        "parameters.flat/name",
        "parameters.bare.lr",
        "parameters.bare",
        "parameters.none",
        "parameters.choice",
    }
    assert "flat: {parameters: {name: ...}}" in found["parameters.flat/name"]
    assert "{parameters: {lr: ...}}" in found["parameters.bare.lr"]
    assert "{values: [...]}" in found["parameters.choice"]


@pytest.mark.parametrize(
    ("name", "instead"), [("1x", "_1x"), ("a b", "a_b"), ("é", "e"), ("", ""), ("-a", "_-a")]
)
def test_names_have_an_alphabet(name: str, instead: str) -> None:
    for parameters, path in (
        ({name: {"value": 1}}, f"parameters.{name}"),
        ({"g": group(**{name: {"value": 1}})}, f"parameters.g.parameters.{name}"),
    ):
        found = problems_with(parameters=parameters)
        assert found.keys() == {path}
        assert found[path].endswith(f", for example {instead}" if instead else "_ . @ or -")


@pytest.mark.parametrize("name", ["+model.lr", "++trainer.epochs", "~callbacks", "db@source"])
def test_names_may_have_the_signs_of_hydras_overrides(name: str) -> None:
    assert by_name(parameters={name: {"value": 1}})
    constraint = f'p["{name}"] < 1'
    read = parsed(parameters={name: {"min": 0.0, "max": 1.0}}, constraints=[constraint])
    assert read.spec.space.constraints == (constraint,)


def test_a_name_is_at_most_200_characters() -> None:
    assert by_name(parameters={"x" * 200: {"value": 1}})
    assert "201" in problems_with(parameters={"x" * 201: {"value": 1}})["parameters." + "x" * 201]


def test_names_that_constraints_could_not_keep_apart_are_refused() -> None:
    found = problems_with(parameters={"a.b": {"value": 1}, "a": group(b={"value": 2})})
    assert "is written a.b in constraints" in found["parameters.a.parameters.b"]


def test_a_condition_is_a_value_or_a_list() -> None:
    space = {
        "optimizer": OPTIMIZER,
        "n": {"min": 0, "max": 3},
        "x": {"min": 0.0, "max": 1.0},
        "momentum": {"value": 1, "when": {"optimizer": "sgd"}},
        "both": {"value": 1, "when": {"optimizer": ["sgd", "adam"], "n": 2}},
        "real": {"value": 1, "when": {"x": 1}},
    }
    found = by_name(parameters=space)
    assert found["momentum"].conditions == (Condition("optimizer", ("sgd",)),)
    assert found["both"].conditions == (
        Condition("n", (2,)),
        Condition("optimizer", ("sgd", "adam")),
    )
    # The value of a float's condition becomes a float, or no run would ever meet the condition.
    (condition,) = found["real"].conditions
    assert type(condition.values[0]) is float


def test_the_condition_of_a_group_goes_to_all_in_it() -> None:
    space = {
        "optimizer": OPTIMIZER,
        "sgd": group(
            {"optimizer": "sgd"},
            momentum={"value": 1},
            nesterov={"values": [True, False], "when": {"momentum": 1}},
            deep=group({"optimizer": ["adam", "sgd"]}, x={"value": 1}),
        ),
    }
    found = by_name(parameters=space)
    sgd = Condition("optimizer", ("sgd",))
    assert found["sgd/momentum"].conditions == (sgd,)
    assert found["sgd/nesterov"].conditions == (sgd, Condition("sgd/momentum", (1,)))
    # Both conditions on the same parameter must hold.
    assert found["sgd/deep/x"].conditions == (sgd,)


def test_names_in_conditions_are_looked_for_from_the_inside_out() -> None:
    kind = {"values": [1, 2]}

    def parent_of(when: str, **more: Any) -> str:
        space = {
            "kind": kind,
            "only": kind,
            "g": group(kind=kind, h=group(p={"value": 1, "when": {when: 1}}, **more)),
        }
        (condition,) = by_name(parameters=space)["g/h/p"].conditions
        return condition.parameter

    assert parent_of("kind") == "g/kind"
    assert parent_of("kind", kind=kind) == "g/h/kind"
    assert parent_of("only") == "only"
    assert parent_of("g/kind", kind=kind) == "g/kind"
    assert parent_of("/kind") == "kind"
    # A full name refers to that parameter, even if a nearer one has the same last part.
    assert parent_of("g/kind", g=group(kind=kind)) == "g/kind"


def test_a_group_is_outside_of_itself() -> None:
    space = {
        "kind": {"values": [1, 2]},
        "g": group({"kind": 1}, kind={"values": [3, 4]}, x={"value": 1}),
    }
    assert by_name(parameters=space)["g/x"].conditions == (Condition("kind", (1,)),)


@pytest.mark.parametrize(
    ("when", "path", "says"),
    [
        ("sgd", "", "must be an object {other parameter: value or list of values}"),
        ({"optimiser": "sgd"}, ".optimiser", "unknown parameter, did you mean optimizer?"),
        ({"lr": 1}, ".lr", "did you mean g/lr?"),
        ({"momentun": 1}, ".momentun", "did you mean g/momentum?"),
        ({"g": 1}, ".g", "is a group; name one of its parameters, for example g/lr"),
        ({"optimizer": "sdg"}, ".optimizer", "is never 'sdg', did you mean sgd?"),
        ({"optimizer": ["sgd", "x"]}, ".optimizer[1]", "it is one of 'adam', 'sgd'"),
        ({"optimizer": []}, ".optimizer", "must have at least one value"),
        ({"n": "2"}, ".n", "'n' is never '2'"),
        ({"n": 9}, ".n", "'n' is never 9"),
        ({"n": 2.0}, ".n", "'n' is never 2.0"),
        ({"size": 1.0}, ".size", "did you mean 1?"),
        ({"fixed": 2}, ".fixed", "is never 2: it is 1"),
        ({"p": 1}, ".p", "'p' can't depend on itself"),
        ({1: 1}, ".1", "unknown parameter"),
    ],
)
def test_a_wrong_condition_is_told_where_and_why(when: Any, path: str, says: str) -> None:
    space = {
        "optimizer": OPTIMIZER,
        "n": {"min": 0, "max": 3},
        "size": {"values": [1, 2]},
        "fixed": {"value": 1},
        "g": group(lr={"value": 1}, momentum={"value": 1}),
        "p": {"value": 1, "when": when},
    }
    found = problems_with(parameters=space)
    assert list(found) == [f"parameters.p.when{path}"]
    assert says in found[f"parameters.p.when{path}"]


def test_a_problem_of_a_groups_condition_is_told_once_and_at_the_group() -> None:
    members = {"a": {"value": 1}, "b": {"value": 1}, "c": group(d={"value": 1})}
    space = {"optimizer": OPTIMIZER, "g": group({"optimizer": "x"}, **members)}
    assert list(problems_with(parameters=space)) == ["parameters.g.when.optimizer"]


def test_conditions_that_exclude_each_other_are_refused() -> None:
    inner = {"value": 1, "when": {"optimizer": "adam"}}
    space = {"optimizer": OPTIMIZER, "g": group({"optimizer": "sgd"}, p=inner)}
    found = problems_with(parameters=space)
    assert "never holds" in found["parameters.g.parameters.p.when.optimizer"]


def test_circles_are_refused_each_once() -> None:
    def after(name: str) -> dict[str, Any]:
        return {"values": [1, 2], "when": {name: 1}}

    space = {
        "a": after("b"), "b": after("c"), "c": after("a"), "d": after("e"), "e": after("d"),
        "f": after("a"),
    }  # fmt: skip
    assert problems_with(parameters=space) == {
        "parameters.a.when.b": "the conditions form a cycle: 'a' -> 'b' -> 'c' -> 'a'",
        "parameters.d.when.e": "the conditions form a cycle: 'd' -> 'e' -> 'd'",
    }


def test_a_condition_on_what_could_not_be_read_is_no_second_problem() -> None:
    space = {"a": {"min": 2, "max": "x"}, "b": {"value": 1, "when": {"a": 3}}}
    assert list(problems_with(parameters=space)) == ["parameters.a.max"]


def test_conditions_are_written_back_so_that_they_mean_the_same() -> None:
    kind = {"values": [1, [2, 3]]}
    space = {
        "kind": kind,
        "g": group(kind=kind, p={"value": 1, "when": {"/kind": [[2, 3]], "kind": 1}}),
        "q": {"value": 2, "when": {"g/kind": [1, [2, 3]], "kind": 1}},
    }
    spec = parsed(parameters=space).spec
    written = config_of(spec)
    assert written["parameters"]["g"]["parameters"]["p"]["when"] == {
        "g/kind": 1,
        "/kind": [[2, 3]],
    }
    assert parse_config(written).spec == spec == check_spec(spec).spec


@pytest.mark.parametrize(
    ("parent", "value", "is_drawn"),
    [
        ({"values": [1, 2]}, 1, True),
        ({"value": 1}, 1, True),
        ({"min": 0, "max": 8, "q": 2}, 4, True),
        ({"min": 0, "max": 8, "q": 2}, 3, False),
        ({"min": 0, "max": 8, "q": 2}, [3, 4], True),
        ({"min": 0.0, "max": 1.0, "q": 0.1}, 0.3, True),
        ({"min": 0.0, "max": 1.0}, 0.5, False),
        ({"distribution": "q_normal", "q": 0.5}, 1.5, True),
        ({"distribution": "q_normal", "q": 0.5}, 1.2, False),
        ({"distribution": "normal"}, 0.0, False),
    ],
)
def test_a_condition_that_hardly_ever_holds_is_warned_of(
    parent: dict[str, Any], value: Any, is_drawn: bool
) -> None:
    warnings = parsed(parameters={"a": parent, "b": {"value": 1, "when": {"a": value}}}).warnings
    assert bool(warnings) is not is_drawn
    assert all("parameter 'b' requires that 'a' is" in text for text in warnings)
