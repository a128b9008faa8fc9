"""A process of its own for an agent, or for the program of a command agent.

It reads one command from stdin, and writes a line to stdout when its code has logged a value.
"""

from __future__ import annotations

import json
import sys

from wanllmdb import agent
from wanllmdb_testee.services import train_function


def main() -> None:
    """Carry out the command."""
    given = json.loads(sys.stdin.readline())
    train = train_function(given, [], lambda: print("begun", flush=True))
    if given["work"] == "agent":
        agent(given["sweep_id"], function=train)
    else:
        train()


if __name__ == "__main__":
    main()
