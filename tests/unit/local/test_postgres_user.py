"""The system user of the embedded PostgreSQL, which the first start as root creates.

Each test has an /etc of its own, in a mount namespace, so the machine's users stay as they are.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

USER = "pgserver"
FILES_OF_USERS = ("passwd", "group", "shadow", "gshadow", "subuid", "subgid")

# Eight processes ask for the user at once, and print the id that it has for them.
AT_ONCE = """
import os, pwd, sys
from wanllmdb_local.postgres_programs import postgres_user

gate, open_gate = os.pipe()
for _ in range(8):
    if os.fork() == 0:
        os.close(open_gate)
        os.read(gate, 1)
        os.write(1, f"{pwd.getpwnam(postgres_user()).pw_uid}\\n".encode())
        os._exit(0)
os.close(open_gate)
codes = [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(8)]
sys.exit(any(codes))
"""

WITHOUT_USERADD = """
import os
from wanllmdb_local.errors import StartError
from wanllmdb_local.postgres_programs import postgres_user

os.environ["PATH"] = "/absent"
try:
    postgres_user()
except StartError as error:
    print(error)
"""


def can_mount() -> bool:
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    return subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0


pytestmark = pytest.mark.skipif(
    not can_mount(), reason="creates users, which needs root and a mount namespace on Linux"
)


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """A copy of /etc without the user."""
    copy = tmp_path / "etc"
    shutil.copytree("/etc", copy, symlinks=True)
    for file in (copy / name for name in FILES_OF_USERS):
        if file.exists():
            lines = file.read_text().splitlines(keepends=True)
            file.write_text("".join(line for line in lines if not line.startswith(f"{USER}:")))
    return copy


def run_with(etc: Path, script: str) -> str:
    ended = subprocess.run(
        [
            *("unshare", "--mount", "sh", "-c", 'mount --bind "$1" /etc && exec "$2" -c "$3"'),
            *("sh", str(etc), sys.executable, script),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_first_starts_at_once_agree_on_the_user(etc: Path) -> None:
    ids = run_with(etc, AT_ONCE).split()
    assert len(ids) == 8
    assert len(set(ids)) == 1
    assert f"{USER}:x:{ids[0]}:" in (etc / "passwd").read_text()


def test_a_user_that_can_not_be_created_is_explained(etc: Path) -> None:
    told = run_with(etc, WITHOUT_USERADD)
    assert told.startswith(
        "PostgreSQL does not run as root, and its system user pgserver can't be created: "
    )
    assert "'useradd'" in told
    assert "--database-url" in told
