"""Free ports that stay the same from one start to the next, so that addresses stay true."""

from __future__ import annotations

import json
from pathlib import Path

from .errors import DataDirError
from .ports import HOST, WantedPort, bind_ports


def choose_ports(
    file: Path, wanted: dict[str, int], *, replicas: int, host: str = HOST
) -> dict[str, list[int]]:
    """The ports of each service's replicas, and notes them in the file.

    The first replica of a service has the port that was asked for; the others, and
    the first one where that is 0, have free ones: those of the last time where
    nobody else took them since.

    Args:
        file: Where the ports of the last time stand.
        wanted: For each service the port that was asked for by `--SERVICE-port`.
        replicas: How many of each service.
        host: Where they listen.

    Raises:
        PortTakenError: A port that was asked for is taken.
        DataDirError: The file can't be written.
    """
    last = _read(file)
    wishes = [
        WantedPort(
            port if replica == 0 else 0,
            f"--{name}-port",
            preferred=last.get(f"{name}-{replica}", 0),
        )
        for name, port in wanted.items()
        for replica in range(replicas)
    ]
    bound = iter(bind_ports(wishes, host=host))
    chosen = {name: [next(bound) for _ in range(replicas)] for name in wanted}
    noted = {
        f"{name}-{replica}": port
        for name, ports in chosen.items()
        for replica, port in enumerate(ports)
    }
    try:
        staging = file.with_name(file.name + ".new")
        # Also those of replicas that are not asked for this time.
        staging.write_text(json.dumps(last | noted))
        staging.replace(file)
    except OSError as error:
        raise DataDirError(f"The file {file} can't be written: {error.strerror}.") from error
    return chosen


def _read(file: Path) -> dict[str, int]:
    """What the file notes; nothing where it is missing or cut short: it is but a preference."""
    try:
        noted = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    if not isinstance(noted, dict):
        return {}
    return {
        name: port
        for name, port in noted.items()
        if isinstance(port, int) and 1024 <= port <= 65535
    }
