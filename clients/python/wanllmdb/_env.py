"""The environment variables that the client reads, all in one place."""

from __future__ import annotations

import os
from dataclasses import dataclass

from wanllmdb._errors import InvalidArgumentError, NoRunError

REGISTRY = "WANLLMDB_REGISTRY"
"""Address of the registry: `host:port`, several with commas between."""

SUGGESTION = "WANLLMDB_SUGGESTION"
"""Address of the suggestion service: `host:port`, several with commas between."""

API_KEY = "WANLLMDB_API_KEY"
"""The API key: `wsk_<id>_<secret>`."""

API_KEY_FILE = "WANLLMDB_API_KEY_FILE"
"""A file that holds the API key; read if WANLLMDB_API_KEY is not set."""

TLS = "WANLLMDB_TLS"
"""1 for TLS. Setting any other WANLLMDB_TLS_* variable also turns TLS on, unless this is 0."""

TLS_CA = "WANLLMDB_TLS_CA"
"""A PEM file with the certificates of trusted authorities."""

TLS_CERT = "WANLLMDB_TLS_CERT"
"""A PEM file with the client's certificate, for services that require one."""

TLS_KEY = "WANLLMDB_TLS_KEY"
"""A PEM file with the private key of the client's certificate."""

TLS_SERVER_NAME = "WANLLMDB_TLS_SERVER_NAME"
"""The name that the services' certificates must have; defaults to the name in the address."""

INSECURE = "WANLLMDB_INSECURE"
"""1 allows sending the API key in plain text to another machine."""

SWEEP_ID = "WANLLMDB_SWEEP_ID"
"""The sweep whose run this process works on; set by a command agent."""

RUN_NUMBER = "WANLLMDB_RUN_NUMBER"
"""The number of the run that this process works on."""

RUN_ATTEMPT = "WANLLMDB_RUN_ATTEMPT"
"""The attempt of the run that this process works on."""

SLOT = "WANLLMDB_SLOT"
"""This process's slot of `wanllmdb agent --parallel N`: 0 to N-1."""

MAX_QUICK_FAILURES = "WANLLMDB_AGENT_MAX_QUICK_FAILURES"
"""An agent stops after this many failures in a row within the quick seconds; 0 for never."""

QUICK_SECONDS = "WANLLMDB_AGENT_QUICK_SECONDS"
"""Time window for the maximum number of quick failures, in seconds."""

MAX_INITIAL_FAILURES = "WANLLMDB_AGENT_MAX_INITIAL_FAILURES"
"""An agent stops after this many failures before its first success; 0 for never."""

AGENT_ID = "WANLLMDB_AGENT_ID"
"""The agent's name, which resuming requires."""

RESUME = "WANLLMDB_RESUME"
"""Whether an agent resumes the runs that it held before it ended: 1, true, yes or on."""

STAY = "WANLLMDB_STAY"
"""Whether an agent stays until no run of another agent may be lost: 1, true, yes or on."""

AS_WANDB = "WANLLMDB_AS_WANDB"
"""Whether programs of a command agent import wanllmdb as `wandb`: 1, true, yes or on."""

PATIENCE = "WANLLMDB_PATIENCE"
"""Seconds for which an agent waits for unavailable services."""

SPOOL_DIR = "WANLLMDB_SPOOL_DIR"
"""Folder for undelivered results; defaults to one in XDG_STATE_HOME or ~/.local/state."""

RUN_RESUMED = "WANLLMDB_RUN_RESUMED"
"""1 if the agent resumed the run after a restart; set by a command agent."""

LENT_BY = "WANLLMDB_RUN_LENT_BY"
"""The process whose children may report for its run; set by a function agent."""

SEVERAL_RUNS = "WANLLMDB_SEVERAL_RUNS"
"""The number of agents in the parent process, if there are several; set by them."""

AGENT_RANKS = "WANLLMDB_AGENT_RANKS"
"""The rank variables of the agent's own environment, as JSON; set by an agent."""

ALL_RANKS = "WANLLMDB_ALL_RANKS"
"""Whether all processes of a program report instead of only rank 0: 1, true, yes or on."""

NEVER_GIVE_UP = "WANLLMDB_AGENT_NEVER_GIVE_UP"
"""Whether an agent never stops because of failed runs: 1, true, yes or on."""

_YES = ("1", "true", "yes", "on")
_NO = ("0", "false", "no", "off")


WANDB_SWEEP_ID = "WANDB_SWEEP_ID"
"""W&B's variable for the sweep's id; a program that removes it has left the sweep."""


@dataclass(frozen=True, slots=True)
class RunEnvironment:
    """The run that a command agent assigned to this process."""

    sweep_id: str
    number: int
    attempt: int
    resumed: bool = False

    def variables(self) -> dict[str, str]:
        """Environment variables with which a child process finds the run."""
        return {
            SWEEP_ID: self.sweep_id,
            RUN_NUMBER: str(self.number),
            RUN_ATTEMPT: str(self.attempt),
            RUN_RESUMED: "1" if self.resumed else "",
        }

    @classmethod
    def read(cls) -> RunEnvironment | None:
        """The run that the environment names; None if it names none.

        Also None in the process that set the variables for its children.

        Raises:
            NoRunError: the variables are incomplete or not numbers, or the parent process works
                on several runs.
        """
        sweep_id = os.environ.get(SWEEP_ID, "")
        if not sweep_id and os.environ.get(SEVERAL_RUNS):
            raise NoRunError(
                f"init: {os.environ[SEVERAL_RUNS]} agents work in the process that started this "
                f"one, so the environment does not identify the run of this process: start this "
                "process "
                f"with env={{**os.environ, **run.environment()}}, where run is what init() "
                f"returned there, or have each agent work in a process of its own"
            )
        if not sweep_id or os.environ.get(LENT_BY) == str(os.getpid()):
            return None
        return cls(
            sweep_id,
            _whole_number(RUN_NUMBER),
            _whole_number(RUN_ATTEMPT),
            is_on(None, RUN_RESUMED),
        )


def left_sweep() -> str | None:
    """The sweep that this process was started for, if the program has left the sweep; else None.

    Programs for cross-validation remove W&B's variables from a worker's environment, so that the
    values that the worker logs do not become part of the sweep's run.
    """
    return None if os.environ.get(WANDB_SWEEP_ID) else os.environ.get(SWEEP_ID) or None


def switch(variable: str, *, default: bool) -> bool:
    """Whether a variable is on; the default if the variable is not set.

    Raises:
        InvalidArgumentError: the value means neither on nor off.
    """
    text = os.environ.get(variable, "").strip().lower()
    if not text:
        return default
    if text not in (*_YES, *_NO):
        raise InvalidArgumentError(f"{variable} must be 1 or 0, but is {text!r:.100}")
    return text in _YES


def is_on(given: bool | None, variable: str) -> bool:
    """The given value; if None, whether the variable is on."""
    if given is not None:
        return given
    return os.environ.get(variable, "").lower() in ("1", "true", "yes", "on")


def number_of(given: float | None, variable: str) -> float | None:
    """The given number, else the variable's number; None if there is neither.

    Raises:
        InvalidArgumentError: the number is below 0, or the variable is not a number.
    """
    if given is None:
        text = os.environ.get(variable, "")
        if not text:
            return None
        try:
            given = float(text)
        except ValueError:
            raise InvalidArgumentError(f"{variable} must be a number, but is {text!r}") from None
    if not given >= 0:
        name = variable.removeprefix("WANLLMDB_").removeprefix("AGENT_").lower()
        raise InvalidArgumentError(f"{name} must be at least 0, but is {given}")
    return given


def _whole_number(variable: str) -> int:
    text = os.environ.get(variable, "")
    if not text.isdecimal():
        raise NoRunError(
            f"{SWEEP_ID} is set, so {variable} must be a whole number, but it is {text!r}: "
            f"start the program through `wanllmdb agent`, or unset {SWEEP_ID}"
        )
    return int(text)
