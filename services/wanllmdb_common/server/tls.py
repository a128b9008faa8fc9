"""A server's certificate and key, from files that are read again when they change."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeAlias

import grpc
import structlog

from wanllmdb._files import read_regular

log = structlog.get_logger(__name__)

# All public authorities' certificates take about 250 kB.
_MAX_FILE_BYTES = 16 * 1024 * 1024

_Signature: TypeAlias = "tuple[FileSignature | None, ...]"


class TlsFileError(Exception):
    """A file can't be used; the text says which one and why."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths of PEM files.

    Attributes:
        cert: The server's certificate, then its issuers'.
        key: Its key, without a password.
        client_ca: Whose certificates clients must have; None where they need none.
    """

    cert: Path
    key: Path
    client_ca: Path | None = None

    def __iter__(self) -> Iterator[Path]:
        yield from filter(None, (self.cert, self.key, self.client_ca))


def check_tls_files(files: TlsFiles) -> None:
    """Passes if the files can be used now.

    Raises:
        TlsFileError: one can't.
    """
    _load(files)


def server_credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """What a server shows and asks for. Files that change are read at the next connection.

    Connections that are there stay. New files that can't be used are an error in the
    log, once, and those before go on being used.

    Raises:
        TlsFileError: a file can't be used now.
    """
    source = _Source(files)
    return grpc.dynamic_ssl_server_credentials(
        source.first(),
        source.news,  # type: ignore[arg-type]  # the stubs do not know that None means no news
        require_client_authentication=files.client_ca is not None,
    )


class _Source:
    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._lock = threading.Lock()
        self._seen: _Signature | None = None

    def first(self) -> grpc.ServerCertificateConfiguration:
        self._seen = self._signature()
        return _load(self._files)

    def news(self) -> grpc.ServerCertificateConfiguration | None:
        """What changed since; None for nothing. gRPC asks at each connection, in its threads."""
        with self._lock:
            signature = self._signature()
            if signature == self._seen:
                return None
            self._seen = signature
            try:
                loaded = _load(self._files)
            except TlsFileError as error:
                problem = str(error)
                log.error("new TLS files not taken, the old ones stay", problem=problem)  # noqa: TRY400  # the text says all
                return None
            if self._signature() != signature:
                # They were being written: what was read may be of two minds.
                self._seen = None
                return None
            log.info("new TLS files taken", files=[str(file) for file in self._files])
            return loaded

    def _signature(self) -> _Signature:
        return tuple(file_signature(file) for file in self._files)


def _load(files: TlsFiles) -> grpc.ServerCertificateConfiguration:
    contents = {file: _read(file) for file in files}
    _check(files)
    return grpc.ssl_server_certificate_configuration(
        [(contents[files.key], contents[files.cert])],
        root_certificates=contents[files.client_ca] if files.client_ca else None,
    )


def _read(file: Path) -> bytes:
    try:
        # A pipe would be waited for, at each connection.
        return read_regular(file, _MAX_FILE_BYTES)
    except OSError as error:
        raise TlsFileError(f"the file {file} can't be read: {error.strerror}") from None


def _check(files: TlsFiles) -> None:
    """gRPC itself takes anything, and then fails each handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if files.client_ca is not None:
        try:
            context.load_verify_locations(files.client_ca)
        except (ssl.SSLError, OSError):
            raise TlsFileError(f"the file {files.client_ca} holds no certificates (PEM)") from None
    try:
        context.load_cert_chain(files.cert, files.key, _no_password)
    except (ssl.SSLError, OSError) as error:
        why = (
            "they do not belong together"
            if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH"
            else "one of them holds no such thing (PEM)"
        )
        raise TlsFileError(
            f"the certificate {files.cert} and the key {files.key} can't be used: {why}"
        ) from None
    except _PasswordWantedError:
        raise TlsFileError(
            f"the key {files.key} is locked by a password; store it without one, readable by the "
            "server alone"
        ) from None


class _PasswordWantedError(Exception):
    """OpenSSL asked for a password, which without this it would do on the terminal."""


def _no_password() -> NoReturn:
    raise _PasswordWantedError


FileSignature: TypeAlias = tuple[int, int, int]


def file_signature(file: Path) -> FileSignature | None:
    """What changes with the file's content: when it was written, its size, its identity.

    None where there is no file.
    """
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
