"""The runner of clients/conformance, with testees that answer badly or not at all."""

from __future__ import annotations

import base64
import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from clients.conformance.runner.__main__ import PARTS, chosen, main, parts_of
from clients.conformance.runner.cases import Case, ExpectedError, cases_in
from clients.conformance.runner.compare import difference
from clients.conformance.runner.known_failing import KnownFailing
from clients.conformance.runner.table import lines_of
from clients.conformance.runner.testee import Language
from clients.conformance.runner.trial import Trial, Verdict, tried
from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb.api.registry.v1.search_space_pb2 import Parameter, ParameterValue

# Answers `heartbeat.pause` with twice the right pause, and what else a test adds.
TESTEE = """
import json, sys

def answer(command):
    if command["operation"] == "hello":
        return {"result": {"language": "parrot", "can": ["whistling"]}}
    return {"result": 2 * command["given"]["lease_seconds"] / 3}

CHANGES

for line in sys.stdin:
    command = json.loads(line)
    print(json.dumps({"id": command["id"], **answer(command)}), flush=True)
"""
RIGHT = Case("pauses", "of nothing", "heartbeat.pause", {"lease_seconds": 0}, 0)
WRONG = Case("pauses", "of a lease", "heartbeat.pause", {"lease_seconds": 6}, 2)
SONG = Case(
    "songs", "a song", "heartbeat.pause", {"lease_seconds": 0}, 0, needs=frozenset({"song"})
)


def parrot(changes: str = "") -> Language:
    """Return a language with a bad testee."""
    return Language("parrot", [sys.executable, "-c", TESTEE.replace("CHANGES", changes)])


async def trial_of(*cases: Case, known: tuple[str, ...] = (), changes: str = "") -> Trial:
    return await tried(parrot(changes), cases, KnownFailing(known))


@pytest.mark.processes
async def test_a_wrong_answer_is_red_and_is_shown() -> None:
    trial = await trial_of(RIGHT, WRONG, SONG)

    assert [o.verdict for o in trial.outcomes] == [
        Verdict.PASSED,
        Verdict.FAILED,
        Verdict.LEFT_OUT,
    ]
    assert not trial.is_green
    text = "\n".join(lines_of([trial]))
    assert "| pauses   | 1 ok, 1 FAILED, " in text
    assert "parrot: pauses/of a lease: FAILED\n    expected 2\n    got      4" in text
    assert "parrot: songs/a song: left out\n    needs song" in text


@pytest.mark.processes
async def test_a_known_failure_is_green_until_it_passes() -> None:
    trial = await trial_of(RIGHT, WRONG, known=("pauses/of a *",))
    assert trial.is_green
    assert trial.outcomes[1].verdict is Verdict.KNOWN

    trial = await trial_of(RIGHT, known=("pauses/*",))
    assert not trial.is_green
    assert "'pauses/*' is listed as failing, and passes" in trial.problems[0]


@pytest.mark.processes
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ("sys.exit()", "the testee has ended"),
        ("print('hello', flush=True)", "no JSON: b'hello"),
        ("print('{\"id\": 7}', flush=True)", "no answer to command 1"),
        ("answer = lambda command: {'result': {'language': 'crow'}}", "answers hello with"),
        ("answer = lambda command: {'result': {'language': 'parrot'}}", "no list `can`"),
    ],
)
async def test_a_testee_that_does_not_answer_is_red(changes: str, problem: str) -> None:
    trial = await trial_of(RIGHT, changes=changes)

    assert not trial.is_green
    assert problem in trial.problems[0]
    assert problem in "\n".join(lines_of([trial]))


async def test_a_testee_that_is_not_there_is_red() -> None:
    trial = await tried(Language("none", ["/no/such/program"]), [RIGHT], KnownFailing())

    assert "can't be started" in trial.problems[0]


def test_an_error_has_its_kind_and_names_what_is_at_fault() -> None:
    case = Case("f", "c", "client.configure", {}, error=ExpectedError("invalid", ["WANLLMDB_TLS"]))

    def answered(kind: str, message: str) -> str | None:
        return difference(case, {"error": {"kind": kind, "message": message}})

    assert answered("invalid", "WANLLMDB_TLS must be 1 or 0") is None
    assert (
        answered("crash", "WANLLMDB_TLS") == "expected the error invalid, got crash: WANLLMDB_TLS"
    )
    assert answered("invalid", "no") == "the error does not name WANLLMDB_TLS: no"
    assert difference(case, {"result": 1}) == "expected the error invalid, got 1"


@pytest.mark.parametrize(
    ("expected", "actual", "is_right"),
    [
        (1, 1.0, True),
        (1, True, False),
        (None, False, False),
        ({"a": [1]}, {"a": [1]}, True),
        ({"a": [1]}, {"a": [1], "b": 2}, False),
        ({"a": [1]}, {"a": [1, 2]}, False),
        ([], {}, False),
    ],
)
def test_values_are_compared_with_their_types(expected: Any, actual: Any, is_right: bool) -> None:
    case = Case("f", "c", "run.find", {}, expected)

    assert (difference(case, {"result": actual}) is None) is is_right


def sent(spec: sweep_pb2.SweepSpec) -> dict[str, Any]:
    return {"result": {"message": base64.b64encode(spec.SerializeToString()).decode()}}


def test_a_builder_may_leave_defaults_out_and_write_json_in_its_own_way() -> None:
    (case,) = (c for c in cases_in() if c.full_name == "spaces/a constant list")
    spec = sweep_pb2.SweepSpec(method=sweep_pb2.METHOD_RANDOM)
    parameter = Parameter(name="x")
    parameter.constant.value.json_value = '[ "a",0.50]'
    spec.search_space.parameters.append(parameter)

    assert difference(case, sent(spec)) is None
    spec.args_style = sweep_pb2.ARGS_STYLE_FLAT
    spec.retries.SetInParent()
    assert difference(case, sent(spec)) is None
    spec.args_style = sweep_pb2.ARGS_STYLE_WANDB
    assert "ARGS_STYLE_WANDB" in str(difference(case, sent(spec)))


def test_an_integer_in_place_of_a_float_is_found() -> None:
    (case,) = (c for c in cases_in() if c.full_name == "values_write/a whole double is a float")
    value = ParameterValue(int_value=1)
    answer = {"message": base64.b64encode(value.SerializeToString()).decode()}

    assert difference(case, {"result": answer}) == (
        'expected {"doubleValue": 1.0}\ngot      {"intValue": "1"}'
    )
    assert "can't be read" in str(difference(case, {"result": {"message": "AAAA"}}))
    assert difference(case, {"result": {}}) == "the result has no message in base64"


def test_languages_are_chosen_by_name() -> None:
    known = [Language("go", []), Language("python", [])]

    assert chosen(known, "") == known
    assert chosen(known, "python, ") == known[1:]
    with pytest.raises(SystemExit, match="no testee for rust"):
        chosen(known, "rust,go")


def test_parts_are_chosen_by_name() -> None:
    assert parts_of("") == set(PARTS)
    assert parts_of("live, vectors") == {"live", "vectors"}
    with pytest.raises(SystemExit, match="no part lives: the parts are vectors, scenarios, live"):
        parts_of("live,lives")


def test_testees_receive_sigint_although_the_runner_was_started_with_it_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(SystemExit, match="no part songs"):
            main(["--parts", "songs"])
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_list_of_known_failures_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "go.txt").write_text("# Not done yet.\nvalues_read/*  # no values\n\nspaces/beta\n")
    known = KnownFailing.of("go", tmp_path)

    assert known.has("values_read/null")
    assert known.has("spaces/beta")
    assert not known.has("spaces/normal")
    assert known.outdated(["values_read/null"]) == ["spaces/beta"]
    assert known.among(["values_read/null", "spaces/normal"]).outdated([]) == ["values_read/*"]
    assert KnownFailing.of("rust", tmp_path).outdated([]) == []


def test_a_case_has_a_result_or_an_error(tmp_path: Path) -> None:
    case = {"name": "c", "given": {}}
    (tmp_path / "bad.json").write_text(json.dumps({"operation": "o", "cases": [case]}))

    with pytest.raises(ValueError, match="'c' needs either a result or an error"):
        cases_in(tmp_path)
