"""The security headers of answers."""

from __future__ import annotations

import secrets

from wanllmdb_gateway.http import HeaderList

# Each request for a page gets another nonce; nothing else may hold styles of its own, and nothing
# at all may hold scripts of its own.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{nonce}; connect-src 'self'; "
    "img-src 'self' data: blob:; font-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)

COMMON: HeaderList = (
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)

OF_FILES: HeaderList = (
    *COMMON,
    ("cross-origin-resource-policy", "same-origin"),
    ("content-security-policy", _POLICY.format(nonce="")),
)

# An answer of the API is no page: whatever it holds, a browser runs none of it.
OF_CALLS: HeaderList = (
    *COMMON,
    ("cross-origin-resource-policy", "same-origin"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    ("cache-control", "no-store"),
)


def new_nonce() -> str:
    """Return a nonce for one page."""
    return secrets.token_urlsafe(18)


def of_page(nonce: str) -> HeaderList:
    """Return the headers of a page whose styles carry the nonce."""
    return (
        *COMMON,
        ("cross-origin-resource-policy", "same-origin"),
        ("content-security-policy", _POLICY.format(nonce=f" 'nonce-{nonce}'")),
        ("cache-control", "no-cache"),
    )
