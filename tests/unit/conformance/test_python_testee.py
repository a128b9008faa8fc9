"""The Python client passes every vector of clients/conformance, and its page is complete."""

from __future__ import annotations

import re

import pytest

from clients.conformance.runner.cases import FOLDER, VECTORS, cases_in
from clients.conformance.runner.known_failing import KnownFailing
from clients.conformance.runner.table import lines_of
from clients.conformance.runner.testee import languages_in
from clients.conformance.runner.trial import Verdict, tried
from wanllmdb_testee.__main__ import CAN, OPERATIONS

# The operations of scenarios.
WITH_SERVICES = {"agent.run", "process.run", "runs.list", "sweep.create", "sweep.watch"}
README = (FOLDER / "README.md").read_text()


@pytest.mark.processes
async def test_the_python_client_passes_every_case() -> None:
    (python,) = (language for language in languages_in() if language.name == "python")
    cases = cases_in()

    trial = await tried(python, cases, KnownFailing())

    assert trial.is_green, "\n".join(lines_of([trial]))
    assert [outcome.verdict for outcome in trial.outcomes] == [Verdict.PASSED] * len(cases)


def test_there_is_no_known_failure_of_the_python_client() -> None:
    assert not (FOLDER / "known_failing" / "python.txt").exists()


def test_each_case_has_a_name_of_its_own_and_each_operation_has_cases() -> None:
    cases = cases_in()

    assert len({case.full_name for case in cases}) == len(cases)
    assert {case.operation for case in cases} == set(OPERATIONS) - WITH_SERVICES
    assert {case.file for case in cases} == {path.stem for path in VECTORS.glob("*.json")}


def test_the_readme_lists_the_operations_and_what_not_every_language_can() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \|", README.partition("## A testee")[2], re.MULTILINE)

    assert {row for row in rows if "." in row} == set(OPERATIONS)
    assert {row for row in rows if "." not in row} == set(CAN)
    assert {need for case in cases_in() for need in case.needs} == set(CAN)
