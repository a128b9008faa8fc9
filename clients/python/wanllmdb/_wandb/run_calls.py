"""Methods of a run other than logging: files, artifacts, gradients, alerts."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from enum import StrEnum
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from wanllmdb._errors import UnsupportedError
from wanllmdb._wandb.names import RUN_NAMES, missing

if TYPE_CHECKING:
    from wanllmdb._wandb.artifact import Artifact

_Path = str | os.PathLike[str]


class AlertLevel(StrEnum):
    """The urgency of an alert."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class AcceptedCalls:
    """W&B's methods of a run that do nothing here or raise an UnsupportedError.

    The module's functions of the same names are methods of an instance that is not a run.
    """

    def save(
        self,
        glob_str: _Path | None = None,
        base_path: _Path | None = None,
        policy: str = "live",
        glob: bool = True,
    ) -> list[str]:
        """Return no files, because none is uploaded; the argument may be omitted, as in W&B."""
        del glob_str, base_path, policy, glob
        _accept("save")
        return []

    def _label(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the callback of transformers calls this method to name itself."""

    def watch(
        self,
        models: Any,
        criterion: Any = None,
        log: str | None = "gradients",
        log_freq: int = 1000,
        idx: int | None = None,
        log_graph: bool = False,
    ) -> None:
        """Do nothing: gradients and parameters are not recorded."""
        del models, criterion, log, log_freq, idx, log_graph
        _accept("watch")

    def unwatch(self, models: Any = None) -> None:
        """Do nothing: gradients and parameters are not recorded."""
        del models
        _accept("watch")

    def alert(self, title: str, text: str, level: Any = None, wait_duration: Any = None) -> None:
        """Do nothing: the platform sends no mail or chat messages."""
        del title, text, level, wait_duration
        _accept("alert")

    def mark_preempting(self) -> None:
        """Do nothing: a run whose machine is lost is queued again automatically."""
        _accept("mark_preempting")

    def pin_config_keys(self, keys: Sequence[str] = ()) -> None:
        """Do nothing: there is no web page for pinned keys."""
        del keys
        _accept("pin_config_keys")

    def log_artifact(
        self,
        artifact_or_path: Artifact | _Path,
        name: str | None = None,
        type: str | None = None,  # noqa: A002 - W&B's name of it
        aliases: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
    ) -> Artifact:
        """Return the artifact, or one that lists the file or the folder; upload nothing."""
        _accept("log_artifact")
        artifact = _artifact(artifact_or_path, name, type)
        artifact.aliases.extend(aliases or ())
        artifact.tags.extend(tags or ())
        return artifact

    def upsert_artifact(
        self,
        artifact_or_path: Artifact | str,
        name: str | None = None,
        type: str | None = None,  # noqa: A002 - W&B's name of it
        aliases: Sequence[str] | None = None,
        distributed_id: str | None = None,
    ) -> Artifact:
        """The same as `log_artifact`."""
        artifact = self.log_artifact(artifact_or_path, name, type, aliases)
        artifact.distributed_id = distributed_id
        return artifact

    def finish_artifact(
        self,
        artifact_or_path: Artifact | str,
        name: str | None = None,
        type: str | None = None,  # noqa: A002 - W&B's name of it
        aliases: Sequence[str] | None = None,
        distributed_id: str | None = None,
    ) -> Artifact:
        """The same as `log_artifact`."""
        return self.upsert_artifact(artifact_or_path, name, type, aliases, distributed_id)

    def log_code(
        self,
        root: str | None = ".",
        name: str | None = None,
        include_fn: Callable[..., bool] | None = None,
        exclude_fn: Callable[..., bool] | None = None,
    ) -> Artifact:
        """Return an artifact without files: no code is read or uploaded."""
        from wanllmdb._wandb.artifact import Artifact

        del include_fn, exclude_fn
        _accept("log_code")
        return Artifact(name or f"source-{Path(root or '.').resolve().name}", "code")

    def log_model(
        self, path: _Path, name: str | None = None, aliases: Sequence[str] | None = None
    ) -> None:
        """Do nothing: no file is uploaded."""
        del path, name, aliases
        _accept("log_model")

    def link_model(
        self,
        path: _Path,
        registered_model_name: str,
        name: str | None = None,
        aliases: Sequence[str] | None = None,
    ) -> None:
        """Do nothing: there is no model registry."""
        del path, registered_model_name, name, aliases
        _accept("link_model")

    def link_artifact(
        self, artifact: Artifact, target_path: str, aliases: Sequence[str] | None = None
    ) -> Artifact:
        """Return the artifact; there is no model registry."""
        del target_path, aliases
        _accept("link_artifact")
        return artifact

    def use_artifact(
        self,
        artifact_or_name: Artifact | str,
        type: str | None = None,  # noqa: A002 - W&B's name of it
        aliases: Sequence[str] | None = None,
        use_as: str | None = None,
    ) -> Artifact:
        """Return an artifact that this program has made; raise an error for a name.

        Raises:
            UnsupportedError: the argument is a name; the platform keeps no artifacts.
        """
        del type, aliases, use_as
        if isinstance(artifact_or_name, str):
            _refuse("use_artifact", artifact_or_name)
        return artifact_or_name

    def use_model(self, name: str) -> NoReturn:
        """Raise an UnsupportedError.

        Raises:
            UnsupportedError: always; the message tells what to do.
        """
        _refuse("use_model", name)

    def restore(
        self,
        name: str,
        run_path: str | None = None,
        replace: bool = False,
        root: str | None = None,
    ) -> NoReturn:
        """Raise an UnsupportedError.

        Raises:
            UnsupportedError: always; the message tells what to do.
        """
        del run_path, replace, root
        _refuse("restore", name)

    def display(self, height: int = 420, hidden: bool = False) -> bool:
        """Return False: there is no page to show."""
        del height, hidden
        _accept("display")
        return False

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """The run's description as text."""
        del height, hidden
        return f"<code>{escape(repr(self))}</code>"

    def write_logs(self, text: str) -> None:
        """Do nothing: what a program prints stays with the program."""
        del text
        _accept("write_logs")

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name[0] == "_":
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            raise AttributeError(missing(name, dir(self), "a run", RUN_NAMES))


_no_run = AcceptedCalls()
save = _no_run.save
watch = _no_run.watch
unwatch = _no_run.unwatch
alert = _no_run.alert
mark_preempting = _no_run.mark_preempting
pin_config_keys = _no_run.pin_config_keys
log_artifact = _no_run.log_artifact
log_model = _no_run.log_model
link_model = _no_run.link_model
use_artifact = _no_run.use_artifact
use_model = _no_run.use_model
restore = _no_run.restore


def _artifact(given: Artifact | _Path, name: str | None, kind: str | None) -> Artifact:
    from wanllmdb._wandb.artifact import Artifact

    if isinstance(given, Artifact):
        return given
    path = Path(given)
    artifact = Artifact(name or path.name, kind or "unspecified")
    if path.is_dir():
        artifact.add_dir(path)
    elif "://" in os.fspath(given):
        artifact.add_reference(os.fspath(given))
    else:
        artifact.add_file(path)
    return artifact


def _accept(name: str) -> None:
    # Imported here because a run's module is loaded before this one.
    from wanllmdb._notes import note

    note(f"{name} does nothing: {RUN_NAMES[name].what}")


def _refuse(name: str, what: str) -> NoReturn:
    raise UnsupportedError(f"{name}({what!r}): {RUN_NAMES[name].what}")
