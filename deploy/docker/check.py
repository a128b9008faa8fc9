"""Check the Dockerfile against the project: users, signals, health checks, settings, versions.

Exits with one line for each problem.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from wanllmdb.cli.health import Part
from wanllmdb_gateway.settings import GatewaySettings
from wanllmdb_registry.settings import RegistrySettings
from wanllmdb_suggestion.settings import SuggestionSettings

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, type[BaseModel]] = {
    Part.REGISTRY: RegistrySettings,
    Part.SUGGESTION: SuggestionSettings,
    Part.GATEWAY: GatewaySettings,
}
TARGETS = (*SERVICES, "agent")
# Of Docker, after which it kills a container.
STOP_SECONDS = 10


class Stage:
    """The instructions of one stage, after those of the stage that it begins with."""

    def __init__(self, name: str, before: Stage | None) -> None:
        self.name = name
        self.lines: list[tuple[str, str]] = [] if before is None else list(before.lines)

    def last(self, instruction: str) -> str:
        """Return the argument of the last such instruction; empty if there is none."""
        return next((rest for word, rest in reversed(self.lines) if word == instruction), "")

    def pairs(self, instruction: str) -> dict[str, str]:
        """Return the names and values of all such instructions."""
        found = (shlex.split(rest) for word, rest in self.lines if word == instruction)
        return dict(pair.split("=", 1) for pairs in found for pair in pairs)


def stages(text: str) -> dict[str, Stage]:
    """Return the stages of a Dockerfile by name."""
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found: dict[str, Stage] = {}
    current: Stage | None = None
    for line in filter(None, map(str.strip, text.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            before, name = re.split(r"\s+AS\s+", rest)
            current = found[name] = Stage(name, found.get(before))
        elif current is not None:
            current.lines.append((word, rest))
    return found


def problems_of_image(stage: Stage, scripts: dict[str, str]) -> Iterator[str]:
    """Yield the problems of one image."""
    if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", stage.last("USER")):
        yield "USER is not a number other than 0"
    if stage.last("STOPSIGNAL") != "SIGTERM":
        yield "STOPSIGNAL is not SIGTERM, at which programs drain"
    try:
        program = json.loads(stage.last("ENTRYPOINT"))
    except ValueError:
        program = [""]
    if program[0] not in scripts:
        yield "ENTRYPOINT is not the exec form of a program of ours"
    labels = stage.pairs("LABEL")
    for label in ("title", "description", "licenses", "version", "revision"):
        if not labels.get(f"org.opencontainers.image.{label}"):
            yield f"the label {label} is missing"
    if stage.name in SERVICES:
        yield from problems_of_service(stage, SERVICES[stage.name])


def problems_of_service(stage: Stage, settings: type[BaseModel]) -> Iterator[str]:
    """Yield the problems of the image of a service."""
    prefix = f"WANLLMDB_{stage.name.upper()}_"
    variables = stage.pairs("ENV")
    fields = settings.model_fields
    for variable in variables:
        if variable.startswith("WANLLMDB_"):
            setting = variable.removeprefix(prefix).lower()
            if setting not in fields:
                yield f"{variable} is no setting"
    if float(variables.get(f"{prefix}GRACE", "inf")) >= STOP_SECONDS:
        yield "the drain may take longer than Docker waits"
    if stage.last("EXPOSE") != str(fields["port"].default):
        yield f"EXPOSE is not the port {fields['port'].default}"
    if f" health {stage.name}" not in stage.last("HEALTHCHECK"):
        yield "HEALTHCHECK does not ask this service"


def problems_of_versions(build: Stage, extras: dict[str, list[str]]) -> Iterator[str]:
    """Yield what keeps packages from having the versions of the constraints."""
    file = build.pairs("ENV").get("PIP_CONSTRAINT", "").removeprefix("/src/")
    if not (ROOT / file).is_file():
        yield f"PIP_CONSTRAINT is no file: {file}"
        return
    pinned = set(map(_normal, re.findall(r"^([\w.-]+)==", (ROOT / file).read_text(), re.MULTILINE)))
    for extra in ("cli", *SERVICES, "services", "search-space"):
        for requirement in extras[extra]:
            name = _normal(re.split(r"[^\w.-]", requirement)[0])
            if name not in pinned | {"wanllmdb"}:
                yield f"{file} has no version of {name}"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Check the Dockerfile; exit with its problems."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (Path(__file__).with_name("Dockerfile")).read_text()
    found = stages(text)
    problems = [
        f"{target}: {problem}"
        for target in TARGETS
        for problem in problems_of_image(found[target], project["scripts"])
    ]
    problems += problems_of_versions(found["packages"], project["optional-dependencies"])
    if problems:
        sys.exit("\n".join(f"deploy/docker/Dockerfile: {problem}" for problem in problems))
    print(f"the images {', '.join(TARGETS)} agree with the project's settings and programs")


if __name__ == "__main__":
    main()
