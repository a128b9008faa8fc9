"""Prior runs as W&B's `sweep` takes them: by the ids of runs that there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from wanllmdb._client import Client
from wanllmdb._errors import InvalidArgumentError
from wanllmdb._types.enums import RunState
from wanllmdb._types.run import PriorRun, PriorRunSource, Run


def prior_source(client: Client, given: PriorRunSource | Iterable[str] | None) -> Any:
    """What `Client.create_sweep` takes: ids of runs are looked up, all else stays.

    Raises:
        InvalidArgumentError: a text is no id of a run, as `wandb.run.id` is.
        NotFoundError: there is no such run.
    """
    if given is None or not isinstance(given, list | tuple):
        return given
    if not any(isinstance(each, str) for each in given):
        return given
    return list(_looked_up(client, given))


def _looked_up(client: Client, given: Iterable[Any]) -> Iterator[PriorRun]:
    for each in given:
        if not isinstance(each, str):
            yield each
            continue
        sweep_id, _, number = each.rpartition("/")[2].rpartition("-")
        if not sweep_id or not number.isdecimal():
            raise InvalidArgumentError(
                f"sweep: prior_runs takes the ids of runs of this registry, such as "
                f"'k6rsniyyjhjy-4', or PriorSweep, CsvRuns, JsonLinesRuns or PriorRun objects; "
                f"{each!r:.100} is none. Runs of W&B come as CSV: see `wanllmdb runs import`"
            )
        yield as_prior(client.get_run(sweep_id, int(number)))


def as_prior(run: Run) -> PriorRun:
    """The result of a run; one that finished without an objective counts as failed.

    So it does where the registry itself takes the runs of a sweep or of a file.
    """
    one = () if run.objective is None else (run.objective,)
    objectives = run.objectives or one
    has_none = run.state is RunState.FINISHED and not objectives
    return PriorRun(
        parameters=run.parameters,
        state=RunState.FAILED if has_none else run.state,
        objectives=objectives,
        last_step=run.last_step,
        source=f"sweep {run.sweep_id} run {run.number}",
    )
