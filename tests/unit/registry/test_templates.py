"""Templates become configs: values keep their types, and every problem is reported."""

from __future__ import annotations

from typing import Any

import pytest

from wanllmdb_common.errors import InvalidArgumentError
from wanllmdb_common.search_space.distributions import Categorical, LogUniform
from wanllmdb_registry.domain.config.parsing.config import parse_config
from wanllmdb_registry.domain.config.text import read_text, write_yaml
from wanllmdb_registry.domain.model import Hyperband
from wanllmdb_registry.domain.templates.rendering import check_template, parse_template, render
from wanllmdb_registry.domain.templates.template import (
    Absent,
    Placeholder,
    Template,
    built_in_templates,
)

CONFIG = """
method: random
metric: {name: $(metric)}
program: train-$(metric)-$(cap).py
command: ["${env}", "${program}", "${args}"]
run_cap: $(cap)
parameters:
  x: {min: $(low), max: 10.0}
  layers: {value: $(layers)}
"""
PLACEHOLDERS = (
    Placeholder("metric", "the loss", example="loss"),
    Placeholder("cap", default=5),
    Placeholder("low", default=0.5),
    Placeholder("layers", default=[64, {"units": 32}]),
)
TEMPLATE = Template("mine", "a test", CONFIG, PLACEHOLDERS)


def problems(call: Any, *arguments: Any) -> dict[str, str]:
    with pytest.raises(InvalidArgumentError) as refused:
        call(*arguments)
    assert refused.value.reason == "INVALID_SWEEP_CONFIG"
    return {problem.field: problem.description for problem in refused.value.violations}


def with_config(text: str, *placeholders: Placeholder) -> Template:
    return Template("t", "", text, placeholders)


def test_a_whole_value_keeps_its_type_and_stands_as_text_in_a_longer_one() -> None:
    check_template(TEMPLATE)

    config = render(TEMPLATE, {"metric": "loss", "cap": 7})

    assert config["metric"] == {"name": "loss"}
    assert config["run_cap"] == 7
    assert isinstance(config["run_cap"], int)
    assert config["program"] == "train-loss-7.py"
    assert config["parameters"]["x"]["min"] == 0.5
    assert config["parameters"]["layers"] == {"value": [64, {"units": 32}]}
    assert parse_config(read_text(write_yaml(config))).spec.run_cap == 7


def test_macros_of_the_command_and_the_text_of_values_stay_as_they_are() -> None:
    config = render(TEMPLATE, {"metric": "$(cap) ${args}"})

    assert config["command"] == ["${env}", "${program}", "${args}"]
    assert config["metric"]["name"] == "$(cap) ${args}"


def test_names_of_parameters_may_be_placeholders() -> None:
    text = "method: random\nparameters: {$(name): {value: 1}, b: {value: 2}}\n"
    template = with_config(text, Placeholder("name", default="a"))

    assert set(render(template, {})["parameters"]) == {"a", "b"}
    assert "appears twice" in problems(render, template, {"name": "b"})["parameters.b"]


def test_values_that_are_missing_unknown_or_wrong_are_told_together() -> None:
    found = problems(render, TEMPLATE, {"metrik": "loss", "cap": "many", "low": 11.0})

    assert found.keys() == {"values.metrik", "values.metric", "run_cap", "parameters.x.min"}
    assert "did you mean metric?" in found["values.metrik"]
    assert found["values.metric"] == "is required (the loss)"
    assert "(from $(cap))" in found["run_cap"]
    assert "(from $(low))" in found["parameters.x.min"]


def test_what_is_missing_is_not_told_twice() -> None:
    template = with_config(
        "method: random\nparameters: {x: {min: $(low), max: 1.0}}\n", Placeholder("low")
    )

    assert problems(render, template, {}).keys() == {"values.low"}


def test_all_that_is_wrong_with_a_template_is_told_together() -> None:
    template = with_config(
        "method: magic\nrun_cap: $(runs)\nparameters: {x: {min: $(lo), max: 1.0}}\n",
        Placeholder("low", default=0.0),
        Placeholder("runs", default=-1),
        Placeholder("runs", default=3),
        Placeholder("not a name", default=1),
        Placeholder("bare"),
    )

    found = problems(check_template, template)

    assert found.keys() == {
        "template.placeholders[0].name",
        "template.placeholders[2].name",
        "template.placeholders[3].name",
        "template.placeholders[4].name",
        "template.placeholders[4]",
        "parameters.x.min",
        "method",
    }
    assert "did you mean low?" in found["parameters.x.min"]
    assert "the config does not mention" in found["template.placeholders[0].name"]
    assert "is listed twice" in found["template.placeholders[2].name"]


def test_a_config_that_its_own_defaults_do_not_fit_is_refused() -> None:
    template = with_config(
        "method: random\nrun_cap: $(runs)\nparameters: {x: {value: 1}}\n",
        Placeholder("runs", default=0),
    )

    assert "(from $(runs))" in problems(check_template, template)["run_cap"]


def test_a_config_nested_without_end_is_refused() -> None:
    deep = "[" * 600 + "]" * 600
    template = with_config(f'{{"method": "random", "parameters": {{"x": {{"value": {deep}}}}}}}')

    assert "too deep" in next(iter(problems(check_template, template).values()))


BUILT_IN = {"sklearn", "pytorch-image", "llm-fine-tuning", "gradient-boosting"}


def test_the_built_in_templates_are_these() -> None:
    assert set(built_in_templates()) == BUILT_IN


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_a_built_in_template_gives_a_sweep_with_its_defaults(name: str) -> None:
    template = built_in_templates()[name]
    check_template(template)
    assert template.built_in
    assert template.description
    assert all(placeholder.description for placeholder in template.placeholders)
    values = {
        placeholder.name: placeholder.example
        for placeholder in template.placeholders
        if isinstance(placeholder.default, Absent)
    }

    parsed = parse_template(template, values)  # type: ignore[arg-type]  # each has an example

    assert parsed.warnings == ()
    spec = parsed.spec
    assert spec.run_cap is not None
    assert spec.program
    distributions = {parameter.name: parameter.distribution for parameter in spec.space.parameters}
    rates = [
        distribution
        for path, distribution in distributions.items()
        if path.endswith("learning_rate")
    ]
    assert all(isinstance(distribution, LogUniform) for distribution in rates)
    assert rates or name == "sklearn"
    assert any(parameter.conditions for parameter in spec.space.parameters)


def test_values_reach_a_built_in_template() -> None:
    spec = parse_template(
        built_in_templates()["pytorch-image"], {"epochs": 90, "batch_sizes": [8], "runs": 3}
    ).spec

    assert spec.early_termination == Hyperband(min_iter=0, max_iter=90, s=2, eta=3.0)
    assert spec.run_cap == 3
    distributions = {parameter.name: parameter.distribution for parameter in spec.space.parameters}
    assert distributions["batch_size"] == Categorical((8,))
