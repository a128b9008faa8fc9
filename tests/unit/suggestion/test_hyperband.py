"""Bands, thresholds and decisions, against values computed by hand and by a plain model."""

from __future__ import annotations

import math
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanllmdb_suggestion.study.hyperband import BandTable, Decision, Hyperband, threshold_of


def table(rule: Hyperband, *courses: list[float], minimize: bool = True) -> BandTable:
    built = BandTable(rule, minimize=minimize)
    for number, values in enumerate(courses):
        for step, value in enumerate(values):
            built.add(number, 1, step, value)
    return built


@pytest.mark.parametrize(
    ("rule", "bands"),
    [
        (Hyperband(3, 3.0), [3, 9, 27, 81]),
        (Hyperband(1, 2.0), [1, 2, 4, 8]),
        (Hyperband(2, 1.5), [2, 3, 4, 6]),  # 2, 3, 4.5, 6.75
        (Hyperband(1, 1.2), [1, 2, 3, 4]),  # 1, 1.2, 1.44, 1.73, 2.07, 2.49, 2.99, 3.58, 4.3
    ],
)
def test_bands(rule: Hyperband, bands: list[int]) -> None:
    assert list(islice(rule.bands(), 4)) == bands


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
    # Band 3 is the fourth value: three are not enough.
    decision = table(Hyperband(3), [9.0, 9.0, 9.0], [1.0] * 9).decide(0)
    assert decision == Decision(False, None, None, None, 0, 4)


def test_a_run_worse_than_the_threshold_stops() -> None:
    # At iteration 1 the best so far are 5, 1, 2, 3: place floor(4/3) = 1, so 2.
    built = table(Hyperband(1), [6.0, 5.0], [1.0, 7.0], [2.0, 2.0], [4.0, 3.0])
    assert built.decide(0) == Decision(True, 1, 2.0, 5.0, 4, 4)
    assert built.decide(1) == Decision(False, 1, 2.0, 1.0, 4, 4)
    assert built.decide(2) == Decision(False, 1, 2.0, 2.0, 4, 4)  # equal is not worse
    assert built.decide(3) == Decision(True, 1, 2.0, 3.0, 4, 4)


def test_strict_tests_the_value_at_the_band() -> None:
    # At iteration 1 the values are 5, 7, 2, 3: place 1, so 3.
    built = table(Hyperband(1, strict=True), [6.0, 5.0], [1.0, 7.0], [2.0, 2.0], [4.0, 3.0])
    assert built.decide(1) == Decision(True, 1, 3.0, 7.0, 4, 4)
    assert built.decide(3) == Decision(False, 1, 3.0, 3.0, 4, 4)


def test_maximize_turns_it_round() -> None:
    built = table(Hyperband(1), [0.1, 0.2], [0.9, 0.8], [0.5, 0.6], minimize=False)
    # The best so far are 0.2, 0.9, 0.6: place 1, so 0.6.
    assert built.decide(0) == Decision(True, 1, 0.6, 0.2, 3, 4)
    assert built.decide(1) == Decision(False, 1, 0.6, 0.9, 3, 4)


def test_only_the_highest_band_reached_is_tested() -> None:
    # Run 0 is bad at band 1 but the best of those at band 3.
    built = table(Hyperband(1), [9.0, 9.0, 0.5, 0.5], [1.0, 1.0], [2.0, 2.0])
    assert built.decide(0) == Decision(False, 3, 0.5, 0.5, 1, 10)
    # Values of longer runs stay in the lower bands.
    assert built.decide(2).compared == 3


def test_nan_and_infinite_values_are_no_iterations() -> None:
    built = table(Hyperband(1), [1.0, math.nan, math.inf])
    assert built.decide(0).band is None
    built.add(0, 1, 3, 2.0)
    assert built.decide(0).band == 1


def test_an_earlier_attempt_says_nothing() -> None:
    built = table(Hyperband(1), [1.0, 1.0], [2.0, 2.0])
    built.add(0, 2, 0, 5.0)
    built.add(0, 1, 7, 0.0)
    assert built.decide(0).band is None
    assert built.decide(1).compared == 1


def test_a_run_without_values_has_reached_nothing() -> None:
    assert table(Hyperband(2)).decide(5) == Decision(False, None, None, None, 0, 3)


VALUES = st.sampled_from([0.0, 1.0, 2.0, 3.0, -1.0, math.nan, math.inf])
REPORTS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 2), st.integers(0, 14), VALUES), max_size=120
)


def plainly(
    rule: Hyperband, reports: list[tuple[int, int, int, float]], number: int, *, minimize: bool
) -> tuple[bool, int | None, int]:
    """The rule as its definition reads, over all that was reported."""
    latest = {n: max(a for m, a, _, _ in reports if m == n) for n, _, _, _ in reports}
    series = {}
    for n, attempt in latest.items():
        steps = {s: v for m, a, s, v in reports if m == n and a == attempt}
        sign = 1 if minimize else -1
        series[n] = [sign * steps[s] for s in sorted(steps) if math.isfinite(steps[s])]
    count = len(series.get(number, []))
    reached = [b for b in islice(rule.bands(), 20) if b < count]
    if not reached:
        return False, None, 0
    band = reached[-1]
    found = sorted(
        values[band] if rule.strict else min(values[: band + 1])
        for values in series.values()
        if len(values) > band
    )
    mine = series[number][band] if rule.strict else min(series[number][: band + 1])
    return mine > found[int(len(found) / rule.eta)], band, len(found)


@given(REPORTS, st.booleans(), st.booleans(), st.sampled_from([1.5, 2.0, 3.0]))
def test_the_table_decides_as_the_definition_reads(
    reports: list[tuple[int, int, int, float]], strict: bool, minimize: bool, eta: float
) -> None:
    """In any order of reports, with steps reported again and attempts begun anew."""
    rule = Hyperband(1, eta, strict)
    built = BandTable(rule, minimize=minimize)
    # A later attempt's report ends the earlier attempt for good.
    kept: list[tuple[int, int, int, float]] = []
    attempts: dict[int, int] = {}
    for number, attempt, step, value in reports:
        built.add(number, attempt, step, value)
        if attempt >= attempts.get(number, 0):
            attempts[number] = attempt
            kept.append((number, attempt, step, value))
    for number in range(5):
        decision = built.decide(number)
        assert (decision.should_stop, decision.band, decision.compared) == plainly(
            rule, kept, number, minimize=minimize
        )
