"""The interface of all runs: runs of a sweep, and runs that record nothing."""

from __future__ import annotations

import os
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from wanllmdb._agent.config import Config
from wanllmdb._agent.summary import DefinedMetric, Definitions, Summary, defined
from wanllmdb._agent.text import failed_by, text_of
from wanllmdb._types.runs import Failed
from wanllmdb._wandb.run_calls import AcceptedCalls

ENTITY = "wanllmdb"
"""The only entity: W&B's entities do not exist here."""


class BaseRun(AcceptedCalls, ABC):
    """A run as a program sees it; as a context manager, it finishes at the end of the block.

    Attributes:
        config: the parameters; see Config.
        summary: the value of each metric that counts; see Summary.
        resumed: whether it goes on where the agent's last life left it.
    """

    config: Config
    summary: Summary
    resumed: bool = False

    def __init__(self) -> None:
        self._process = os.getpid()
        self._definitions = Definitions(self._goals(), self._decided())
        self._began = time.time()
        self._files: str | os.PathLike[str] = ""
        self._folder: str | None = None

    @property
    def is_here(self) -> bool:
        """Whether this process, and not the parent of this fork, executes the run."""
        return os.getpid() == self._process

    @property
    @abstractmethod
    def id(self) -> str:
        """An id that is unique among all runs."""

    @property
    @abstractmethod
    def name(self) -> str:
        """A name for people. Can be set."""

    @name.setter
    def name(self, name: str) -> None:
        self.describe(name=name)

    @property
    @abstractmethod
    def labels(self) -> Mapping[str, str]:
        """The run's labels, including those for fields of W&B: see `tags` and `notes`."""

    @property
    @abstractmethod
    def project(self) -> str:
        """The project."""

    @property
    @abstractmethod
    def sweep_id(self) -> str | None:
        """The sweep's id; None outside of a sweep."""

    @property
    @abstractmethod
    def step(self) -> int:
        """The step of the next `log`."""

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether the program may log: from `init` to `finish`."""

    @property
    def has_begun(self) -> bool:
        """Whether `init` returned the run, and `finish` has not closed it since."""
        return self.is_open

    @property
    @abstractmethod
    def disabled(self) -> bool:
        """Whether the run reports nothing."""

    @abstractmethod
    def log(
        self,
        data: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,
        sync: bool | None = None,
    ) -> None:
        """Report metrics of one step."""

    @abstractmethod
    def describe(self, *, name: str | None = None, labels: Mapping[str, str] | None = None) -> None:
        """Set the run's name, and add labels."""

    @abstractmethod
    def relabel(self, labels: Mapping[str, str]) -> None:
        """Replace the run's labels."""

    @abstractmethod
    def _end_segment(self, failure: Failed | None) -> None:
        """End the part that the last `init` began, as failed if a failure is given."""

    def _goals(self) -> Mapping[str, str]:
        """Return the goals of the sweep's metrics."""
        return {}

    def _decided(self) -> frozenset[str]:
        """Return the metrics for which the sweep decides which value counts."""
        return frozenset()

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """End what `init` began; no effect if that has already ended.

        Args:
            exit_code: a code other than 0 fails the run, unless `init` opens the run again and
                that part succeeds.
            quiet: accepted for scripts written for W&B.
        """
        del quiet
        why = f"the program called finish(exit_code={exit_code})"
        self._end_segment(Failed(why) if exit_code else None)

    def join(self, exit_code: int | None = None) -> None:
        """Same as `finish`, under W&B's older name."""
        self.finish(exit_code)

    def define_metric(
        self,
        name: str,
        step_metric: str | DefinedMetric | None = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | None = None,
        overwrite: bool | None = None,
        *,
        goal: str | None = None,
    ) -> DefinedMetric:
        """Define which value of a metric counts, if the sweep's config does not.

        Args:
            name: the metric; a trailing `*` matches all metrics with that prefix.
            step_metric: the metric on the horizontal axis.
            step_sync: accepted for scripts written for W&B.
            hidden: accepted for scripts written for W&B.
            summary: "min", "max", "mean", "first", "best" or "last". Several, separated by
                commas, are only stored as `NAME.min` and so on.
            overwrite: replace earlier definitions of the metric.
            goal: "minimize" or "maximize", which defines "best"; None means the sweep's goal.

        Raises:
            InvalidArgumentError: there is no such summary or goal.
        """
        metric = defined(name, step_metric, summary, goal, step_sync=step_sync, hidden=hidden)
        return self._definitions.add(metric, overwrite=bool(overwrite))

    @property
    def tags(self) -> tuple[str, ...]:
        """The run's tags, which are its labels without a text. Can be set."""
        return tags_in(self.labels)

    @tags.setter
    def tags(self, tags: str | Iterable[str]) -> None:
        others = {key: text for key, text in self.labels.items() if key not in self.tags}
        self.relabel(labels_of(tags or ()) | others)

    @property
    def notes(self) -> str | None:
        """The label `notes`, a text for people. Can be set."""
        return self.labels.get("notes")

    @notes.setter
    def notes(self, notes: str | None) -> None:
        others = {key: text for key, text in self.labels.items() if key != "notes"}
        self.relabel(others | labels_of((), notes=notes))

    @property
    def group(self) -> str:
        """The label `group`; empty if it is not set."""
        return self.labels.get("group", "")

    @property
    def job_type(self) -> str:
        """The label `job_type`; empty if it is not set."""
        return self.labels.get("job_type", "")

    @property
    def entity(self) -> str:
        """The only entity."""
        return ENTITY

    @property
    def path(self) -> str:
        """Entity, project and id, separated by slashes."""
        return f"{self.entity}/{self.project}/{self.id}"

    @property
    def url(self) -> str | None:
        """A URL-like name of the registry and the run; None for a run that no registry has."""
        return None

    @property
    def project_url(self) -> str | None:
        """A URL-like name of the registry and the project."""
        return None

    @property
    def sweep_url(self) -> str | None:
        """A URL-like name of the registry and the sweep."""
        return None

    def get_url(self) -> str | None:
        """Same as `url`."""
        return self.url

    def get_project_url(self) -> str | None:
        """Same as `project_url`."""
        return self.project_url

    def get_sweep_url(self) -> str | None:
        """Same as `sweep_url`."""
        return self.sweep_url

    def project_name(self) -> str:
        """Same as `project`."""
        return self.project

    @property
    def dir(self) -> str:
        """A local folder for the run's files, created at the first access.

        In the folder given to `init`, else in WANDB_DIR, else in the working folder. Nothing of
        it is uploaded.
        """
        if self._folder is None:
            base = self._files or os.environ.get("WANDB_DIR") or "."
            folder = Path(base).absolute() / "wanllmdb" / f"run-{self.id}" / "files"
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError:
                folder = Path(tempfile.mkdtemp(prefix=f"wanllmdb-run-{self.id}-"))
            self._folder = str(folder)
        return self._folder

    def keep_files_in(self, folder: str | os.PathLike[str]) -> None:
        """Set the parent folder of `dir`; no effect after `dir` was read."""
        self._files = folder

    @property
    def sync_dir(self) -> str:
        """The parent folder of `dir`."""
        return str(Path(self.dir).parent)

    @property
    def offline(self) -> bool:
        """Whether the run stays on this machine; always False."""
        return False

    @property
    def start_time(self) -> float:
        """When the run began, in seconds since 1970."""
        return self._began

    @property
    def starting_step(self) -> int:
        """The first step that this process logs."""
        return 0

    @property
    def config_static(self) -> Mapping[str, Any]:
        """A read-only copy of the current config."""
        return MappingProxyType(self.config.as_dict())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if os.getpid() != self._process:
            # A fork leaves the block: the run still belongs to its parent.
            return
        if exc is None:
            self.finish()
        elif isinstance(exc, Exception):
            self._end_segment(failed_by(exc))

    def __copy__(self) -> Self:
        """Return the same run, since a run can't be duplicated."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


_FIELDS = ("notes", "group", "job_type")
"""Labels that correspond to fields of W&B."""


def tags_in(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return the labels that are W&B's tags: those without a text."""
    return tuple(key for key, text in labels.items() if not text and key not in _FIELDS)


def labels_of(tags: str | Iterable[str], **more: Any) -> dict[str, str]:
    """Return labels for W&B's descriptions of a run; a tag is a label with an empty text."""
    given = {key: text_of(value) for key, value in more.items() if value is not None}
    each = (tags,) if isinstance(tags, str) else tags
    return dict.fromkeys(map(text_of, each), "") | given
