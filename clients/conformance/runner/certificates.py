"""Certificates of services and clients that trust one authority, and another authority."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import grpc
import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


class Certificates:
    """The PEM files of one authority and of what it has signed.

    Args:
        folder: holds the files.
    """

    def __init__(self, folder: Path) -> None:
        self._authority = folder / "ca.pem"
        self._service = folder / "service.pem"
        self._client = folder / "client.pem"
        self.strange_authority = folder / "strange-ca.pem"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self._authority)
        trustme.CA().cert_pem.write_to_path(self.strange_authority)
        for file, name in ((self._service, "127.0.0.1"), (self._client, "client")):
            issued = authority.issue_cert(name)
            for number, blob in enumerate(issued.cert_chain_pems):
                blob.write_to_path(file, append=number > 0)
            _key_of(file).write_bytes(_in_pkcs8(issued.private_key_pem.bytes()))

    @property
    def arguments(self) -> list[str]:
        """The arguments of `wanllmdb up` for mutual TLS."""
        return [
            *("--tls-cert", str(self._service), "--tls-key", str(_key_of(self._service))),
            *("--tls-client-ca", str(self._authority)),
        ]

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables of a client."""
        return {
            "WANLLMDB_TLS_CA": str(self._authority),
            "WANLLMDB_TLS_CERT": str(self._client),
            "WANLLMDB_TLS_KEY": str(_key_of(self._client)),
        }

    @property
    def credentials(self) -> grpc.ChannelCredentials:
        """The credentials of a channel."""
        return grpc.ssl_channel_credentials(
            self._authority.read_bytes(),
            _key_of(self._client).read_bytes(),
            self._client.read_bytes(),
        )


def _in_pkcs8(key: bytes) -> bytes:
    """Return a key in the form that the TLS of every language reads."""
    return load_pem_private_key(key, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


def _key_of(certificate: Path) -> Path:
    return certificate.with_suffix(".key")
