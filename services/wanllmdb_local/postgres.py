"""An embedded PostgreSQL: the real server, installed from a wheel, on a data directory.

For tests and scripts:

    from wanllmdb_local.postgres import create_database, embedded_postgres

    with embedded_postgres(data_dir) as url:       # about 1.5 s new, 0.3 s again
        own = create_database(url, "test_store")   # a fresh one, for one module
        ...                                        # drop_database(own) if need be

URLs have the form `postgresql://postgres:PASSWORD@127.0.0.1:PORT/NAME`, which psql, asyncpg and
every other tool understand; SQLAlchemy needs the prefix `postgresql+asyncpg://` instead (see
`sqlalchemy_url`).

The server listens on TCP on the loopback address, not on a Unix socket: few tools understand a
socket's URL, each writes it differently, and its path is limited to 107 bytes. Every user of the
machine can reach a loopback port, so there is a password (SCRAM), created with the data and kept
beside it.

The server flushes every commit to disk (fsync and synchronous_commit stay on).
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from wanllmdb_local import HOST
from wanllmdb_local import data_dir as layout
from wanllmdb_local.errors import DataDirError, StartError
from wanllmdb_local.files import OddFileError, open_log, read_text, tail
from wanllmdb_local.orphan_cleanup import read_postgres_file, stop_orphaned_postgres
from wanllmdb_local.parent_death_watch import start_tied_to_parent
from wanllmdb_local.ports import WantedPort, bind_ports
from wanllmdb_local.postgres_programs import (
    BIN_DIR,
    MAJOR_VERSION,
    hand_over,
    make_reachable,
    make_runnable,
    postgres_user,
    program,
)
from wanllmdb_local.stopping import stop_process

DATABASE = "wanllmdb"

_SUPERUSER = "postgres"
_PASSWORD_FILE = "wanllmdb.password"
LOG_FILE = "postgres.log"
_PASSWORD_BYTES = 1024
_HIGHEST_PORT = 65_535
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
# An SSLRequest of PostgreSQL's protocol: its length and its code.
_TLS_QUESTION = struct.pack("!ii", 8, 80877103)
# Written to postgresql.conf when the data is created, so that its owner may change them there. 200
# connections are enough for several replicas with a pool each.
_DEFAULTS = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "password_encryption": "scram-sha-256",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedPostgres:
    """One server on one data directory, whose lock the caller holds.

    Start it in the main thread: the server ends with the thread that started it.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.absolute()
        self._pgdata = self._data_dir / layout.POSTGRES
        self.log_file = self._data_dir / layout.LOGS / LOG_FILE
        self._user = postgres_user()
        self._port = 0
        self._deadline = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pids(self) -> list[int]:
        """The pid of the postmaster, whose backends end with it."""
        return [] if self._process is None else [self._process.pid]

    def url(self, database: str = DATABASE) -> str:
        """Return the URL of a database; valid as long as the data directory exists.

        The port stays the same over restarts, unless another program took it meanwhile.
        """
        password = quote(self._password(), safe="")
        return f"postgresql://{_SUPERUSER}:{password}@{HOST}:{self._port}/{database}"

    @property
    def address(self) -> str:
        """The address of the server, as host:port."""
        return f"{HOST}:{self._port}"

    def start(self) -> None:
        """Create the data if it is new, start the server, and wait until it answers.

        A server that a killed launcher left on the same data is stopped first.

        Raises:
            DataDirError: The data is incomplete or of another version.
            StartError: The server did not start; the message has the end of its log.
        """
        try:
            is_there = layout.has_database(self._data_dir, major_version=MAJOR_VERSION)
            if self._user is not None:
                make_runnable(BIN_DIR)
                make_reachable(self._pgdata)
            if not is_there:
                self._initdb()
        except OSError as error:
            raise DataDirError(
                f"{error.filename or self._pgdata} can't be used for PostgreSQL's data: "
                f"{error.strerror}. Change that, or choose another directory with --data-dir."
            ) from error
        self._password()
        stop_orphaned_postgres(self._pgdata)
        # Another program may take the port between the choice and the start of the server; the
        # next attempt then uses another port.
        for _attempt in range(3):
            (self._port,) = bind_ports([WantedPort(preferred=self._last_port())])
            self._launch()
            try:
                while not self.is_ready():
                    time.sleep(0.02)
            except StartError:
                if "could not bind" not in tail(self.log_file):
                    raise
            else:
                self._ensure_database()
                return
        raise StartError(f"PostgreSQL found no free port; see {self.log_file}.")

    def restart(self) -> None:
        """Restart a server that died, on the same port; `is_ready` returns true once it answers."""
        stop_orphaned_postgres(self._pgdata)
        self._launch()

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def answers(self, seconds: float) -> bool:
        """Whether the server answers anything to a new connection within the time."""
        try:
            with socket.create_connection((HOST, self._port), timeout=seconds) as connection:
                # A request for TLS is the simplest one: it needs no user and no password, and
                # leaves no line in the log.
                connection.sendall(_TLS_QUESTION)
                return bool(connection.recv(1))
        except OSError:
            return False

    def kill(self) -> None:
        """Kill all processes of the server: the next start recovers, and nothing is lost."""
        stop_orphaned_postgres(self._pgdata, by_force=True)
        if self._process is not None:
            self._process.wait()

    def is_ready(self) -> bool:
        """Whether the server accepts connections by now; recovery after a crash takes time.

        Raises:
            StartError: It ended, or took too long; the message has the end of its log.
        """
        if not self.is_running():
            why = "ended while it started"
        elif self._says_ready():
            return True
        elif time.monotonic() > self._deadline:
            why = f"was not ready after {_START_SECONDS:.0f} s"
        else:
            return False
        raise StartError(
            f"PostgreSQL on {self._pgdata} {why}. The end of its log, {self.log_file}:\n"
            + tail(self.log_file)
        )

    def stop(self, *, hurried: Callable[[], bool] = lambda: False) -> None:
        """Shut the server down: open transactions are rolled back, and all data is flushed.

        After 20 s, or once hurried, the server is killed. The next start recovers, and no
        committed data is lost.
        """
        if self._process is not None:
            stop_process(self._process, signal.SIGINT, seconds=_STOP_SECONDS, hurried=hurried)

    def _initdb(self) -> None:
        staging = self._data_dir / layout.POSTGRES_IN_THE_MAKING
        if os.path.lexists(staging):
            # An initdb was killed. Its data was never served, so nothing is lost.
            shutil.rmtree(staging)
        staging.mkdir(mode=0o700)
        # The file lies beside the new data, where the next start finds it if this process is
        # killed.
        password_file = self._data_dir / layout.INITDB_PASSWORD
        password = secrets.token_urlsafe(24)
        _write_secret(password_file, password)
        if self._user is not None:
            hand_over(staging, self._user)
            hand_over(password_file, self._user)
        command = [
            *(program("initdb"), "-D", str(staging), "-U", _SUPERUSER),
            *("--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8"),
            # This locale is built into the server, so the order is the same on every machine, and
            # an index supports searches by prefix.
            *("--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *(f"--set={name}={value}" for name, value in _DEFAULTS.items()),
        ]
        process = start_tied_to_parent(
            command, stop_signal=signal.SIGKILL, output=subprocess.PIPE, user=self._user
        )
        try:
            printed, errors = process.communicate()
        except BaseException:
            # Ctrl-C does not reach initdb, which has a session of its own.
            process.kill()
            process.wait()
            raise
        if process.returncode != 0:
            raise StartError(
                f"initdb could not create a database in {staging}:\n"
                + (errors or printed).decode(errors="replace").strip()
            )
        kept = staging / _PASSWORD_FILE
        password_file.rename(kept)
        _flush(kept)
        staging.rename(self._pgdata)
        _flush(self._data_dir)

    def _launch(self) -> None:
        with open_log(self.log_file) as log:
            self._process = start_tied_to_parent(
                [
                    *(program("postgres"), "-D", str(self._pgdata)),
                    *("-c", f"listen_addresses={HOST}", "-c", f"port={self._port}"),
                    *("-c", "unix_socket_directories="),
                ],
                stop_signal=signal.SIGINT,
                output=log,
                user=self._user,
            )
        self._deadline = time.monotonic() + _START_SECONDS

    def _says_ready(self) -> bool:
        """Read the status that the postmaster writes to its pid file (line 8)."""
        assert self._process is not None
        lines = self._pid_file()
        return len(lines) >= 8 and lines[0] == str(self._process.pid) and lines[7] == "ready"

    def _last_port(self) -> int:
        """Return the port of the server's last start, from its stored arguments; 0 for none."""
        arguments = read_postgres_file(self._pgdata / "postmaster.opts")
        found = re.search(r'"port=([0-9]{1,5})"', arguments)
        port = int(found.group(1)) if found else 0
        return port if port <= _HIGHEST_PORT else 0

    def _pid_file(self) -> list[str]:
        text = read_postgres_file(self._pgdata / "postmaster.pid")
        return [line.strip() for line in text.splitlines()]

    def _password(self) -> str:
        """Return the password of the database's user.

        Raises:
            DataDirError: The file with the password is missing or invalid.
        """
        file = self._pgdata / _PASSWORD_FILE
        try:
            text = read_text(file, most=_PASSWORD_BYTES)
            problem = "is missing" if text is None else "does not contain one line of plain text"
        except OddFileError as error:
            text, problem = None, str(error)
        password = (text or "").strip()
        if not re.fullmatch("[!-~]+", password):
            raise DataDirError(f"The file {file} {problem}. {self._password_help()}")
        return password

    def _password_help(self) -> str:
        return (
            "It holds the password of this database: put a backup in its place. Without a backup, "
            "write a new password of letters and digits to the file. Then set the password in the "
            'stopped database, as the user that owns its folder: echo "ALTER USER '
            f"{_SUPERUSER} PASSWORD 'NEW'\" | {program('postgres')} --single -D {self._pgdata} "
            "postgres"
        )

    def _ensure_database(self) -> None:
        server = self.url("postgres")
        try:
            found = _psql(server, f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'")
        except StartError as error:
            if "password authentication failed" not in str(error):
                raise
            raise DataDirError(
                f"The file {self._pgdata / _PASSWORD_FILE} holds another password than the "
                f"database. {self._password_help()}"
            ) from None
        if not found:
            create_database(server, DATABASE)


@contextmanager
def embedded_postgres(data_dir: Path | str) -> Iterator[str]:
    """Run a server on a data directory within the block; yields the URL of its database.

    Use this in the main thread. The directory is created if it is missing, and kept
    afterwards.

    Raises:
        DataDirInUseError: Another process runs on this directory.
        DataDirError: The directory can't be used as it is.
        StartError: The server did not start.
    """
    folder = Path(data_dir).absolute()
    with layout.locked(folder):
        server = EmbeddedPostgres(folder)
        try:
            server.start()
            yield server.url()
        finally:
            server.stop()


def create_database(url: str, name: str) -> str:
    """Create an empty database on the server of `url`, and return its URL."""
    _psql(url, f"CREATE DATABASE {_quoted(name)}")
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def drop_database(url: str) -> None:
    """Drop the database of `url`, ending its connections."""
    parts = urlsplit(url)
    server = urlunsplit(parts._replace(path="/postgres"))
    _psql(server, f"DROP DATABASE IF EXISTS {_quoted(parts.path.lstrip('/'))} WITH (FORCE)")


def sqlalchemy_url(url: str) -> str:
    """Return the URL in the form that makes SQLAlchemy use asyncpg."""
    return re.sub(r"^postgres(ql)?://", "postgresql+asyncpg://", url)


def _psql(url: str, statement: str) -> str:
    parts = urlsplit(url)
    # The password is passed in the environment, since all users can see arguments.
    address = urlunsplit(parts._replace(netloc=f"{parts.username}@{parts.hostname}:{parts.port}"))
    done = subprocess.run(
        [
            program("psql"),
            *("--no-psqlrc", "--quiet", "--tuples-only", "--no-align"),
            *("--set=ON_ERROR_STOP=1", f"--dbname={address}", f"--command={statement}"),
        ],
        env={**os.environ, "PGPASSWORD": unquote(parts.password or "")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode != 0:
        raise StartError(f"PostgreSQL rejected `{statement}`: {done.stderr.strip()}")
    return done.stdout.strip()


def _quoted(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,62}", name):
        raise ValueError(
            f"{name!r} is not a database name: use letters, digits, _ and - (at most 63)"
        )
    return f'"{name}"'


def _write_secret(file: Path, text: str) -> None:
    """Write a file that is readable only by its owner from the start."""
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(text + "\n")


def _flush(path: Path) -> None:
    """Flush a file's content, or a folder's entries, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
