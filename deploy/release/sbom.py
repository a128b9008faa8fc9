"""Writes the software bills of materials of what we release, in the form of CycloneDX.

Usage: python -m deploy.release.sbom CYCLONEDX_PY FOLDER

CYCLONEDX_PY is the program of the package cyclonedx-bom. It describes the environment of this
Python; what only tests need is left out. The clients in Go, Java and Rust have a bill each, unless
the tool of the language is not installed. npm writes its own, which `make sbom` asks for.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from deploy.release.clients import LANGUAGES, MissingToolError, Package
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


def bill_of_client(language: str, packages: Iterable[Package]) -> dict[str, Any]:
    """Return the bill of a client's packages."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "name": f"wanllmdb client for {language}",
                "version": version("wanllmdb"),
            }
        },
        "components": [
            {
                "type": "library",
                "bom-ref": package.url,
                "name": package.name,
                "version": package.version,
                "purl": package.url,
                "licenses": [{"expression": package.license}],
            }
            for package in packages
        ],
    }


def main() -> None:
    """Write the bills into the folder that the command line names; exit if a package is missing."""
    program, text = sys.argv[1:]
    folder = Path(text)
    folder.mkdir(parents=True, exist_ok=True)
    # The package itself is the subject of the bill.
    names = installed_with("wanllmdb", EXTRAS).keys() - {"wanllmdb"}
    bill = reduced(bill_of_environment(program), names)
    missing = names - {canonicalize_name(part["name"]) for part in bill["components"]}
    if missing:
        sys.exit(f"the bill has no {', '.join(sorted(missing))}")
    _write(folder / "python.cdx.json", bill)
    for language, packages in LANGUAGES.items():
        try:
            bill = bill_of_client(language, packages())
        except MissingToolError as error:
            print(f"no bill of the {language} client: {error}")
        else:
            _write(folder / f"{language}.cdx.json", bill)


def _write(file: Path, bill: dict[str, Any]) -> None:
    file.write_text(json.dumps(bill, indent=2, sort_keys=True) + "\n")
    print(f"{file} has {len(bill['components'])} packages")


if __name__ == "__main__":
    main()
