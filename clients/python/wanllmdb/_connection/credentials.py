"""A client's credentials: its API key, TLS, and where the key may be sent."""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import grpc

from wanllmdb import _env
from wanllmdb._connection.addresses import Service, is_loopback
from wanllmdb._connection.tls import Tls, channel_credentials, tls_of, tls_variables
from wanllmdb._errors import InvalidArgumentError
from wanllmdb._files import read_given

_FORM = re.compile(r"wsk_[a-z0-9]+_[!-~]+")
# A key file is one line; a much longer file is not a key file.
_MAX_FILE_BYTES = 4096
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class GivenKey:
    """An API key and its source.

    Attributes:
        text: `wsk_<id>_<secret>`; empty for no key.
        source: for messages: the setting that gave the key.
        file: the absolute path of the file that the key was read from.
    """

    text: str = field(default="", repr=False)
    source: str = ""
    file: Path | None = None

    def variables(self) -> dict[str, str]:
        """Environment variables that give a child process the same key."""
        return {
            _env.API_KEY: "" if self.file is not None else self.text,
            _env.API_KEY_FILE: "" if self.file is None else str(self.file),
        }


def given_key(given: str | os.PathLike[str] | None) -> GivenKey:
    """The key from the argument (a path object names a file), else from the environment.

    Raises:
        InvalidArgumentError: the value is not a key, or its file can't be read.
    """
    if isinstance(given, os.PathLike):
        return _from_file(Path(given), f"the file {given}")
    if given:
        return _checked(GivenKey(given.strip(), "the argument api_key="))
    if text := os.environ.get(_env.API_KEY, "").strip():
        return _checked(GivenKey(text, _env.API_KEY))
    if path := os.environ.get(_env.API_KEY_FILE):
        return _from_file(Path(path), f"the file {path} ({_env.API_KEY_FILE})")
    return GivenKey()


def read_again(key: GivenKey) -> GivenKey:
    """The key that its file holds now; the same key if it is not from a file.

    Raises:
        InvalidArgumentError: the file can't be read, or holds no key.
    """
    return key if key.file is None else _from_file(key.file, key.source)


def new_secret() -> str:
    """The secret part of a new key: 32 random bytes in base64url."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_SECRET_BYTES)).rstrip(b"=").decode()


def secret_digest(secret: str) -> bytes:
    """The SHA-256 digest of a secret, which is what a server stores."""
    return hashlib.sha256(secret.encode("ascii")).digest()


def _from_file(path: Path, source: str) -> GivenKey:
    try:
        data = read_given(path, _MAX_FILE_BYTES)
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise InvalidArgumentError(
                f"the API key in {source} can't be read: {error.strerror}"
            ) from None
        data = b""
    text = data.decode("ascii", errors="replace").strip()
    return _checked(GivenKey(text, source, path.absolute()))


def _checked(key: GivenKey) -> GivenKey:
    # Any other text may be a secret of another system, which must not be sent.
    if not _FORM.fullmatch(key.text):
        raise InvalidArgumentError(
            f"{key.source} holds no API key: one looks like wsk_<id>_<secret>, on one line"
        )
    return key


@dataclass(slots=True)
class Credentials:
    """One client's API key and TLS settings.

    Attributes:
        key: the API key; without text for none. A key from a file may be replaced later.
        tls: the TLS settings; None for plain text.
        channel: gRPC's form of `tls`.
        insecure: whether the key may be sent in plain text to other machines.
    """

    key: GivenKey
    tls: Tls | None
    channel: grpc.ChannelCredentials | None = field(repr=False)
    insecure: bool

    @classmethod
    def of(
        cls,
        api_key: str | os.PathLike[str] | None,
        tls: bool | Tls | None,
        insecure: bool | None,
    ) -> Self:
        """Credentials from a client's arguments, else from the environment.

        Raises:
            InvalidArgumentError: the key or a TLS setting is invalid.
        """
        chosen = tls_of(tls)
        return cls(
            key=given_key(api_key),
            tls=chosen,
            channel=None if chosen is None else channel_credentials(chosen),
            insecure=_env.switch(_env.INSECURE, default=False) if insecure is None else insecure,
        )

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """The authorization metadata of each call."""
        return (("authorization", f"Bearer {self.key.text}"),) if self.key.text else ()

    def has_other_key_than(self, refused: str) -> bool:
        """Whether the key file now holds another key than the rejected one."""
        if self.key.file is not None:
            # The server's error is more useful than a problem with the file.
            with contextlib.suppress(InvalidArgumentError):
                self.key = read_again(self.key)
        return self.key.text != refused

    def check_target(self, service: Service, address: str, target: str) -> None:
        """Check that the key may be sent to a target.

        Raises:
            InvalidArgumentError: the key would go to another machine in plain text.
        """
        if self.key.text and self.tls is None and not self.insecure and not is_loopback(target):
            raise InvalidArgumentError(
                f"the API key would go to the {service.name} at {address} in plain text, readable "
                f"on the network: use TLS ({_env.TLS}=1, {_env.TLS_CA}=FILE, or the argument "
                f"tls=), or, in a network that you trust, set {_env.INSECURE}=1 (or the argument "
                "insecure=True)"
            )

    def variables(self) -> dict[str, str]:
        """Environment variables that give a child process the same credentials, key included."""
        return {
            **self.key.variables(),
            **tls_variables(self.tls),
            _env.INSECURE: "1" if self.insecure else "0",
        }
