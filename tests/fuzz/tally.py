"""Counts of the answers to each RPC's inputs, and the table of all counts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from tests.benchmarks.load import table
from tests.fuzz.verdict import Answer

_REFERENCE = re.compile(r"under reference (\w{12})")
# Faults that differ only in such a part are the same fault.
_PARTICULAR = re.compile(r"reference \w+|\d+|'[^']*'")


@dataclass
class Tally:
    """The counts of one RPC.

    Attributes:
        codes: The number of answers by status; None for streams that ended without one.
        faults: The shortest input that showed each fault, by the fault's text.
        slowest: Seconds of the slowest answer.
    """

    codes: Counter[grpc.StatusCode | None] = field(default_factory=Counter)
    faults: dict[str, tuple[str, str]] = field(default_factory=dict)
    slowest: float = 0.0

    def add(self, answer: Answer, seconds: float, tried: object) -> None:
        """Count one answer."""
        self.codes[answer.code] += 1
        self.slowest = max(self.slowest, seconds)
        for fault in answer.faults:
            kind = _PARTICULAR.sub("", fault)
            shown = str(tried)
            if kind not in self.faults or len(shown) < len(self.faults[kind][1]):
                self.faults[kind] = (fault, shown)


def report(tallies: Mapping[str, Tally], logs: Path) -> bool:
    """Print the table and every fault; return whether there is any."""
    rows = [
        [
            name,
            f"{tally.codes.total():,}",
            *(f"{tally.codes[code]:,}" for code in _COLUMNS),
            f"{sum(n for code, n in tally.codes.items() if code not in _COLUMNS):,}",
            f"{len(tally.faults)}",
            f"{tally.slowest * 1000:,.0f}",
        ]
        for name, tally in tallies.items()
    ]
    total = Counter[grpc.StatusCode | None]()
    for tally in tallies.values():
        total.update(tally.codes)
    faults = sum(len(tally.faults) for tally in tallies.values())
    others = sum(n for code, n in total.items() if code not in _COLUMNS)
    rows.append(
        [
            "all",
            f"{total.total():,}",
            *(f"{total[code]:,}" for code in _COLUMNS),
            f"{others:,}",
            f"{faults}",
            f"{max((tally.slowest for tally in tallies.values()), default=0) * 1000:,.0f}",
        ]
    )
    heads = [code.name for code in _COLUMNS]
    table("Fuzzing", ["RPC", "inputs", *heads, "others, none", "faults", "slowest ms"], rows)
    for name, tally in tallies.items():
        for fault, shown in tally.faults.values():
            print(f"\n{name}: {fault}\n  input: {shown[:3_000]}")
            for line in _logged(fault, logs):
                print(f"  log: {line}")
    return bool(faults)


_COLUMNS = [
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
]


def _logged(fault: str, logs: Path) -> Iterator[str]:
    """Return the last lines that the servers logged about an INTERNAL."""
    found = _REFERENCE.search(fault)
    if found is None:
        return
    for log in logs.glob("*.log"):
        for line in log.read_text(errors="replace").splitlines():
            if found[1] in line and "unexpected error" in line:
                yield line[-2_500:]
