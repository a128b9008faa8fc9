"""Keys as text: `wsk_<id>_<secret>`."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field

ROOT_KEY_ID = "root"
MIN_SECRET = 32
MAX_SECRET = 128

# Of lower-case letters and digits, so that the first underscore after it ends an id;
# longer than `root`, and never the same twice: 62 bits.
_ID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 12

_TEXT = re.compile(
    rf"wsk_(?P<key_id>[a-z0-9]{{1,40}})_(?P<secret>[A-Za-z0-9_-]{{{MIN_SECRET},{MAX_SECRET}}})"
)


@dataclass(frozen=True, slots=True)
class KeyText:
    """The two parts of a key's text. The secret is left out where it is printed."""

    key_id: str
    secret: str = field(repr=False)

    @property
    def secret_sha256(self) -> bytes:
        """What is stored in the secret's stead: 32 bytes."""
        return hashlib.sha256(self.secret.encode()).digest()


def parse_key(text: str) -> KeyText | None:
    """The parts; None for a text that is no key's."""
    match = _TEXT.fullmatch(text)
    return None if match is None else KeyText(match["key_id"], match["secret"])


def parse_root_key(text: str) -> KeyText:
    """The parts of the operator's own key.

    Raises:
        ValueError: says what the text must be, without a word of it.
    """
    parsed = parse_key(text)
    if parsed is None or parsed.key_id != ROOT_KEY_ID:
        raise ValueError(
            f"must be wsk_{ROOT_KEY_ID}_ and a secret of {MIN_SECRET} to {MAX_SECRET} letters, "
            "digits, '-' and '_'"
        )
    return parsed


def new_key_id() -> str:
    """An id that no other key has."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))
