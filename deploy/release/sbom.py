"""Writes the software bill of materials of an installation, in the form of CycloneDX.

Usage: python -m deploy.release.sbom CYCLONEDX_PY FILE

CYCLONEDX_PY is the program of the package cyclonedx-bom. It describes the environment of this
Python; what only tests need is left out.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from deploy.release.packages import EXTRAS, installed_with


def bill_of_environment(program: str) -> dict[str, Any]:
    """Return the bill of everything in the environment of this Python.

    Raises:
        CalledProcessError: The program failed.
    """
    options = ["--output-reproducible", "--of", "JSON", "--pyproject", "pyproject.toml"]
    command = [program, "environment", *options, "-o", "-", sys.executable]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    bill: dict[str, Any] = json.loads(answer.stdout)
    return bill


def reduced(bill: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return a bill with the components of these names alone."""
    kept = [part for part in bill["components"] if canonicalize_name(part["name"]) in names]
    refs = {part["bom-ref"] for part in kept} | {bill["metadata"]["component"]["bom-ref"]}
    edges = [
        {**edge, "dependsOn": [ref for ref in edge.get("dependsOn", ()) if ref in refs]}
        for edge in bill["dependencies"]
        if edge["ref"] in refs
    ]
    return {**bill, "components": kept, "dependencies": edges}


def main() -> None:
    """Write the bill into the file that the command line names; exit if a package is missing."""
    program, file = sys.argv[1:]
    # The package itself is the subject of the bill.
    names = installed_with("wanllmdb", EXTRAS).keys() - {"wanllmdb"}
    bill = reduced(bill_of_environment(program), names)
    missing = names - {canonicalize_name(part["name"]) for part in bill["components"]}
    if missing:
        sys.exit(f"the bill has no {', '.join(sorted(missing))}")
    target = Path(file)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(bill, indent=2, sort_keys=True) + "\n")
    print(f"{target} has {len(names)} packages")


if __name__ == "__main__":
    main()
