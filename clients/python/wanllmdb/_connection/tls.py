"""TLS of a client: whom it trusts, who it says it is, and what a failed handshake means."""

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

# All public authorities' certificates take about 250 kB.
_MAX_FILE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Tls:
    """How a client makes sure whom it speaks to, and the services whom they hear.

    Args:
        ca: path of a PEM file with the certificates of the authorities that are trusted;
            where None, those that gRPC trusts: the public ones.
        cert: path of a PEM file with the client's own certificate, for services that ask
            for one (mutual TLS); its issuers may follow it.
        key: path of a PEM file with the key of `cert`, without a password.
        server_name: the name that the services' certificates must bear; where None, that
            in the address, and of several addresses that in the first.
    """

    ca: StrPath | None = None
    cert: StrPath | None = None
    key: StrPath | None = None
    server_name: str | None = None


def channel_credentials(tls: Tls) -> grpc.ChannelCredentials:
    """What gRPC needs, from the files.

    Raises:
        InvalidArgumentError: a file can't be read or holds something else, or one of
            `cert` and `key` lacks the other.
    """
    if (tls.cert is None) != (tls.key is None):
        given, missing = ("cert", "key") if tls.cert is not None else ("key", "cert")
        raise InvalidArgumentError(
            f"TLS: there is a {given} ({getattr(tls, given)}) without a {missing}: a client "
            f"certificate needs both ({_env.TLS_CERT} and {_env.TLS_KEY}, or Tls(cert=, key=))"
        )
    ca = None if tls.ca is None else _read("CA", tls.ca)
    cert = None if tls.cert is None else _read("certificate", tls.cert)
    key = None if tls.key is None else _read("key", tls.key)
    _check_files(tls)
    return grpc.ssl_channel_credentials(ca, key, cert)


def tls_variables(tls: Tls | None) -> dict[str, str]:
    """The environment by which a child process gets the same."""
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
    """The argument, and for True and None what the environment says; None for plain text.

    Raises:
        InvalidArgumentError: a variable is not as it should be.
    """
    if isinstance(given, Tls):
        return given
    named = named_tls()
    # Who names an authority wants TLS.
    wanted = _env.switch(_env.TLS, default=named != Tls()) if given is None else given
    return named if wanted else None


def named_tls() -> Tls:
    """What the environment names, should there be TLS."""
    return Tls(
        ca=os.environ.get(_env.TLS_CA) or None,
        cert=os.environ.get(_env.TLS_CERT) or None,
        key=os.environ.get(_env.TLS_KEY) or None,
        server_name=os.environ.get(_env.TLS_SERVER_NAME) or None,
    )


def handshake_problem(text: str, tls: Tls | None) -> str | None:
    """What gRPC's text about a failed connection says of TLS, in a sentence for people.

    Args:
        text: gRPC's.
        tls: As the client is set.
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
            f"does not speak TLS: unset {_env.TLS}* (or leave the argument tls= out), or start it "
            "with a certificate"
        )
    if "Hostname Verification Check failed" in text:
        return (
            "has a certificate for another name: use the name in the certificate as the address, "
            f"or say that name by {_env.TLS_SERVER_NAME} (or Tls(server_name=...))"
        )
    if "certificate has expired" in text:
        return "has a certificate that has expired"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        trusted = "those known to gRPC" if tls.ca is None else f"that of {tls.ca}"
        return (
            f"has a certificate of an authority that is not trusted, which is {trusted}: set "
            f"{_env.TLS_CA} (or Tls(ca=...)) to the file of the one that signed it"
        )
    if "Socket closed" in text or "Connection reset" in text:
        return (
            "closes the connection during the TLS handshake. If it asks for client certificates, "
            + (
                f"set {_env.TLS_CERT} and {_env.TLS_KEY} (or Tls(cert=, key=))"
                if tls.cert is None
                else f"it may not trust who signed {tls.cert}"
            )
        )
    return None


class _PasswordWantedError(Exception):
    """OpenSSL asked for a password, which without this it would do on the terminal."""


def _no_password() -> NoReturn:
    raise _PasswordWantedError


def _check_files(tls: Tls) -> None:
    """gRPC takes anything, and tells at the first call that it can't begin a handshake."""
    if tls.ca is None and tls.cert is None:
        return
    # Who does without files does without it.
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if tls.ca is not None:
        try:
            context.load_verify_locations(tls.ca)
        # Also one that was taken away since it was read.
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
            "they do not belong together"
            if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH"
            else "one of them holds no such thing in PEM form"
        )
        raise InvalidArgumentError(
            f"TLS: the certificate {tls.cert} and the key {tls.key} can't be used: {why}"
        ) from None
    except _PasswordWantedError:
        raise InvalidArgumentError(
            f"TLS: the key {tls.key} is locked by a password; store it without one (openssl pkey), "
            "readable by you alone"
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
