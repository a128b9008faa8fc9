"""The functions of a training script: sweep, agent, init, log, finish, define_metric."""

from __future__ import annotations

import difflib
import inspect
import math
import os
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from wanllmdb._client import Client
from wanllmdb._env import RESUME, STAY, is_on
from wanllmdb._errors import InvalidArgumentError
from wanllmdb._ids import sweep_id_of
from wanllmdb._notes import note
from wanllmdb._overwritten import put_back
from wanllmdb._prior import prior_source
from wanllmdb._types.run import PriorRunSource
from wanllmdb._wire.sweep_calls import Config as SweepConfig

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
    """Creates a sweep and returns its id; prints it, with what the server decided by itself.

    Args:
        sweep: a W&B-style config as a dictionary or as YAML or JSON text, a SweepSpec, a
            TemplateUse, or a function that returns one of these.
        entity: accepted for scripts written for W&B, without effect.
        project: where None, the config's, else WANDB_PROJECT, else "default".
        prior_runs: results of elsewhere to start with: a PriorSweep, CsvRuns, JsonLinesRuns or
            PriorRun objects, or the ids of runs.
        name: for people; where None, the config's, else made from the id.
        skip_unfit: leave out prior runs that do not fit, instead of refusing all.
        client: reaches the services; by the environment's addresses where None.

    Raises:
        InvalidArgumentError: `str()` lists every problem of the config.
        UnavailableError: no registry at the address.
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
        console.line(f"  {created.imported_runs} prior runs taken, {created.skipped_runs} left out")
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
    """Works on runs of a sweep: calls `function` once a run, in this thread.

    Without a function it runs the sweep's own program once a run, as `wanllmdb agent` does. It
    ends when the sweep hands out no more runs or after `count` runs. An exception in the
    function fails that run and the agent goes on. Services that are away are waited for; the
    result of a run that is done is kept on disk meanwhile, for the next agent on this machine
    should this one end.

    Ctrl-C lets the run end and takes no more; a second one raises KeyboardInterrupt in the
    function and gives the run back, a third one raises it here. SIGTERM, by which clusters
    preempt, gives the run back at once; then the process ends as it would have without an
    agent. In another thread than the main one there are no signals.

    Args:
        sweep_id: the sweep; of `entity/project/id` the last part.
        function: the training function; it calls `init`, reads `config` and calls `log`. The
            sweep's program where None.
        entity: accepted for scripts written for W&B, without effect.
        project: likewise; an id says enough.
        count: at most so many runs.
        forward_signals: passes SIGINT, SIGTERM and their like on to the sweep's program.
        term_timeout: seconds that the sweep's program has to stop in after SIGTERM; 30 where
            None.
        max_consecutive_failed_runs: gives up after so many failures in a row, however long
            they took.
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
    del project
    _ignore_entity(entity)
    if function is not None and not callable(function):
        raise InvalidArgumentError(
            f"agent: function must be callable, but is {function!r}; leave it out to run the "
            f"sweep's program"
        )
    if function is not None and (forward_signals or term_timeout is not None):
        note("agent: forward_signals and term_timeout are for programs, not for functions")
    if max_consecutive_failed_runs is not None and max_quick_failures is None:
        max_quick_failures = max_consecutive_failed_runs
        quick_seconds = math.inf if quick_seconds is None else quick_seconds
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise InvalidArgumentError(
            f"agent: calling {function!r} does not run it: give a plain function, such as "
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
        # The run is given back; what was asked for is the end of the process.
        signal.raise_signal(signal.SIGTERM)
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
    """The run that this code works on. Where it is open, calling it again returns the same one.

    After `finish` it opens the same run again. With `reinit` it begins a part of the run within
    it, which a `finish` of its own ends. Outside of an agent, and where `mode` is "disabled", the
    run records nothing. In a program of several processes those of other ranks than 0 report
    nothing, unless `mode` is "shared".

    The arguments that are not listed are accepted for scripts written for W&B.

    Args:
        entity: accepted for scripts written for W&B, without effect.
        project: for a run outside of a sweep; else the sweep's counts.
        dir: the folder for the run's files; WANDB_DIR where None.
        id: for a run outside of a sweep.
        name: the run's name; WANDB_NAME where None.
        notes: becomes the label `notes`.
        tags: become labels of the run, with an empty text.
        config: defaults for keys of the program's own, as a dictionary, argparse's result, or
            the path of a YAML or JSON file; what the sweep chose stands.
        config_exclude_keys: keys of `config` to leave out.
        config_include_keys: the only keys of `config` to take.
        group: becomes the label `group`.
        job_type: becomes the label `job_type`.
        mode: "online", "disabled", "shared", or "offline", which in a sweep is as "online";
            WANDB_MODE where None.
        reinit: True, "finish_previous" or "create_new" for a part within the run.

    Raises:
        NoRunError: the run is no longer this process's.
        InvalidArgumentError: there is no such mode, reinit, or file of a config.
        TypeError: W&B's `init` has no such argument either.
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
    """Reports metrics of one step of the current run.

    Args:
        data: numbers by name; nested dictionaries get dotted names, what is no number is
            left out with a warning, NaN and infinities are kept.
        step: at least 0; where None, the present one. It becomes the present one.
        commit: whether the next `log` is of the next step. Where None: unless `step` is
            given.
        sync: accepted for scripts written for W&B.

    Raises:
        RunStopped: the run is to stop: let it pass.
        NoRunError: there is no run here, or it is finished.
    """
    required_run("log").log(data, step, commit, sync)


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """Ends what the last `init` began; without effect where there is nothing to end.

    The run of a sweep ends when its function or program does: until then `init` may open it
    again.

    Args:
        exit_code: any other than 0 makes it a failed run, unless `init` opens it again and
            that ends well.
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
    """Says which value of a metric counts; see `ActiveRun.define_metric`.

    Raises:
        NoRunError: there is no run here.
        InvalidArgumentError: there is no such summary or goal.
    """
    return required_run("define_metric").define_metric(
        name, step_metric, step_sync, hidden, summary, overwrite, goal=goal
    )


def run_here() -> ActiveRun | None:
    """`wanllmdb.run`: what `init` returned; None before it and after `finish`.

    `log` works before `init` all the same.
    """
    run = open_run()
    return _as_of_sweep(run) if run is not None and run.has_begun else None


def _as_of_sweep(run: BaseRun) -> ActiveRun:
    # Most programs work on a run of a sweep, and checkers of types are to know what it has.
    return cast(ActiveRun, run)


def _ignore_entity(entity: str | None) -> None:
    if entity is not None:
        note("there are no entities here: the argument `entity` has no effect")


def _refuse_unknown(more: Iterable[str]) -> None:
    unknown = sorted(set(more) - set(_OLD_INIT))
    if unknown:
        close = difflib.get_close_matches(unknown[0], _INIT, n=1)
        guess = f"; did you mean {close[0]!r}?" if close else ""
        raise TypeError(f"init got an unexpected argument {unknown[0]!r}{guess}")


def _own_or(client: Client | None) -> Client | nullcontext[Client]:
    return Client() if client is None else nullcontext(client)
