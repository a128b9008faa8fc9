"""JSON for a log that may be read on a terminal."""

from __future__ import annotations

import json
from typing import Any


def one_line(value: object, **options: Any) -> str:
    """A document on one line, in ASCII that a terminal shows as it is."""
    # `json` escapes all that a terminal obeys but DEL.
    return json.dumps(value, **options).replace("\x7f", "\\u007f")
