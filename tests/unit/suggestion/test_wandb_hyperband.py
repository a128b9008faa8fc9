"""Rungs, thresholds and decisions, against values computed by hand and by a plain model."""

from __future__ import annotations

import math
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanllmdb_suggestion.optimizer.pruners.pruner import Decision
from wanllmdb_suggestion.optimizer.pruners.wandb_hyperband import WandbHyperbandRule, threshold_of
from wanllmdb_suggestion.optimizer.types import ObjectivePoint, WandbHyperband

Report = tuple[int, int, int, float]


def table(rule: WandbHyperband, *curves: list[float], minimize: bool = True) -> WandbHyperbandRule:
    built = WandbHyperbandRule(rule, "loss", minimize=minimize)
    for number, values in enumerate(curves):
        for step, value in enumerate(values):
            built.add(ObjectivePoint(number, 1, step, value))
    return built


def figures(decision: Decision) -> tuple[bool, int | None, float | None, float | None, int, object]:
    """Return all of a decision but its text."""
    return (
        decision.should_stop,
        decision.step,
        decision.threshold,
        decision.value,
        decision.compared,
        decision.next_count,
    )


@pytest.mark.parametrize(
    ("rule", "rungs"),
    [
        (WandbHyperband(3, 3.0), [3, 9, 27, 81]),
        (WandbHyperband(1, 2.0), [1, 2, 4, 8]),
        (WandbHyperband(2, 1.5), [2, 3, 4, 6]),  # 2, 3, 4.5, 6.75
        (WandbHyperband(1, 1.2), [1, 2, 3, 4]),  # 1, 1.2, 1.44, 1.73, 2.07, 2.49, 2.99, 3.58, 4.3
        (WandbHyperband(max_iter=27, s=2), [3, 9]),
        (WandbHyperband(max_iter=81, s=3), [3, 9, 27]),
        (WandbHyperband(max_iter=100, s=4), [1, 3, 11, 33]),  # 33.3, 11.1, 3.7, 1.2
        (WandbHyperband(max_iter=9, s=5), [1, 3]),  # 3, 1; the next would be below 1
        (WandbHyperband(max_iter=5, eta=1.5, s=3), [1, 2, 3]),  # 3.3, 2.2, 1.5
        (WandbHyperband(max_iter=5, eta=1.1, s=3), [3, 4]),  # 4.5, 4.1, 3.8: each once
    ],
)
def test_rungs(rule: WandbHyperband, rungs: list[int]) -> None:
    assert list(islice(rule.rungs(), 4)) == rungs


@pytest.mark.parametrize(
    ("losses", "eta", "threshold"),
    [
        ([5.0], 3.0, 5.0),  # place 0 of 1
        ([1.0, 2.0, 3.0], 3.0, 2.0),  # place 1
        ([1.0, 2.0, 3.0, 4.0, 5.0], 3.0, 2.0),  # place floor(5/3) = 1
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3.0, 3.0),  # place 2
        ([1.0, 2.0, 3.0, 4.0], 1.0000000001, 4.0),  # place 3
    ],
)
def test_threshold(losses: list[float], eta: float, threshold: float) -> None:
    assert threshold_of(losses, eta) == threshold


def test_a_run_before_the_first_band_goes_on() -> None:
    # Rung 4 is the fourth value: three are not enough.
    decision = table(WandbHyperband(4), [9.0, 9.0, 9.0], [1.0] * 9).decide(0)
    assert figures(decision) == (False, None, None, None, 0, 4)
    assert "not at the first rung yet, which takes 4 finite values of 'loss'" in decision.why


def test_a_run_worse_than_the_threshold_stops() -> None:
    # At iteration 2 the values are 5, 1, 2, 3: place floor(4/3) = 1, so 2.
    built = table(WandbHyperband(2), [6.0, 5.0], [1.0, 1.0], [2.0, 2.0], [4.0, 3.0])
    assert figures(built.decide(0)) == (True, 2, 2.0, 5.0, 4, 6)
    assert figures(built.decide(1)) == (False, 2, 2.0, 1.0, 4, 6)
    assert figures(built.decide(2)) == (False, 2, 2.0, 2.0, 4, 6)  # equal is not worse
    assert figures(built.decide(3)) == (True, 2, 2.0, 3.0, 4, 6)


def test_the_decision_in_words() -> None:
    built = table(WandbHyperband(2), [6.0, 5.0], [1.0, 1.0], [2.0, 2.0], [4.0, 3.0])
    assert built.decide(0).why == (
        "at iteration 2 its 'loss' is 5, and 2 is needed to be among the best 1/3 of the "
        "4 runs that got there"
    )


# Run 0 was good once, and is bad at the rung: strict, the default, stops it. The
# threshold is of the values at the rung, 7, 1, 2, 3, in both.
ONCE_GOOD = ([1.5, 7.0], [1.0, 1.0], [2.0, 2.0], [4.0, 3.0])


def test_strict_tests_the_value_at_the_band() -> None:
    assert WandbHyperband(2) == WandbHyperband(2, strict=True)
    built = table(WandbHyperband(2), *ONCE_GOOD)
    assert figures(built.decide(0)) == (True, 2, 2.0, 7.0, 4, 6)
    assert "at iteration 2 its 'loss' is 7" in built.decide(0).why


def test_relaxed_tests_the_best_so_far() -> None:
    built = table(WandbHyperband(2, strict=False), *ONCE_GOOD)
    assert "its best 'loss' is 1.5" in built.decide(0).why
    assert figures(built.decide(0)) == (False, 2, 2.0, 1.5, 4, 6)
    # Also what came after the rung.
    assert figures(built.decide(3)) == (True, 2, 2.0, 3.0, 4, 6)
    built.add(ObjectivePoint(3, 1, 2, 1.9))
    assert figures(built.decide(3)) == (False, 2, 2.0, 1.9, 4, 6)


def test_maximize_turns_it_round() -> None:
    runs = ([0.1, 0.2], [0.9, 0.8], [0.5, 0.6])
    # The values are 0.2, 0.8, 0.6: place 1, so 0.6.
    for strict, tested in ((True, 0.8), (False, 0.9)):
        built = table(WandbHyperband(2, strict=strict), *runs, minimize=False)
        assert figures(built.decide(0)) == (True, 2, 0.6, 0.2, 3, 6)
        assert figures(built.decide(1)) == (False, 2, 0.6, tested, 3, 6)


def test_only_the_highest_band_reached_is_tested() -> None:
    # Run 0 is bad at rung 2 but the best of those at rung 6.
    built = table(WandbHyperband(2), [9.0, 9.0, 0.5, 0.5, 0.5, 0.5], [1.0, 1.0], [2.0, 2.0])
    assert figures(built.decide(0)) == (False, 6, 0.5, 0.5, 1, 18)
    # Values of longer runs stay in the lower rungs.
    assert built.decide(2).compared == 3


def test_after_the_last_band_there_is_no_next_check() -> None:
    built = table(WandbHyperband(max_iter=18, s=2), [9.0] * 2, [1.0] * 6, [2.0] * 12)
    assert built.first_count == 2
    assert figures(built.decide(0)) == (True, 2, 2.0, 9.0, 3, 6)
    assert figures(built.decide(1)) == (False, 6, 1.0, 1.0, 2, None)
    assert figures(built.decide(2)) == (True, 6, 1.0, 2.0, 2, None)


def test_nan_and_infinite_values_are_no_iterations() -> None:
    built = table(WandbHyperband(2), [1.0, math.nan, math.inf])
    assert built.decide(0).step is None
    built.add(ObjectivePoint(0, 1, 3, 2.0))
    assert built.decide(0).step == 2


def test_an_earlier_attempt_says_nothing() -> None:
    built = table(WandbHyperband(2), [1.0, 1.0], [2.0, 2.0])
    built.add(ObjectivePoint(0, 2, 0, 5.0))
    built.add(ObjectivePoint(0, 1, 7, 0.0))
    assert built.decide(0).step is None
    assert built.decide(1).compared == 1


def test_a_run_without_values_has_reached_nothing() -> None:
    assert figures(table(WandbHyperband(2)).decide(5)) == (False, None, None, None, 0, 2)


VALUES = st.sampled_from([0.0, 1.0, 2.0, 3.0, -1.0, math.nan, math.inf])
REPORTS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 2), st.integers(0, 14), VALUES), max_size=120
)
RULES = st.builds(
    WandbHyperband, st.integers(1, 3), st.sampled_from([1.5, 2.0, 3.0]), st.booleans()
)
FINITE_RULES = st.builds(
    WandbHyperband,
    st.just(0),
    st.sampled_from([1.5, 2.0, 3.0]),
    st.booleans(),
    st.integers(4, 14),
    st.integers(1, 4),
)


def plainly(
    rule: WandbHyperband, reports: list[Report], number: int, *, minimize: bool
) -> tuple[bool, int | None, int]:
    """The rule by its definition, over all reported values."""
    latest = {n: max(a for m, a, _, _ in reports if m == n) for n, _, _, _ in reports}
    series = {}
    for n, attempt in latest.items():
        steps = {s: v for m, a, s, v in reports if m == n and a == attempt}
        sign = 1 if minimize else -1
        series[n] = [sign * steps[s] for s in sorted(steps) if math.isfinite(steps[s])]
    count = len(series.get(number, []))
    reached = [b for b in islice(rule.rungs(), 20) if b <= count]
    if not reached:
        return False, None, 0
    rung = reached[-1]
    found = sorted(values[rung - 1] for values in series.values() if len(values) >= rung)
    mine = series[number][rung - 1] if rule.strict else min(series[number])
    return mine > found[int(len(found) / rule.eta)], rung, len(found)


@given(REPORTS, st.booleans(), RULES | FINITE_RULES)
def test_the_table_decides_as_the_definition_reads(
    reports: list[Report], minimize: bool, rule: WandbHyperband
) -> None:
    """Reports come in any order, with repeated steps and new attempts."""
    built = WandbHyperbandRule(rule, "loss", minimize=minimize)
    # A report of a later attempt discards the earlier attempt.
    kept: list[Report] = []
    attempts: dict[int, int] = {}
    for number, attempt, step, value in reports:
        built.add(ObjectivePoint(number, attempt, step, value))
        if attempt >= attempts.get(number, 0):
            attempts[number] = attempt
            kept.append((number, attempt, step, value))
    for number in range(5):
        decision = built.decide(number)
        assert (decision.should_stop, decision.step, decision.compared) == plainly(
            rule, kept, number, minimize=minimize
        )
