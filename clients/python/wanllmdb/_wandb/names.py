"""The effect of each of W&B's names, for notes, errors and docs/coming-from.md."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple


class Does(StrEnum):
    """The effect of using a name."""

    WORKS = "works"
    KEPT = "kept, not sent"
    NOTHING = "accepted, does nothing"
    REFUSED = "refused"


class Name(NamedTuple):
    """One of W&B's names."""

    does: Does
    what: str
    """The name's effect, or its replacement; written after the name and a colon."""


_NUMBERS_ALONE = "the platform keeps only numbers, so `log` drops it and prints one note per run"
_NO_FILES = "the platform keeps no files"
_READ_A_PATH = (
    "the platform keeps no files: read the data from a path or a bucket that the program knows"
)
_SETTINGS_OF_ITS_OWN = "the platform needs no set-up"
_CALL_LOG = "call `wandb.log` with the sweep's metric"
_LOG_IT = f"no library is patched to log: {_CALL_LOG}"
_INTERNAL = "a part of W&B's own machinery"

NAMES: Mapping[str, Name] = {
    # A run and its sweep.
    "init": Name(Does.WORKS, "the run that the calling code works on"),
    "log": Name(
        Does.WORKS, "reports the numbers of one step; other values are dropped with a note"
    ),
    "finish": Name(Does.WORKS, "ends the run"),
    "join": Name(Does.WORKS, "the same as `finish`"),
    "teardown": Name(Does.WORKS, "ends the run, if there is one"),
    "run": Name(Does.WORKS, "what `init` returned; None before it and after `finish`"),
    "config": Name(Does.WORKS, "the current run's parameters"),
    "summary": Name(Does.WORKS, "the summary: one value per metric"),
    "define_metric": Name(Does.WORKS, "defines which value of a metric its summary holds"),
    "sweep": Name(Does.WORKS, "creates a sweep"),
    "agent": Name(Does.WORKS, "calls a function for each run of a sweep"),
    "Api": Name(Does.WORKS, "reads sweeps and runs; anything else raises an error"),
    "Run": Name(
        Does.WORKS, "a run as the registry has it; `init` returns an `ActiveRun`, with W&B's names"
    ),
    "Config": Name(Does.WORKS, "the class of `wandb.config`"),
    # Media, tables and artifacts.
    **dict.fromkeys(
        (
            *("Image", "Audio", "Video", "Html", "Object3D", "Molecule", "Plotly", "Graph"),
            *("Classes", "JoinedTable", "EvalTable", "box3d"),
        ),
        Name(Does.KEPT, f"keeps its arguments; {_NUMBERS_ALONE}"),
    ),
    "Table": Name(Does.KEPT, f"keeps its rows, and can be read; {_NUMBERS_ALONE}"),
    "Histogram": Name(Does.KEPT, f"counts its values; {_NUMBERS_ALONE}"),
    "plot": Name(Does.KEPT, f"its functions return charts; {_NUMBERS_ALONE}"),
    "plot_table": Name(Does.KEPT, f"returns a chart; {_NUMBERS_ALONE}"),
    "visualize": Name(Does.KEPT, f"returns a chart; {_NUMBERS_ALONE}"),
    "data_types": Name(Does.KEPT, "the classes of media and tables, as a module"),
    "Artifact": Name(Does.KEPT, "lists its files; nothing is uploaded, nothing can be downloaded"),
    "ArtifactTTL": Name(Does.KEPT, "the enum"),
    "AlertLevel": Name(Does.KEPT, "the enum"),
    # The process.
    "login": Name(
        Does.NOTHING,
        "there are no accounts; set WANLLMDB_API_KEY if the services require a key",
    ),
    "setup": Name(Does.NOTHING, f"{_SETTINGS_OF_ITS_OWN}; its settings can be read"),
    "require": Name(Does.NOTHING, _SETTINGS_OF_ITS_OWN),
    "ensure_configured": Name(Does.NOTHING, _SETTINGS_OF_ITS_OWN),
    "termsetup": Name(Does.NOTHING, _SETTINGS_OF_ITS_OWN),
    "patched": Name(Does.NOTHING, "is empty, since no library is patched"),
    "Settings": Name(
        Does.KEPT,
        "accepts any setting, which can be read and changed; `init` uses only `mode`, the names "
        "and the tags",
    ),
    **dict.fromkeys(
        ("termlog", "termwarn", "termerror"), Name(Does.WORKS, "prints a line on stderr")
    ),
    "util": Name(Does.WORKS, "`generate_id` and the other helpers that programs use"),
    **dict.fromkeys(
        ("Error", "CommError", "UsageError", "errors"),
        Name(Does.WORKS, "the bases of the client's exceptions, so that `except` catches them"),
    ),
    # Other methods of a run.
    "save": Name(Does.NOTHING, f"{_NO_FILES}: they stay where they are"),
    "log_artifact": Name(Does.NOTHING, f"{_NO_FILES}: they stay where they are; the id is None"),
    "log_model": Name(Does.NOTHING, f"{_NO_FILES}: they stay where they are"),
    "link_model": Name(Does.NOTHING, "the platform has no model registry"),
    "watch": Name(Does.NOTHING, "gradients and parameters are not recorded"),
    "unwatch": Name(Does.NOTHING, "gradients and parameters are not recorded"),
    "alert": Name(Does.NOTHING, "the platform sends no mail or chat messages"),
    "mark_preempting": Name(
        Does.NOTHING, "a run whose machine is lost is queued again automatically"
    ),
    "pin_config_keys": Name(Does.NOTHING, "there is no page that could show them"),
    "use_artifact": Name(Does.REFUSED, _READ_A_PATH),
    "use_model": Name(Does.REFUSED, _READ_A_PATH),
    "restore": Name(Does.REFUSED, _READ_A_PATH),
    # Frameworks.
    **dict.fromkeys(
        ("keras", "lightgbm", "xgboost", "sklearn", "integration"),
        Name(Does.WORKS, "callbacks that log metrics, as in `wandb.integration`"),
    ),
    "sdk": Name(Does.WORKS, "the paths that annotations and loggers use"),
    **dict.fromkeys(("tensorboard", "tensorflow", "gym"), Name(Does.REFUSED, _LOG_IT)),
    **dict.fromkeys(
        ("catboost", "sacred"), Name(Does.REFUSED, f"there is no callback for it: {_CALL_LOG}")
    ),
    "profiler": Name(Does.REFUSED, "the platform keeps no traces: write them to a folder"),
    "wandb_torch": Name(Does.REFUSED, "gradients and parameters are not recorded"),
    # W&B's other ways to work.
    "controller": Name(
        Does.REFUSED, "the services choose parameters: `wandb.sweep` and `wandb.agent` are enough"
    ),
    "attach": Name(
        Does.REFUSED,
        "each process has its own runs: call `wandb.init` in the process that needs the run",
    ),
    "sagemaker_auth": Name(Does.REFUSED, "set WANLLMDB_API_KEY in the job's environment"),
    "jupyter": Name(Does.REFUSED, "a notebook works without it: `wandb.agent` runs in a cell"),
    "env": Name(Does.WORKS, "`get_project` and its like, which read and set W&B's variables"),
    "api": Name(Does.REFUSED, "`wandb.Client` calls the services, `wandb.Api` reads as W&B's does"),
    "apis": Name(Does.WORKS, "`apis.public.Api` is `wandb.Api`"),
    **dict.fromkeys(
        (
            *("agents", "analytics", "helper", "proto", "trigger", "wandb", "wandb_agent"),
            *("wandb_lib", "wandb_sdk"),
        ),
        Name(Does.REFUSED, _INTERNAL),
    ),
}
"""Names of the module that `dir(wandb)` lists."""

RUN_NAMES: Mapping[str, Name] = {
    "log": NAMES["log"],
    "finish": NAMES["finish"],
    "define_metric": NAMES["define_metric"],
    **dict.fromkeys(
        (
            *("config", "config_static", "dir", "disabled", "entity", "group", "id", "job_type"),
            *("name", "notes", "offline", "path", "project", "project_url", "resumed"),
            *("start_time", "starting_step", "step", "summary", "sweep_id", "sweep_url"),
            *("sync_dir", "tags", "url"),
        ),
        Name(Does.WORKS, "a property"),
    ),
    **{name: NAMES[name] for name in ("save", "log_artifact", "log_model", "link_model")},
    "link_artifact": NAMES["link_model"],
    "log_code": Name(Does.NOTHING, "the platform keeps no code: keep its commit in the config"),
    **dict.fromkeys(
        ("upsert_artifact", "finish_artifact"),
        Name(Does.NOTHING, f"{_NO_FILES}: they stay where they are"),
    ),
    **{name: NAMES[name] for name in ("watch", "unwatch", "alert", "mark_preempting")},
    "pin_config_keys": NAMES["pin_config_keys"],
    "display": Name(Does.NOTHING, "returns False: there is no page to show"),
    "to_html": Name(Does.NOTHING, "returns the run's description as text"),
    "write_logs": Name(Does.NOTHING, "what a program prints stays with the program"),
    **{name: NAMES[name] for name in ("use_artifact", "use_model", "restore")},
    "settings": Name(Does.REFUSED, "`run.config` and the run's properties hold these values"),
    "status": Name(Does.REFUSED, "`wanllmdb runs show` shows the registry's record of the run"),
}
"""Names of a run."""


def missing(name: str, known: Iterable[str], what: str, names: Mapping[str, Name]) -> str:
    """The reason why `what` lacks a name, with similar names."""
    declared = names.get(name)
    if declared is not None:
        return f"{what} does not have W&B's {name!r}: {declared.what}"
    close = difflib.get_close_matches(name, [word for word in known if word[0] != "_"], n=3)
    guess = f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
    return (
        f"{what} has no {name!r}{guess}"
        f"{'' if guess else '; docs/coming-from.md lists the names of W&B that there are'}"
    )
