"""Agents as an array job of Slurm, by sbatch, squeue and scancel."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

from wanllmdb import _env
from wanllmdb.cli.launching.request import (
    PREFIX,
    EngineName,
    Launch,
    LaunchError,
    LaunchRequest,
)

_ANSWER_SECONDS = 60.0
_LEAD_SECONDS = 60
"""Slurm may send the signal before the time limit up to a minute early or late."""

_RUNNING = ("RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT")

# The agent is a child of the script rather than its replacement, because only the script can tell
# the time limit, after which the task is queued again, from scancel, after which it is not.
_BODY = """\
is_over_time=
trap 'kill -TERM "$agent"' TERM
trap 'is_over_time=1; kill -TERM "$agent"' USR1

{command} &
agent=$!
# A trapped signal ends a wait before the agent has ended.
while kill -0 "$agent" 2>/dev/null; do wait "$agent"; done
wait "$agent"
code=$?
if [ -n "$is_over_time" ]; then
  echo "the time limit is near: the agent gave its run back, and this task is queued again"
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
"""


def batch_script(request: LaunchRequest, name: str, options: Sequence[str] = ()) -> str:
    """Return the script of the array job; the API key is not in it.

    Args:
        request: the agents.
        name: the launch's name.
        options: further options of sbatch, each with its value.
    """
    lead = int(request.kill_delay) + _LEAD_SECONDS
    given = [
        f"--job-name={name}",
        f"--array=0-{request.agents - 1}",
        "--ntasks=1",
        *([f"--cpus-per-task={request.cpus}"] if request.cpus else []),
        *([f"--mem={request.memory}"] if request.memory else []),
        *([f"--gres=gpu:{request.gpus}"] if request.gpus else []),
        # Preempted tasks and those of a node that fails are queued again, with the same name.
        "--requeue",
        "--open-mode=append",
        # The API key comes with the environment.
        "--export=ALL",
        f"--signal=B:USR1@{lead}",
        *options,
    ]
    exported = {
        **{key: value for key, value in request.settings.items() if key != _env.API_KEY and value},
        **request.variables,
        _env.RESUME: "1",
    }
    agent_id = f"{_env.AGENT_ID}={name}-$SLURM_ARRAY_JOB_ID-$SLURM_ARRAY_TASK_ID"
    command = shlex.join([sys.executable, "-m", "wanllmdb.cli.main", *request.agent_arguments()])
    return "\n".join(
        [
            "#!/bin/bash",
            *(f"#SBATCH {option}" for option in given),
            "",
            *(f"export {key}={shlex.quote(value)}" for key, value in exported.items()),
            f"export {agent_id}",
            "",
            _BODY.format(command=command),
        ]
    )


class SlurmEngine:
    """The launches of this user in the cluster of this host; see Engine."""

    def submit(self, script: str, request: LaunchRequest) -> str:
        """Submit an array job; return the launch's name.

        Raises:
            LaunchError: Slurm does not take the job.
        """
        environment = {**os.environ, **request.settings, **request.variables}
        answer = _ask(
            "sbatch", "--parsable", script=script, environment=environment, request=request
        )
        job_id = answer.strip().partition(";")[0]
        return f"{EngineName.SLURM}/{job_id}"

    def launches(self) -> list[Launch]:
        """Return the launches with a task that has not ended; see Engine."""
        states: dict[tuple[str, str], Counter[str]] = {}
        for line in _ask("squeue", "--me", "-h", "-r", "-o", "%F|%T|%j").splitlines():
            job_id, state, name = line.split("|", 2)
            if name.startswith(PREFIX):
                states.setdefault((job_id, name), Counter())[state] += 1
        return [_launch(job_id, name, counts) for (job_id, name), counts in states.items()]

    def stop(self, launch_id: str) -> None:
        """Cancel a launch's tasks; see Engine."""
        name = f"{EngineName.SLURM}/{launch_id}"
        if name not in [launch.launch for launch in self.launches()]:
            raise LaunchError(
                f"Slurm has no launch {name} of yours: `wanllmdb launches ls` lists those it has"
            )
        _ask("scancel", launch_id)


def is_set_up() -> bool:
    """Whether this host has Slurm's commands."""
    return shutil.which("squeue") is not None


def _launch(job_id: str, name: str, states: Counter[str]) -> Launch:
    running = sum(states[state] for state in _RUNNING)
    return Launch(
        f"{EngineName.SLURM}/{job_id}",
        EngineName.SLURM,
        name.removeprefix(PREFIX).rpartition("-")[0],
        running,
        states.total() - running,
    )


def _ask(
    program: str,
    *arguments: str,
    script: str = "",
    environment: Mapping[str, str] | None = None,
    request: LaunchRequest | None = None,
) -> str:
    """Run a command of Slurm's and return its output.

    Raises:
        LaunchError: it is missing or fails.
    """
    found = shutil.which(program)
    if found is None:
        raise LaunchError(
            f"{program} is not on PATH: launch on a host of the Slurm cluster, such as its login "
            f"node, or load its module"
        )
    try:
        done = subprocess.run(
            [found, *arguments],
            input=script,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LaunchError(
            f"{program} did not answer within {_ANSWER_SECONDS:g} s: `scontrol ping` shows whether "
            f"Slurm's controller runs"
        ) from None
    if done.returncode == 0:
        return done.stdout
    raise LaunchError(_problem(program, done.stderr.strip(), request))


def _problem(program: str, said: str, request: LaunchRequest | None) -> str:
    shown = " ".join(said.split()) or f"{program} failed"
    if "configuration source" in said or "configuration file" in said:
        return (
            f"Slurm's commands are installed here, and no cluster is configured: launch on a host "
            f"of the cluster, or set SLURM_CONF to its slurm.conf ({shown})"
        )
    if "Unable to contact slurm controller" in said or "Connection refused" in said:
        return f"{shown}; `scontrol ping` shows whether Slurm's controller runs"
    if request is not None and ("configuration is not available" in said or "gres" in said.lower()):
        asked = []
        asked += [f"--gpus-per-agent {request.gpus}"] if request.gpus else []
        asked += [f"--cpus-per-agent {request.cpus}"] if request.cpus else []
        asked += [f"--memory-per-agent {request.memory}"] if request.memory else []
        return (
            f"{shown}; no node has what an agent asks for ({', '.join(asked) or 'by --sbatch'}): "
            f"`sinfo -o '%P %c %m %G'` lists processors, memory and GPUs of each partition"
        )
    return shown
