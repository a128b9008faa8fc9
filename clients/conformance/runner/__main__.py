"""Prints the table of scenarios and languages; the exit code is 1 if one of its cells is red."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Collection, Sequence

from clients.conformance.runner.cases import Case, cases_in
from clients.conformance.runner.known_failing import KnownFailing
from clients.conformance.runner.live import LiveCase, live_scenarios
from clients.conformance.runner.platforms import Platforms
from clients.conformance.runner.scenario import Scenario, scenarios_of_all_files
from clients.conformance.runner.table import lines_of
from clients.conformance.runner.testee import Language, languages_in
from clients.conformance.runner.trial import tried

PARTS = ("vectors", "scenarios", "live")
_TERMINATED = 128 + signal.SIGTERM


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


def parts_of(wanted: str) -> set[str]:
    """Return the names of a list of parts with commas; all if it is empty.

    Raises:
        SystemExit: there is no such part.
    """
    names = {name.strip() for name in wanted.split(",") if name.strip()}
    if unknown := sorted(names.difference(PARTS)):
        raise SystemExit(f"no part {', '.join(unknown)}: the parts are {', '.join(PARTS)}")
    return names or set(PARTS)


async def run(languages: Sequence[Language], parts: Collection[str]) -> int:
    """Try the languages one after another; return the exit code.

    SIGTERM cancels it, as Ctrl-C does, so that no service goes on.
    """
    this_task = asyncio.current_task()
    assert this_task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this_task.cancel)
    without_services: list[Case | Scenario | LiveCase] = [
        *(cases_in() if "vectors" in parts else []),
        *(scenarios_of_all_files() if "scenarios" in parts else []),
    ]
    live = live_scenarios() if "live" in parts else []
    trials = []
    async with Platforms() as platforms:
        mixed = [LiveCase(each, platforms, languages) for each in live if each.is_mixed]
        # One after another, so that each time is that of one language.
        for language in languages:
            alone = [LiveCase(each, platforms, [language]) for each in live if not each.is_mixed]
            cases = [*without_services, *alone, *mixed]
            known = KnownFailing.of(language.name)
            if len(parts) < len(PARTS):
                known = known.among([case.full_name for case in cases])
            trials.append(await tried(language, cases, known))
    print("\n".join(lines_of(trials)))
    return 0 if trials and all(trial.is_green for trial in trials) else 1


def main(arguments: Sequence[str]) -> int:
    """Return the exit code of the command line."""
    parser = argparse.ArgumentParser(prog="conformance", description=__doc__)
    parser.add_argument("--languages", default="", help="some languages, with commas between")
    parser.add_argument("--parts", default="", help=f"some of {','.join(PARTS)}")
    # A shell starts programs in the background with SIGINT ignored. Testees would inherit this, and
    # agents leave a signal alone that was ignored when they began.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    given = parser.parse_args(arguments)
    languages, parts = chosen(languages_in(), given.languages), parts_of(given.parts)
    try:
        return asyncio.run(run(languages, parts))
    except asyncio.CancelledError:
        return _TERMINATED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
