"""Texts that a parser may fail on: configs, expressions, JSON, tables."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

# One row for each trap.
ODD_TEXTS = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "x" * 201,
    "x" * 10_001,
    "x" * 100_001,
    "\u202e\u0301\ufeff",
    "\U0001f600" * 60,
    "é" * 200,
    "../../etc/passwd",
    "'; DROP TABLE sweeps; --",
    "%s%n%d{0}{x}${y}$1:name",
    "\\",
    "a/b.c[0]",
    "null",
    "NaN",
    "-1",
    "1e999",
    "9" * 5_000,
    "\r\n\t\x1b[31m",
    "__class__",
    "a" * 199 + "\U0001f600",
]

EXPRESSIONS = [
    "9**9**9 > x",
    "'a'*10**9 == x",
    "x < y",
    "x + n < 1",
    "x ** 1000 ** 1000 > 0",
    "[x]*10**8 == []",
    "x.__class__ == 1",
    "(" * 300 + "x" + ")" * 300 + " < 1",
    "not " * 400 + "x < 1",
    "x < 1 and " * 90 + "x < 1",
    "round(x, 10**9) < 1",
    "lambda: x",
    "x == '\x00'",
    "p['x'] < 0.5",
    "n % 0 == 1",
    "n << 9999999 > 1",
    "-" * 900 + "x < 1",
    "x in [1, 2, 3]",
    "x < 1_0e9999",
    "f'{x}' == 'a'",
    "9" * 900 + " > x",
    "max([n] * 1000) ** 999 ** 2 > 0",
]

JSON_TEXTS = [
    "[" * 3_000 + "]" * 3_000,
    "[" * 100_000,
    '{"a":' * 500 + "1" + "}" * 500,
    "9" * 5_000,
    "1e999",
    "NaN",
    "[Infinity, -Infinity]",
    '"\\ud800"',
    '{"\\udfff": 1}',
    '"\\u0000"',
    '{"a": 1, "a": 2}',
    "[1, 2.5, null, true, {}]",
    "nul",
    "",
    "\ufeff1",
    '{"": []}',
    "123456789012345678901234567890",
    '"' + "x" * 110_000 + '"',
]

YAML_TEXTS = [
    "a: &a [x]\nb: *a",
    "a: &a [*a, *a]",
    "!!python/object/apply:os.system ['true']",
    "parameters: !!set {x}",
    "method: random\nmethod: random\nparameters: {x: {min: 0, max: 1}}",
    "? [a, b]\n: 1",
    "? {a: b}\n: 1",
    "{" * 5_000,
    "[" * 5_000 + "]" * 5_000,
    "- " * 5_000 + "a",
    "a: " + "9" * 5_000,
    "a: 0x" + "f" * 5_000,
    "a: .inf\nb: .nan\nc: 1e400",
    "method: random\nparameters: {x: {value: 0o77777777777777777777777}}",
    "%YAML 9.9\n---\na: 1",
    "a: 1\n---\nb: 2",
    "<<: {a: 1}\nb: 2",
    "a: |\n  \x07",
    "\tmethod: random",
    'method: "\\ud800"',
    'method: random\nparameters: {"\\udc00": {value: "\\udc00"}}',
    "method: random\nparameters: {x: {values: [" + "1," * 11_000 + "1]}}",
    "method: random\nparameters: {" + ", ".join(f"p{i}: {{value: {i}}}" for i in range(501)) + "}",
    "2020-01-01: 1\n1: 2\ntrue: 3\nnull: 4\n1.5: 5",
    "method: grid\nparameters: {"
    + ", ".join(f"p{i}: {{min: 0, max: 9223372036854775807}}" for i in range(40))
    + "}",
    "method: random\nname: "
    + "x" * 300
    + "\nproject: 5\ndescription: [1]\nparameters: {x: 1, y: [2], z: null}",
]

TABLES = [
    "x,n,loss\n0.5,1,0.25\n",
    "x,n,loss,state\n0.5,1,,FAILED\n",
    "x,x\n1,2\n",
    '"x',
    "x,n\n" + "1," * 5_000 + "\n",
    "\x00,\x00\n",
    "x\r\r\n1\r2",
    "parameters.x,metrics.loss\n9" + "9" * 5_000 + ",NaN\n",
    "x,loss\n" + "0.5,inf\n" * 300,
    '{"x": 0.5, "n": 1, "loss": 0.5}\n',
    '{"x": 0.5, "n": 1, "loss": NaN}\n{"x": 1e999}\n',
    "[" * 100_000 + "\n",
    '{"x": "\\ud800", "n": 1, "loss": 1}\n',
    '{"parameters": {"x": 0.5, "n": 3}, "metrics": {"loss": 1}, "state": "FINISHED"}\n',
    '{"last_step": 99999999999999999999999, "x": 0.5, "n": 1, "loss": 1}\n',
]

_numbers = st.one_of(
    st.integers(-3, 10),
    st.sampled_from([0.5, 1e-300, 1e308, -0.0, 2**53, 2**63, -(2**63), 1e400, 10**30]),
    st.floats(),
)
_scalars = st.one_of(_numbers, st.booleans(), st.none(), st.sampled_from(["adam", "x", "", "1e-3"]))
_names = st.sampled_from(["x", "n", "lr", "opt", "x.y", "", "a/b", "when", "\x00", "名", "x" * 201])
_laws = st.sampled_from(
    [
        "uniform",
        "int_uniform",
        "q_uniform",
        "log_uniform",
        "log_uniform_values",
        "inv_log_uniform",
        "q_log_uniform_values",
        "normal",
        "q_normal",
        "log_normal",
        "beta",
        "q_beta",
        "constant",
        "categorical",
        "nosuch",
    ]
)
_parameter: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries({"min": st.just(0), "max": st.just(1)}),
    st.fixed_dictionaries(
        {},
        optional={
            "distribution": _laws,
            "min": _scalars,
            "max": _scalars,
            "q": _scalars,
            "mu": _scalars,
            "sigma": _scalars,
            "a": _numbers,
            "b": _numbers,
            "value": _scalars,
            "values": st.one_of(st.lists(_scalars, max_size=4), _scalars),
            "probabilities": st.lists(_numbers, max_size=4),
            "when": st.dictionaries(_names, _scalars, max_size=2),
            "parameters": st.dictionaries(
                _names, st.fixed_dictionaries({"value": _scalars}), max_size=2
            ),
        },
    ),
    _scalars,
)
_algorithm = st.one_of(
    st.sampled_from(["tpe", "grid", "cmaes", "median", "qmc", "nosuch", "hyperband"]),
    st.fixed_dictionaries(
        {"name": st.sampled_from(["tpe", "cmaes", "nsga2", "qmc", "median", "percentile", "x"])},
        optional={
            "n_startup_trials": _scalars,
            "population_size": _scalars,
            "percentile": _scalars,
            "n_warmup_steps": _scalars,
            "interval_steps": _scalars,
        },
    ),
    _scalars,
)
_configs = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["random", "grid", "bayes", "x", 1]),
        "parameters": st.dictionaries(_names, _parameter, max_size=4),
    },
    optional={
        "metric": st.one_of(
            st.fixed_dictionaries(
                {"name": st.sampled_from(["loss", "", "\x00"])},
                optional={
                    "goal": st.sampled_from(["minimize", "maximize", "x", 5]),
                    "target": _scalars,
                    "value": st.sampled_from(["last", "best", "mean_last_5", "mean_last_0", 1]),
                    "impute": st.sampled_from(["worst", "best", "latest", "mean", False]),
                    "impute_while_running": st.sampled_from(["latest", "false", False, 1]),
                },
            ),
            _scalars,
        ),
        "early_terminate": st.one_of(
            st.fixed_dictionaries(
                {"type": st.sampled_from(["hyperband", "median", "x"])},
                optional=dict.fromkeys(("min_iter", "max_iter", "s", "eta", "strict"), _scalars),
            ),
            _algorithm,
        ),
        "run_cap": _scalars,
        "seed": _scalars,
        "sampler": _algorithm,
        "terminate": _algorithm,
        "retries": st.one_of(
            st.fixed_dictionaries({}, optional={"lost": _scalars, "failed": _scalars}), _scalars
        ),
        "constraints": st.lists(st.sampled_from(EXPRESSIONS), max_size=2),
        "command": st.one_of(st.lists(_scalars, max_size=3), st.just("python ${program}")),
        "program": _scalars,
        "args_style": st.sampled_from(["flat", "wandb", "x", 1]),
        "entity": _scalars,
        "nosuchkey": _scalars,
    },
)


def config_objects() -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for configs that are nearly valid."""
    return _configs


@st.composite
def config_texts(draw: st.DrawFn) -> str:
    """Return a strategy for sweep files: nearly valid ones, altered ones, and traps."""
    if draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(YAML_TEXTS))
    text = json.dumps(draw(_configs))
    if draw(st.booleans()):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(ODD_TEXTS)) + text[at + draw(st.integers(0, 3)) :]
    return text
