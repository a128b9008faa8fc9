"""What replaces the commands of W&B's program that this one lacks."""

from __future__ import annotations

from collections.abc import Mapping

_KEY = (
    "set WANLLMDB_API_KEY to the API key, or WANLLMDB_API_KEY_FILE to a file that holds it; "
    "`wanllmdb key whoami` shows its role and projects"
)
_MODE = "set WANDB_MODE={} in the environment of the program"
_NO_FILES = "this platform stores sweeps, runs and metrics, but no files"
_CONTAINER = "start your container as usual, with WANLLMDB_REGISTRY and WANLLMDB_SUGGESTION set"
_NO_LAUNCH = "there are no launch queues: `wanllmdb launch SWEEP --on ENGINE` starts agents"

WORDS: Mapping[str, str] = {
    "artifact": _NO_FILES,
    "beta": "`wanllmdb -h` lists the commands",
    "clean": "runs leave no files on this machine; `wanllmdb spool ls` lists unsent results",
    "controller": "the suggestion service of `wanllmdb up` does what a local controller does",
    "disabled": _MODE.format("disabled"),
    "docker": _CONTAINER,
    "docker-run": _CONTAINER,
    "enabled": "unset WANDB_MODE in the environment of the program",
    "init": "folders need no setup: use `wanllmdb sweep create FILE --project NAME`",
    "job": _NO_LAUNCH,
    "launch-agent": _NO_LAUNCH,
    "launch-sweep": _NO_LAUNCH,
    "leet": "`wanllmdb runs ls SWEEP` and `wanllmdb runs show SWEEP NUMBER` show runs",
    "local": "`wanllmdb up` runs the platform on this machine",
    "login": _KEY,
    "off": _MODE.format("offline"),
    "offline": _MODE.format("offline"),
    "on": "unset WANDB_MODE in the environment of the program",
    "online": "unset WANDB_MODE in the environment of the program",
    "pull": f"{_NO_FILES}; `wanllmdb runs export SWEEP` writes runs",
    "purge-cache": "there is no cache; `wanllmdb spool ls` lists unsent results",
    "restore": f"{_NO_FILES}; `wanllmdb runs show SWEEP NUMBER` shows a run's config",
    "scheduler": _NO_LAUNCH,
    "server": "`wanllmdb up` runs the platform on this machine",
    "status": "`wanllmdb key whoami` shows the key in use, `wanllmdb sweep ls` lists the sweeps",
    "sweep-scheduler": "the suggestion service of `wanllmdb up` does what a local scheduler does",
    "sync": "`wanllmdb spool send` sends undelivered results; so does the next agent",
    "verify": "`wanllmdb sweep ls` shows whether the services answer",
}
"""What replaces each command of W&B."""
