"""The `wanllmdb` program run many times in one process of its own, which starts faster."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence

from tests.integration.client.command_line import Said

# `main` is called once for each list of arguments, with streams as of a process of its own.
_RUN_EACH = """
import io, json, sys
from wanllmdb.cli.main import main
said = []
real = sys.stdout
for arguments in json.load(sys.stdin):
    sys.argv = ["wanllmdb", *arguments]
    sys.stdout = io.TextIOWrapper(io.BytesIO(), "utf-8")
    sys.stderr = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    texts = []
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())
    said.append([*texts, code])
print(json.dumps(said), file=real)
"""


async def run_each(
    lists: Sequence[Sequence[str]], environment: Mapping[str, str], *, seconds: float
) -> list[Said]:
    """The output of `wanllmdb ARGUMENTS` for each list of arguments.

    Raises:
        TimeoutError: they take longer than these seconds in all.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _RUN_EACH),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        answer, _ = await asyncio.wait_for(process.communicate(json.dumps(lists).encode()), seconds)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return [Said(*said) for said in json.loads(answer)]
