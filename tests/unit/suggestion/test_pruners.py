"""Pruners over records decide as Optuna does, and from the records alone."""

from __future__ import annotations

import math
import random

import optuna
import pytest
from optuna.trial import TrialState

from tests.unit.suggestion.pruner_cases import (
    CASES,
    SEED,
    Case,
    choice,
    made_up_run,
    record,
    rule_of,
)
from wanllmdb_suggestion.optimizer.pruners.pruner import Decision, StopRule
from wanllmdb_suggestion.optimizer.types import ObjectivePoint, RunRecord, RunState

optuna.logging.set_verbosity(optuna.logging.ERROR)

RUNS = 30
PARALLEL = 40


@pytest.mark.parametrize("minimize", [True, False])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.filterwarnings("ignore")
def test_decisions_are_optuna_s_in_sequential_use(case: Case, minimize: bool) -> None:
    ours, theirs = case
    study = optuna.create_study(
        study_name=str(SEED),
        direction="minimize" if minimize else "maximize",
        pruner=theirs(),
    )
    rule = rule_of(ours, minimize=minimize)
    rng = random.Random(1)
    stops = asked = 0
    for number in range(RUNS):
        trial = study.ask()
        rule.observe(record(number))
        values = made_up_run(rng, nan=ours.name != "wilcoxon")
        if ours.name == "wilcoxon":
            values = {step: value / 3 + step % 7 for step, value in values.items()}
        pruned = False
        for step, value in values.items():
            trial.report(value, step)
            rule.add(ObjectivePoint(number, 1, step, value))
            pruned = trial.should_prune()
            decision = rule.decide(number)
            assert decision.should_stop == pruned, (number, step, decision)
            assert_explained(decision, minimize=minimize)
            asked += 1
            if pruned:
                break
        finite = [value for value in values.values() if math.isfinite(value)]
        if pruned:
            stops += 1
            study.tell(trial, state=TrialState.PRUNED)
            rule.observe(record(number, RunState.PRUNED))
        elif not finite or rng.random() < 0.1:
            study.tell(trial, state=TrialState.FAIL)
            rule.observe(record(number, RunState.FAILED))
        else:
            study.tell(trial, finite[-1])
            rule.observe(record(number, RunState.FINISHED, finite[-1]))
    assert stops, "a case that stops nothing shows nothing"
    assert asked > stops + RUNS, "a case that stops everything shows little"


def assert_explained(decision: Decision, *, minimize: bool) -> None:
    """Check that the figures of a decision agree with it."""
    assert decision.why
    assert decision.next_count is not None
    if decision.threshold is None or decision.value is None:
        assert decision.compared == 0
        return
    assert decision.step is not None
    assert decision.compared >= 1
    if "common steps" in decision.why or "were no improvement" in decision.why:
        return
    worse = (decision.value - decision.threshold) * (1 if minimize else -1) > 0
    if "at least" in decision.why:
        worse = decision.value < decision.threshold
    if "at most" in decision.why:
        worse = decision.value > decision.threshold
    assert worse == decision.should_stop


def filled(case: Case, seed: int) -> tuple[StopRule, list[RunRecord], list[ObjectivePoint]]:
    """A rule in the middle of parallel runs, and the values that it took."""
    rng = random.Random(seed)
    rule = rule_of(case[0])
    records, points = [], []
    for number in range(PARALLEL):
        values = made_up_run(rng, nan=case[0].name != "wilcoxon")
        state, objective = RunState.RUNNING, None
        if values and rng.random() < 0.7:
            state = rng.choice(
                [RunState.FINISHED, RunState.FINISHED, RunState.PRUNED, RunState.LOST]
            )
            last = list(values.values())[-1]
            if state is RunState.FINISHED:
                objective = last if math.isfinite(last) else 0.5
        records.append(record(number, state, objective))
        points += [ObjectivePoint(number, 1, step, value) for step, value in values.items()]
    return rule, records, points


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.filterwarnings("ignore")
def test_decisions_depend_on_the_records_alone(case: Case) -> None:
    """Decisions depend neither on the order of values nor on earlier decisions."""
    rule, records, points = filled(case, 3)
    rng = random.Random(4)
    for one in sorted(points, key=lambda p: (p.step, p.number)):
        rule.observe(record(one.number))
        rule.add(one)
        if rng.random() < 0.5:
            rule.decide(rng.randrange(PARALLEL))
    for known in records:
        rule.observe(known)
    rebuilt = rule_of(case[0])
    shuffled: list[RunRecord | ObjectivePoint] = [*records, *points, *points[::3]]
    rng.shuffle(shuffled)
    for change in shuffled:
        if isinstance(change, ObjectivePoint):
            rebuilt.add(change)
        else:
            rebuilt.observe(change)
    decisions = [rule.decide(number) for number in range(PARALLEL)]
    assert decisions == [rebuilt.decide(number) for number in range(PARALLEL)]
    assert decisions == [rule.decide(number) for number in range(PARALLEL)]
    assert any(decision.step is not None for decision in decisions)


def told(rule: StopRule, *runs: list[float], finished: int = 0, every: int = 1) -> StopRule:
    """Return the rule with runs, the first of which have finished."""
    for number, values in enumerate(runs):
        for place, value in enumerate(values):
            rule.add(ObjectivePoint(number, 1, place * every, value))
        state = RunState.FINISHED if number < finished else RunState.RUNNING
        rule.observe(record(number, state, values[-1] if number < finished else None))
    return rule


def test_median_in_words() -> None:
    rule = told(
        rule_of(choice("median", n_startup_trials=2)), [3, 2], [5, 4], [8, 8, 8], finished=2
    )
    assert "no value at step 2" not in rule.decide(2).why
    assert rule.decide(2).why.startswith("0 finished runs of the 1 needed have a value at step 2")
    rule.add(ObjectivePoint(3, 1, 0, 9.0))
    rule.add(ObjectivePoint(3, 1, 1, 8.0))
    decision = rule.decide(3)
    assert decision == Decision(
        True,
        "at step 1 its best 'loss' is 8, and 3 is needed to be no worse than the median of the "
        "values of 2 finished runs at that step",
        step=1,
        threshold=3.0,
        value=8.0,
        compared=3,
        next_count=3,
    )


def test_halving_in_words() -> None:
    rule = told(
        rule_of(choice("successive_halving", min_resource=1, reduction_factor=2)),
        *([float(level)] * 2 for level in (4, 1, 3, 2)),
    )
    assert [rule.decide(number).should_stop for number in range(4)] == [True, False, True, False]
    decision = rule.decide(0)
    assert (decision.step, decision.threshold, decision.value, decision.compared) == (1, 2, 4, 4)
    assert decision.why == (
        "at the rung of step 1 its 'loss' is 4, and 2 is needed to be among the best 1/2 of the "
        "4 runs that got there"
    )
    # The next rung is at step 2, with the next value.
    assert decision.next_count == 3


def test_hyperband_compares_within_a_bracket() -> None:
    rule = told(
        rule_of(choice("hyperband", max_resource=9)), *([float(level)] * 10 for level in range(40))
    )
    compared = [rule.decide(number).compared for number in range(40)]
    # Three brackets, each of which compares only its own runs.
    assert len(set(compared)) == 3
    assert sum(set(compared)) == 40
    assert all(0 < count < 40 for count in compared)


def test_threshold_stops_nan_and_says_which_bound() -> None:
    rule = rule_of(choice("threshold", lower=0.0, upper=10))
    for number, value in enumerate([-1.0, 11.0, math.nan, 5.0]):
        rule.add(ObjectivePoint(number, 1, 0, value))
    decisions = [rule.decide(number) for number in range(4)]
    assert [decision.should_stop for decision in decisions] == [True, True, True, False]
    assert [decision.threshold for decision in decisions] == [0.0, 10.0, None, 10.0]
    assert "its 'loss' is -1, and at least 0 is needed" in decisions[0].why
    assert "its 'loss' is nan" in decisions[2].why


def test_patience_in_words() -> None:
    rule = told(rule_of(choice("patient", patience=1, min_delta=0.5)), [2.0, 3.0, 2.6])
    decision = rule.decide(0)
    assert (decision.should_stop, decision.threshold, decision.value) == (True, 2.5, 2.6)
    assert decision.why == (
        "at step 2 the best of its last 2 values of 'loss' is 2.6, and 2.5 is needed to be as "
        "good as those before within 0.5"
    )
    short = told(rule_of(choice("patient", patience=1)), [2.0, 3.0])
    assert short.decide(0).why == "nothing is compared before 3 values, and it has 2"


def test_wilcoxon_in_words() -> None:
    rule = told(rule_of(choice("wilcoxon")), [1.0] * 6, [2.0, 1.5, 3.0, 1.2, 1.3, 1.4], finished=1)
    decision = rule.decide(1)
    assert (decision.should_stop, decision.step, decision.compared) == (True, 5, 2)
    assert decision.threshold == 1.0
    assert decision.value == pytest.approx(10.4 / 6)
    assert "over 6 common steps its mean 'loss' is 1.73333" in decision.why
    assert "worse with p = 0.0156, below 0.1" in decision.why  # 1 of the 2^6 signs of ranks
    rule = told(rule_of(choice("wilcoxon")), [1.0] * 6, [1.5, 0.5] * 3, finished=1)
    assert rule.decide(1).why.endswith("it would take p < 0.1 and a worse mean to stop it")


def test_a_late_question_is_answered_as_a_punctual_one() -> None:
    """An agent that asks after the step of a check gets the decision of that check."""
    for name, options in (
        ("median", {"n_startup_trials": 2, "n_warmup_steps": 2, "interval_steps": 5}),
        ("successive_halving", {"min_resource": 2, "reduction_factor": 2}),
    ):
        rule = told(rule_of(choice(name, **options)), [2.0] * 9, [3.0] * 9, finished=2)
        for step, value in enumerate([9.0, 9.0, 9.0]):
            rule.add(ObjectivePoint(2, 1, step, value))
        punctual = rule.decide(2)
        assert (punctual.should_stop, punctual.step) == (True, 2)
        rule.add(ObjectivePoint(2, 1, 3, 0.0))
        late = rule.decide(2)
        assert (late.should_stop, late.step, late.value) == (True, 2, 9.0)


@pytest.mark.parametrize(
    ("pruner", "first", "counts"),
    [
        # After values at steps 0, 10, 20, 30: the spacing is known from the second one on.
        (choice("median"), 1, [2, 3, 4, 5]),
        (choice("median", n_warmup_steps=30, interval_steps=20), 2, [2, 4, 4, 6]),
        (choice("threshold", upper=1, interval_steps=15), 1, [2, 3, 4, 6]),
        (choice("successive_halving", min_resource=40, reduction_factor=2), 2, [2, 5, 5, 5]),
        (choice("patient", patience=2), 4, [4, 4, 4, 5]),
        (choice("wilcoxon", n_startup_steps=3), 3, [3, 3, 4, 5]),
    ],
    ids=str,
)
def test_when_to_ask_again(pruner: object, first: int, counts: list[int]) -> None:
    rule = rule_of(pruner)  # type: ignore[arg-type]
    assert rule.first_count == first
    assert rule.decide(0).next_count == first
    found = []
    for place in range(4):
        rule.add(ObjectivePoint(0, 1, place * 10, 0.5))
        found.append(rule.decide(0).next_count)
    assert found == counts


def test_a_second_attempt_starts_from_nothing() -> None:
    rule = told(rule_of(choice("successive_halving", min_resource=1)), [3.0] * 5, [2.0] * 5)
    points = rule.points
    rule.observe(RunRecord(0, RunState.RUNNING, 2, {}, None))
    assert rule.points == points - 5
    assert rule.decide(0).why == "it has no value yet"
    assert rule.decide(1).compared == 1
    rule.add(ObjectivePoint(0, 1, 9, 1.0))
    assert rule.points == points - 5
