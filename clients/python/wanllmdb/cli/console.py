"""Where tables for people go."""

from __future__ import annotations

import os
import sys

from rich.console import Console

# A pipe has no width; a table cut at 80 columns would lose what is grepped for.
_WIDTH_WITHOUT_TERMINAL = 240


def stdout() -> Console:
    """A console for standard output, made when it is used so that it may be redirected."""
    width = None
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        width = _WIDTH_WITHOUT_TERMINAL
    return Console(width=width, highlight=False)
