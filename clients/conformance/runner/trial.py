"""Tries all cases with the testee of one language."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any, Protocol

from clients.conformance.runner.cases import VECTORS, Case
from clients.conformance.runner.compare import difference
from clients.conformance.runner.known_failing import KnownFailing
from clients.conformance.runner.live import LiveCase, Played
from clients.conformance.runner.messages import command_of
from clients.conformance.runner.scenario import Scenario
from clients.conformance.runner.testee import Language, Testee, TesteeError, started


class Verdict(Enum):
    """What became of a case."""

    PASSED = auto()
    FAILED = auto()
    KNOWN = auto()
    """Failed, as the language's list of known failures says."""
    LEFT_OUT = auto()
    """The language can't have it, as its testee says."""


class Tried(Protocol):
    """A case, a scenario or a live scenario."""

    @property
    def file(self) -> str:
        """The name of its file: a row of the table."""

    @property
    def full_name(self) -> str:
        """The name by which a list of known failures names it."""

    @property
    def needs(self) -> frozenset[str]:
        """What not every language can do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case or scenario in one language."""

    case: Tried
    verdict: Verdict
    seconds: float
    detail: str = ""
    notes: Sequence[str] = ()


@dataclass(slots=True)
class Trial:
    """All outcomes of one language, and what was wrong besides."""

    language: str
    outcomes: list[Outcome] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def is_green(self) -> bool:
        """Whether nothing failed that is not known to."""
        return not self.problems and all(
            outcome.verdict is not Verdict.FAILED for outcome in self.outcomes
        )


async def tried(
    language: Language, cases: Iterable[Case | Scenario | LiveCase], known: KnownFailing
) -> Trial:
    """Try cases and scenarios with a language's testee; what goes wrong is in the result."""
    trial = Trial(language.name)
    try:
        async with started(language) as testee:
            can = await _greeted(testee, language)
            for case in cases:
                trial.outcomes.append(await _outcome(testee, case, can, known))
    except TesteeError as error:
        trial.problems.append(str(error))
        return trial
    failed = [o.case.full_name for o in trial.outcomes if o.verdict is Verdict.KNOWN]
    trial.problems += [
        f"'{line}' is listed as failing, and passes: remove it from known_failing/"
        f"{language.name}.txt"
        for line in known.outdated(failed)
    ]
    return trial


async def _greeted(testee: Testee, language: Language) -> Sequence[str]:
    """Return what the testee can do of what not every language can."""
    answer = await testee.ask("hello", {})
    result = answer.get("result")
    if not isinstance(result, dict) or result.get("language") != language.name:
        raise TesteeError(f"the testee answers hello with {answer}")
    can = result.get("can")
    if not isinstance(can, list):
        raise TesteeError("the testee's hello has no list `can`")
    return can


async def _outcome(
    testee: Testee, case: Case | Scenario | LiveCase, can: Sequence[str], known: KnownFailing
) -> Outcome:
    missing = sorted(case.needs.difference(can))
    if missing:
        return Outcome(case, Verdict.LEFT_OUT, 0.0, f"needs {', '.join(missing)}")
    played = await _played(testee, case)
    if played.difference is None:
        return Outcome(case, Verdict.PASSED, played.seconds, notes=played.notes)
    verdict = Verdict.KNOWN if known.has(case.full_name) else Verdict.FAILED
    return Outcome(case, verdict, played.seconds, played.difference)


async def _played(testee: Testee, case: Case | Scenario | LiveCase) -> Played:
    if isinstance(case, LiveCase):
        return await case.played()
    began = time.perf_counter()
    if isinstance(case, Scenario):
        wrong = await case.difference(testee)
    else:
        wrong = await _difference(testee, case)
    return Played(wrong, time.perf_counter() - began)


async def _difference(testee: Testee, case: Case) -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        given, expected = _with_files(case, Path(folder))
        answer = await testee.ask(case.operation, command_of(case.operation, given))
        return difference(expected, answer)


def _with_files(case: Case, folder: Path) -> tuple[Any, Case]:
    """Write the files of a case; return what is given, and the case, with their paths."""
    for name, text in case.files.items():
        shared = VECTORS / "files" / name
        (folder / name).write_text(shared.read_text() if text == "shared" else text)
    return _placed(case.given, folder), Case(
        case.file,
        case.name,
        case.operation,
        case.given,
        _placed(case.result, folder),
        case.error,
    )


def _placed(value: Any, folder: Path) -> Any:
    if isinstance(value, str):
        return value.replace("${files}", str(folder))
    if isinstance(value, dict):
        return {name: _placed(inner, folder) for name, inner in value.items()}
    if isinstance(value, list):
        return [_placed(inner, folder) for inner in value]
    return value
