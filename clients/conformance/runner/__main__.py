"""Prints the table of scenarios and languages; the exit code is 1 if one of its cells is red."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from clients.conformance.runner.cases import Case, cases_in
from clients.conformance.runner.known_failing import KnownFailing
from clients.conformance.runner.scenario import Scenario, scenarios_of_all_files
from clients.conformance.runner.table import lines_of
from clients.conformance.runner.testee import Language, languages_in
from clients.conformance.runner.trial import tried


def chosen(known: Sequence[Language], wanted: str) -> list[Language]:
    """Return the languages of a list with commas; all if it is empty.

    Raises:
        SystemExit: a language has no testee.
    """
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    if unknown := sorted(set(names) - {language.name for language in known}):
        raise SystemExit(
            f"no testee for {', '.join(unknown)}: see clients/conformance/testees.toml"
        )
    return [language for language in known if not names or language.name in names]


async def run(languages: Sequence[Language]) -> int:
    """Try the languages one after another; return the exit code."""
    cases: list[Case | Scenario] = [*cases_in(), *scenarios_of_all_files()]
    # One after another, so that each time is that of one language.
    trials = [await tried(each, cases, KnownFailing.of(each.name)) for each in languages]
    print("\n".join(lines_of(trials)))
    return 0 if trials and all(trial.is_green for trial in trials) else 1


def main() -> int:
    """Return the exit code of the command line."""
    parser = argparse.ArgumentParser(prog="conformance", description=__doc__)
    parser.add_argument("--languages", default="", help="some languages, with commas between")
    return asyncio.run(run(chosen(languages_in(), parser.parse_args().languages)))


if __name__ == "__main__":
    sys.exit(main())
