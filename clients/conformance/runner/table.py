"""The table of scenarios and languages, and what failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from clients.conformance.runner.trial import Outcome, Trial, Verdict


def lines_of(trials: Sequence[Trial]) -> Iterator[str]:
    """Yield the table, then notes, then what failed and what was left out, by language."""
    files = list(dict.fromkeys(o.case.file for trial in trials for o in trial.outcomes))
    rows = [["scenario", *(trial.language for trial in trials)]]
    rows += [
        [file, *(_cell([o for o in trial.outcomes if o.case.file == file]) for trial in trials)]
        for file in files
    ]
    rows.append(["all", *(_cell(trial.outcomes) for trial in trials)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        yield _line(row, widths)
        if number == 0:
            yield _line(["-" * width for width in widths], widths)
    outcomes = [outcome for trial in trials for outcome in trial.outcomes]
    # Scenarios that several languages play together are an outcome of each.
    yield from dict.fromkeys(f"{o.case.file}: {note}" for o in outcomes for note in o.notes)
    for trial in trials:
        yield from _remarks(trial)


def _line(row: Iterable[str], widths: Iterable[int]) -> str:
    cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return f"| {' | '.join(cells)} |"


def _cell(outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return "not tried"
    counts = {verdict: sum(o.verdict is verdict for o in outcomes) for verdict in Verdict}
    parts = [f"{counts[Verdict.PASSED]} ok"]
    for verdict, word in (
        (Verdict.FAILED, "FAILED"),
        (Verdict.KNOWN, "known to fail"),
        (Verdict.LEFT_OUT, "left out"),
    ):
        if counts[verdict]:
            parts.append(f"{counts[verdict]} {word}")
    return f"{', '.join(parts)}, {sum(o.seconds for o in outcomes):.2f} s"


def _remarks(trial: Trial) -> Iterator[str]:
    words = {
        Verdict.FAILED: "FAILED",
        Verdict.KNOWN: "fails, as is known",
        Verdict.LEFT_OUT: "left out",
    }
    for problem in trial.problems:
        yield f"{trial.language}: {problem}"
    for outcome in trial.outcomes:
        if outcome.verdict in words:
            yield f"{trial.language}: {outcome.case.full_name}: {words[outcome.verdict]}"
            yield from (f"    {line}" for line in outcome.detail.splitlines())
