"""Checks a built wheel and sdist: both have the dashboard, and an installed gateway serves it.

Usage: check_dist.py FOLDER CONSTRAINTS
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = "wanllmdb_gateway/static/index.html"
# What a browser loads because the page names it.
_LOADED = re.compile(r'(?:src|href)="(/[^"]+)"')


def names_of_wheel(wheel: Path) -> list[str]:
    """Return the names of the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def names_of_sdist(sdist: Path) -> list[str]:
    """Return the names of the files in an sdist, without the folder that holds all of them."""
    with tarfile.open(sdist) as archive:
        return [name.partition("/")[2] for name in archive.getnames()]


def check_names(wheel: Path, sdist: Path) -> None:
    """Exit with a message if one of the archives lacks the page, or has more than it should."""
    in_wheel = names_of_wheel(wheel)
    if PAGE not in in_wheel:
        sys.exit(f"{wheel.name} has no {PAGE}")
    in_sdist = names_of_sdist(sdist)
    if f"services/{PAGE}" not in in_sdist:
        sys.exit(f"{sdist.name} has no services/{PAGE}")
    foreign = [name for name in in_wheel + in_sdist if "node_modules/" in name or ".venv" in name]
    if foreign:
        sys.exit(f"the archives have files of the build: {foreign[0]} and {len(foreign) - 1} more")


@contextmanager
def installed_gateway(wheel: Path, constraints: Path) -> Iterator[str]:
    """Install the wheel into an empty environment, and run its gateway; yields the address."""
    with tempfile.TemporaryDirectory(prefix="wanllmdb-dist-") as folder:
        venv.create(folder, with_pip=True)
        programs = Path(folder) / "bin"
        subprocess.run(
            [
                *(str(programs / "python"), "-m", "pip", "install", "--quiet"),
                *("--disable-pip-version-check", "--constraint", str(constraints)),
                f"{wheel}[gateway]",
            ],
            check=True,
        )
        process = subprocess.Popen(
            [str(programs / "wanllmdb-gateway"), "--port", "0"],
            # Not in the repository, whose packages Python would find first.
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            ready = process.stdout.readline().split()
            if ready[:2] != ["ready", "gateway"]:
                sys.exit("the gateway of the wheel did not start")
            yield ready[2]
        finally:
            process.terminate()
            process.wait(60)


def check_served(url: str) -> list[str]:
    """Fetch the page and what it loads; return their paths. Exit with a message if one is missing.

    A path that leads to no file would be answered too, with the page itself.
    """
    page, _ = fetch(f"{url}/")
    loaded: list[str] = _LOADED.findall(page)
    if not any(path.endswith(".js") for path in loaded):
        sys.exit(f"{url}/ is not the dashboard:\n{page}")
    for path in loaded:
        content, content_type = fetch(url + path)
        if not content or content_type.startswith("text/html"):
            sys.exit(f"{url}{path} is not served: it is {content_type}")
    return ["/", *loaded]


def fetch(url: str) -> tuple[str, str]:
    """Return the text at a URL, and its content type."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode(), answer.headers["content-type"]


def main() -> None:
    """Check the archives in the folder that the command line names."""
    folder, constraints = Path(sys.argv[1]), Path(sys.argv[2]).absolute()
    (wheel,) = folder.absolute().glob("*.whl")
    (sdist,) = folder.absolute().glob("*.tar.gz")
    check_names(wheel, sdist)
    with installed_gateway(wheel, constraints) as url:
        served = check_served(url)
    print(f"{wheel.name} serves {', '.join(served)}")


if __name__ == "__main__":
    main()
