"""The functions of a training script: sweep, agent, init, log, finish, define_metric."""

from __future__ import annotations

import difflib
import inspect
import math
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, cast

from wanllmdb._agent import (
    ActiveRun,
    Agent,
    AgentResult,
    Console,
    FailurePolicy,
    FunctionRunner,
    RunOne,
    WaitPolicy,
    agent_name,
)
from wanllmdb._agent.agent import InCaller
from wanllmdb._agent.base_run import BaseRun, labels_of
from wanllmdb._agent.config import given_config
from wanllmdb._agent.current import open_run, required_run
from wanllmdb._agent.init import begin_run, environment_defaults, mode_of, note_unpatched, setting
from wanllmdb._agent.signals import FORWARDED
from wanllmdb._agent.summary import DefinedMetric
from wanllmdb._calls.sweep_calls import Config as SweepConfig
from wanllmdb._client import Client
from wanllmdb._env import RESUME, STAY, is_on
from wanllmdb._errors import InvalidArgumentError
from wanllmdb._ids import sweep_id_of
from wanllmdb._notes import note
from wanllmdb._proxies import put_back
from wanllmdb._types.prior_runs import PriorRun, PriorRunSource, as_prior

_INIT = (
    *("entity", "project", "dir", "id", "name", "notes", "tags", "config"),
    *("config_exclude_keys", "config_include_keys", "allow_val_change", "group", "job_type"),
    *("mode", "force", "reinit", "resume", "resume_from", "fork_from", "save_code"),
    *("tensorboard", "sync_tensorboard", "monitor_gym", "settings", "anonymous"),
)
_OLD_INIT = ("magic",)
"""Arguments that older versions of W&B had."""


def sweep(
    sweep: SweepConfig | Callable[[], SweepConfig],
    entity: str | None = None,
    project: str | None = None,
    prior_runs: PriorRunSource | Sequence[str] | None = None,
    *,
    name: str | None = None,
    skip_unfit: bool = False,
    client: Client | None = None,
) -> str:
    """Create a sweep and return its id; print the id and the server's warnings.

    Args:
        sweep: a W&B-style config as a dictionary or as YAML or JSON text, a SweepSpec, a
            TemplateUse, or a function that returns one of those.
        entity: accepted for scripts written for W&B, without effect.
        project: the sweep's project; defaults to the config's, else WANDB_PROJECT, else
            "default".
        prior_runs: results of earlier runs to start with: a PriorSweep, CsvRuns, JsonLinesRuns
            or PriorRun objects, or the ids of runs.
        name: a display name; defaults to the config's, else to one derived from the id.
        skip_unfit: skip prior runs that do not fit, instead of rejecting all of them.
        client: the client to use; defaults to one for the environment's addresses.

    Raises:
        InvalidArgumentError: the config is invalid; `str()` lists every problem.
        UnavailableError: no registry answers at the address.
    """
    _ignore_entity(entity)
    config = sweep() if callable(sweep) else sweep
    if project is None and not (isinstance(config, Mapping) and config.get("project")):
        project = os.environ.get("WANDB_PROJECT") if isinstance(config, Mapping) else None
    with _own_or(client) as used:
        created = used.create_sweep(
            config,
            project=project or "",
            name=name or "",
            prior_runs=prior_source(used, prior_runs),
            skip_unfit=skip_unfit,
        )
    console = Console()
    made = created.sweep
    console.line(f"created sweep {made.sweep_id} ({made.name}) in project {made.project}")
    if created.imported_runs or created.skipped_runs:
        console.line(
            f"  {created.imported_runs} prior runs imported, {created.skipped_runs} skipped"
        )
    for warning in created.warnings:
        console.line(f"  note: {warning}")
    return made.sweep_id


def agent(
    sweep_id: str,
    function: Callable[[], Any] | None = None,
    entity: str | None = None,
    project: str | None = None,
    count: int | None = None,
    forward_signals: bool = False,
    term_timeout: int | None = None,
    max_consecutive_failed_runs: int | None = None,
    *,
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
    """Work on runs of a sweep: call `function` once per run, in this thread.

    Without a function, the agent starts the sweep's own program once per run, as `wanllmdb agent`
    does. The agent ends when the sweep returns no more runs, or after `count` runs. An exception
    in the function fails that run, and the agent continues. The agent waits for unavailable
    services; meanwhile it keeps the results of ended runs on disk, so that the next agent on this
    machine can deliver them.

    The first Ctrl-C lets the current run end and takes no further runs. The second raises
    KeyboardInterrupt in the function and releases the run; the third raises KeyboardInterrupt
    from `agent`. SIGTERM, with which clusters preempt, releases the run immediately; then the
    process ends as it would have without an agent. An agent outside of the main thread handles
    no signals.

    Args:
        sweep_id: the sweep's id, alone or as the last part of `entity/project/id`.
        function: the training function, which calls `init`, reads `config` and calls `log`.
            Defaults to the sweep's program.
        entity: accepted for scripts written for W&B, without effect.
        project: accepted for scripts written for W&B, without effect.
        count: the maximum number of runs.
        forward_signals: forward signals such as SIGINT and SIGTERM to the sweep's program.
        term_timeout: seconds that the sweep's program may take to stop after SIGTERM; defaults
            to 30.
        max_consecutive_failed_runs: stop after this many failures in a row, regardless of
            their duration.
        max_quick_failures: stop after this many failures in a row within `quick_seconds`; 0 for
            never. Defaults to WANLLMDB_AGENT_MAX_QUICK_FAILURES, else 3.
        quick_seconds: the time window of `max_quick_failures`, in seconds. Defaults to
            WANLLMDB_AGENT_QUICK_SECONDS, else 60.
        max_initial_failures: stop after this many failures before the first success; 0 for
            never. Defaults to WANLLMDB_AGENT_MAX_INITIAL_FAILURES, else 5.
        never_give_up: never stop because of failed runs. Defaults to
            WANLLMDB_AGENT_NEVER_GIVE_UP.
        agent_id: the agent's name; defaults to WANLLMDB_AGENT_ID, else to a generated name.
        resume: start with the runs that an agent of the same name held when it ended; their
            `wandb.run.resumed` is True. Defaults to WANLLMDB_RESUME.
        stay: when there are no more runs, wait as long as a run of another agent may be lost
            and assigned again. Defaults to WANLLMDB_STAY.
        patience: seconds to wait for unavailable services. Defaults to WANLLMDB_PATIENCE, else
            600, and to 5 for services that have never answered.
        client: the client to use; defaults to one for the environment's addresses.

    Raises:
        AgentGaveUpError: too many runs failed; `__cause__` is the last failure.
        NotFoundError: there is no such sweep.
        UnavailableError: no service answers at the address, or a service was unavailable for
            longer than the patience.
        InvalidArgumentError: an argument is invalid, for example `resume` without a name.
        KeyboardInterrupt: Ctrl-C was pressed a third time.
    """
    del project
    _ignore_entity(entity)
    if function is not None and not callable(function):
        raise InvalidArgumentError(
            f"agent: function must be callable, but is {function!r}; omit it to run the sweep's "
            "program"
        )
    if function is not None and (forward_signals or term_timeout is not None):
        note("agent: forward_signals and term_timeout are for programs, not for functions")
    if max_consecutive_failed_runs is not None and max_quick_failures is None:
        max_quick_failures = max_consecutive_failed_runs
        quick_seconds = math.inf if quick_seconds is None else quick_seconds
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise InvalidArgumentError(
            f"agent: calling {function!r} only creates a coroutine or generator: pass a plain "
            "function, such as "
            f"one that calls asyncio.run"
        )
    if count is not None and (not isinstance(count, int | float) or not count >= 1):
        raise InvalidArgumentError(
            f"agent: count must be a number of at least 1, or None, but is {count!r:.100}"
        )
    policy = FailurePolicy.of(
        max_quick_failures=max_quick_failures,
        quick_seconds=quick_seconds,
        max_initial_failures=max_initial_failures,
        never=never_give_up,
    )
    resumes = is_on(resume, RESUME)
    own_id = sweep_id_of(sweep_id)
    forwarded: dict[str, Any] = {}
    with _own_or(client) as used:
        make_runner: Callable[[InCaller], RunOne]
        if function is not None:
            make_runner = partial(FunctionRunner, function)
        else:
            from wanllmdb._program import runner_of_program

            runner = runner_of_program(
                used,
                own_id,
                patience=WaitPolicy.of(patience, knows_them=resumes),
                kill_delay=term_timeout,
            )
            if forward_signals:
                forwarded = {"forwarded": FORWARDED, "forward": runner.forward}

            def make_runner(_in_caller: InCaller) -> RunOne:
                return runner

        result = Agent(
            used,
            own_id,
            make_runner,
            count=count,
            policy=policy,
            agent_id=agent_name(agent_id, resume=resumes),
            resume=resumes,
            stay=is_on(stay, STAY),
            patience=patience,
            **forwarded,
        ).run()
    if result.was_terminated:
        # The run is released. SIGTERM asked for the end of the process.
        signal.raise_signal(signal.SIGTERM)
        if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            # The first process of a container, which the default action of a signal does not end.
            raise SystemExit(128 + signal.SIGTERM)
    return result


def init(
    entity: str | None = None,
    project: str | None = None,
    dir: str | os.PathLike[str] | None = None,  # noqa: A002  # W&B's name
    id: str | None = None,  # noqa: A002
    name: str | None = None,
    notes: str | None = None,
    tags: str | Sequence[str] | None = None,
    config: Any = None,
    config_exclude_keys: Sequence[str] | None = None,
    config_include_keys: Sequence[str] | None = None,
    allow_val_change: bool | None = None,
    group: str | None = None,
    job_type: str | None = None,
    mode: str | None = None,
    force: bool | None = None,
    reinit: bool | str | None = None,
    resume: bool | str | None = None,
    resume_from: str | None = None,
    fork_from: str | None = None,
    save_code: bool | None = None,
    tensorboard: bool | None = None,
    sync_tensorboard: bool | None = None,
    monitor_gym: bool | None = None,
    settings: Any = None,
    anonymous: Any = None,
    **more: Any,
) -> ActiveRun:
    """Return the run that this code works on. While the run is open, further calls return it.

    After `finish`, `init` opens the same run again. With `reinit`, it begins a part within the
    run, which its own `finish` ends. Outside of an agent, and if `mode` is "disabled", the run
    records nothing. In a program of several processes, only rank 0 reports, unless `mode` is
    "shared".

    The arguments that are not listed are accepted for scripts written for W&B.

    Args:
        entity: accepted for scripts written for W&B, without effect.
        project: the project of a run outside of a sweep; ignored for a run of a sweep.
        dir: the folder for the run's files; defaults to WANDB_DIR.
        id: the id of a run outside of a sweep.
        name: the run's name; defaults to WANDB_NAME.
        notes: becomes the label `notes`.
        tags: become labels of the run, with empty values.
        config: defaults for the program's own keys, as a dictionary, argparse's result, or
            the path of a YAML or JSON file. Values that the sweep chose take precedence.
        config_exclude_keys: keys of `config` to leave out.
        config_include_keys: the only keys of `config` to take.
        group: becomes the label `group`.
        job_type: becomes the label `job_type`.
        mode: "online", "disabled", "shared", or "offline", which is the same as "online" in a
            sweep. Defaults to WANDB_MODE.
        reinit: True, "finish_previous" or "create_new" begins a part within the run.

    Raises:
        NoRunError: this process no longer holds the run.
        InvalidArgumentError: the mode or the value of reinit is unknown, or the config file does
            not exist.
        TypeError: there is no such argument, in W&B's `init` either.
    """
    del allow_val_change, force, resume, resume_from, fork_from, save_code, anonymous
    note_unpatched(tensorboard or sync_tensorboard or monitor_gym)
    _refuse_unknown(more)
    _ignore_entity(entity)
    chosen = mode_of(mode, settings)
    defaults = given_config(config, config_exclude_keys, config_include_keys)
    if reinit is None:
        reinit = setting(settings, "reinit")
    run = begin_run(chosen, reinit, run_id=id, project=project)
    put_back()
    if dir is not None:
        run.keep_files_in(dir)
    if defaults is not None:
        run.config.setdefaults(defaults)
    name, tags, notes, group, job_type = environment_defaults(name, tags, notes, group, job_type)
    run.describe(
        name=name,
        labels=labels_of(tags or (), notes=notes, group=group, job_type=job_type),
    )
    return _as_of_sweep(run)


def log(
    data: Mapping[str, Any],
    step: int | None = None,
    commit: bool | None = None,
    sync: bool | None = None,
) -> None:
    """Report metrics of one step of the current run.

    Args:
        data: numbers by name. Nested dictionaries get dotted names; values that are not numbers
            are dropped with a warning; NaN and infinities are kept.
        step: the step, at least 0; defaults to the current step, and becomes the current step.
        commit: whether the next `log` belongs to the next step. Defaults to True if `step` is
            None, else to False.
        sync: accepted for scripts written for W&B.

    Raises:
        RunStopped: the run must stop; let this exception propagate.
        NoRunError: there is no current run, or it has finished.
    """
    required_run("log").log(data, step, commit, sync)


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """End what the last `init` began; without effect if nothing is open.

    A run of a sweep ends when its function or program ends; until then `init` may open the run
    again.

    Args:
        exit_code: a code other than 0 fails the run, unless `init` opens it again and it then
            ends successfully.
        quiet: accepted for scripts written for W&B.
    """
    run = open_run()
    if run is not None:
        run.finish(exit_code, quiet)


def define_metric(
    name: str,
    step_metric: str | DefinedMetric | None = None,
    step_sync: bool | None = None,
    hidden: bool | None = None,
    summary: str | None = None,
    overwrite: bool | None = None,
    *,
    goal: str | None = None,
) -> DefinedMetric:
    """Define which value of a metric its summary holds; see `ActiveRun.define_metric`.

    Raises:
        NoRunError: there is no current run.
        InvalidArgumentError: the summary or the goal is invalid.
    """
    return required_run("define_metric").define_metric(
        name, step_metric, step_sync, hidden, summary, overwrite, goal=goal
    )


def run_here() -> ActiveRun | None:
    """The value of `wanllmdb.run`: what `init` returned; None before `init` and after `finish`.

    `log` works before `init`, too.
    """
    run = open_run()
    return _as_of_sweep(run) if run is not None and run.has_begun else None


def _as_of_sweep(run: BaseRun) -> ActiveRun:
    # Most programs work on a run of a sweep, whose attributes type checkers should know.
    return cast(ActiveRun, run)


def _ignore_entity(entity: str | None) -> None:
    if entity is not None:
        note("the platform has no entities: the argument `entity` has no effect")


def _refuse_unknown(more: Iterable[str]) -> None:
    unknown = sorted(set(more) - set(_OLD_INIT))
    if unknown:
        close = difflib.get_close_matches(unknown[0], _INIT, n=1)
        guess = f"; did you mean {close[0]!r}?" if close else ""
        raise TypeError(f"init got an unexpected argument {unknown[0]!r}{guess}")


def _own_or(client: Client | None) -> Client | nullcontext[Client]:
    return Client() if client is None else nullcontext(client)


def prior_source(client: Client, given: PriorRunSource | Iterable[str] | None) -> Any:
    """Prior runs as `Client.create_sweep` accepts them, with the ids of runs looked up.

    Raises:
        InvalidArgumentError: a text is not the id of a run, such as `wandb.run.id`.
        NotFoundError: there is no such run.
    """
    if given is None or not isinstance(given, list | tuple):
        return given
    if not any(isinstance(each, str) for each in given):
        return given
    return list(_looked_up(client, given))


def _looked_up(client: Client, given: Iterable[Any]) -> Iterator[PriorRun]:
    for each in given:
        if not isinstance(each, str):
            yield each
            continue
        sweep_id, _, number = each.rpartition("/")[2].rpartition("-")
        if not sweep_id or not number.isdecimal():
            raise InvalidArgumentError(
                f"sweep: prior_runs takes the ids of runs of this registry, such as "
                f"'k6rsniyyjhjy-4', or PriorSweep, CsvRuns, JsonLinesRuns or PriorRun objects; "
                f"{each!r:.100} is none of them. To import runs of W&B, export them as CSV: see "
                "`wanllmdb runs import`"
            )
        yield as_prior(client.get_run(sweep_id, int(number)))
