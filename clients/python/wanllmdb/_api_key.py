"""The API key that a client sends: where it comes from, and where it may go."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from wanllmdb import _env
from wanllmdb._errors import InvalidArgumentError
from wanllmdb._files import read_given

_FORM = re.compile(r"wsk_[a-z0-9]+_[!-~]+")
# A key file is one line; what is much longer is some other file.
_MAX_FILE_BYTES = 4096
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class GivenKey:
    """A key and how it was given.

    Attributes:
        text: `wsk_<id>_<secret>`; empty for none.
        source: For people: what was set to it.
        file: The file that it was read from, as an absolute path.
    """

    text: str = field(default="", repr=False)
    source: str = ""
    file: Path | None = None

    def variables(self) -> dict[str, str]:
        """The environment by which a child process gets the same."""
        return {
            _env.API_KEY: "" if self.file is not None else self.text,
            _env.API_KEY_FILE: "" if self.file is None else str(self.file),
        }


def given_key(given: str | os.PathLike[str] | None) -> GivenKey:
    """The key as argument (a path object names a file), else from the environment.

    Raises:
        InvalidArgumentError: what was given is no key, or its file can't be read.
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
    """The key that is in the file by now; itself if it is from none.

    Raises:
        InvalidArgumentError: the file can't be read, or holds no key.
    """
    return key if key.file is None else _from_file(key.file, key.source)


def new_secret() -> str:
    """The secret part of a new key: 32 random bytes in base64url."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_SECRET_BYTES)).rstrip(b"=").decode()


def secret_digest(secret: str) -> bytes:
    """What a server stores of a secret."""
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
    # Not only to tell it early: what else stands there may be a secret of another place.
    if not _FORM.fullmatch(key.text):
        raise InvalidArgumentError(
            f"{key.source} holds no API key: one looks like wsk_<id>_<secret>, on one line"
        )
    return key
