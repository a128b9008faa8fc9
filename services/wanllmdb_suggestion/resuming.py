"""An agent that comes back under its name is given what it holds before anything else."""

from __future__ import annotations

import uuid

from wanllmdb.api.registry.v1 import registry_service_pb2
from wanllmdb_common.errors import InvalidArgumentError
from wanllmdb_suggestion.refusals import request_id_reused
from wanllmdb_suggestion.registry_client import CallScope, RegistryClient
from wanllmdb_suggestion.study_keeper import StudyKeeper
from wanllmdb_suggestion.waiting import Handout

# The registry knows one answer by the caller's id: that of the runs handed out, should
# there be none to resume. The question before it goes by an id made from this one.
_RESUMPTIONS = uuid.UUID("3b0c7f0e-8a54-4f5e-9d0b-5d9f6a1e7c42")


async def resume_runs(
    keeper: StudyKeeper,
    registry: RegistryClient,
    *,
    count: int,
    agent_id: str,
    request_id: str,
    scope: CallScope,
) -> Handout | None:
    """What the agent holds, at most `count` runs with new leases; None when it holds nothing.

    A repetition with the same id gets the same answer, also that there was nothing, and
    then what the agent was given instead is not taken for something that it held before.

    Raises:
        InvalidArgumentError: REQUEST_ID_REUSED.
        ServiceError: the registry's.
    """
    request = registry_service_pb2.ResumeRunsRequest(
        sweep_id=keeper.sweep_id,
        agent_id=agent_id,
        count=count,
        request_id=str(uuid.uuid5(_RESUMPTIONS, str(uuid.UUID(request_id)))),
    )
    try:
        runs = await registry.resume_runs(request, scope)
    except InvalidArgumentError as error:
        if error.reason != "REQUEST_ID_REUSED":
            raise
        raise request_id_reused(request_id) from error
    if not runs:
        return None
    async with keeper.fresh_model(scope) as model:
        rule = model.stop_rule
        next_check = None if rule is None else rule.first_count
    return Handout(runs, shortage=None, next_check=next_check, resumed=True)
