"""TLS settings of a client, and explanations of failed handshakes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import grpc

from wanllmdb import _env
from wanllmdb._errors import InvalidArgumentError
from wanllmdb._files import read_regular

StrPath = str | os.PathLike[str]

# The certificates of all public authorities take about 250 kB.
_MAX_FILE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Tls:
    """How a client verifies the services, and identifies itself to them.

    Args:
        ca: path of a PEM file with the certificates of trusted authorities. None trusts the
            public authorities that gRPC trusts.
        cert: path of a PEM file with the client's own certificate, for services that require
            one (mutual TLS). Certificates of its issuers may follow in the file.
        key: path of a PEM file with the private key of `cert`, without a password.
        server_name: the name that the services' certificates must have. Defaults to the name in
            the address, or in the first of several addresses.
    """

    ca: StrPath | None = None
    cert: StrPath | None = None
    key: StrPath | None = None
    server_name: str | None = None


def channel_credentials(tls: Tls) -> grpc.ChannelCredentials:
    """Read the files of the settings into gRPC's credentials.

    Raises:
        InvalidArgumentError: a file can't be read or has the wrong content, or `cert` or `key`
            is given without the other.
    """
    if (tls.cert is None) != (tls.key is None):
        given, missing = ("cert", "key") if tls.cert is not None else ("key", "cert")
        raise InvalidArgumentError(
            f"TLS: a {given} ({getattr(tls, given)}) is given without a {missing}: a client "
            f"certificate needs both ({_env.TLS_CERT} and {_env.TLS_KEY}, or Tls(cert=, key=))"
        )
    ca = None if tls.ca is None else _read("CA", tls.ca)
    cert = None if tls.cert is None else _read("certificate", tls.cert)
    key = None if tls.key is None else _read("key", tls.key)
    _check_files(tls)
    return grpc.ssl_channel_credentials(ca, key, cert)


def tls_variables(tls: Tls | None) -> dict[str, str]:
    """Environment variables that give a child process the same TLS settings."""
    if tls is None:
        return {_env.TLS: "0"}
    return {
        _env.TLS: "1",
        _env.TLS_CA: _absolute(tls.ca),
        _env.TLS_CERT: _absolute(tls.cert),
        _env.TLS_KEY: _absolute(tls.key),
        _env.TLS_SERVER_NAME: tls.server_name or "",
    }


def tls_of(given: bool | Tls | None) -> Tls | None:
    """The given settings; for True and None, those of the environment. None for plain text.

    Raises:
        InvalidArgumentError: an environment variable is invalid.
    """
    if isinstance(given, Tls):
        return given
    named = named_tls()
    # A setting such as an authority implies TLS.
    wanted = _env.switch(_env.TLS, default=named != Tls()) if given is None else given
    return named if wanted else None


def named_tls() -> Tls:
    """The TLS settings of the environment, whether or not TLS is on."""
    return Tls(
        ca=os.environ.get(_env.TLS_CA) or None,
        cert=os.environ.get(_env.TLS_CERT) or None,
        key=os.environ.get(_env.TLS_KEY) or None,
        server_name=os.environ.get(_env.TLS_SERVER_NAME) or None,
    )


def handshake_problem(text: str, tls: Tls | None) -> str | None:
    """Explain the TLS problem in gRPC's error text; None if the text shows none.

    Args:
        text: gRPC's error text.
        tls: the client's settings.
    """
    if tls is None:
        if "Socket closed" in text or "Connection reset" in text:
            return (
                "closes the connection at once. If it speaks TLS, set "
                f"{_env.TLS}=1 (or the argument tls=True)"
            )
        return None
    if "WRONG_VERSION_NUMBER" in text:
        return (
            f"does not speak TLS: unset {_env.TLS}* (or omit the argument tls=), or start it "
            "with a certificate"
        )
    if "Hostname Verification Check failed" in text:
        return (
            "has a certificate for another name: use the name in the certificate as the address, "
            f"or set {_env.TLS_SERVER_NAME} (or Tls(server_name=...)) to that name"
        )
    if "certificate has expired" in text:
        return "has a certificate that has expired"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        trusted = "those known to gRPC" if tls.ca is None else f"those in {tls.ca}"
        return (
            f"has a certificate of an authority that is not trusted (trusted: {trusted}): set "
            f"{_env.TLS_CA} (or Tls(ca=...)) to the certificate file of the signing authority"
        )
    if "Socket closed" in text or "Connection reset" in text:
        return (
            "closes the connection during the TLS handshake. If it requires client certificates, "
            + (
                f"set {_env.TLS_CERT} and {_env.TLS_KEY} (or Tls(cert=, key=))"
                if tls.cert is None
                else f"it may not trust the authority that signed {tls.cert}"
            )
        )
    return None


class _PasswordWantedError(Exception):
    """OpenSSL asked for a password; without this error it would ask on the terminal."""


def _no_password() -> NoReturn:
    raise _PasswordWantedError


def _check_files(tls: Tls) -> None:
    """Check the files' content; gRPC would report a bad file only at the first call."""
    if tls.ca is None and tls.cert is None:
        return
    # Imported only where there are files to check.
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if tls.ca is not None:
        try:
            context.load_verify_locations(tls.ca)
        # This includes a file that was removed after it was read.
        except OSError:
            raise InvalidArgumentError(
                f"TLS: the CA file {tls.ca} holds no certificates in PEM form"
            ) from None
    if tls.cert is None:
        return
    try:
        context.load_cert_chain(tls.cert, tls.key, _no_password)
    except OSError as error:
        why = (
            "the key does not belong to the certificate"
            if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH"
            else "one of the files holds no certificate or key in PEM form"
        )
        raise InvalidArgumentError(
            f"TLS: the certificate {tls.cert} and the key {tls.key} can't be used: {why}"
        ) from None
    except _PasswordWantedError:
        raise InvalidArgumentError(
            f"TLS: the key {tls.key} is protected by a password; store it without one (openssl "
            "pkey), readable only by its owner"
        ) from None


def _read(what: str, path: StrPath) -> bytes:
    try:
        return read_regular(path, _MAX_FILE_BYTES)
    except OSError as error:
        raise InvalidArgumentError(
            f"TLS: the {what} file {path} can't be read: {error.strerror}"
        ) from None


def _absolute(path: StrPath | None) -> str:
    return "" if path is None else str(Path(path).absolute())
