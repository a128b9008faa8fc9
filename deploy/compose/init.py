"""Make the certificates and secrets of compose.yaml, each service's in a folder of its own.

Usage: init.py FOLDER OWNER

FOLDER/ca has the certificate of the authority, for every client. FOLDER/authority has its key, and
no other service mounts that. OWNER is the user, by number, to whom the files belong.

What is there stays as it is, so this may run at every start. Certificates with less than 30 days
left are issued again; the services load them while they run.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAMES = {
    "registry": ("registry", "registry-1", "registry-2"),
    "suggestion": ("suggestion", "suggestion-1", "suggestion-2"),
    "gateway": ("gateway",),
}
"""The names in the certificate of each service, besides those of the machine itself."""

LIFETIME = timedelta(days=397)
AUTHORITY_LIFETIME = timedelta(days=3650)
RENEWED_BEFORE = timedelta(days=30)

FOR_OWNER = 0o400
FOR_ALL = 0o444


class Folder:
    """Writes files that belong to one user."""

    def __init__(self, root: Path, owner: int) -> None:
        self._root = root
        self._owner = owner

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None if there is none."""
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes, mode: int = FOR_OWNER) -> None:
        """Replace a file as a whole, so that a service never reads a part of it."""
        file = self._root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        staging = file.with_name(file.name + ".new")
        staging.unlink(missing_ok=True)
        with os.fdopen(os.open(staging, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
            out.write(content)
        staging.chmod(mode)
        if os.geteuid() != self._owner:
            os.chown(staging, self._owner, self._owner)
        staging.replace(file)
        print(f"wrote {name} ({stat.filemode(mode)})")

    def write_new(self, name: str, text: str, mode: int = FOR_OWNER) -> None:
        """Write a secret, unless there is one."""
        if self.read(name) is None:
            self.write(name, text.encode(), mode)


def issued(
    subject: str,
    lifetime: timedelta,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None,
    names: Iterable[str] = (),
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Return a certificate and its key: a server's, or without an issuer that of an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name if issuer is None else issuer[0].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # The clocks of other machines may be behind.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + lifetime)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer is not None:
        builder = (
            builder.add_extension(x509.SubjectAlternativeName(_general(names)), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key()),
                critical=False,
            )
        )
    return builder.sign(key if issuer is None else issuer[1], hashes.SHA256()), key


def _general(names: Iterable[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def pem(certificate: x509.Certificate) -> bytes:
    """Return the certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def pem_of_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the key as PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def authority(folder: Folder) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Return the authority, made at the first call."""
    certificate, key = folder.read("authority/ca.pem"), folder.read("authority/ca.key")
    if certificate is not None and key is not None:
        loaded = serialization.load_pem_private_key(key, None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        return x509.load_pem_x509_certificate(certificate), loaded
    made = issued("wanllmdb compose", AUTHORITY_LIFETIME, None)
    folder.write("authority/ca.key", pem_of_key(made[1]))
    folder.write("authority/ca.pem", pem(made[0]), FOR_ALL)
    return made


def write_certificates(folder: Folder, more_names: Iterable[str]) -> None:
    """Write the certificate of each service that has none, or whose time or names do not last."""
    issuer = authority(folder)
    if folder.read("ca/ca.pem") != pem(issuer[0]):
        folder.write("ca/ca.pem", pem(issuer[0]), FOR_ALL)
    for service, own_names in NAMES.items():
        names = [*own_names, "localhost", "127.0.0.1", *more_names]
        content = folder.read(f"{service}/tls.pem")
        if content is not None and _lasts(x509.load_pem_x509_certificate(content), names):
            continue
        certificate, key = issued(own_names[0], LIFETIME, issuer, names)
        # The key first: a service that sees a certificate without its key keeps the old files.
        folder.write(f"{service}/tls.key", pem_of_key(key))
        folder.write(f"{service}/tls.pem", pem(certificate), FOR_ALL)


def _lasts(certificate: x509.Certificate, names: Iterable[str]) -> bool:
    own = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    is_long = certificate.not_valid_after_utc - datetime.now(UTC) > RENEWED_BEFORE
    return is_long and set(_general(names)) <= set(own)


def write_secrets(folder: Folder) -> None:
    """Write each secret that is missing."""
    password = folder.read("database/password")
    if password is None:
        password = secrets.token_urlsafe(32).encode()
        # PostgreSQL's container has a user of its own.
        folder.write("database/password", password, FOR_ALL)
    # Follows a password that an operator has changed.
    url = b"postgresql://wanllmdb:%b@postgres:5432/wanllmdb\n" % password.strip()
    if folder.read("database/url") != url:
        folder.write("database/url", url)
    folder.write_new("registry/admin.key", f"wsk_root_{secrets.token_urlsafe(32)}")
    folder.write_new("suggestion/state.key", secrets.token_hex(32))
    folder.write_new("gateway/session.key", f"{secrets.token_hex(32)}\n")


def main() -> None:
    """Make what is missing; WANLLMDB_NAMES has further names for the certificates."""
    folder = Folder(Path(sys.argv[1]), int(sys.argv[2]))
    more = os.environ.get("WANLLMDB_NAMES", "").replace(",", " ").split()
    write_certificates(folder, more)
    write_secrets(folder)


if __name__ == "__main__":
    main()
