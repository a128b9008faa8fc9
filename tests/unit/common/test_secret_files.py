"""Each secret of a server may be in a file instead, by one rule for all of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.helm.settings_schema import SERVERS
from wanllmdb_common.server.secret_files import MAX_BYTES
from wanllmdb_common.server.settings import ProcessSettings, load_settings

URL = "postgresql://user:s3cret@host/name"
CORRECT = {
    "database_url": URL,
    "listen_database_url": URL,
    "admin_key": "wsk_root_" + "s3cret-" * 6,
    "state_key": "5e" * 32,
}
each_secret = pytest.mark.parametrize(
    ("server", "name"),
    [
        (server, name)
        for server, settings in SERVERS.items()
        for name, field in settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    ],
)


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ProcessSettings]:
    """Return what loads a server's settings from flags and from variables."""

    def loaded(server: str, *flags: str, **variables: str) -> ProcessSettings:
        for name, text in variables.items():
            monkeypatch.setenv(name, text)
        monkeypatch.setattr(sys, "argv", [f"wanllmdb-{server}", *flags])
        return load_settings(SERVERS[server], f"wanllmdb-{server}")

    return loaded


def option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def variable(server: str, name: str) -> str:
    return f"WANLLMDB_{server}_{name}".upper()


def needed_besides(server: str, name: str) -> list[str]:
    """Return the flags without which the server does not start, but for the secret itself."""
    is_needed = server == "registry" and name != "database_url"
    return [f"--database-url={URL}"] if is_needed else []


def the_secret(settings: ProcessSettings, name: str) -> str:
    secret = getattr(settings, name).get_secret_value()
    assert isinstance(secret, str)
    return secret


@each_secret
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_is_read_from_the_file_that_a_flag_or_a_variable_names(
    server: str, name: str, end: str, load: Callable[..., ProcessSettings], tmp_path: Path
) -> None:
    # As Kubernetes mounts a Secret: a link to the file.
    (tmp_path / "data").write_text(CORRECT[name] + end, newline="")
    file = tmp_path / "mounted"
    file.symlink_to("data")
    others = needed_besides(server, name)
    settings = load(server, f"{option(name)}-file={file}", *others)
    assert the_secret(settings, name) == CORRECT[name]
    assert CORRECT[name] not in f"{settings!r} {settings}"
    settings = load(server, *others, **{variable(server, f"{name}_file"): str(file)})
    assert the_secret(settings, name) == CORRECT[name]


@each_secret
@pytest.mark.parametrize("given_by", ["flag", "variable"])
def test_a_secret_besides_its_file_is_an_error_that_names_both(
    server: str,
    name: str,
    given_by: str,
    load: Callable[..., ProcessSettings],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (file := tmp_path / "file").write_text(CORRECT[name])
    variables = {variable(server, f"{name}_file"): str(file)}
    flags = needed_besides(server, name)
    if given_by == "flag":
        flags.append(f"{option(name)}={CORRECT[name]}")
    else:
        variables[variable(server, name)] = CORRECT[name]
    with pytest.raises(SystemExit) as caught:
        load(server, *flags, **variables)
    assert caught.value.code == 2
    assert capsys.readouterr().err == (
        f"wanllmdb-{server}: {option(name)} and {option(name)}-file are both given, as flags or as "
        f"{variable(server, name)} and {variable(server, name)}_FILE: leave out one of the two\n"
    )


def nothing(file: Path) -> None:
    """Make no file."""


def too_large(file: Path) -> None:
    file.touch()
    os.truncate(file, MAX_BYTES + 1)


@each_secret
@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (nothing, "can't be read: No such file or directory"),
        (Path.mkdir, "can't be read: it is a directory, not a regular file"),
        (os.mkfifo, "can't be read: it is a FIFO, not a regular file"),
        (too_large, f"can't be read: it holds more than {MAX_BYTES} bytes"),
        (Path.touch, "is empty"),
        (lambda file: file.write_text(" \n"), "is empty"),
        (lambda file: file.write_bytes(b"s3cret\xff"), "does not contain text in UTF-8"),
        (lambda file: file.write_text("s3cret\ns3cret\n"), "has more than one line"),
    ],
)
def test_a_file_without_a_secret_is_rejected_in_one_line(
    server: str,
    name: str,
    make: Callable[[Path], object],
    problem: str,
    load: Callable[..., ProcessSettings],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "file"
    make(file)
    with pytest.raises(SystemExit) as caught:
        load(server, f"{option(name)}-file={file}", *needed_besides(server, name))
    assert caught.value.code == 2
    assert capsys.readouterr().err == (
        f"wanllmdb-{server}: {option(name)}-file: the file {file} {problem}\n"
    )


@each_secret
def test_a_variable_without_a_name_is_rejected(
    server: str,
    name: str,
    load: Callable[..., ProcessSettings],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        load(server, *needed_besides(server, name), **{variable(server, f"{name}_file"): ""})
    assert capsys.readouterr().err == (f"wanllmdb-{server}: {option(name)}-file: names no file\n")


@pytest.mark.parametrize(
    ("server", "name"),
    [("registry", "admin_key"), ("registry", "listen_database_url"), ("suggestion", "state_key")],
)
def test_a_wrong_secret_is_rejected_by_the_option_of_its_file_without_its_text(
    server: str,
    name: str,
    load: Callable[..., ProcessSettings],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (file := tmp_path / "file").write_text("postgresql://s3cret@a:port/name\n")
    with pytest.raises(SystemExit) as caught:
        load(server, f"{option(name)}-file={file}", *needed_besides(server, name))
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"wanllmdb-{server}: {option(name)}-file: ")
    assert "s3cret" not in line
