"""What a program finds on any run: one of a sweep, or one that records nothing."""

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
"""In the place of W&B's entities, which there are none of here."""


class BaseRun(AcceptedCalls, ABC):
    """A run as a program sees it. As a context manager it finishes at the end of the block.

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
        """Whether this process works on it, rather than one that this is a fork of."""
        return os.getpid() == self._process

    @property
    @abstractmethod
    def id(self) -> str:
        """Unique among all runs."""

    @property
    @abstractmethod
    def name(self) -> str:
        """A name for people. May be set."""

    @name.setter
    def name(self, name: str) -> None:
        self.describe(name=name)

    @property
    @abstractmethod
    def labels(self) -> Mapping[str, str]:
        """The run's labels, among them what W&B has fields for: see `tags` and `notes`."""

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
        """The step that the next `log` belongs to."""

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether the program may log: from `init` to `finish`."""

    @property
    def has_begun(self) -> bool:
        """Whether `init` returned it, and no `finish` closed it since."""
        return self.is_open

    @property
    @abstractmethod
    def disabled(self) -> bool:
        """Whether it reports nothing."""

    @abstractmethod
    def log(
        self,
        data: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,
        sync: bool | None = None,
    ) -> None:
        """Reports metrics of one step."""

    @abstractmethod
    def describe(self, *, name: str | None = None, labels: Mapping[str, str] | None = None) -> None:
        """Gives the run a name, and labels beside those that it has."""

    @abstractmethod
    def relabel(self, labels: Mapping[str, str]) -> None:
        """Gives the run these labels, in the place of those that it has."""

    @abstractmethod
    def _end_segment(self, failure: Failed | None) -> None:
        """Ends what the last `init` began, as failed where a failure is given."""

    def _goals(self) -> Mapping[str, str]:
        """The goals of the sweep's metrics."""
        return {}

    def _decided(self) -> frozenset[str]:
        """The metrics of which the sweep says which value counts."""
        return frozenset()

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """Ends what `init` began; without effect where that has ended.

        Args:
            exit_code: any other than 0 makes it a failed run, unless `init` opens it again
                and that ends well.
            quiet: accepted for scripts written for W&B.
        """
        del quiet
        why = f"the program called finish(exit_code={exit_code})"
        self._end_segment(Failed(why) if exit_code else None)

    def join(self, exit_code: int | None = None) -> None:
        """The same as `finish`, under an older name."""
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
        """Says which value of a metric counts, where the sweep's config does not say it.

        Args:
            name: the metric; with `*` at its end all whose names begin so.
            step_metric: the metric that it is drawn over.
            step_sync: accepted for scripts written for W&B.
            hidden: accepted for scripts written for W&B.
            summary: "min", "max", "mean", "first", "best" or "last"; several with commas
                between are kept as `NAME.min` and so on alone.
            overwrite: forgets what was said of the metric before.
            goal: "minimize" or "maximize": what is best. Where None, the sweep's goal.

        Raises:
            InvalidArgumentError: there is no such summary or goal.
        """
        metric = defined(name, step_metric, summary, goal, step_sync=step_sync, hidden=hidden)
        return self._definitions.add(metric, overwrite=bool(overwrite))

    @property
    def tags(self) -> tuple[str, ...]:
        """The run's tags, which are its labels without a text. May be set."""
        return tags_in(self.labels)

    @tags.setter
    def tags(self, tags: str | Iterable[str]) -> None:
        others = {key: text for key, text in self.labels.items() if key not in self.tags}
        self.relabel(labels_of(tags or ()) | others)

    @property
    def notes(self) -> str | None:
        """A text for people, which is the label `notes`. May be set."""
        return self.labels.get("notes")

    @notes.setter
    def notes(self, notes: str | None) -> None:
        others = {key: text for key, text in self.labels.items() if key != "notes"}
        self.relabel(others | labels_of((), notes=notes))

    @property
    def group(self) -> str:
        """The label `group`; empty where there is none."""
        return self.labels.get("group", "")

    @property
    def job_type(self) -> str:
        """The label `job_type`; empty where there is none."""
        return self.labels.get("job_type", "")

    @property
    def entity(self) -> str:
        """A text in the place of W&B's entity."""
        return ENTITY

    @property
    def path(self) -> str:
        """Entity, project and id, with slashes between."""
        return f"{self.entity}/{self.project}/{self.id}"

    @property
    def url(self) -> str | None:
        """Which run of which registry it is; None for one that no registry has."""
        return None

    @property
    def project_url(self) -> str | None:
        """Which project of which registry it belongs to."""
        return None

    @property
    def sweep_url(self) -> str | None:
        """Which sweep of which registry it belongs to."""
        return None

    def get_url(self) -> str | None:
        """The same as `url`."""
        return self.url

    def get_project_url(self) -> str | None:
        """The same as `project_url`."""
        return self.project_url

    def get_sweep_url(self) -> str | None:
        """The same as `sweep_url`."""
        return self.sweep_url

    def project_name(self) -> str:
        """The same as `project`."""
        return self.project

    @property
    def dir(self) -> str:
        """A folder for files of the run, on this machine: it is made when it is asked for.

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
        """Says where `dir` is to be, unless it was asked for already."""
        self._files = folder

    @property
    def sync_dir(self) -> str:
        """The folder that `dir` is in."""
        return str(Path(self.dir).parent)

    @property
    def offline(self) -> bool:
        """Whether it is kept on this machine alone: never so here."""
        return False

    @property
    def start_time(self) -> float:
        """When it began, in seconds since 1970."""
        return self._began

    @property
    def starting_step(self) -> int:
        """The first step that it logs."""
        return 0

    @property
    def config_static(self) -> Mapping[str, Any]:
        """The config as it is now, which can't be changed."""
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
            # A fork leaves the block: the run is still its parent's.
            return
        if exc is None:
            self.finish()
        elif isinstance(exc, Exception):
            self._end_segment(failed_by(exc))

    def __copy__(self) -> Self:
        """The same run: there is no second one with its number."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


_FIELDS = ("notes", "group", "job_type")
"""Labels that hold what W&B has fields for."""


def tags_in(labels: Mapping[str, str]) -> tuple[str, ...]:
    """The labels that are W&B's tags: those without a text."""
    return tuple(key for key, text in labels.items() if not text and key not in _FIELDS)


def labels_of(tags: str | Iterable[str], **more: Any) -> dict[str, str]:
    """Labels of a run from W&B's ways to describe one: an empty text for each tag."""
    given = {key: text_of(value) for key, value in more.items() if value is not None}
    each = (tags,) if isinstance(tags, str) else tags
    return dict.fromkeys(map(text_of, each), "") | given
