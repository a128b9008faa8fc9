"""The parts of W&B's public API that this API does not offer: why, and what to use instead."""

from __future__ import annotations

from collections.abc import Mapping

_NO_FILES = (
    "the platform keeps no files, artifacts or logs of runs: use an experiment tracker as well, "
    "and link its runs by external_run_id"
)
_NO_USERS = "the platform has no users, teams or organizations: `wanllmdb keys` manages API keys"
_NO_QUEUES = "the platform has no run queues or jobs: `wanllmdb agent` works on a sweep's runs"
_NO_REPORTS = (
    "the platform has no reports or charts: `wanllmdb best`, `importance`, `history` and other "
    "commands show a sweep, and Client.get_parallel_coordinates and others return columns"
)
_NO_AUTOMATIONS = (
    "the platform has no automations or integrations: Client.watch_sweep yields changes as they "
    "happen"
)
_UPDATE_RUN = (
    "Client.update_run(sweep_id, number, name=..., labels=..., config=...) or `wanllmdb runs "
    "update` changes a run"
)
_ENQUEUE = (
    "Client.enqueue_runs(sweep_id, [parameters]) or `wanllmdb runs enqueue` queues parameters to "
    "be tried"
)


def _each(names: str, why: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), why)


OF_API: Mapping[str, str] = {
    "create_project": "a project begins with its first sweep: wandb.sweep(config, project=...)",
    "create_run": f"runs belong to sweeps: {_ENQUEUE}",
    "sync_tensorboard": "the platform reads no TensorBoard logs: call wandb.log in the program",
    **_each("viewer user users team organization create_user create_team", _NO_USERS),
    **_each("queued_run run_queue create_run_queue upsert_run_queue job list_jobs", _NO_QUEUES),
    **_each("reports create_custom_chart", _NO_REPORTS),
    **_each(
        "artifact artifacts artifact_type artifact_types artifact_collection artifact_collections "
        "artifact_versions artifact_exists artifact_collection_exists registry registries "
        "create_registry",
        _NO_FILES,
    ),
    **_each(
        "automation automations create_automation update_automation delete_automation "
        "integrations webhook_integrations slack_integrations",
        _NO_AUTOMATIONS,
    ),
}

OF_RUN: Mapping[str, str] = {
    **_each(
        "file files upload_file download console_logs logged_artifacts used_artifacts "
        "use_artifact log_artifact download_history_exports",
        _NO_FILES,
    ),
    **_each("update save", _UPDATE_RUN),
    "delete": "Client.delete_sweep or `wanllmdb sweep delete` deletes a sweep with all its runs",
    **_each(
        "stop update_state",
        "Client.cancel_sweep or `wanllmdb sweep cancel` stops all runs of a sweep",
    ),
    "create": _ENQUEUE,
}

OF_SWEEP: Mapping[str, str] = {
    **_each(
        "agent agents",
        "agents are known by the runs that they hold: Client.list_runs has each run's agent_id",
    ),
    "enqueue_run": _ENQUEUE,
    "get": "Api.sweep(path) reads a sweep",
    **_each("update save", "Client.update_sweep or `wanllmdb sweep update` changes a sweep"),
    "delete": "Client.delete_sweep or `wanllmdb sweep delete` deletes a sweep",
    "stop": "Client.finish_sweep or `wanllmdb sweep finish` ends a sweep",
    "cancel": "Client.cancel_sweep or `wanllmdb sweep cancel` cancels a sweep",
    "pause": "Client.pause_sweep or `wanllmdb sweep pause` pauses a sweep",
    "resume": "Client.resume_sweep or `wanllmdb sweep resume` resumes a sweep",
}

CLASSES: Mapping[str, str] = {
    **_each(
        "File Files ConsoleLogLine ConsoleLogs ArtifactCollection ArtifactCollections "
        "ArtifactFiles ArtifactType ArtifactTypes Artifacts ProjectArtifactCollections Registries "
        "Registry RunArtifacts DownloadHistoryResult",
        _NO_FILES,
    ),
    **_each("Member Organization Team User", _NO_USERS),
    **_each("Job QueuedRun RunQueue", _NO_QUEUES),
    **_each(
        "BetaReport PanelMetricsHelper PythonMongoishQueryGenerator QueryGenerator Reports",
        _NO_REPORTS,
    ),
    **_each("Automations Integrations SlackIntegrations WebhookIntegrations", _NO_AUTOMATIONS),
    "AgentRuns": "agents are known by the runs that they hold: Client.list_runs has their agent_id",
}
"""Classes that programs import for annotations, or to create unsupported objects."""

OF_PROJECT: Mapping[str, str] = {
    **_each("artifacts_types collections", _NO_FILES),
    "owner": _NO_USERS,
}

SETTING_OF_RUN = f"{_UPDATE_RUN[0].upper()}{_UPDATE_RUN[1:]}."
SETTING_OF_SWEEP = "Client.update_sweep or `wanllmdb sweep update` changes a sweep."
