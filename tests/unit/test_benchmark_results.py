"""Figures of benchmarks: medians, noise, the comparison with the last run, the file, the table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks import results
from tests.benchmarks.figures import TIMES_AS_FAST, Figure, Yardstick, compare, in_rounds
from tests.benchmarks.results import Results

RATE = Figure("trial", "trials/s", (90.0, 100.0, 110.0), clients=32, hops=2, benchmark="loop")
TIME = Figure("read", "ms", (2.0, 2.0, 2.0), 10_000, 1, 1, benchmark="reads")
ECHOES = (
    Figure("echo", "calls/s", (1_000.0,), clients=32, hops=2),
    Figure("echo", "calls/s", (2_000.0,), clients=1, hops=1),
    Figure("echo", "ms", (0.5,), clients=1, hops=1),
)
NOW = Results(
    "2026-01-02T03:04:05Z",
    "abc",
    "3.11.7",
    2,
    0.1,
    {"loop": 1.5, "reads": 2.0},
    ECHOES,
    (RATE, TIME),
)


def faster(figure: Figure, factor: float) -> Figure:
    return replace(figure, rounds=tuple(each * factor for each in figure.rounds))


class TestFigure:
    def test_value_is_the_median_and_noise_half_the_range(self) -> None:
        assert RATE.value == 100
        assert RATE.noise == pytest.approx(0.1)

    def test_noise_of_one_round_is_assumed(self) -> None:
        assert Figure("x", "ms", (1.0,)).noise == 0.2

    def test_rounds_are_the_medians_of_consecutive_parts(self) -> None:
        assert in_rounds([1, 2, 3, 40, 50, 60, 7, 8, 9]) == (2, 50, 8)
        assert in_rounds([5.0]) == (5.0,)


class TestComparison:
    def test_noise_is_no_change(self) -> None:
        change = compare(RATE, faster(RATE, 0.9), speed=1.0)
        assert change is not None
        assert not change.is_real

    def test_higher_rates_and_shorter_times_are_better(self) -> None:
        rate, time = compare(RATE, faster(RATE, 0.5), 1.0), compare(TIME, faster(TIME, 2.0), 1.0)
        assert rate is not None
        assert time is not None
        assert (rate.factor, rate.is_real, rate.is_better) == (2.0, True, True)
        assert (time.factor, time.is_real, time.is_better) == (0.5, True, True)

    def test_more_times_as_fast_is_better(self) -> None:
        ratio = Figure("ours by theirs", TIMES_AS_FAST, (20.0, 20.0))
        change = compare(ratio, faster(ratio, 0.5), speed=1.0)
        assert change is not None
        assert change.is_better

    def test_a_machine_of_another_speed_is_no_change(self) -> None:
        rate, time = compare(faster(RATE, 2), RATE, 2.0), compare(faster(TIME, 0.5), TIME, 2.0)
        assert rate is not None
        assert time is not None
        assert (rate.factor, rate.is_real) == (1.0, False)
        assert (time.factor, time.is_real) == (1.0, False)

    @pytest.mark.parametrize("unit", ["MiB", "us CPU", TIMES_AS_FAST])
    def test_other_units_do_not_depend_on_the_speed_of_the_machine(self, unit: str) -> None:
        figure = Figure("x", unit, (50.0, 50.0))
        change = compare(figure, figure, speed=2.0)
        assert change is not None
        assert change.factor == 1

    def test_speed_is_the_ratio_of_the_echoes(self) -> None:
        slower = Yardstick([faster(each, 0.5) for each in ECHOES])
        assert Yardstick(ECHOES).speed(slower) == 2
        assert Yardstick(ECHOES).speed(Yardstick([])) == 1


class TestYardstick:
    def test_ratio_is_to_the_echo_of_as_many_hops_and_clients(self) -> None:
        yardstick = Yardstick(ECHOES)
        assert yardstick.ratio(RATE) == pytest.approx(0.1)
        assert yardstick.ratio(TIME) == pytest.approx(4.0)

    def test_ratio_that_was_measured_in_turns_wins(self) -> None:
        assert Yardstick(ECHOES).ratio(replace(RATE, ratio=0.3)) == 0.3

    def test_figure_without_hops_has_no_ratio(self) -> None:
        assert Yardstick(ECHOES).ratio(replace(TIME, hops=0)) is None


class TestFile:
    def test_results_are_read_as_written(self, tmp_path: Path) -> None:
        NOW.write(tmp_path)
        assert results.last(["loop"], tmp_path) == NOW

    def test_the_latest_results_with_the_same_benchmarks_count(self, tmp_path: Path) -> None:
        NOW.write(tmp_path)
        replace(NOW, time="2026-01-03T00:00:00Z", seconds={"loop": 1.0}).write(tmp_path)
        assert results.last(["loop", "reads"], tmp_path) == NOW
        assert results.last(["bayes"], tmp_path) is None


class TestTable:
    def test_row_has_the_figure_its_ratio_and_its_change(self) -> None:
        before = replace(NOW, figures=(faster(RATE, 2), TIME))
        *_, rate, time = results.rows(NOW, before)
        assert rate == (["loop: trial", "", "32", "100", "trials/s", "0.1", "200", "0.50", "WORSE"])
        assert time == ["reads: read", "10,000", "1", "2", "ms", "4", "2", "1.00", ""]

    def test_first_run_has_nothing_before(self) -> None:
        *_, rate, _ = results.rows(NOW, None)
        assert rate[-3:] == ["", "", ""]

    def test_markdown_has_the_figures_without_the_comparison(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        results.print_markdown(NOW)
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == "| what | size | clients | figure | unit | of echo |"
        assert lines[-1] == "| reads: read | 10,000 | 1 | 2 | ms | 4 |"

    def test_numbers_have_three_digits(self) -> None:
        assert [results.short(x) for x in (0.01234, 1.234, 12.34, 123.4, 12_345.6)] == [
            *("0.0123", "1.23", "12.3", "123", "12,346")
        ]
