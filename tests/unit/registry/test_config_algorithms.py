"""Method and sampler, early termination, terminator."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.registry.configs import parsed, problems_with
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
            "tpe goes with method bayes, not with grid: write method: bayes",
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
            {"early_terminate": {"type": "envelope", "min_iter": 1}},
            "early_terminate.type",
            "must be hyperband, is 'envelope': for other rules see pruner",
        ),
        ({"early_terminate": {"type": "hyperband"}}, "early_terminate.min_iter", "max_iter"),
        ({"pruner": {"name": "no_such"}}, "pruner.name", "'no_such' is none of"),
        ({"terminate": {"name": "no_such"}}, "terminate.name", "'no_such' is none of"),
        (
            {"pruner": {"name": "a"}, "early_terminate": {"type": "hyperband", "min_iter": 1}},
            "pruner",
            "does not go with early_terminate",
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


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"min_iter": 3}, Hyperband(3)),
        ({"min_iter": 3, "eta": 2, "strict": True}, Hyperband(3, 2.0, strict=True)),
        ({"max_iter": 27, "s": 2}, Hyperband(0, max_iter=27, s=2)),
        ({"max_iter": 243, "s": 5}, Hyperband(0, max_iter=243, s=5)),
        ({"max_iter": 10, "s": 1, "eta": 10}, Hyperband(0, 10.0, max_iter=10, s=1)),
    ],
)
def test_hyperband_is_read_as_wb_has_it(given: dict[str, Any], rule: Hyperband) -> None:
    assert parsed(early_terminate={"type": "hyperband", **given}).spec.early_termination == rule


@pytest.mark.parametrize(
    ("given", "key", "says"),
    [
        ({"min_iter": 0}, "min_iter", "must be at least 1"),
        ({"min_iter": 1.5}, "min_iter", "must be an integer"),
        ({"min_iter": 1, "max_iter": 9, "s": 1}, "min_iter", "does not go with max_iter"),
        ({"min_iter": 1, "s": 1}, "s", "goes with max_iter"),
        ({"max_iter": 9}, "s", "is required with max_iter"),
        ({"max_iter": -9, "s": 1}, "max_iter", "must be at least 1"),
        ({"max_iter": 9, "s": -1}, "s", "must be at least 1"),
        ({"max_iter": 242, "s": 5}, "s", "before iteration 1; at most 4 bands fit"),
        ({"max_iter": 9, "s": 2, "eta": 1e300}, "s", "at most 0 bands fit"),
        ({"min_iter": 1, "eta": 1}, "eta", "must be greater than 1"),
        ({"min_iter": 1, "eta": float("inf")}, "eta", "must be greater than 1"),
        ({"min_iter": 1, "strict": "yes"}, "strict", "must be true or false"),
        ({"min_iter": 1, "ета": 3}, "ета", "unknown key"),
        ({"min_iter": 1, "etta": 3}, "etta", "did you mean eta?"),
    ],
)
def test_a_wrong_hyperband_is_told_where_and_why(
    given: dict[str, Any], key: str, says: str
) -> None:
    found = problems_with(early_terminate={"type": "hyperband", **given})
    assert says in found[f"early_terminate.{key}"]
