"""Why the system does not start a program with its arguments, and what helps."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping, Sequence

from wanllmdb._shown import in_short

_ELSE = "pass the parameters in a file: ${args_json_file}"


def why_not_started(
    error: OSError | ValueError, command: Sequence[str], environment: Mapping[str, str]
) -> str:
    """In a sentence, with the argument or variable at fault where there is one."""
    texts = {f"the argument {in_short(word)!r}": word for word in command}
    texts |= {f"the variable {name}": f"{name}={value}" for name, value in environment.items()}
    if isinstance(error, OSError):
        if error.errno != errno.E2BIG:
            return str(error)
        sizes = {what: len(os.fsencode(text)) for what, text in texts.items()}
        longest = max(sizes, key=sizes.__getitem__)
        return (
            f"its arguments and variables take {sum(sizes.values()):,} bytes, {longest} alone "
            f"{sizes[longest]:,}, and that is more than the system passes on: {_ELSE}"
        )
    for what, text in texts.items():
        if "\0" in text:
            return f"{what} holds a NUL character, which no program can be given: {_ELSE}"
        try:
            os.fsencode(text)
        except UnicodeEncodeError:
            encoding = sys.getfilesystemencoding()
            return (
                f"{what} has characters that {encoding} lacks, the encoding that this agent's "
                f"locale names: start the agent with PYTHONUTF8=1 or LC_ALL=C.UTF-8, or {_ELSE}"
            )
    return str(error)
