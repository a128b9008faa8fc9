"""Reads one JSON command a line from stdin, and writes one JSON answer a line to stdout.

clients/conformance/README.md describes the commands.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from wanllmdb import AgentGaveUpError, InvalidArgumentError, NoRunError, WanllmdbError
from wanllmdb_testee.calls import read_error
from wanllmdb_testee.services import create_sweep, list_runs, run_agent, run_process, watch_sweep
from wanllmdb_testee.settings import choose_replica, configure, find_run, heartbeat_pause
from wanllmdb_testee.space import build_sweep
from wanllmdb_testee.values import nest_parameters, read_value, write_value

OPERATIONS = {
    "agent.run": run_agent,
    "client.configure": configure,
    "error.read": read_error,
    "heartbeat.pause": heartbeat_pause,
    "parameters.nest": nest_parameters,
    "process.run": run_process,
    "replica.choose": choose_replica,
    "run.find": find_run,
    "runs.list": list_runs,
    "sweep.build": build_sweep,
    "sweep.create": create_sweep,
    "sweep.watch": watch_sweep,
    "value.read": read_value,
    "value.write": write_value,
}
CAN = [
    "integers_beyond_64_bits",
    "integers_in_json",
    "integers_of_64_bits",
    "texts_with_half_pairs",
]
"""What not every language can do, and this one can."""


def answer(command: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to one command."""
    operation = command["operation"]
    if operation == "hello":
        return {"result": {"language": "python", "can": CAN}}
    if operation not in OPERATIONS:
        return {"error": {"kind": "unsupported", "message": f"there is no {operation}"}}
    try:
        return {"result": OPERATIONS[operation](command["given"])}
    except InvalidArgumentError as error:
        return {"error": {"kind": "invalid", "message": str(error)}}
    except NoRunError as error:
        return {"error": {"kind": "no_run", "message": str(error)}}
    except AgentGaveUpError as error:
        return {"error": {"kind": "gave_up", "message": str(error)}}
    except WanllmdbError as error:
        return {"error": {"kind": "service", "message": str(error), "reason": error.reason}}
    except Exception as error:
        return {"error": {"kind": "crash", "message": f"{type(error).__name__}: {error}"}}


def main() -> None:
    """Answer commands until stdin ends."""
    for line in sys.stdin:
        command = json.loads(line)
        print(json.dumps({"id": command["id"], **answer(command)}), flush=True)


if __name__ == "__main__":
    main()
