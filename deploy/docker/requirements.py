"""Print what the package and its extras need, without the package itself.

Usage: requirements.py EXTRA..., in the folder of pyproject.toml
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path


def main() -> None:
    """Print one requirement a line."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *(each for extra in sys.argv[1:] for each in extras[extra])]
    print("\n".join(each for each in needed if not each.startswith(project["name"])))


if __name__ == "__main__":
    main()
