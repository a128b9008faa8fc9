"""The functions of a training script: sweep, agent, init, log, finish, and config."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

from wanllmdb._agent import ActiveRun, AgentLoop, AgentResult, Console, FunctionRunner
from wanllmdb._agent.child import lent_run
from wanllmdb._agent.current import current_run, required_run
from wanllmdb._client import Client
from wanllmdb._errors import InvalidArgumentError, NoRunError
from wanllmdb._wire.sweep_calls import Config as SweepConfig


def sweep(
    config: SweepConfig,
    project: str | None = None,
    *,
    name: str | None = None,
    client: Client | None = None,
) -> str:
    """Creates a sweep and returns its id; prints it, with what the server decided by itself.

    Args:
        config: a W&B-style config as a dictionary or as YAML or JSON text, or a SweepSpec.
        project: where None, the config's, else "default".
        name: for people; where None, the config's, else made from the id.
        client: reaches the services; by the environment's addresses where None.

    Raises:
        InvalidArgumentError: `str()` lists every problem of the config.
        UnavailableError: no registry at the address.
    """
    with _own_or(client) as used:
        created = used.create_sweep(config, project=project or "", name=name or "")
    console = Console()
    made = created.sweep
    console.line(f"created sweep {made.sweep_id} ({made.name}) in project {made.project}")
    for warning in created.warnings:
        console.line(f"  note: {warning}")
    return made.sweep_id


def agent(
    sweep_id: str,
    function: Callable[[], Any],
    count: int | None = None,
    *,
    client: Client | None = None,
) -> AgentResult:
    """Works on runs of a sweep: calls `function` once a run, in this thread.

    Ends when the sweep hands out no more runs, after `count` runs, or with Ctrl-C, which
    gives the run back. An exception in the function fails that run and the agent goes on.

    Args:
        sweep_id: the sweep.
        function: the training function; it calls `init`, reads `config` and calls `log`.
        count: at most so many runs.
        client: reaches the services; by the environment's addresses where None.

    Raises:
        AgentGaveUpError: the first 3 runs all failed.
        NotFoundError: there is no such sweep.
        UnavailableError: no service at the address, or away for more than 10 minutes.
    """
    if not callable(function):
        raise InvalidArgumentError(f"agent: function must be callable, but is {function!r}")
    if count is not None and count < 1:
        raise InvalidArgumentError(f"agent: count must be at least 1, but is {count}")
    with _own_or(client) as used:
        return AgentLoop(used, sweep_id, FunctionRunner(function), count=count).run()


def init(config: Mapping[str, Any] | None = None, *, project: str | None = None) -> ActiveRun:
    """The run that this code works on; calling it again returns the same one.

    Args:
        config: defaults for keys of the program's own; the sweep's values stand.
        project: accepted for scripts written for W&B; a run belongs to its sweep's project.

    Raises:
        NoRunError: no agent called this code.
    """
    run = current_run() or lent_run()
    if run is None:
        raise NoRunError(
            "init: there is no run here. Give the function that calls it to "
            "wanllmdb.agent(sweep_id, function=...), or start the program with "
            "`wanllmdb agent SWEEP -- python train.py`"
        )
    run.config.set_defaults(config or {})
    return run


def log(data: Mapping[str, Any], step: int | None = None) -> None:
    """Reports metrics of one step of the current run.

    Args:
        data: numbers by name; nested dictionaries get dotted names, what is no number is
            left out with a warning, NaN and infinities are kept.
        step: at least 0; where None, one more than the last.

    Raises:
        RunStopped: the run is to stop: let it pass.
        NoRunError: there is no run here.
    """
    required_run("log").log(data, step)


def finish() -> None:
    """Ends the current run; its objective is the last logged value of the sweep's metric.

    An agent does this by itself when the function returns.

    Raises:
        NoRunError: there is no run here.
    """
    required_run("finish").finish()


class CurrentConfig(Mapping[str, Any]):
    """The config of the run that the calling code works on, by attribute or item."""

    def __getitem__(self, key: str) -> Any:
        return required_run("config").config[key]

    def __iter__(self) -> Iterator[str]:
        return iter(required_run("config").config)

    def __len__(self) -> int:
        return len(required_run("config").config)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # Asked by copy, pickle and inspect, which take no for an answer.
            raise AttributeError(name)
        return getattr(required_run("config").config, name)

    def __setitem__(self, key: str, value: Any) -> None:
        required_run("config").config[key] = value

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def update(self, values: Mapping[str, Any]) -> None:
        """Adds or changes keys of the program's own; those of the sweep stay, with a warning."""
        required_run("config").config.update(values)

    def __repr__(self) -> str:
        run = current_run()
        return "<config of no run>" if run is None else repr(run.config)


config = CurrentConfig()
"""The parameters of the current run: `config.learning_rate` or `config["learning_rate"]`."""


def _own_or(client: Client | None) -> Client | nullcontext[Client]:
    return Client() if client is None else nullcontext(client)
