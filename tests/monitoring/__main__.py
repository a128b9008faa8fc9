"""Shows that each alert fires in its fault and not without: `python -m tests.monitoring`.

A minute of the rules lasts a few seconds, so that all of it takes a few minutes. `--only` chooses
faults by a part of their titles.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.e2e.up_process import wait_until
from tests.monitoring.faults import FAULTS, Fault
from tests.monitoring.platform import KINDS, PATIENCE, Platform, running_platform
from tests.monitoring.prometheus import RULES, Prometheus, running_prometheus

# Longer than five minutes of the rules: at first for the start to be out of their ranges, then to
# see that no alert fires.
HEALTHY_SECONDS = 40.0


def main() -> int:
    """Return 0 if each alert fired in its fault and was silent before, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.monitoring", description=__doc__)
    parser.add_argument("--only", default="", help="a part of the titles of faults")
    chosen = [fault for fault in FAULTS if parser.parse_args().only in fault.title]
    began = time.monotonic()
    # Ends what it has started, also in the background of a shell.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    with (
        tempfile.TemporaryDirectory(prefix="wanllmdb-alerts-") as name,
        contextlib.ExitStack() as stack,
    ):
        folder = Path(name)
        # PostgreSQL's own user must be able to enter it.
        folder.chmod(0o711)
        platform, ports = stack.enter_context(running_platform(folder))
        (folder / "prometheus").mkdir()
        prometheus = stack.enter_context(running_prometheus(folder / "prometheus", ports))
        wait_until(lambda: prometheus.targets_up() == len(KINDS), seconds=PATIENCE)
        say(f"{len(KINDS)} services are scraped ({time.monotonic() - began:.0f} s)")
        problems = _healthy(prometheus)
        for fault in chosen:
            try:
                problems += _try(fault, platform, prometheus)
            except Exception as error:
                problems.append(f"{fault.title}: {error!r}")
        seconds = _seconds_until(lambda: not prometheus.firing())
        if seconds is None:
            problems.append(f"still firing: {sorted(prometheus.firing())}")
        else:
            say(f"all quiet again after {seconds:.0f} s")
    shown = {alert for fault in chosen for alert in fault.alerts}
    if len(chosen) == len(FAULTS) and (missing := names_of_alerts() - shown):
        problems.append(f"no fault for {sorted(missing)}")
    for problem in problems:
        say(f"FAILED: {problem}")
    say(f"{len(shown)} alerts in {len(chosen)} faults, {time.monotonic() - began:.0f} s")
    return 1 if problems else 0


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def names_of_alerts() -> set[str]:
    """Return the names of all alerts."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"]}


def _healthy(prometheus: Prometheus) -> list[str]:
    """Watch the platform without a fault, after its start; return what fired."""
    time.sleep(HEALTHY_SECONDS)
    fired = set[str]()
    deadline = time.monotonic() + HEALTHY_SECONDS
    while time.monotonic() < deadline:
        fired |= prometheus.firing()
        time.sleep(0.5)
    say(f"without a fault, {HEALTHY_SECONDS:.0f} s: {', '.join(sorted(fired)) or 'no alert'}")
    return [f"{alert} fires without a fault" for alert in sorted(fired)]


def _try(fault: Fault, platform: Platform, prometheus: Prometheus) -> list[str]:
    """Cause a fault until its alerts fire; return what went wrong."""
    wanted = set(fault.alerts)
    if _seconds_until(lambda: not wanted & prometheus.firing()) is None:
        return [f"{fault.title}: {sorted(wanted)} fire before it"]
    before = prometheus.firing()
    fired = set[str]()
    with fault.block(platform):

        def all_fired() -> bool:
            fired.update(prometheus.firing())
            return wanted <= fired

        seconds = _seconds_until(all_fired)
        lines = [line for alert in fault.alerts for line in prometheus.summaries(alert)]
    if seconds is None:
        return [f"{fault.title}: {sorted(wanted - fired)} did not fire"]
    more = sorted(fired - before - wanted)
    say(f"{fault.title}: {', '.join(fault.alerts)} after {seconds:.0f} s")
    for line in lines:
        say(f"    {line}")
    if more:
        say(f"    and {', '.join(more)}")
    return []


def _seconds_until(condition: Callable[[], bool]) -> float | None:
    """Return how long it took until a condition was met; None if it was not."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > PATIENCE:
            return None
        time.sleep(0.5)
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
