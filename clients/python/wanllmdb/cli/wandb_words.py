"""Commands of W&B's program that have another name here, or nothing to do."""

from __future__ import annotations

from collections.abc import Mapping

_KEY = (
    "put the API key into WANLLMDB_API_KEY, or its file into WANLLMDB_API_KEY_FILE; "
    "`wanllmdb key whoami` says what it may do"
)
_MODE = "set WANDB_MODE={} in the environment of the program that it is for"
_NO_FILES = "this platform keeps sweeps, runs and metrics, and no files"
_CONTAINER = "start your container as usual, with WANLLMDB_REGISTRY and WANLLMDB_SUGGESTION set"
_NO_LAUNCH = "there are no launch queues: start `wanllmdb agent SWEEP` on each machine"

WORDS: Mapping[str, str] = {
    "artifact": _NO_FILES,
    "beta": "see `wanllmdb -h` for the commands that there are",
    "clean": "nothing of a run is left on this machine; `wanllmdb spool ls` lists unsent results",
    "controller": "the suggestion service of `wanllmdb up` does what a local controller does",
    "disabled": _MODE.format("disabled"),
    "docker": _CONTAINER,
    "docker-run": _CONTAINER,
    "enabled": "unset WANDB_MODE in the environment of the program",
    "init": "there is nothing to set up in a folder: `wanllmdb sweep create FILE --project NAME`",
    "job": _NO_LAUNCH,
    "launch": _NO_LAUNCH,
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
    "status": "`wanllmdb key whoami` says who one is, `wanllmdb sweep ls` what there is",
    "sweep-scheduler": "the suggestion service of `wanllmdb up` does what a local scheduler does",
    "sync": "`wanllmdb spool send` sends what could not be delivered; the next agent does it, too",
    "verify": "`wanllmdb sweep ls` shows whether the services answer",
}
"""What to do instead, by W&B's command."""
