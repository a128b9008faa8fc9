"""The pruners: early termination by name, with the options of Optuna 5."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wanllmdb_common.algorithms.description import (
    REQUIRED,
    AlgorithmDescription,
    Option,
    OptionType,
)
from wanllmdb_common.search_space.distributions import ParameterValue

_STARTUP = Option(
    "n_startup_trials",
    OptionType.INT,
    "No run is stopped before so many runs have finished.",
    default=5,
    min=0,
)
_WARMUP = Option(
    "n_warmup_steps", OptionType.INT, "No run is stopped before this step.", default=0, min=0
)
_INTERVAL = Option(
    "interval_steps",
    OptionType.INT,
    "Steps from one test of a run to the next, from n_warmup_steps on. Where a run reports "
    "nothing at such a step, its next value is tested.",
    default=1,
    min=1,
)
_MIN_TRIALS = Option(
    "n_min_trials",
    OptionType.INT,
    "A step is not tested before so many finished runs have a value at it.",
    default=1,
    min=1,
)
_BOOTSTRAP = Option(
    "bootstrap_count",
    OptionType.INT,
    "How many other runs must be at a rung before any run may pass it: until then runs stop there.",
    default=0,
    min=0,
)


def _check_halving(options: Mapping[str, ParameterValue]) -> Iterator[tuple[str, str]]:
    if options["bootstrap_count"] and options["min_resource"] is None:
        yield "bootstrap_count", "needs min_resource: add min_resource: 1"


def _check_hyperband(options: Mapping[str, ParameterValue]) -> Iterator[tuple[str, str]]:
    low, high = options["min_resource"], options["max_resource"]
    if options["bootstrap_count"] and high is None:
        yield "bootstrap_count", "needs max_resource: add max_resource: 100, a full run's steps"
    if isinstance(low, int) and isinstance(high, int) and high < low:
        yield "max_resource", f"must be at least min_resource, but {high} < {low}"


def _check_threshold(options: Mapping[str, ParameterValue]) -> Iterator[tuple[str, str]]:
    low, high = options["lower"], options["upper"]
    if low is None and high is None:
        yield "lower", "one of lower and upper is required: without either nothing is ever stopped"
    if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        yield "lower", f"must be at most upper, but {low:g} > {high:g}"


PRUNERS = (
    AlgorithmDescription(
        name="hyperband",
        title="Hyperband, as Optuna has it",
        description=(
            "Several brackets of successive halving, each with a first rung of its own; a run "
            "belongs to one of them by its number. Where it is unclear how early a value tells. "
            "(W&B's hyperband is `early_terminate: {type: hyperband}`.)"
        ),
        options=(
            Option(
                "min_resource",
                OptionType.INT,
                "The step of the first rung of the first bracket.",
                default=1,
                min=1,
            ),
            Option(
                "max_resource",
                OptionType.INT,
                "The steps of a full run; where it is left out, those of the finished run with the "
                "lowest number, and nothing is stopped before there is one.",
                min=1,
            ),
            Option(
                "reduction_factor",
                OptionType.INT,
                "The factor from one rung to the next, and the share 1/factor that passes.",
                default=3,
                min=2,
            ),
            _BOOTSTRAP,
        ),
        needs_metric=True,
        reference="Li et al. 2018, Hyperband: A Novel Bandit-Based Approach to Hyperparameter "
        "Optimization, JMLR 18",
        check=_check_hyperband,
    ),
    AlgorithmDescription(
        name="median",
        title="Median rule",
        description=(
            "Stops a run whose best value so far is worse than the median of the finished runs' "
            "values at the same step. Simple and hard to get wrong; a good first choice."
        ),
        options=(_STARTUP, _WARMUP, _INTERVAL, _MIN_TRIALS),
        needs_metric=True,
        reference="Golovin et al. 2017, Google Vizier: A Service for Black-Box Optimization",
    ),
    AlgorithmDescription(
        name="patient",
        title="Patience",
        description=(
            "Stops a run whose best value did not improve for some steps; with a wrapped pruner, "
            "only when that one wants to stop it, too. For noisy values, and for runs that have "
            "converged."
        ),
        options=(
            Option(
                "patience",
                OptionType.INT,
                "How many further values without an improvement are borne.",
                default=REQUIRED,
                min=0,
            ),
            Option(
                "min_delta",
                OptionType.FLOAT,
                "How much worse than the best one the values must be, in the metric's unit.",
                default=0.0,
                min=0,
            ),
            Option(
                "wrapped",
                OptionType.ALGORITHM,
                "Another pruner, which must want to stop the run, too: {name: median}.",
            ),
        ),
        needs_metric=True,
    ),
    AlgorithmDescription(
        name="percentile",
        title="Percentile rule",
        description=(
            "Stops a run whose best value so far is not among the best `percentile` percent of "
            "the finished runs' values at the same step. Like median, but stricter or more lenient."
        ),
        options=(
            Option(
                "percentile",
                OptionType.FLOAT,
                "The share that goes on, in percent: 25 keeps the best quarter.",
                default=REQUIRED,
                min=0,
                max=100,
            ),
            _STARTUP,
            _WARMUP,
            _INTERVAL,
            _MIN_TRIALS,
        ),
        needs_metric=True,
    ),
    AlgorithmDescription(
        name="successive_halving",
        title="Asynchronous successive halving (ASHA)",
        description=(
            "At each rung only the best 1/reduction_factor of the runs that got there go on; "
            "nobody waits for others. Saves most where many runs are bad and early values tell."
        ),
        options=(
            Option(
                "min_resource",
                OptionType.INT,
                "The step of the first rung; where it is left out, a hundredth of the steps of "
                "the finished run with the lowest number, and nothing is stopped before there is "
                "one.",
                min=1,
            ),
            Option(
                "reduction_factor",
                OptionType.INT,
                "The factor from one rung to the next, and the share 1/factor that passes.",
                default=4,
                min=2,
            ),
            Option(
                "min_early_stopping_rate",
                OptionType.INT,
                "How many of the first rungs are left out.",
                default=0,
                min=0,
                max=60,
            ),
            _BOOTSTRAP,
        ),
        needs_metric=True,
        reference="Li et al. 2020, A System for Massively Parallel Hyperparameter Tuning, MLSys",
        check=_check_halving,
    ),
    AlgorithmDescription(
        name="threshold",
        title="Fixed bounds",
        description=(
            "Stops a run whose value is below `lower` or above `upper`, or NaN. For runs that "
            "blow up, and for values that no good run has."
        ),
        options=(
            Option("lower", OptionType.FLOAT, "The smallest value that goes on."),
            Option("upper", OptionType.FLOAT, "The largest value that goes on."),
            _WARMUP,
            _INTERVAL,
        ),
        needs_metric=True,
        check=_check_threshold,
    ),
    AlgorithmDescription(
        name="wilcoxon",
        title="Wilcoxon signed-rank test",
        description=(
            "Stops a run that a statistical test finds worse than the best finished run, pairing "
            "their values by step. For runs that average over instances (folds, problems, "
            "questions), with the instance's id as the step; not for learning curves."
        ),
        options=(
            Option(
                "p_threshold",
                OptionType.FLOAT,
                "A run stops when it is worse with a p-value below this; larger stops more.",
                default=0.1,
                min=0,
                max=1,
            ),
            Option(
                "n_startup_steps",
                OptionType.INT,
                "No run is stopped with fewer pairs than this, nor with fewer than 2.",
                default=2,
                min=0,
            ),
        ),
        needs_metric=True,
        modules=("scipy",),
        requires=("scipy",),
        reference="Wilcoxon 1945, Individual Comparisons by Ranking Methods",
    ),
)
