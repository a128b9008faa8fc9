"""`wanllmdb health`: asks services whether they serve."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from wanllmdb.cli.console import say
from wanllmdb.cli.dashboard_address import DEFAULT_URL, DashboardUrl, web_address
from wanllmdb.cli.documents import print_json
from wanllmdb.cli.options import AsJson, ConnectionOptions

_FAILED = 1


class Part(StrEnum):
    """What can be asked."""

    REGISTRY = "registry"
    SUGGESTION = "suggestion"
    GATEWAY = "gateway"


@dataclass(frozen=True)
class Answer:
    """What one process answered.

    Attributes:
        part: What it is.
        address: Where it was asked.
        problem: Why it does not serve; None if it does.
    """

    part: Part
    address: str
    problem: str | None


def health(
    context: typer.Context,
    parts: Annotated[
        list[Part] | None,
        typer.Argument(
            metavar="[PART]...",
            help="What to ask: registry, suggestion or gateway. Default: registry and suggestion.",
        ),
    ] = None,
    ready: Annotated[
        bool,
        typer.Option(
            "--ready",
            help="Require that what it needs is available too: the database for a registry, a "
            "ready registry for a suggestion service, both services for a gateway.",
        ),
    ] = False,
    timeout: Annotated[
        float, typer.Option(help="Longest time to wait for an answer, in seconds.", min=0.1)
    ] = 3.0,
    url: DashboardUrl = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Ask services whether they serve; exit with 1 if one does not.

    It sends no API key. Of a list of addresses, every replica must serve.
    """
    address = web_address(url)
    options = context.find_object(ConnectionOptions)
    assert options is not None, "the program's callback sets it"
    answers = [
        answer
        for part in dict.fromkeys(parts or [Part.REGISTRY, Part.SUGGESTION])
        for answer in _answers(part, options, address, ready=ready, seconds=timeout)
    ]
    if as_json:
        print_json(answers)
    for answer in answers:
        if answer.problem is not None:
            say(f"wanllmdb health: {answer.problem}", err=True)
        elif not as_json:
            say(f"{answer.part} {answer.address}: {'ready' if ready else 'serving'}")
    if any(answer.problem is not None for answer in answers):
        raise typer.Exit(_FAILED)


def _answers(
    part: Part, options: ConnectionOptions, url: str, *, ready: bool, seconds: float
) -> list[Answer]:
    # Imported here because they load gRPC, which a help text does not need.
    from wanllmdb._connection.addresses import REGISTRY, SUGGESTION
    from wanllmdb._connection.tls import tls_of
    from wanllmdb.cli.health_checks import problem_of_gateway, problems_of_service

    tls = tls_of(options.given_tls())
    if part is Part.GATEWAY:
        return [Answer(part, url, problem_of_gateway(url, tls, ready=ready, seconds=seconds))]
    service, given = {
        Part.REGISTRY: (REGISTRY, options.registry),
        Part.SUGGESTION: (SUGGESTION, options.suggestion),
    }[part]
    problems = problems_of_service(
        service, service.address(given), tls, ready=ready, seconds=seconds
    )
    return [Answer(part, replica, problem) for replica, problem in problems.items()]
