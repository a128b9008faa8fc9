"""Reads the queries of the dashboards; as a program, prints them as rules for promtool."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent / "dashboards"


def queries_of(file: Path) -> Iterator[str]:
    """Yield each query of a dashboard, as Prometheus gets it."""
    for panel in json.loads(file.read_text())["panels"]:
        for target in panel.get("targets", []):
            # Grafana replaces its own variable by a range.
            yield target["expr"].replace("$__rate_interval", "5m")


def main() -> None:
    """Print a recording rule for each query."""
    queries = [query for file in sorted(FOLDER.glob("*.json")) for query in queries_of(file)]
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries)]
    # JSON is YAML.
    print(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))


if __name__ == "__main__":
    main()
