"""Calls about sweeps, asynchronous."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime

from wanllmdb._async_client.connection import AsyncConnection
from wanllmdb._calls import sweep_calls
from wanllmdb._calls.sweep_calls import Config
from wanllmdb._connection.addresses import REGISTRY
from wanllmdb._connection.retries import reconnect_delay, retry_after
from wanllmdb._errors import NotFoundError, ResourceExhaustedError, UnavailableError
from wanllmdb._types.enums import ConfigFormat, Method, SweepOrder, SweepState
from wanllmdb._types.prior_runs import PriorRunSource
from wanllmdb._types.spec import AlgorithmChoice, Hyperband, RetryPolicy, SearchSpace
from wanllmdb._types.sweeps import (
    CreatedSweep,
    ParsedConfig,
    Sweep,
    SweepChange,
    SweepStats,
    UpdatedSweep,
)
from wanllmdb._types.values import UNSET, Unset


class AsyncSweepCalls(AsyncConnection):
    """Calls about sweeps."""

    async def create_sweep(
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
        """Creates a sweep in state PENDING.

        Args:
            config: a W&B-style config as a dictionary or as YAML or JSON text, a
                typed SweepSpec, or a TemplateUse. In a dictionary 1.0 stays a float and 32 an
                integer.
            project: where empty, the config's, else "default".
            name: for people; where empty, the config's, else made from the id.
            description: for people; where empty, the config's.
            prior_runs: results of elsewhere to start with; see `import_runs`.
            skip_unfit: leave out prior runs that do not fit, instead of refusing all.
            request_id: see the class.

        Raises:
            InvalidArgumentError: names every problem of the config, each with its path.
            NotFoundError: no such template, or no such sweep to take runs from.
        """
        return await self._invoke(
            sweep_calls.create_sweep(
                config, project, name, description, prior_runs, skip_unfit, request_id
            )
        )

    async def parse_sweep_config(self, config: Config) -> ParsedConfig:
        """Checks a config without creating anything; fills in every default.

        Raises:
            InvalidArgumentError: names every problem of the config, each with its path.
        """
        return await self._invoke(sweep_calls.parse_sweep_config(config))

    async def get_sweep(self, sweep_id: str) -> Sweep:
        """A sweep with its statistics."""
        return await self._invoke(sweep_calls.get_sweep(sweep_id))

    def list_sweeps(
        self,
        *,
        project: str = "",
        states: Sequence[SweepState | str] = (),
        methods: Sequence[Method | str] = (),
        name_prefix: str = "",
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        order: SweepOrder | str | None = None,
        page_size: int = 0,
    ) -> AsyncIterator[Sweep]:
        """Sweeps that pass all filters, newest first unless `order` says otherwise.

        Pages are fetched as the iterator gets to them, `page_size` (1 to 1,000; 0 for
        50) at a time. `created_after` is included, `created_before` is not; naive times
        are local.
        """
        return self._pages(
            sweep_calls.list_sweeps(
                project,
                states,
                methods,
                name_prefix,
                created_after,
                created_before,
                order,
                page_size,
            )
        )

    async def update_sweep(
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
        """Changes what is given, also while the sweep runs; None takes a cap or a rule away.

        `target` is that of the only metric, `targets` are by metric. A new search space
        must hold every point of the present one; the warnings say what becomes of runs.

        Raises:
            AbortedError: `etag` was given and the sweep has changed since.
            InvalidArgumentError: INVALID_SWEEP_CONFIG: say, the space would lose a part.
        """
        return await self._invoke(
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

    async def delete_sweep(
        self, sweep_id: str, *, etag: str = "", request_id: str | None = None
    ) -> None:
        """Deletes a sweep with its runs and metrics, in any state."""
        return await self._invoke(sweep_calls.delete_sweep(sweep_id, etag, request_id))

    async def export_sweep(self, sweep_id: str, config_format: ConfigFormat | str = "yaml") -> str:
        """The config as "yaml" or "json" text; creating a sweep from it gives an equal spec."""
        return await self._invoke(sweep_calls.export_sweep(sweep_id, config_format))

    async def start_sweep(
        self, sweep_id: str, *, etag: str = "", request_id: str | None = None
    ) -> Sweep:
        """PENDING to RUNNING. `suggest` does this by itself."""
        return await self._invoke(sweep_calls.start_sweep(sweep_id, etag, request_id))

    async def pause_sweep(
        self, sweep_id: str, *, etag: str = "", request_id: str | None = None
    ) -> Sweep:
        """RUNNING to PAUSED: nothing new is handed out, running runs may end."""
        return await self._invoke(sweep_calls.pause_sweep(sweep_id, etag, request_id))

    async def resume_sweep(
        self, sweep_id: str, *, etag: str = "", request_id: str | None = None
    ) -> Sweep:
        """PAUSED to RUNNING."""
        return await self._invoke(sweep_calls.resume_sweep(sweep_id, etag, request_id))

    async def finish_sweep(
        self, sweep_id: str, *, message: str = "", etag: str = "", request_id: str | None = None
    ) -> Sweep:
        """To FINISHED: nothing new is handed out, running runs may end; `message` says why."""
        return await self._invoke(sweep_calls.finish_sweep(sweep_id, message, etag, request_id))

    async def cancel_sweep(
        self, sweep_id: str, *, etag: str = "", request_id: str | None = None
    ) -> Sweep:
        """To CANCELED: agents are told to stop their runs."""
        return await self._invoke(sweep_calls.cancel_sweep(sweep_id, etag, request_id))

    async def get_sweep_stats(self, sweep_id: str) -> SweepStats:
        """A sweep's counters, best run and rates."""
        return await self._invoke(sweep_calls.get_sweep_stats(sweep_id))

    async def watch_sweep(
        self,
        sweep_id: str,
        *,
        since_revision: int = 0,
        on_wait: Callable[[UnavailableError | ResourceExhaustedError], None] | None = None,
    ) -> AsyncIterator[SweepChange]:
        """Changes of a sweep and its runs newer than `since_revision`, as they happen.

        Ends when the sweep is deleted; close the iterator to end it sooner. While the
        registry is away it waits, and as long as a registry with too many watches asks it
        to; it goes on after the last revision that it yielded. `on_wait` is called with each
        failure that it waits after.

        Raises:
            NotFoundError: there is no such sweep.
            UnavailableError: the registry was not there from the beginning.
        """
        revision, failures, has_begun = since_revision, 0, False
        while True:
            try:
                watch = sweep_calls.watch_sweep(sweep_id, revision)
                async for change in self._stream(watch, resends=False):
                    revision, failures, has_begun = change.revision, 0, True
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
            await asyncio.sleep(delay)
            failures += 1
