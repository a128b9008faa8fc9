"""Plays agents for the browser tests: one JSON command a line of stdin, one answer a line.

`take` assigns runs, `report` and `finish` send their results. These are the calls that agents make
and browsers may not. `work` starts a real agent in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from wanllmdb import Canceled, Client, Failed, MetricRow, Pruned, Succeeded

PROGRAM = """
import sys, time, wanllmdb as wandb

def train():
    with wandb.init() as run:
        for step in range(int(sys.argv[2])):
            run.log({"loss": 1 / (step + 1)})
            time.sleep(0.2)

wandb.agent(sys.argv[1], function=train, agent_id=sys.argv[3])
"""


def take(client: Client, sweep: str, agent: str = "agent-1", count: int = 1) -> Any:
    runs = client.suggest(sweep, agent_id=agent, count=count).runs
    return [
        {"number": run.number, "attempt": run.attempt, "parameters": dict(run.parameters)}
        for run in runs
    ]


def report(client: Client, sweep: str, number: int, attempt: int, values: dict[str, float]) -> Any:
    return client.report_metrics(sweep, number, attempt, [MetricRow(0, values)]).name


def finish(
    client: Client,
    sweep: str,
    number: int,
    attempt: int,
    values: dict[str, float] | None = None,
    outcome: str = "succeeded",
    message: str = "",
    traceback: str = "",
) -> Any:
    outcomes: dict[str, Succeeded | Failed | Pruned | Canceled] = {
        "succeeded": Succeeded(),
        "failed": Failed(message, traceback),
        "pruned": Pruned(message),
        "canceled": Canceled(message),
    }
    rows = [MetricRow(0, values)] if values else []
    return client.finish_run(sweep, number, attempt, outcomes[outcome], rows=rows).run.state.name


def work(_client: Client, sweep: str, steps: int = 1_000_000, agent: str = "worker-1") -> Any:
    agents.append(
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, sweep, str(steps), agent],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    )
    return agents[-1].pid


COMMANDS: dict[str, Callable[..., Any]] = {
    "take": take,
    "report": report,
    "finish": finish,
    "work": work,
}
agents: list[subprocess.Popen[bytes]] = []


def main() -> None:
    try:
        with Client() as client:
            for line in sys.stdin:
                command = json.loads(line)
                name = command.pop("command")
                try:
                    answer = {"result": COMMANDS[name](client, **command)}
                except Exception as error:
                    answer = {"error": repr(error)}
                print(json.dumps(answer), flush=True)
    finally:
        for agent in agents:
            agent.kill()
            agent.wait()


if __name__ == "__main__":
    main()
