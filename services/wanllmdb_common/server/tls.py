"""A server's TLS certificate and key, from files that are reloaded when they change."""

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

# The certificates of all public authorities take about 250 kB.
_MAX_FILE_BYTES = 16 * 1024 * 1024

_Signature: TypeAlias = "tuple[FileSignature | None, ...]"


class TlsFileError(Exception):
    """A TLS file can't be used; the text names the file and the reason."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths of PEM files.

    Attributes:
        cert: The server's certificate, followed by those of its issuers.
        key: The certificate's private key, without a password.
        client_ca: The authorities that must have signed client certificates; None where
            clients need no certificate.
    """

    cert: Path
    key: Path
    client_ca: Path | None = None

    def __iter__(self) -> Iterator[Path]:
        yield from filter(None, (self.cert, self.key, self.client_ca))


def check_tls_files(files: TlsFiles) -> None:
    """Check that the files can be used now.

    Raises:
        TlsFileError: a file can't be used.
    """
    _load(files)


def server_credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """Return credentials that reload changed files at the next connection.

    Open connections stay. New files that can't be used are logged as an error once, and the
    previous files stay in use.

    Raises:
        TlsFileError: a file can't be used now.
    """
    source = _Source(files)
    return grpc.dynamic_ssl_server_credentials(
        source.first(),
        source.news,  # type: ignore[arg-type]  # the stubs do not know that None means unchanged
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
        """Return the new files if they changed, else None; gRPC calls this at each connection,
        in its own threads.
        """
        with self._lock:
            signature = self._signature()
            if signature == self._seen:
                return None
            self._seen = signature
            try:
                loaded = _load(self._files)
            except TlsFileError as error:
                problem = str(error)
                log.error("can't load the new TLS files; the old ones stay in use", problem=problem)  # noqa: TRY400  # the text is complete
                return None
            if self._signature() != signature:
                # A file was being written: the certificate and the key may not match.
                self._seen = None
                return None
            log.info("loaded new TLS files", files=[str(file) for file in self._files])
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
        # `read_regular` rejects a pipe, which would block every connection.
        return read_regular(file, _MAX_FILE_BYTES)
    except OSError as error:
        raise TlsFileError(f"the file {file} can't be read: {error.strerror}") from None


def _check(files: TlsFiles) -> None:
    """Check the files with OpenSSL: gRPC accepts any content, and then each handshake fails."""
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
            "they do not match"
            if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH"
            else "one of the files holds no PEM certificate or key"
        )
        raise TlsFileError(
            f"the certificate {files.cert} and the key {files.key} can't be used: {why}"
        ) from None
    except _PasswordWantedError:
        raise TlsFileError(
            f"the key {files.key} is protected by a password; store it without one, readable "
            "only by the server"
        ) from None


class _PasswordWantedError(Exception):
    """OpenSSL asked for a password, which it would otherwise do on the terminal."""


def _no_password() -> NoReturn:
    raise _PasswordWantedError


FileSignature: TypeAlias = tuple[int, int, int]


def file_signature(file: Path) -> FileSignature | None:
    """Return what changes with a file's content: its modification time, size and inode.

    None if there is no file.
    """
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
