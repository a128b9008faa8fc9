"""What must hold of a history, whatever was killed, cut, frozen or repeated.

Pure functions over a history; each property has a test with a history that breaks it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tests.robustness.checks.facts import Facts
from tests.robustness.checks.handouts import check_grid, check_handouts, check_retries
from tests.robustness.checks.keys import check_keys, check_peeks, check_traces
from tests.robustness.checks.leases import check_late_results, check_leases
from tests.robustness.checks.replies import check_calls, check_reads, check_request_ids
from tests.robustness.checks.results import check_points, check_results, check_summaries
from tests.robustness.checks.runs import check_acknowledged_runs, check_numbers, check_states
from tests.robustness.checks.sweep import check_best, check_cap, check_counters, check_end
from tests.robustness.checks.violation import Violation
from tests.robustness.checks.watches import check_revisions, check_watches
from tests.robustness.checks.workers import check_workers
from tests.robustness.history import History

_CHECKS: Sequence[Callable[[Facts], Iterator[Violation]]] = (
    check_calls,
    check_request_ids,
    check_reads,
    check_acknowledged_runs,
    check_numbers,
    check_states,
    check_results,
    check_points,
    check_summaries,
    check_cap,
    check_counters,
    check_best,
    check_end,
    check_handouts,
    check_grid,
    check_retries,
    check_leases,
    check_late_results,
    check_revisions,
    check_watches,
    check_keys,
    check_traces,
    check_peeks,
)
# Of one that real agents worked on: what they sent is not known, but what their programs did.
_CHECKS_OF_WORKERS: Sequence[Callable[[Facts], Iterator[Violation]]] = (
    check_calls,
    check_request_ids,
    check_reads,
    check_acknowledged_runs,
    check_numbers,
    check_summaries,
    check_cap,
    check_counters,
    check_best,
    check_end,
    check_grid,
    check_revisions,
    check_watches,
    check_keys,
    check_traces,
    check_peeks,
    check_workers,
)
# Of one that was not read to its end.
_CHECKS_OF_CALLS = (check_calls, check_request_ids, check_keys, check_peeks)


def check(history: History) -> list[Violation]:
    """All violations of a history; of one without a final state, those of its calls."""
    facts = Facts(history)
    checks = _CHECKS if history.work is None else _CHECKS_OF_WORKERS
    if history.final is None:
        checks = _CHECKS_OF_CALLS
    return [violation for one in checks for violation in one(facts)]
