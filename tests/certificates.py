"""Certificates for tests, created by each test."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class CertificateFiles:
    """A certificate and its key in PEM files, and the certificate of its issuer."""

    cert: Path
    key: Path
    ca: Path


class Authority:
    """An authority that signs certificates and writes them into a folder."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._ca = trustme.CA(organization_name=name)
        self._folder = folder / name
        self._folder.mkdir()
        self.file = self._folder / "ca.pem"
        self._ca.cert_pem.write_to_path(self.file)

    def issue(self, *names: str, file: str = "server") -> CertificateFiles:
        """Issue a certificate for these names, into the same files if there is one already."""
        issued = self._ca.issue_cert(*(names or ("localhost", "127.0.0.1")))
        files = CertificateFiles(
            self._folder / f"{file}.pem", self._folder / f"{file}.key", self.file
        )
        chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        replace(files.key, issued.private_key_pem.bytes())
        replace(files.cert, chain)
        return files


def replace(file: Path, content: bytes) -> None:
    """Replace an old file with a new one atomically."""
    staging = file.with_name(file.name + ".new")
    with contextlib.suppress(FileNotFoundError):
        staging.unlink()
    with os.fdopen(os.open(staging, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as out:
        out.write(content)
    staging.replace(file)
