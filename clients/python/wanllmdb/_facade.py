"""The functions of a training script: sweep, agent, init, log, finish; config, summary, run."""

from __future__ import annotations

import difflib
import inspect
import signal
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

from wanllmdb._agent import (
    ActiveRun,
    Agent,
    AgentResult,
    Console,
    FunctionRunner,
    GiveUpPolicy,
    agent_name,
)
from wanllmdb._agent.child import lent_run
from wanllmdb._agent.current import current_run, required_run
from wanllmdb._agent.description import labels_of
from wanllmdb._client import Client
from wanllmdb._env import RESUME, STAY, is_on
from wanllmdb._errors import InvalidArgumentError, NoRunError
from wanllmdb._ids import sweep_id_of
from wanllmdb._types.run import PriorRunSource
from wanllmdb._wire.sweep_calls import Config as SweepConfig

_OWN_INIT = ("config", "name", "tags", "notes", "group", "job_type")
_WANDB_INIT = frozenset(
    {
        *("entity", "project", "dir", "id", "mode", "force", "settings", "save_code", "magic"),
        *("reinit", "resume", "resume_from", "fork_from", "anonymous", "allow_val_change"),
        *("config_exclude_keys", "config_include_keys", "sync_tensorboard", "tensorboard"),
        "monitor_gym",
    }
)


def sweep(
    config: SweepConfig,
    project: str | None = None,
    *,
    name: str | None = None,
    prior_runs: PriorRunSource | None = None,
    skip_unfit: bool = False,
    client: Client | None = None,
) -> str:
    """Creates a sweep and returns its id; prints it, with what the server decided by itself.

    Args:
        config: a W&B-style config as a dictionary or as YAML or JSON text, a SweepSpec, or a
            TemplateUse.
        project: where None, the config's, else "default".
        name: for people; where None, the config's, else made from the id.
        prior_runs: results of elsewhere to start with: a PriorSweep, CsvRuns, JsonLinesRuns or
            PriorRun objects.
        skip_unfit: leave out prior runs that do not fit, instead of refusing all.
        client: reaches the services; by the environment's addresses where None.

    Raises:
        InvalidArgumentError: `str()` lists every problem of the config.
        UnavailableError: no registry at the address.
    """
    with _own_or(client) as used:
        created = used.create_sweep(
            config,
            project=project or "",
            name=name or "",
            prior_runs=prior_runs,
            skip_unfit=skip_unfit,
        )
    console = Console()
    made = created.sweep
    console.line(f"created sweep {made.sweep_id} ({made.name}) in project {made.project}")
    if created.imported_runs or created.skipped_runs:
        console.line(f"  {created.imported_runs} prior runs taken, {created.skipped_runs} left out")
    for warning in created.warnings:
        console.line(f"  note: {warning}")
    return made.sweep_id


def agent(
    sweep_id: str,
    function: Callable[[], Any],
    count: int | None = None,
    *,
    project: str | None = None,
    entity: str | None = None,
    max_quick_failures: int | None = None,
    quick_seconds: float | None = None,
    max_initial_failures: int | None = None,
    never_give_up: bool | None = None,
    agent_id: str | None = None,
    resume: bool | None = None,
    stay: bool | None = None,
    patience: float | None = None,
    client: Client | None = None,
) -> AgentResult:
    """Works on runs of a sweep: calls `function` once a run, in this thread.

    Ends when the sweep hands out no more runs or after `count` runs. An exception in the
    function fails that run and the agent goes on. Services that are away are waited for; the
    result of a run that is done is kept on disk meanwhile, for the next agent on this machine
    should this one end.

    Ctrl-C lets the run end and takes no more; a second one raises KeyboardInterrupt in the
    function and gives the run back, a third one raises it here. SIGTERM, by which clusters
    preempt, gives the run back at once; then the process ends as it would have without an
    agent. In another thread than the main one there are no signals.

    Args:
        sweep_id: the sweep; of `entity/project/id` the last part.
        function: the training function; it calls `init`, reads `config` and calls `log`.
        count: at most so many runs.
        project: accepted for scripts written for W&B; an id says enough.
        entity: likewise.
        max_quick_failures: gives up after so many failures in a row within `quick_seconds`;
            where None WANLLMDB_AGENT_MAX_QUICK_FAILURES, else 3; 0 for never.
        quick_seconds: where None WANLLMDB_AGENT_QUICK_SECONDS, else 60.
        max_initial_failures: gives up after so many failures without a success before; where
            None WANLLMDB_AGENT_MAX_INITIAL_FAILURES, else 5; 0 for never.
        never_give_up: turns both off; where None WANLLMDB_AGENT_NEVER_GIVE_UP.
        agent_id: the agent's name; where None WANLLMDB_AGENT_ID, else made up.
        resume: begins with the runs that the agent held when it ended before, under the same
            name; where None WANLLMDB_RESUME. Their `wandb.run.resumed` is True.
        stay: waits, when there are no more runs, while one that others work on may be lost
            and handed out again; where None WANLLMDB_STAY.
        patience: seconds to wait for services that are away; where None WANLLMDB_PATIENCE,
            else 600, and 5 for those that never answered.
        client: reaches the services; by the environment's addresses where None.

    Raises:
        AgentGaveUpError: too many runs failed; its `__cause__` is the last failure.
        NotFoundError: there is no such sweep.
        UnavailableError: no service at the address, or away for longer than the patience.
        InvalidArgumentError: to resume without a name.
        KeyboardInterrupt: Ctrl-C came a third time.
    """
    del project, entity
    if not callable(function):
        raise InvalidArgumentError(
            f"agent: function must be callable, but is {function!r}; to run the sweep's program, "
            f"use `wanllmdb agent SWEEP`"
        )
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise InvalidArgumentError(
            f"agent: calling {function!r} does not run it: give a plain function, such as "
            f"one that calls asyncio.run"
        )
    if count is not None and count < 1:
        raise InvalidArgumentError(f"agent: count must be at least 1, but is {count}")
    policy = GiveUpPolicy.of(
        max_quick_failures=max_quick_failures,
        quick_seconds=quick_seconds,
        max_initial_failures=max_initial_failures,
        never=never_give_up,
    )
    resumes = is_on(resume, RESUME)
    with _own_or(client) as used:
        result = Agent(
            used,
            sweep_id_of(sweep_id),
            partial(FunctionRunner, function),
            count=count,
            policy=policy,
            agent_id=agent_name(agent_id, resume=resumes),
            resume=resumes,
            stay=is_on(stay, STAY),
            patience=patience,
        ).run()
    if result.was_terminated:
        # The run is given back; what was asked for is the end of the process.
        signal.raise_signal(signal.SIGTERM)
    return result


def init(
    config: Any = None,
    *,
    name: str | None = None,
    tags: str | Sequence[str] = (),
    notes: str | None = None,
    group: str | None = None,
    job_type: str | None = None,
    **more: Any,
) -> ActiveRun:
    """The run that this code works on; calling it again returns the same one.

    Args:
        config: defaults for keys of the program's own, as a dictionary or argparse's
            result; what the sweep chose stands.
        name: the run's name.
        tags: become labels of the run, with an empty text.
        notes: becomes the label `notes`.
        group: becomes the label `group`.
        job_type: becomes the label `job_type`.
        more: W&B's other arguments, such as `project` and `mode`: they have no meaning in a
            sweep, and are accepted for scripts written for W&B.

    Raises:
        NoRunError: no agent called this code.
        TypeError: W&B's `init` has no such argument either.
    """
    unknown = more.keys() - _WANDB_INIT
    if unknown:
        name = min(unknown)
        close = difflib.get_close_matches(name, [*_WANDB_INIT, *_OWN_INIT], n=1)
        guess = f"; did you mean {close[0]!r}?" if close else ""
        raise TypeError(f"init got an unexpected argument {name!r}{guess}")
    run = current_run() or lent_run()
    if run is None:
        raise NoRunError(
            "init: there is no run here. Give the function that calls it to "
            "wanllmdb.agent(sweep_id, function=...), or start the program with "
            "`wanllmdb agent SWEEP -- python train.py`"
        )
    if config is not None:
        run.config.setdefaults(config)
    run.describe(
        name=name,
        labels=labels_of(tags or (), notes=notes, group=group, job_type=job_type),
    )
    return run


def log(data: Mapping[str, Any], step: int | None = None, commit: bool | None = None) -> None:
    """Reports metrics of one step of the current run.

    Args:
        data: numbers by name; nested dictionaries get dotted names, what is no number is
            left out with a warning, NaN and infinities are kept.
        step: at least 0; where None, the present one. It becomes the present one.
        commit: whether the next `log` is of the next step. Where None: unless `step` is
            given.

    Raises:
        RunStopped: the run is to stop: let it pass.
        NoRunError: there is no run here.
    """
    required_run("log").log(data, step, commit)


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """Ends the current run. An agent does this by itself when the function returns.

    Args:
        exit_code: any other than 0 makes it a failed run.
        quiet: accepted for scripts written for W&B.

    Raises:
        NoRunError: there is no run here.
    """
    del quiet
    required_run("finish").finish(exit_code)


class _OfCurrentRun(MutableMapping[str, Any]):
    """A mapping of the run that the calling code works on, by attribute or item."""

    def __init__(self, what: str) -> None:
        super().__setattr__("_what", what)

    _what: str

    def _real(self) -> Any:
        return getattr(required_run(self._what), self._what)

    def __getitem__(self, key: str) -> Any:
        return self._real()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._real()[key] = value

    def __delitem__(self, key: str) -> None:
        del self._real()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._real())

    def __len__(self) -> int:
        return len(self._real())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # Asked by copy, pickle and inspect, which take no for an answer.
            raise AttributeError(name)
        return getattr(self._real(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __repr__(self) -> str:
        run = current_run()
        return f"<{self._what} of no run>" if run is None else repr(getattr(run, self._what))


class CurrentConfig(_OfCurrentRun):
    """The config of the run that the calling code works on, by attribute or item."""

    def update(self, values: Any = (), /, **more: Any) -> None:
        """Sets many keys, from a dictionary, pairs, or argparse's result."""
        self._real().update(values, **more)


class CurrentSummary(_OfCurrentRun):
    """The last value of each metric of the current run; setting one reports it."""


config = CurrentConfig("config")
"""The parameters of the current run: `config.learning_rate` or `config["learning_rate"]`."""

summary = CurrentSummary("summary")
"""The last value of each metric of the current run: `summary["loss"]`."""


def run_here() -> ActiveRun | None:
    """`wanllmdb.run`: the run that the calling code works on, or None."""
    return current_run()


def _own_or(client: Client | None) -> Client | nullcontext[Client]:
    return Client() if client is None else nullcontext(client)
