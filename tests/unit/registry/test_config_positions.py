"""The problems of a config as text have the line and column of what is wrong."""

from __future__ import annotations

import json
import time

import pytest

from wanllmdb_common.errors import FieldViolation, InvalidArgumentError
from wanllmdb_registry.domain.config.parsing.config import parse_config
from wanllmdb_registry.domain.config.positions import placed
from wanllmdb_registry.domain.config.text import read_config_text
from wanllmdb_registry.domain.templates.rendering import check_template
from wanllmdb_registry.domain.templates.template import Placeholder, Template

Places = dict[str, tuple[int, int]]


def parse(text: str) -> None:
    read = read_config_text(text)
    with placed(read):
        parse_config(read.data)


def places_of(text: str) -> Places:
    """Return the place of each problem of a sweep's config, by the problem's path."""
    with pytest.raises(InvalidArgumentError) as caught:
        parse(text)
    return {problem.field: (problem.line, problem.column) for problem in caught.value.violations}


def places_at(text: str, *paths: str) -> list[tuple[int, int]]:
    """Return the places of the paths in a text, whatever is wrong there."""
    with pytest.raises(InvalidArgumentError) as caught, placed(read_config_text(text)):
        raise InvalidArgumentError("X", "x", [FieldViolation(path, "is wrong") for path in paths])
    return [(problem.line, problem.column) for problem in caught.value.violations]


YAML = """\
# A comment
method: nonsense
metric: {name: loss, goal: smallest}
parameters:
  lr:
    min: one
    max: 1.0
  "batch.size": {values: []}
  optimizer:
    parameters:
      beta: {mu: x}
command:
  - python
  - [1]
run_capp: 3
"""


def test_problems_are_at_their_keys_and_list_items() -> None:
    assert places_of(YAML) == {
        "method": (2, 1),
        "metric.goal": (3, 22),
        "parameters.lr.min": (6, 5),
        "parameters.batch.size.values": (8, 18),
        "parameters.optimizer.parameters.beta.mu": (11, 14),
        "command[1]": (14, 5),
        "run_capp": (15, 1),
    }


def test_json_has_the_same_places_as_the_same_text_read_as_yaml() -> None:
    text = json.dumps(
        {
            "method": 'an "odd" \\ \u00e9 text, with [brackets] and {braces}',
            "metric": [],
            "parameters": {
                "a\nb": {"min": "x"},
                "c": {"values": [1, [2, {"d": 3}], "\\"], "probabilities": [1, "x"]},
            },
            "run_cap": "none",
        },
        indent=2,
    )
    from_json = places_of(text)
    # A comment makes it YAML.
    from_yaml = places_of(text + "\n# a comment\n")
    assert from_json == from_yaml
    assert from_json["run_cap"] == (25, 3)
    assert from_json["parameters.c.probabilities[1]"] == (21, 9)


def test_json_indented_by_tabs_has_places() -> None:
    text = json.dumps({"method": "bayes", "parameters": {"x": {"min": "a"}}}, indent="\t")
    assert places_of(text)["parameters.x.min"] == (5, 4)


def test_what_is_missing_is_at_the_object_that_lacks_it() -> None:
    text = "method: random\nparameters:\n  x:\n    min: 0.5\n"
    assert places_of(text) == {"parameters.x.max": (3, 3)}
    assert places_of("run_cap: 1\n") == {"method": (0, 0), "parameters": (0, 0)}


def test_a_value_that_comes_from_an_anchor_is_where_it_is_written() -> None:
    text = (
        "method: random\n"
        "x-bounds: &bounds {min: a, max: 1.0}\n"
        "parameters:\n"
        "  one: *bounds\n"
        "  two:\n"
        "    <<: *bounds\n"
        "    max: b\n"
    )
    places = places_of(text)
    assert places["parameters.one.min"] == places["parameters.two.min"] == (2, 20)
    assert places["parameters.two.max"] == (7, 5)


def test_an_error_of_the_syntax_is_where_the_parser_stopped() -> None:
    assert places_of("method: random\nparameters: {x: [1, 2}\n") == {"config_text": (2, 22)}
    assert places_of("method: random\nmethod: grid\n") == {"config_text": (2, 1)}
    assert places_of("just a text") == {"config_text": (0, 0)}


def test_the_longest_key_that_fits_is_taken() -> None:
    text = "a: {b: 1}\na.b: {c: 2}\n'a[0]': [1, {d: 3}]\n"
    assert places_at(text, "a.b", "a.b.c", "a.b.z", "a[0]", "a[0][1].d", "a[0][7]", "z.a") == [
        (2, 1),
        (2, 7),
        (2, 1),
        (3, 1),
        (3, 14),
        (3, 1),
        (0, 0),
    ]


def test_the_problems_of_a_templates_text_have_places() -> None:
    text = "method: random\nparameters:\n  x:\n    min: $(low)\n    max: $(lowe)\n"
    template = Template("t", "", text, (Placeholder("low", "", "text"),))
    with pytest.raises(InvalidArgumentError) as caught:
        check_template(template)
    found = {problem.field: (problem.line, problem.column) for problem in caught.value.violations}
    assert found == {"parameters.x.max": (5, 5), "parameters.x.min": (4, 5)}


def test_a_large_text_with_many_problems_is_read_once_more_at_most() -> None:
    """The work grows with the text and the problems, not with their product."""
    many = {f"p{index:05}" + "." * 100: {"min": "a", "max": "b"} for index in range(3_000)}
    text = json.dumps({"method": "random", "parameters": many})
    read = read_config_text(text)
    paths = [f"parameters.{name}.min" for name in many]
    began = time.process_time()
    places = places_at(text, *paths[:500])
    spent = time.process_time() - began
    assert all(line == 1 for line, _ in places)
    assert len({column for _, column in places}) == 500
    assert read.is_json
    print(f"{len(text):,} characters, 500 places: {spent:.2f} s of CPU")
