"""A client that works for real services while a scenario watches the registry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from clients.conformance.runner.commands import Commands, MismatchError
from clients.conformance.runner.live_sweep import LiveSweep, states_of
from clients.conformance.runner.testee import Language, Testee, started
from clients.conformance.runner.waiting import WAIT_SECONDS, becomes_true
from wanllmdb.api.registry.v1.run_pb2 import Run


@dataclass(frozen=True, slots=True)
class Job:
    """A command that a testee carries out while the scenario goes on."""

    operation: str
    task: asyncio.Task[Any]

    async def result(self) -> Any:
        """Return the result, for which this waits `WAIT_SECONDS` from now on.

        Raises:
            MismatchError: it is an error, or there is none.
        """
        done, _ = await asyncio.wait([self.task], timeout=WAIT_SECONDS)
        if not done:
            raise MismatchError(f"{self.operation} has not ended after {WAIT_SECONDS:.0f} s")
        return self.task.result()

    async def until(
        self, what: str, sweep: LiveSweep, holds: Callable[[Sequence[Run]], bool]
    ) -> list[Run]:
        """Wait until the runs of a sweep are as `what` says; return them.

        Raises:
            MismatchError: they were not so within `WAIT_SECONDS`, or when the command had ended.
        """
        runs: list[Run] = []

        async def is_so() -> bool:
            nonlocal runs
            has_ended = self.task.done()
            runs = await sweep.runs()
            if not holds(runs) and has_ended:
                raise MismatchError(
                    f"{self.operation} has ended before {what}: {self.task.result()}"
                )
            return holds(runs)

        if not await becomes_true(is_so):
            raise MismatchError(
                f"not so in {WAIT_SECONDS:.0f} s: {what}; the runs are {states_of(runs)}"
            )
        return runs


@dataclass(frozen=True, slots=True)
class LiveClient:
    """A testee of its own for a scenario, and the environment of its client."""

    testee: Testee
    commands: Commands
    jobs: list[Job] = field(default_factory=list)

    async def ask(self, operation: str, **given: Any) -> Any:
        """Return the result of a command.

        Raises:
            MismatchError: it is an error.
        """
        return await self.commands.ask(operation, **given)

    async def ask_for_error(self, operation: str, **given: Any) -> Mapping[str, Any]:
        """Return the error that a command ends with.

        Raises:
            MismatchError: there is none.
        """
        return await self.commands.ask_for_error(operation, **given)

    def begin(self, operation: str, **given: Any) -> Job:
        """Give a command, and return without its result."""
        job = Job(operation, self.commands.begin(operation, **given))
        self.jobs.append(job)
        return job

    def kill(self) -> None:
        """Send SIGKILL to the testee, as to an agent whose machine fails."""
        self.testee.kill()


@asynccontextmanager
async def live_client(
    language: Language, environment: Mapping[str, str]
) -> AsyncIterator[LiveClient]:
    """Yield a client of a language; whatever it still does at the end of the block is stopped.

    Raises:
        TesteeError: its testee can't be started, or does not answer any more.
    """
    async with started(language) as testee:
        client = LiveClient(testee, Commands(testee, environment))
        try:
            yield client
        finally:
            tasks = [job.task for job in client.jobs]
            if not all(task.done() for task in tasks):
                client.kill()
                for task in tasks:
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
