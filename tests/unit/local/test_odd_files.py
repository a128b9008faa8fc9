"""`up` prints one line about odd things in the places of its files, and changes nothing."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

import pytest
from typer.testing import CliRunner

from tests.certificates import Authority
from tests.e2e.up_process import temporary_data_dir
from wanllmdb.cli.app import build_app
from wanllmdb_local.errors import DataDirError
from wanllmdb_local.ports import WantedPort, choose_ports
from wanllmdb_local.postgres import EmbeddedPostgres, embedded_postgres

Put = Callable[[Path], None]

# Where none is: nothing of `up` gets so far.
DATABASE = "postgresql://nobody@127.0.0.1:1/none"
SECONDS = 60


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    """Fail a test that waits forever because it opened a pipe."""

    def give_up(_number: int, _frame: FrameType | None) -> NoReturn:
        raise AssertionError(f"it hangs after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def text(content: str) -> Put:
    def put(path: Path) -> None:
        path.write_text(content)

    return put


def binary(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00\x80" * 100)


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024 * 1024)


def loop(path: Path) -> None:
    path.symlink_to(path)


def dangling(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


NO_FILES: dict[str, Put] = {
    "folder": Path.mkdir,
    "pipe": lambda path: os.mkfifo(path),
    "loop": loop,
}
ODD_CONTENTS: dict[str, Put] = {
    "binary": binary,
    "huge": huge,
    "other JSON": text('{"a": [1, {"b": null}]}'),
    "list of something": text("[1, null]"),
    "records of something": text('[{"pid": "x", "started": []}]'),
    "impossible records": text('[{"pid": -1, "started": 1e400}]'),
    "deep JSON": text("[" * 100_000),
    "text": text("not what you look for\nat all\n"),
}


KEYS = ("state.key", "admin.key", "session.key")


def cases(*names: str, kinds: dict[str, Put]) -> list[object]:
    return [
        pytest.param(name, put, id=f"{name}: {kind}")
        for name in names
        for kind, put in kinds.items()
    ]


def traces(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the kind and size of each file, by name."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.lstat().st_size)
        for path in sorted(folder.rglob("*"))
    }


def rejection(*arguments: str | Path) -> str:
    """Return the message of `up` before it exits with the code of wrong settings."""
    ports = ("--registry-port", "0", "--suggestion-port", "0", "--dashboard-port", "0")
    done = CliRunner().invoke(build_app(), ["up", *ports, *map(str, arguments)])
    assert done.exit_code == 2, (done.exit_code, done.output, done.exception)
    assert "Traceback" not in done.output
    (line,) = done.output.strip().splitlines()
    assert line.startswith("wanllmdb up: ")
    return line


@pytest.mark.parametrize(
    ("name", "put"),
    [
        *cases(*KEYS, "processes.json", kinds=NO_FILES | ODD_CONTENTS),
        *cases(*KEYS, kinds={"empty": text(""), "dangling": dangling}),
        *cases("ports.json", "lock", "logs/registry.log", kinds=NO_FILES),
        *cases("ports.json", kinds={"binary": binary, "huge": huge}),
        *cases("logs", kinds={"file": text(""), "loop": loop, "pipe": lambda p: os.mkfifo(p)}),
        *cases(*(f"{name}.new" for name in (*KEYS, "ports.json")), kinds={"folder": Path.mkdir}),
    ],
)
def test_an_odd_file_in_the_data_directory_is_said_in_one_line_and_left_alone(
    tmp_path: Path, name: str, put: Put
) -> None:
    data_dir = tmp_path / "data"
    path = data_dir / name
    path.parent.mkdir(parents=True)
    put(path)
    before = traces(data_dir)[name]
    line = rejection("--data-dir", data_dir, "--database-url", DATABASE, "--require-keys")
    assert str(path) in line
    assert traces(data_dir)[name] == before


@pytest.mark.parametrize("put", [ODD_CONTENTS[kind] for kind in ODD_CONTENTS if "JSON" in kind])
def test_a_note_of_ports_that_is_none_is_but_a_preference(tmp_path: Path, put: Put) -> None:
    put(tmp_path / "ports.json")
    chosen = choose_ports(tmp_path / "ports.json", {"registry": WantedPort()})
    assert choose_ports(tmp_path / "ports.json", {"registry": WantedPort()}) == chosen


@pytest.mark.parametrize(
    "put",
    [text("a user's notes"), *NO_FILES.values()],
    ids=["file", *NO_FILES],
)
def test_what_is_no_data_directory_is_said_and_left_alone(tmp_path: Path, put: Put) -> None:
    path = tmp_path / "data"
    put(path)
    if path.is_dir():
        (path / "notes.txt").write_text("a user's")
    before = traces(tmp_path)
    assert str(path) in rejection("--data-dir", path, "--database-url", DATABASE)
    assert traces(tmp_path) == before


def test_a_home_that_is_not_there_is_said() -> None:
    line = rejection("--data-dir", "~nosuchuser/data", "--database-url", DATABASE)
    assert "no home directory" in line


@pytest.mark.parametrize("put", (NO_FILES | ODD_CONTENTS).values(), ids=NO_FILES | ODD_CONTENTS)
def test_a_ready_file_of_another_program_is_left_alone(tmp_path: Path, put: Put) -> None:
    path = tmp_path / "ready.json"
    put(path)
    before = traces(tmp_path)
    data_dir = tmp_path / "data"
    line = rejection("--data-dir", data_dir, "--database-url", DATABASE, "--ready-file", path)
    assert str(path) in line
    assert traces(tmp_path) == before


@pytest.mark.parametrize("option", ["--tls-cert", "--tls-key", "--tls-client-ca"])
@pytest.mark.parametrize("put", [*NO_FILES.values(), binary, text(""), dangling])
def test_a_tls_file_that_is_none_is_said(tmp_path: Path, option: str, put: Put) -> None:
    authority = Authority(tmp_path)
    files = authority.issue()
    given = {"--tls-cert": files.cert, "--tls-key": files.key, "--tls-client-ca": authority.file}
    given[option] = tmp_path / "odd.pem"
    put(given[option])
    arguments = [part for pair in given.items() for part in pair]
    line = rejection("--data-dir", tmp_path / "d", "--database-url", DATABASE, *arguments)
    assert str(given[option]) in line


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A data directory with a database, to be copied."""
    with temporary_data_dir() as folder:
        with embedded_postgres(folder):
            pass
        yield folder


@pytest.fixture
def copied(made: Path) -> Iterator[Path]:
    with temporary_data_dir() as folder:
        # With its owner, who is another user under root.
        shutil.copytree(made, folder, copy_function=shutil.copy2)
        status = (made / "postgres").stat()
        for path in [folder / "postgres", *(folder / "postgres").rglob("*")]:
            os.chown(path, status.st_uid, status.st_gid)
        yield folder


@pytest.mark.parametrize(
    ("name", "put"),
    [
        *cases("postgres/wanllmdb.password", kinds=NO_FILES | {"empty": text("")}),
        *cases("postgres/wanllmdb.password", kinds={"binary": binary, "two lines": text("a\nb\n")}),
        *cases("postgres/wanllmdb.password", kinds={"wrong": text("an0ther:p@ss/word?")}),
        *cases("postgres/PG_VERSION", kinds=NO_FILES | {"binary": binary, "text": text("new")}),
        *cases("postgres/postmaster.pid", "postgres/postmaster.opts", kinds=NO_FILES),
        *cases("postgres/postmaster.pid", "postgres/postmaster.opts", kinds={"binary": binary}),
    ],
)
def test_an_odd_file_of_the_database_is_said_and_left_alone(
    copied: Path, name: str, put: Put
) -> None:
    path = copied / name
    path.unlink(missing_ok=True)
    put(path)
    before = traces(copied)[name]
    server = EmbeddedPostgres(copied)
    try:
        with pytest.raises(DataDirError) as said:
            server.start()
    finally:
        server.stop()
    assert str(path.parent) in str(said.value)
    assert path.name in str(said.value)
    assert "\n" not in str(said.value)
    assert traces(copied)[name] == before


def test_a_missing_password_is_said_with_the_way_to_set_another(copied: Path) -> None:
    (copied / "postgres" / "wanllmdb.password").unlink()
    with pytest.raises(DataDirError, match=r"wanllmdb\.password is missing.*--single"):
        EmbeddedPostgres(copied).start()


@pytest.mark.parametrize(
    ("name", "put"),
    [
        *cases(
            "postgres",
            "postgres.initdb",
            kinds={"file": text("a user's"), "loop": loop, "dangling": dangling},
        ),
        *cases("initdb.password", kinds={"folder": Path.mkdir}),
    ],
)
def test_what_is_in_the_way_of_new_data_is_said_and_left_alone(name: str, put: Put) -> None:
    with temporary_data_dir() as folder:
        folder.mkdir(exist_ok=True)
        put(folder / name)
        before = traces(folder)[name]
        with pytest.raises(DataDirError) as said:
            EmbeddedPostgres(folder).start()
        assert str(folder / name) in str(said.value)
        assert traces(folder)[name] == before
