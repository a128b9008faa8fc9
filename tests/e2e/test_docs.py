"""The pages in docs/ are correct: their examples are run, in order, as a reader runs them.

The language of a block decides: `yaml` is a sweep's config and must be accepted; `python` is run;
`sh` is run line by line. A first line such as `# train.py` saves a block under that name instead
of running it. `text` is output and is not checked, and the tests of the clients run the blocks of
other languages.
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
# Lines with `pip` and `up` are for a reader's machine; here both are already done.
SETTING_UP = ("pip install", "wanllmdb up")
# The address of a dashboard in the pages; the platform here has another one.
DASHBOARD = "http://localhost:8080"
# Run by the tests of their clients.
OTHER_LANGUAGES = ("go", "java", "rust", "ts")
# Generated from the protos, without examples; run by test_ray_tune.py where Ray is installed.
LEFT_OUT = ("api.md", "ray.md")
PAGES = sorted(page for page in DOCS.glob("*.md") if page.name not in LEFT_OUT)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `name` is the file name in its first line, if there is one."""

    language: str
    text: str

    @property
    def name(self) -> str | None:
        named = re.match(r"# ([\w.-]+\.\w+)\n", self.text)
        return named[1] if named else None


def blocks(page: Path) -> list[Block]:
    """Return the page's blocks, in order."""
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
    """Run a block; print its output if it fails."""
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


# On a busy machine a command takes seconds, and a page may have dozens of commands.
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
                assert block.language in ("python", "text", *OTHER_LANGUAGES), block
    # One shell for all blocks, so that variables of one block are set in the next.
    lines = [line for line in shell.splitlines() if not line.startswith(SETTING_UP)]
    script = "\n".join(lines).replace(DASHBOARD, addresses["dashboard"])
    run(["bash", "-euo", "pipefail"], script, tmp_path, environment, seconds=500)
