"""Message boundaries in a stream of HTTP/2 bytes."""

from __future__ import annotations

# RFC 9113: the preface that a client sends first, and the header of each frame.
_PREFACE_BYTES = 24
_HEAD_BYTES = 9
_TYPE_AT = 3
_DATA, _HEADERS = 0, 1


class FrameScanner:
    """Finds out whether bytes of one direction contain a part of a call.

    Pings, window updates and settings do not count: cutting a connection there cuts no call short.
    """

    def __init__(self, *, from_client: bool) -> None:
        self._skip = _PREFACE_BYTES if from_client else 0
        self._head = b""

    def holds_call(self, chunk: bytes) -> bool:
        """Return whether headers or data of a call begin in the next bytes."""
        found = False
        at = 0
        while at < len(chunk):
            if self._skip:
                step = min(self._skip, len(chunk) - at)
                self._skip -= step
                at += step
                continue
            piece = chunk[at : at + _HEAD_BYTES - len(self._head)]
            self._head += piece
            at += len(piece)
            if len(self._head) == _HEAD_BYTES:
                found = found or self._head[_TYPE_AT] in (_DATA, _HEADERS)
                self._skip = int.from_bytes(self._head[:_TYPE_AT], "big")
                self._head = b""
        return found
