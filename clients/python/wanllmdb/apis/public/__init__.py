"""Reading results as programs written for W&B do: `wandb.Api()` and what it returns.

The API reads only. `Client` and the command line change sweeps and runs.
"""

from typing import Any, NoReturn

from wanllmdb.apis.public._errors import (
    InvalidPathError,
    InvalidQueryError,
    MissingPackageError,
    ProjectNotFoundError,
    ReadOnlyApiError,
    RunNotFoundError,
    SweepNotFoundError,
)
from wanllmdb.apis.public._unsupported import CLASSES
from wanllmdb.apis.public.api import Api
from wanllmdb.apis.public.history import HistoryScan
from wanllmdb.apis.public.projects import Project, Projects
from wanllmdb.apis.public.runs import Run, Runs
from wanllmdb.apis.public.summary import Summary
from wanllmdb.apis.public.sweeps import Sweep, Sweeps

__all__ = [
    "Api",
    "HistoryScan",
    "InvalidPathError",
    "InvalidQueryError",
    "MissingPackageError",
    "Project",
    "ProjectNotFoundError",
    "Projects",
    "ReadOnlyApiError",
    "Run",
    "RunNotFoundError",
    "Runs",
    "Summary",
    "Sweep",
    "SweepNotFoundError",
    "Sweeps",
]


def __getattr__(name: str) -> Any:
    if name not in CLASSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def refuse(self: object, *args: Any, **kwargs: Any) -> NoReturn:
        raise ReadOnlyApiError(f"{name}: wandb.Api reads only, and {CLASSES[name]}")

    made = type(name, (), {"__init__": refuse, "__module__": __name__})
    globals()[name] = made
    return made
