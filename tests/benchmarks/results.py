"""The results of one run of the benchmarks: a file of JSON, and one table beside the last one."""

from __future__ import annotations

import json
import os
import platform as machine
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.figures import Figure, Yardstick, compare
from tests.benchmarks.load import table

# Below the root of the repository; git ignores it.
FOLDER = Path(".bench")
# Beyond this factor between the echoes of two runs, other load rules the figures.
COMPARABLE = 1.5
COLUMNS = ["what", "size", "clients", "figure", "unit", "of echo", "before", "change", ""]


@dataclass(frozen=True, slots=True)
class Results:
    """What one run measured, and where.

    Attributes:
        time: When the run ended, in ISO 8601.
        commit: The commit that was measured; with `+` if files were changed.
        python: The version of Python.
        processors: How many processors the machine has.
        load: The load average over the last minute, when the run began.
        seconds: How long each benchmark took, by name.
        echoes: The yardstick.
        figures: All other figures.
    """

    time: str
    commit: str
    python: str
    processors: int
    load: float
    seconds: dict[str, float] = field(default_factory=dict)
    echoes: tuple[Figure, ...] = ()
    figures: tuple[Figure, ...] = ()

    def to_json(self) -> str:
        """Return the results as JSON text."""
        return json.dumps(asdict(self), indent=1)

    @staticmethod
    def from_json(text: str) -> Results:
        """Return the results that `to_json` wrote."""
        fields = json.loads(text)
        for name in ("echoes", "figures"):
            fields[name] = tuple(
                Figure(**{**each, "rounds": tuple(each["rounds"])}) for each in fields[name]
            )
        return Results(**fields)

    def write(self, folder: Path = FOLDER) -> Path:
        """Write the results to a file of their own, named after the time."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.time.replace(':', '').replace('-', '')}.json"
        path.write_text(self.to_json())
        return path


def begin() -> Results:
    """Return the results of a run that begins now."""
    return Results(
        "",
        _commit(),
        machine.python_version(),
        os.cpu_count() or 1,
        round(os.getloadavg()[0], 2),
    )


def end(results: Results, *, echoes: Iterable[Figure], figures: Iterable[Figure]) -> Results:
    """Return the results of a run that ends now."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return replace(results, time=now, echoes=tuple(echoes), figures=tuple(figures))


def last(benchmarks: Iterable[str], folder: Path = FOLDER) -> Results | None:
    """Return the latest results that have all of the named benchmarks."""
    wanted = set(benchmarks)
    for path in sorted(folder.glob("*.json"), reverse=True):
        found = Results.from_json(path.read_text())
        if wanted <= found.seconds.keys():
            return found
    return None


def rows(now: Results, before: Results | None) -> list[list[str]]:
    """Return the rows of the table, below COLUMNS."""
    yardstick = Yardstick(now.echoes)
    known = {each.key: each for each in before.figures} if before else {}
    speed = yardstick.speed(Yardstick(before.echoes)) if before else 1.0
    lines = [_row(each, None, None, 1.0) for each in now.echoes]
    lines += [_row(each, yardstick.ratio(each), known.get(each.key), speed) for each in now.figures]
    return lines


def print_table(now: Results, before: Results | None) -> None:
    """Print the one table of a run."""
    title = (
        f"Commit {now.commit}, Python {now.python}, {now.processors} processors, everything on "
        f"them, load {now.load:g} at the start, {sum(now.seconds.values()):,.0f} s"
    )
    if before:
        speed = Yardstick(now.echoes).speed(Yardstick(before.echoes))
        title += (
            f"\nBefore: commit {before.commit} at {before.time}. The machine echoes {speed:.2f} "
            "times as fast as then, which `change` takes out of rates and times.\n"
            "Marked: changes beyond the noise of both runs."
        )
        if not 1 / COMPARABLE <= speed <= COMPARABLE:
            title += " The machine differs too much for a fair comparison."
    table(title, COLUMNS, rows(now, before), always=True)


def print_markdown(now: Results) -> None:
    """Print the figures as a table for a page, without the comparison."""
    columns = COLUMNS[: COLUMNS.index("before")]
    for row in [columns, ["---"] * len(columns), *rows(now, None)]:
        print(f"| {' | '.join(row[: len(columns)])} |")


def _row(figure: Figure, ratio: float | None, before: Figure | None, speed: float) -> list[str]:
    change = compare(figure, before, speed) if before else None
    mark = ""
    if change is not None and change.is_real:
        mark = "better" if change.is_better else "WORSE"
    return [
        f"{figure.benchmark}: {figure.name}" if figure.benchmark else figure.name,
        f"{figure.size:,}" if figure.size else "",
        f"{figure.clients}" if figure.clients else "",
        short(figure.value),
        figure.unit,
        "" if ratio is None else short(ratio),
        "" if change is None else short(change.before),
        "" if change is None else f"{change.factor:.2f}",
        mark,
    ]


def short(value: float) -> str:
    """Return a number with three digits, or all digits before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _commit() -> str:
    def git(*arguments: str) -> str:
        found = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
        return found.stdout.strip()

    commit = git("rev-parse", "--short", "HEAD")
    return commit + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
