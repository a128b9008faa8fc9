"""Properties of every history, whatever was killed, cut, frozen or repeated.

The checks are pure functions of a history. Each property has a test with a history that breaks the
property.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tests.robustness.checks.assignments import (
    check_assignments,
    check_canceled,
    check_grid,
    check_retries,
)
from tests.robustness.checks.facts import Facts
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
    check_assignments,
    check_grid,
    check_retries,
    check_canceled,
    check_leases,
    check_late_results,
    check_revisions,
    check_watches,
    check_keys,
    check_traces,
    check_peeks,
)
# Checks for histories of real agents: their calls are unknown, but their programs' actions are
# known.
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
    check_canceled,
    check_revisions,
    check_watches,
    check_keys,
    check_traces,
    check_peeks,
    check_workers,
)
# Checks for a history without a final state.
_CHECKS_OF_CALLS = (check_calls, check_request_ids, check_keys, check_peeks)


def check(history: History) -> list[Violation]:
    """Return all violations of a history; without a final state, those of its calls."""
    facts = Facts(history)
    checks = _CHECKS if history.work is None else _CHECKS_OF_WORKERS
    if history.final is None:
        checks = _CHECKS_OF_CALLS
    return [violation for one in checks for violation in one(facts)]
