"""The pages in docs/ say what is true: their examples are run, in order, as a reader would.

Blocks by language: `yaml` is a sweep's config and must be accepted; `python` runs;
`sh` runs line by line. A first line such as `# train.py` saves a block under that name
instead of running it. `text` is output, and not looked at.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.up_process import UpProcess
from wanllmdb import Client

DOCS = Path(__file__).parents[2] / "docs"
# What stands before `pip` and `up` is for a reader's machine: here both is done.
SETTING_UP = ("pip install", "wanllmdb up")
# Made from the protos, without examples.
PAGES = sorted(page for page in DOCS.glob("*.md") if page.name != "api.md")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `name` is set where its first line says so."""

    language: str
    text: str

    @property
    def name(self) -> str | None:
        named = re.match(r"# ([\w.-]+\.\w+)\n", self.text)
        return named[1] if named else None


def blocks(page: Path) -> list[Block]:
    """The page's blocks, in order."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [Block(language, text) for language, text in found]


def run(
    program: list[str],
    text: str,
    folder: Path,
    environment: dict[str, str],
    *,
    seconds: float = 120,
) -> None:
    """Runs a block; what it printed is told when it fails."""
    done = subprocess.run(
        program,
        input=text,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"


# On a machine that is busy a command takes seconds, and a page may have dozens.
@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_run(page: Path, platform: UpProcess, tmp_path: Path) -> None:
    programs = Path(sys.executable).parent
    environment = platform.environment()
    environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"
    addresses = platform.ready
    shell = ""
    with Client(addresses["registry"], addresses["suggestion"]) as client:
        for block in blocks(page):
            if block.name is not None:
                (tmp_path / block.name).write_text(block.text)
            if block.language == "yaml":
                client.parse_sweep_config(block.text)
            elif block.language == "python" and block.name is None:
                run([sys.executable, "-"], block.text, tmp_path, environment)
            elif block.language == "sh":
                shell += block.text
            else:
                assert block.language in ("python", "text"), block
    # One shell, so that what one block sets is there for the next.
    lines = [line for line in shell.splitlines() if not line.startswith(SETTING_UP)]
    run(["bash", "-euo", "pipefail"], "\n".join(lines), tmp_path, environment, seconds=500)
