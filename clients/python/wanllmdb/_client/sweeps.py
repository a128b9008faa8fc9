# Generated from _async_client/sweeps.py by generate_blocking.py; edit that file.
"""Calls about sweeps, blocking."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from wanllmdb._calls import sweep_calls
from wanllmdb._calls.sweep_calls import Config
from wanllmdb._client.connection import Connection
from wanllmdb._connection.addresses import REGISTRY
from wanllmdb._connection.retries import reconnect_delay, retry_after
from wanllmdb._errors import NotFoundError, ResourceExhaustedError, UnavailableError
from wanllmdb._types.enums import ConfigFormat, Method, SweepOrder, SweepState, SweepView
from wanllmdb._types.prior_runs import PriorRunSource
from wanllmdb._types.spec import AlgorithmChoice, Hyperband, RetryPolicy, SearchSpace
from wanllmdb._types.sweep_lists import Project, SweepList
from wanllmdb._types.sweeps import (
    CreatedSweep,
    ParsedConfig,
    Sweep,
    SweepChange,
    SweepStats,
    UpdatedSweep,
)
from wanllmdb._types.values import UNSET, Unset


class SweepCalls(Connection):
    """Calls about sweeps."""

    def create_sweep(
        self,
        config: Config,
        *,
        project: str = "",
        name: str = "",
        description: str = "",
        prior_runs: PriorRunSource | None = None,
        skip_unfit: bool = False,
        request_id: str | None = None,
    ) -> CreatedSweep:
        """Create a sweep in state PENDING.

        Args:
            config: a W&B-style config as a dictionary or as YAML or JSON text, a
                typed SweepSpec, or a TemplateUse. In a dictionary 1.0 stays a float and 32 an
                integer.
            project: the sweep's project; defaults to the config's, else "default".
            name: a display name; defaults to the config's, else to one derived from the id.
            description: a text for people; defaults to the config's.
            prior_runs: results of earlier runs to start with; see `import_runs`.
            skip_unfit: skip prior runs that do not fit, instead of rejecting all of them.
            request_id: see the class.

        Raises:
            InvalidArgumentError: the config is invalid; lists every problem with its path.
            NotFoundError: there is no such template, or no such sweep to take prior runs from.
        """
        return self._invoke(
            sweep_calls.create_sweep(
                config, project, name, description, prior_runs, skip_unfit, request_id
            )
        )

    def parse_sweep_config(self, config: Config) -> ParsedConfig:
        """Check a config without creating a sweep; return it with every default filled in.

        Raises:
            InvalidArgumentError: the config is invalid; lists every problem with its path.
        """
        return self._invoke(sweep_calls.parse_sweep_config(config))

    def get_sweep(self, sweep_id: str) -> Sweep:
        """A sweep with its statistics."""
        return self._invoke(sweep_calls.get_sweep(sweep_id))

    def list_sweeps(
        self,
        *,
        project: str = "",
        states: Sequence[SweepState | str] = (),
        methods: Sequence[Method | str] = (),
        query: str = "",
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        order: SweepOrder | str | None = None,
        view: SweepView | str | None = None,
        page_size: int = 0,
    ) -> Iterator[Sweep]:
        """Sweeps that pass all filters, newest first unless `order` is given.

        `query` is a text that the name, id or description contains, in any case.
        `view` "basic" reads less of each sweep; see SweepView.
        Pages are fetched as the iterator reaches them, `page_size` sweeps (1 to 1,000; 0 for
        50) at a time. `created_after` is included, `created_before` is not; naive times
        are local.
        """
        return self._pages(
            sweep_calls.list_sweeps(
                project,
                states,
                methods,
                query,
                created_after,
                created_before,
                order,
                view,
                page_size,
            )
        )

    def count_sweeps(
        self,
        *,
        project: str = "",
        states: Sequence[SweepState | str] = (),
        methods: Sequence[Method | str] = (),
        query: str = "",
        created_after: datetime | None = None,
        created_before: datetime | None = None,
    ) -> int:
        """The number of sweeps that pass all filters; see `list_sweeps`."""
        return self._invoke(
            sweep_calls.count_sweeps(project, states, methods, query, created_after, created_before)
        )

    def list_projects(self, *, page_size: int = 0) -> Iterator[Project]:
        """The projects that have sweeps and that the caller may read, by name.

        Pages are fetched as the iterator reaches them, `page_size` projects (1 to 1,000; 0 for
        100) at a time.
        """
        return self._pages(sweep_calls.list_projects(page_size))

    def update_sweep(
        self,
        sweep_id: str,
        *,
        name: str | Unset = UNSET,
        description: str | Unset = UNSET,
        run_cap: int | Unset | None = UNSET,
        early_termination: Hyperband | AlgorithmChoice | Unset | None = UNSET,
        terminator: AlgorithmChoice | Unset | None = UNSET,
        retries: RetryPolicy | Unset = UNSET,
        max_failed_runs: int | Unset | None = UNSET,
        target: float | Unset | None = UNSET,
        targets: Mapping[str, float | None] | None = None,
        search_space: SearchSpace | Unset = UNSET,
        etag: str = "",
        request_id: str | None = None,
    ) -> UpdatedSweep:
        """Change the given fields, even while the sweep runs; None removes a cap or a rule.

        `target` applies to a sweep with one metric, `targets` to metrics by name. A new search
        space must contain every point of the current one; the returned warnings describe how the
        change affects existing runs.

        Raises:
            AbortedError: `etag` was given and the sweep has changed since.
            InvalidArgumentError: INVALID_SWEEP_CONFIG: for example, the new search space lacks a
                part of the current one.
        """
        return self._invoke(
            sweep_calls.update_sweep(
                sweep_id,
                name,
                description,
                run_cap,
                early_termination,
                terminator,
                retries,
                max_failed_runs,
                target,
                targets,
                search_space,
                etag,
                request_id,
            )
        )

    def delete_sweep(self, sweep_id: str, *, etag: str = "", request_id: str | None = None) -> None:
        """Delete a sweep in any state, with its runs and metrics."""
        return self._invoke(sweep_calls.delete_sweep(sweep_id, etag, request_id))

    def export_sweep(self, sweep_id: str, config_format: ConfigFormat | str = "yaml") -> str:
        """The config as "yaml" or "json" text, from which an equal spec can be created."""
        return self._invoke(sweep_calls.export_sweep(sweep_id, config_format))

    def start_sweep(self, sweep_id: str, *, etag: str = "", request_id: str | None = None) -> Sweep:
        """Move a sweep from PENDING to RUNNING. `suggest` starts a pending sweep, too."""
        return self._invoke(sweep_calls.start_sweep(sweep_id, etag, request_id))

    def pause_sweep(self, sweep_id: str, *, etag: str = "", request_id: str | None = None) -> Sweep:
        """Move a sweep from RUNNING to PAUSED: no new runs are assigned; running runs may end."""
        return self._invoke(sweep_calls.pause_sweep(sweep_id, etag, request_id))

    def resume_sweep(
        self, sweep_id: str, *, etag: str = "", request_id: str | None = None
    ) -> Sweep:
        """Move a sweep from PAUSED to RUNNING."""
        return self._invoke(sweep_calls.resume_sweep(sweep_id, etag, request_id))

    def finish_sweep(
        self, sweep_id: str, *, message: str = "", etag: str = "", request_id: str | None = None
    ) -> Sweep:
        """Move a sweep to FINISHED: no new runs are assigned; running runs may end.

        `message` gives the reason.
        """
        return self._invoke(sweep_calls.finish_sweep(sweep_id, message, etag, request_id))

    def cancel_sweep(
        self, sweep_id: str, *, etag: str = "", request_id: str | None = None
    ) -> Sweep:
        """Move a sweep to CANCELED: agents stop their runs."""
        return self._invoke(sweep_calls.cancel_sweep(sweep_id, etag, request_id))

    def get_sweep_stats(self, sweep_id: str) -> SweepStats:
        """A sweep's counters, best run and rates."""
        return self._invoke(sweep_calls.get_sweep_stats(sweep_id))

    def watch_sweep(
        self,
        sweep_id: str,
        *,
        since_revision: int = 0,
        database_id: str = "",
        min_interval: float = 0.0,
        without_runs: bool = False,
        on_wait: Callable[[UnavailableError | ResourceExhaustedError], None] | None = None,
    ) -> Iterator[SweepChange]:
        """Changes of a sweep and its runs after `since_revision`, as they happen.

        The iterator ends when the sweep is deleted; close it to end the watch sooner. It waits
        while the registry is unavailable, or as long as a registry with too many watches
        requires, and resumes after the last revision that it yielded.

        Args:
            sweep_id: the sweep.
            since_revision: the revision of the last change, or the end of a read of columns,
                from which to go on; 0 for everything.
            database_id: the `database_id` that came with that revision; not compared if empty.
            min_interval: the least seconds between two batches of changes; a run that changes
                several times in between is sent once.
            without_runs: leave out the runs.
            on_wait: called with each failure that causes a wait.

        Raises:
            NotFoundError: there is no such sweep.
            FailedPreconditionError: REVISION_UNKNOWN, also in the middle of a watch: a backup was
                restored, or a standby took over, so that revisions may name other changes.
                Discard what the watch sent, and begin again from revision 0; the watch does not do
                so itself, because only its caller can discard.
            UnavailableError: the registry was unavailable from the start.
        """
        revision, failures, has_begun = since_revision, 0, False
        while True:
            try:
                watch = sweep_calls.watch_sweep(
                    sweep_id, revision, database_id, min_interval, without_runs
                )
                for change in self._stream(watch, resends=False):
                    revision, failures, has_begun = change.revision, 0, True
                    database_id = change.database_id
                    yield change
            except (UnavailableError, ResourceExhaustedError) as error:
                delay = retry_after(error)
                if isinstance(error, UnavailableError) and self._peers[REGISTRY].has_answered:
                    delay = reconnect_delay(failures)
                if delay is None:
                    raise
                if on_wait is not None:
                    on_wait(error)
            except NotFoundError:
                if not has_begun:
                    raise
                return
            else:
                return
            time.sleep(delay)
            failures += 1

    def watch_sweeps(
        self,
        *,
        project: str = "",
        states: Sequence[SweepState | str] = (),
        methods: Sequence[Method | str] = (),
        query: str = "",
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        order: SweepOrder | str | None = None,
        max_sweeps: int = 0,
        min_interval: float = 0.0,
        on_wait: Callable[[UnavailableError | ResourceExhaustedError], None] | None = None,
    ) -> Iterator[SweepList]:
        """The first sweeps of a list, as they are now and after each change.

        Yields the whole list, with sweeps in the view BASIC, at most once in `min_interval`
        seconds (0.1 to 60; 0 for 1 s), and at least every 10 s. The filters and the order are
        those of `list_sweeps`. `max_sweeps` is 1 to 1,000; 0 for 50.

        Close the iterator to end the watch. It waits while the registry is unavailable, or as
        long as a registry with too many watches requires, and then follows the list again.
        `on_wait` is called with each failure that causes a wait.

        Raises:
            UnavailableError: the registry was unavailable from the start.
        """
        watch = sweep_calls.watch_sweeps(
            project,
            states,
            methods,
            query,
            created_after,
            created_before,
            order,
            max_sweeps,
            min_interval,
        )
        failures = 0
        while True:
            try:
                for found in self._stream(watch(), resends=False):
                    failures = 0
                    if found is not None:
                        yield found
            except (UnavailableError, ResourceExhaustedError) as error:
                delay = retry_after(error)
                if isinstance(error, UnavailableError) and self._peers[REGISTRY].has_answered:
                    delay = reconnect_delay(failures)
                if delay is None:
                    raise
                if on_wait is not None:
                    on_wait(error)
            else:
                return
            failures += 1
            time.sleep(delay)
