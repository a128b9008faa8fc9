"""The `wanllmdb` program within the tests' process, against the session's services."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from wanllmdb import WanllmdbError
from wanllmdb.cli.app import build_app


@dataclass(frozen=True)
class Said:
    """The output of a command, and its exit code."""

    out: str
    err: str
    code: int


@dataclass(frozen=True)
class CommandLine:
    """Runs commands in a thread; the services share the tests' event loop.

    `options` stand before each command.
    """

    registry: str
    suggestion: str
    options: tuple[str, ...] = ()

    async def __call__(
        self, *arguments: str, code: int = 0, stdin: str = "", columns: int = 240
    ) -> Said:
        """Runs `wanllmdb ARGUMENTS` and checks its exit code."""
        addresses = ("--registry", self.registry, "--suggestion", self.suggestion)
        result = await asyncio.to_thread(
            CliRunner().invoke,
            build_app(),
            [*addresses, *self.options, *arguments],
            input=stdin,
            env={"COLUMNS": str(columns)},
        )
        said = Said(result.stdout, result.stderr, result.exit_code)
        if isinstance(result.exception, WanllmdbError):
            # What `main` prints.
            said = Said(result.stdout, f"wanllmdb: {result.exception}\n", 1)
        elif result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert said.code == code, said
        return said

    async def json(self, *arguments: str, stdin: str = "") -> Any:
        """Runs `wanllmdb ARGUMENTS --json`, which must print one JSON document."""
        return json.loads((await self(*arguments, "--json", stdin=stdin)).out)

    async def create(self, config: dict[str, Any], *arguments: str) -> str:
        """Creates a sweep and gives its id."""
        said = await self("sweep", "create", "-", "--quiet", *arguments, stdin=json.dumps(config))
        return said.out.strip()

    async def create_from(self, text: str) -> str:
        """Creates a sweep from the text of a config file and gives its id."""
        return (await self("sweep", "create", "-", "--quiet", stdin=text)).out.strip()
