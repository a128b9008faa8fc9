"""The dashboard of trials: how many there are, how fast they start, and what they cost."""

from __future__ import annotations

from deploy.monitoring.grafana.panels import Page, Panel, Query, Row, mean, quantiles, rate

_ENDS = "wanllmdb_registry_run_ends_total"
_SUGGEST = 'rpc="Suggest"'
# An idle platform has no trials, and then no cost a trial.
_ENDS_RATE = f"({rate(_ENDS)} > 0)"
_FAILED_RATE = rate(_ENDS, labels='outcome="failed"')
_PROCESSORS = rate("process_cpu_seconds_total", "job", 'job=~".*wanllmdb.*"')

_TRIALS = Row(
    "Trials",
    (
        Panel(
            "Trial rate",
            "Runs that end, by their outcome.",
            "ops",
            (Query(rate(_ENDS, "outcome"), "{{outcome}}"),),
            stacked=True,
        ),
        Panel(
            "Proposals",
            "Points that samplers propose. Without ends of runs, agents are stuck.",
            "ops",
            (Query(rate("wanllmdb_suggestion_proposals_total", "sampler"), "{{sampler}}"),),
            stacked=True,
        ),
        Panel(
            "Runs that fail",
            "The share of the ends that are failures.",
            "percentunit",
            (Query(f"{_FAILED_RATE} / {_ENDS_RATE}", "failed"),),
        ),
        Panel(
            "Lease expiries",
            "Runs that lost their agents, and runs that were queued again.",
            "ops",
            (
                Query(rate("wanllmdb_registry_leases_expired_total"), "leases expired"),
                Query(rate("wanllmdb_registry_retries_queued_total"), "queued again"),
            ),
        ),
    ),
)

_SUGGESTS = Row(
    "Suggests",
    (
        Panel(
            "Suggest latency by sampler",
            "From the queuing of a Suggest to its answer.",
            "s",
            quantiles("wanllmdb_suggestion_suggest_seconds", "sampler"),
        ),
        Panel(
            "Sampling by sampler",
            "The part of the latency in which points are chosen, for one round.",
            "s",
            quantiles("wanllmdb_suggestion_sampling_seconds", "sampler"),
        ),
        Panel(
            "Queue",
            "Suggests in progress, and computations that wait for a sampling thread.",
            "short",
            (
                Query(f"sum (wanllmdb_rpcs_in_flight{{{_SUGGEST}}})", "Suggests"),
                Query("sum (wanllmdb_suggestion_threads_waited_for)", "computations"),
            ),
        ),
        Panel(
            "Suggests a round",
            "Under load, rounds answer many Suggests. A repeated round met another replica's.",
            "short",
            (
                Query(mean("wanllmdb_suggestion_suggests_together"), "Suggests a round"),
                Query(rate("wanllmdb_suggestion_conflicts_total"), "rounds repeated a second"),
            ),
        ),
    ),
)

_FAIRNESS = Row(
    "Fairness",
    (
        Panel(
            "Wait for a sampling thread",
            "A sweep has one thread at a time, a project half of them. If the slowest wait much "
            "longer than the median, a few sweeps compute for long.",
            "s",
            quantiles("wanllmdb_suggestion_thread_wait_seconds"),
        ),
        Panel(
            "Threads by sampler",
            "How many threads each sampler keeps busy.",
            "short",
            (Query(rate("wanllmdb_suggestion_sampling_seconds_sum", "sampler"), "{{sampler}}"),),
            stacked=True,
        ),
        Panel(
            "Wait for a connection",
            "Trials and lists have pools of their own: lists can't delay trials.",
            "s",
            quantiles("wanllmdb_registry_pool_wait_seconds", "pool"),
        ),
        Panel(
            "Calls beyond the limits",
            "A caller that is limited leaves room for the others.",
            "ops",
            (
                Query(
                    rate("wanllmdb_rpcs_total", "job, rpc", 'code="RESOURCE_EXHAUSTED"'),
                    "{{job}} {{rpc}}",
                ),
                Query(rate("wanllmdb_gateway_rejected_total", "rule"), "gateway {{rule}}"),
            ),
        ),
    ),
)

_COST = Row(
    "Cost of a study",
    (
        Panel(
            "Processor time a trial",
            "What the services spend on one trial. Times the trials of a study, this is its cost.",
            "s",
            (
                Query(
                    f"{_PROCESSORS} / on () group_left () {_ENDS_RATE}",
                    "{{job}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Sampling a trial",
            "Processor time of the sampler for one point.",
            "s",
            (
                Query(
                    f"{rate('wanllmdb_suggestion_sampling_seconds_sum', 'sampler')}"
                    f" / {rate('wanllmdb_suggestion_proposals_total', 'sampler')}",
                    "{{sampler}}",
                ),
            ),
        ),
        Panel(
            "Database time a trial",
            "Seconds of transactions for one trial, and how many transactions.",
            "short",
            (
                Query(f"{rate('wanllmdb_registry_commit_seconds_sum')} / {_ENDS_RATE}", "seconds"),
                Query(
                    f"{rate('wanllmdb_registry_commit_seconds_count')} / {_ENDS_RATE}",
                    "transactions",
                ),
            ),
        ),
        Panel(
            "Calls a trial",
            "Reports and heartbeats make up most of them.",
            "short",
            (
                Query(
                    f"{rate('wanllmdb_rpcs_total', 'rpc')} / on () group_left () {_ENDS_RATE}",
                    "{{rpc}}",
                ),
            ),
        ),
    ),
)

PAGE = Page(
    "wanllmdb-trials",
    "wanllmdb: trials",
    "Do trials go on, are they fast and fairly shared, and what do they cost?",
    (_TRIALS, _SUGGESTS, _FAIRNESS, _COST),
)
