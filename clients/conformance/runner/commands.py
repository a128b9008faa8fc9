"""Commands to a testee whose client finds the services by an environment."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clients.conformance.runner.testee import ANSWER_SECONDS, Testee


class MismatchError(Exception):
    """A client did something else than the protocol says."""


@dataclass(frozen=True, slots=True)
class Commands:
    """Gives commands to a testee.

    Attributes:
        testee: the testee.
        environment: the variables by which its client finds the services; a command can have more.
    """

    testee: Testee
    environment: Mapping[str, str]

    async def ask(self, operation: str, **given: Any) -> Any:
        """Return the result of a command.

        Raises:
            MismatchError: it is an error.
        """
        return _result(operation, await self._answer(operation, given, ANSWER_SECONDS))

    async def ask_for_error(self, operation: str, **given: Any) -> Mapping[str, Any]:
        """Return the error that a command ends with.

        Raises:
            MismatchError: there is none.
        """
        answer = await self._answer(operation, given, ANSWER_SECONDS)
        error = answer.get("error")
        if not isinstance(error, dict):
            raise MismatchError(f"{operation} succeeds: {answer.get('result')}")
        return error

    def begin(self, operation: str, **given: Any) -> asyncio.Task[Any]:
        """Give a command that the scenario does not wait for; return the task of its result."""

        async def result() -> Any:
            return _result(operation, await self._answer(operation, given, None))

        return asyncio.create_task(result())

    async def _answer(
        self, operation: str, given: dict[str, Any], seconds: float | None
    ) -> Mapping[str, Any]:
        environment = {**self.environment, **given.pop("environment", {})}
        return await self.testee.ask(
            operation, {"environment": environment, **given}, seconds=seconds
        )


def _result(operation: str, answer: Mapping[str, Any]) -> Any:
    if "result" not in answer:
        raise MismatchError(f"{operation}: {answer.get('error')}")
    return answer["result"]
