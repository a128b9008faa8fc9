"""A testee: the program of one language that carries out commands."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import tomllib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from clients.conformance.runner.cases import FOLDER

ROOT = FOLDER.parents[1]
ANSWER_SECONDS = 60.0
"""A program in a virtual machine may take seconds for its first answer on a busy computer."""
_LONGEST_LINE = 16 * 1024 * 1024
_END_SECONDS = 5.0
_ERROR_LINES = 20
"""Lines of stderr that are shown of a testee that does not answer any more."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language, and the command that starts its testee in the top folder of the repository."""

    name: str
    command: Sequence[str]


class TesteeError(Exception):
    """A testee did not answer, or answered what is no answer."""


def languages_in(path: Path = FOLDER / "testees.toml") -> list[Language]:
    """Return the languages that have a testee, in the order of the file."""
    return [
        Language(
            name, [sys.executable if word == "{python}" else word for word in table["command"]]
        )
        for name, table in tomllib.loads(path.read_text()).items()
    ]


class Testee:
    """A running testee."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._count = 0

    async def ask(
        self, operation: str, given: Mapping[str, Any], *, seconds: float | None = ANSWER_SECONDS
    ) -> Mapping[str, Any]:
        """Return the answer to one command; wait for it without a limit if `seconds` is None.

        Raises:
            TesteeError: there is none.
        """
        self._count += 1
        command = {"id": self._count, "operation": operation, "given": given}
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            await self._process.stdin.drain()
            return await asyncio.wait_for(self._answer(), seconds)
        except ConnectionError:
            raise TesteeError("the testee has ended") from None
        except TimeoutError:
            raise TesteeError(f"no answer to {operation} in {seconds or 0:.0f} s") from None

    def kill(self) -> None:
        """Send SIGKILL to the testee and to every process that it has started."""
        _kill(self._process)

    async def _answer(self) -> Mapping[str, Any]:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise TesteeError("the testee has ended")
        try:
            answer = json.loads(line)
        except ValueError:
            raise TesteeError(f"no JSON: {line[:200]!r}") from None
        if not isinstance(answer, dict) or answer.get("id") != self._count:
            raise TesteeError(f"no answer to command {self._count}: {line[:200]!r}")
        return answer


@contextlib.asynccontextmanager
async def started(language: Language) -> AsyncIterator[Testee]:
    """Start the testee of a language, and end it after the block.

    Raises:
        TesteeError: it can't be started.
    """
    with tempfile.TemporaryFile() as errors:
        try:
            async with _process(language, errors) as process:
                yield Testee(process)
        except TesteeError as error:
            errors.seek(0)
            last = errors.read().decode(errors="replace").splitlines()[-_ERROR_LINES:]
            raise TesteeError("\n".join([str(error), *last])) from None


@contextlib.asynccontextmanager
async def _process(
    language: Language, errors: IO[bytes]
) -> AsyncIterator[asyncio.subprocess.Process]:
    try:
        process = await asyncio.create_subprocess_exec(
            *language.command,
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            limit=_LONGEST_LINE,
            # A group of its own, so that a testee ends with the processes that it has started.
            start_new_session=True,
        )
    except OSError as error:
        raise TesteeError(f"{language.command[0]} can't be started: {error}") from None
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _END_SECONDS)
        except TimeoutError:
            _kill(process)
            await process.wait()


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
