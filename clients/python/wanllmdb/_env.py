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
"""A file that holds it, where the one above is not set."""

TLS = "WANLLMDB_TLS"
"""1 for TLS; also on where one of the following is set, unless this is 0."""

TLS_CA = "WANLLMDB_TLS_CA"
"""A PEM file with the authorities that are trusted."""

TLS_CERT = "WANLLMDB_TLS_CERT"
"""A PEM file with the client's certificate, for services that ask for one."""

TLS_KEY = "WANLLMDB_TLS_KEY"
"""A PEM file with its key."""

TLS_SERVER_NAME = "WANLLMDB_TLS_SERVER_NAME"
"""The name that the services' certificates must bear, where it is not that in the address."""

INSECURE = "WANLLMDB_INSECURE"
"""1 lets the API key go in plain text to another machine."""

SWEEP_ID = "WANLLMDB_SWEEP_ID"
"""The sweep whose run this process works on; set by a command agent."""

RUN_NUMBER = "WANLLMDB_RUN_NUMBER"
"""The number of that run."""

RUN_ATTEMPT = "WANLLMDB_RUN_ATTEMPT"
"""The attempt of that run, as it was handed out."""

SLOT = "WANLLMDB_SLOT"
"""Which of the places of `wanllmdb agent --parallel N` this process has: 0 to N-1."""

MAX_QUICK_FAILURES = "WANLLMDB_AGENT_MAX_QUICK_FAILURES"
"""After so many failures in a row within the seconds below an agent gives up; 0: never."""

QUICK_SECONDS = "WANLLMDB_AGENT_QUICK_SECONDS"
"""The seconds meant above."""

MAX_INITIAL_FAILURES = "WANLLMDB_AGENT_MAX_INITIAL_FAILURES"
"""After so many failures before its first success an agent gives up; 0: never."""

AGENT_ID = "WANLLMDB_AGENT_ID"
"""The agent's name; needed to resume."""

RESUME = "WANLLMDB_RESUME"
"""Whether an agent takes up the runs that it held before it ended: 1, true, yes or on."""

STAY = "WANLLMDB_STAY"
"""Whether an agent stays until no run of others may come back: 1, true, yes or on."""

AS_WANDB = "WANLLMDB_AS_WANDB"
"""Whether a command agent's programs find wanllmdb as `wandb`: 1, true, yes or on."""

PATIENCE = "WANLLMDB_PATIENCE"
"""Seconds for which an agent waits for services that are away."""

SPOOL_DIR = "WANLLMDB_SPOOL_DIR"
"""Folder for what could not be delivered; where not set, in XDG_STATE_HOME or ~/.local/state."""

RUN_RESUMED = "WANLLMDB_RUN_RESUMED"
"""Whether that run was begun by the agent's last life: 1; set by a command agent."""

LENT_BY = "WANLLMDB_RUN_LENT_BY"
"""The process whose children may report for that run; set by a function agent."""

SEVERAL_RUNS = "WANLLMDB_SEVERAL_RUNS"
"""That several agents work in the parent process; set by them."""

AGENT_RANKS = "WANLLMDB_AGENT_RANKS"
"""What the agent's own environment says of ranks, as JSON; set by an agent."""

ALL_RANKS = "WANLLMDB_ALL_RANKS"
"""Whether all processes of a program report, not the one of rank 0 alone: 1, true, yes or on."""

NEVER_GIVE_UP = "WANLLMDB_AGENT_NEVER_GIVE_UP"
"""Turns both off: 1, true, yes or on."""

_YES = ("1", "true", "yes", "on")
_NO = ("0", "false", "no", "off")


WANDB_SWEEP_ID = "WANDB_SWEEP_ID"
"""The sweep, by W&B's name for it: a program without it is no part of the sweep."""


@dataclass(frozen=True, slots=True)
class RunEnvironment:
    """The run that a command agent handed to this process."""

    sweep_id: str
    number: int
    attempt: int
    resumed: bool = False

    def variables(self) -> dict[str, str]:
        """The variables by which a child process finds the run."""
        return {
            SWEEP_ID: self.sweep_id,
            RUN_NUMBER: str(self.number),
            RUN_ATTEMPT: str(self.attempt),
            RUN_RESUMED: "1" if self.resumed else "",
        }

    @classmethod
    def read(cls) -> RunEnvironment | None:
        """The run that the environment names, or None when it names none.

        None also in the very process that named it, for its children.

        Raises:
            NoRunError: it names one in part or with a number that is none, or the parent works
                on several.
        """
        sweep_id = os.environ.get(SWEEP_ID, "")
        if not sweep_id and os.environ.get(SEVERAL_RUNS):
            raise NoRunError(
                f"init: {os.environ[SEVERAL_RUNS]} agents work in the process that started this "
                f"one, so its environment does not say which run this is for: start this process "
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
    """The sweep whose run this process was started for, where the program has left it; or None.

    Programs for cross-validation take W&B's variables out of a worker's environment, so that
    what it logs is no part of the sweep's run.
    """
    return None if os.environ.get(WANDB_SWEEP_ID) else os.environ.get(SWEEP_ID) or None


def switch(variable: str, *, default: bool) -> bool:
    """Whether a variable says yes; the default where it is not set.

    Raises:
        InvalidArgumentError: it says neither yes nor no.
    """
    text = os.environ.get(variable, "").strip().lower()
    if not text:
        return default
    if text not in (*_YES, *_NO):
        raise InvalidArgumentError(f"{variable} must be 1 or 0, but is {text!r:.100}")
    return text in _YES


def is_on(given: bool | None, variable: str) -> bool:
    """What is given, else whether the variable says yes."""
    if given is not None:
        return given
    return os.environ.get(variable, "").lower() in ("1", "true", "yes", "on")


def number_of(given: float | None, variable: str) -> float | None:
    """The number that is given, else the variable's; None where there is neither.

    Raises:
        InvalidArgumentError: it is below 0, or the variable is no number.
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
