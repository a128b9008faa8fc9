"""Sessions: an API key in a cookie that only the gateway can open.

The cookie holds the key, sealed by AES-GCM under a secret of the gateway, with the time at which
it expires. Nothing is stored: gateways with the same secret open one another's sessions. Neither
the page's scripts nor a reader of the browser's storage learns the key.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wanllmdb._files import read_regular

# A browser keeps a cookie with this prefix only if it came over TLS, for this host alone. It
# rejects the prefix over plain HTTP, also from a loopback address, hence the second name.
TLS_COOKIE = "__Host-wanllmdb"
PLAIN_COOKIE = "wanllmdb-session"
# Browsers cut or drop cookies of more than 4,096 bytes.
MAX_KEY_LENGTH = 1_000
MIN_SECRET_DIGITS = 64
_MAX_FILE_BYTES = 64 * 1024
_MAX_SECRETS = 10
_NONCE_BYTES = 12
_CONTEXT = b"wanllmdb gateway session v1"


class SessionKeyError(Exception):
    """The file of session secrets can't be used; the text names the file and the reason."""


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser.

    Attributes:
        key_text: The API key, a secret: never log it, never send it but to the services.
        key_id: The id of the key, as the registry reported it.
        expires: The time of expiry, in seconds since 1970.
    """

    key_text: str
    key_id: str
    expires: float

    def __repr__(self) -> str:
        return f"Session(key_id={self.key_id!r})"


class Sessions:
    """Seals and opens sessions.

    Args:
        session_secrets: At least 32 bytes each. The first one seals, and each of them opens.
        is_secure: Whether browsers reach the gateway over TLS.
        lifetime: Seconds for which a session is valid.
        clock: Returns seconds since 1970.
    """

    def __init__(
        self,
        session_secrets: Sequence[bytes],
        *,
        is_secure: bool,
        lifetime: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ciphers = [AESGCM(_derived(secret)) for secret in session_secrets]
        self._is_secure = is_secure
        self.lifetime = lifetime
        self._clock = clock

    @property
    def cookie_name(self) -> str:
        """The name of the cookie."""
        return TLS_COOKIE if self._is_secure else PLAIN_COOKIE

    def new(self, key_text: str, key_id: str, expires: float | None = None) -> Session:
        """Return a session that begins now; `expires` is the key's own expiry, if it has one."""
        end = self._clock() + self.lifetime
        return Session(key_text, key_id, end if expires is None else min(end, expires))

    def seal(self, session: Session) -> str:
        """Return the value of the cookie."""
        content = json.dumps([session.key_text, session.key_id, session.expires]).encode()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._ciphers[0].encrypt(nonce, content, _CONTEXT)
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, value: str) -> Session | None:
        """Return the session of a cookie's value; None if it is expired or not the gateway's."""
        if len(value) > 4_096:
            return None
        try:
            sealed = base64.b64decode(value + "=" * (-len(value) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        if len(nonce) < _NONCE_BYTES:
            return None
        for cipher in self._ciphers:
            try:
                key_text, key_id, expires = json.loads(cipher.decrypt(nonce, content, _CONTEXT))
            except InvalidTag:
                continue
            session = Session(key_text, key_id, expires)
            return session if self._clock() < session.expires else None
        return None

    def of_cookies(self, header: str) -> Session | None:
        """Return the session in a Cookie header; None without a valid one."""
        for part in header.split(";"):
            name, _, value = part.strip().partition("=")
            if name == self.cookie_name:
                return self.open(value)
        return None

    def cookie(self, session: Session) -> str:
        """Return the Set-Cookie header that begins a session."""
        seconds = max(int(session.expires - self._clock()), 0)
        return self._set(self.seal(session), seconds)

    def no_cookie(self) -> str:
        """Return the Set-Cookie header that ends a session."""
        return self._set("", 0)

    def _set(self, value: str, seconds: int) -> str:
        secure = "; Secure" if self._is_secure else ""
        return (
            f"{self.cookie_name}={value}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Strict"
            f"{secure}"
        )


def read_session_secrets(file: Path | None) -> list[bytes]:
    """Return the secrets of a file, the sealing one first; a random one without a file.

    Raises:
        SessionKeyError: the file can't be read, or holds something else.
    """
    if file is None:
        return [secrets.token_bytes(32)]
    try:
        text = read_regular(file, _MAX_FILE_BYTES).decode("ascii")
    except OSError as error:
        raise SessionKeyError(f"the file {file} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SessionKeyError(f"the file {file} is not text") from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or len(lines) > _MAX_SECRETS:
        raise SessionKeyError(f"the file {file} must hold 1 to {_MAX_SECRETS} lines")
    for number, line in enumerate(lines, 1):
        if len(line) < MIN_SECRET_DIGITS or not re.fullmatch("([0-9a-fA-F]{2})+", line):
            raise SessionKeyError(
                f"line {number} of the file {file} must be an even number of at least "
                f"{MIN_SECRET_DIGITS} hexadecimal digits: openssl rand -hex 32"
            )
    return [bytes.fromhex(line) for line in lines]


def _derived(secret: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=_CONTEXT).derive(secret)
