"""The macros of a sweep's command."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from wanllmdb import ArgsStyle
from wanllmdb.cli.macros import DEFAULT_COMMAND, BadCommandError, CommandTemplate

KNOWN_STYLES = (ArgsStyle.FLAT, ArgsStyle.WANDB)

PARAMETERS: dict[str, Any] = {
    "lr": 1e-05,
    "n": 32,
    "opt/name": "adam w",
    "opt/nesterov": True,
    "amp": False,
    "none": None,
    "layers": [64, {"a": "é"}],
}


def expand(*words: str, parameters: dict[str, Any] | None = None, program: str = "") -> list[str]:
    given = PARAMETERS if parameters is None else parameters
    return CommandTemplate(words, program).expand(given, file="/tmp/parameters.json")


def test_the_default_command() -> None:
    assert expand(*DEFAULT_COMMAND, parameters={"lr": 0.1, "opt/n": 3}, program="train.py") == [
        "/usr/bin/env",
        sys.executable,
        "train.py",
        "--lr=0.1",
        "--opt.n=3",
    ]


@pytest.mark.parametrize(
    ("macro", "words"),
    [
        (
            "args",
            [
                "--lr=1e-05",
                "--n=32",
                "--opt.name=adam w",
                "--opt.nesterov=True",
                "--amp=False",
                "--none=None",
                '--layers=[64, {"a": "é"}]',
            ],
        ),
        (
            "args_no_hyphens",
            [
                "lr=1e-05",
                "n=32",
                "opt.name=adam w",
                "opt.nesterov=True",
                "amp=False",
                "none=None",
                'layers=[64, {"a": "é"}]',
            ],
        ),
        (
            "args_no_equals",
            [
                *("--lr", "1e-05"),
                *("--n", "32"),
                *("--opt.name", "adam w"),
                *("--opt.nesterov", "True"),
                *("--amp", "False"),
                *("--none", "None"),
                *("--layers", '[64, {"a": "é"}]'),
            ],
        ),
        (
            "args_no_boolean_flags",
            [
                "--lr=1e-05",
                "--n=32",
                "--opt.name=adam w",
                "--opt.nesterov",
                "--none=None",
                '--layers=[64, {"a": "é"}]',
            ],
        ),
        (
            "args_append_hydra",
            [
                "+lr=1e-05",
                "+n=32",
                "+opt.name='adam w'",
                "+opt.nesterov=true",
                "+amp=false",
                "+none=null",
                "+layers=[64,{a:'é'}]",
            ],
        ),
        (
            "args_override_hydra",
            [
                "++lr=1e-05",
                "++n=32",
                "++opt.name='adam w'",
                "++opt.nesterov=true",
                "++amp=false",
                "++none=null",
                "++layers=[64,{a:'é'}]",
            ],
        ),
        ("args_json_file", ["/tmp/parameters.json"]),
        ("interpreter", [sys.executable]),
        ("env", ["/usr/bin/env"]),
        ("program", ["train.py"]),
    ],
)
def test_each_macro(macro: str, words: list[str]) -> None:
    assert expand(f"${{{macro}}}", program="train.py") == words


# The arguments that W&B's agent passes for these parameters, whose groups its server nests.
WANDB = {
    "args": [
        "--lr=1e-05",
        "--n=32",
        "--opt={'name': 'adam w', 'nesterov': True}",
        "--amp=False",
        "--none=None",
        "--layers=[64, {'a': 'é'}]",
    ],
    "args_no_boolean_flags": [
        "--lr=1e-05",
        "--n=32",
        "--opt={'name': 'adam w', 'nesterov': True}",
        "--none=None",
        "--layers=[64, {'a': 'é'}]",
        "--fast",
    ],
    "args_no_equals": [
        *("--lr", "1e-05"),
        *("--n", "32"),
        *("--opt", "{'name': 'adam w', 'nesterov': True}"),
        *("--amp", "False"),
        *("--none", "None"),
        *("--layers", "[64, {'a': 'é'}]"),
    ],
    "args_no_hyphens": ["n=32", "text=a b", "deep={'er': {'x': [None, True]}}"],
    "args_append_hydra": ["+n=32", "+text=a b", "+deep={'er': {'x': [None, True]}}"],
    "args_override_hydra": ["++n=32", "++text=a b", "++deep={'er': {'x': [None, True]}}"],
}


@pytest.mark.parametrize("macro", WANDB)
def test_each_macro_in_wandb_style(macro: str) -> None:
    parameters = {**PARAMETERS, **({"fast": True} if "boolean" in macro else {})}
    if macro in ("args_no_hyphens", "args_append_hydra", "args_override_hydra"):
        parameters = {"n": 32, "text": "a b", "deep/er/x": [None, True]}
    template = CommandTemplate([f"${{{macro}}}"])

    assert template.expand(parameters, style=ArgsStyle.WANDB) == WANDB[macro]


def test_json_is_the_same_in_every_style() -> None:
    template = CommandTemplate(["${args_json}"])

    flat, wandb = (template.expand(PARAMETERS, style=style) for style in KNOWN_STYLES)
    assert flat == wandb


def test_json_keeps_types_and_groups() -> None:
    (text,) = expand("${args_json}")

    assert json.loads(text) == {
        "lr": 1e-05,
        "n": 32,
        "opt": {"name": "adam w", "nesterov": True},
        "amp": False,
        "none": None,
        "layers": [64, {"a": "é"}],
    }


def test_a_file_is_needed_where_it_is_named() -> None:
    assert CommandTemplate(["x", "${args_json_file}"]).needs_file
    assert not CommandTemplate(["x", "${args_json}"]).needs_file


def test_other_words_stay_as_they_are() -> None:
    words = ["bash", "-c", "echo ${HOME} $1 ${args}", "--seed=3", "$program", "${}x"]

    assert expand(*words) == words


def test_environment_variables_are_replaced_within_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA", "/data")
    monkeypatch.setenv("SET", "digits")

    assert expand("${envvar:DATA}", "--path=${envvar:DATA}/${envvar:SET}.csv") == [
        "/data",
        "--path=/data/digits.csv",
    ]


def test_without_parameters_there_are_no_arguments() -> None:
    assert expand("x", "${args}", "${args_json}", parameters={}) == ["x", "{}"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("sgd", "sgd"),
        ("a/b-c.d", "a/b-c.d"),
        ("", "''"),
        ("1", "'1'"),
        ("true", "'true'"),
        ("null", "'null'"),
        ("a,b", "'a,b'"),
        ("it's", r"'it\'s'"),
        ("back\\", r"'back\\'"),
        (["x y", 1], "['x y',1]"),
        (-0.5, "-0.5"),
    ],
)
def test_hydra_reads_texts_as_texts(value: Any, text: str) -> None:
    assert expand("${args_override_hydra}", parameters={"v": value}) == [f"++v={text}"]


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        (["train", "--epochs", "3"], ["train", "--epochs", "3", "--n=1"]),
        (["train", "${args_no_hyphens}", "last"], ["train", "n=1", "last"]),
        (["train", "${args_json_file}"], ["train", "f"]),
    ],
)
def test_a_typed_command_gets_its_arguments_where_it_says_or_at_the_end(
    words: list[str], arguments: list[str]
) -> None:
    assert CommandTemplate.with_args(words).expand({"n": 1}, "f") == arguments


def test_every_problem_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    with pytest.raises(BadCommandError) as refused:
        CommandTemplate(["${program}", "${arg}", "${quux}", "x${envvar:NOWHERE}"])

    said = str(refused.value)
    assert "${program}: the sweep names no program" in said
    assert "${arg}: no such macro; did you mean ${args}?" in said
    assert "${quux}: no such macro; there are env, interpreter, program, args," in said
    assert "the environment variable 'NOWHERE' is not set" in said
