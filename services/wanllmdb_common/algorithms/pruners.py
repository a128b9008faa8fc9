"""The pruners, which terminate runs early: their names, and the options of Optuna 5."""

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
    "The number of finished runs that must exist before the pruner stops any run.",
    default=5,
    min=0,
)
_WARMUP = Option(
    "n_warmup_steps", OptionType.INT, "The pruner stops no run before this step.", default=0, min=0
)
_INTERVAL = Option(
    "interval_steps",
    OptionType.INT,
    "The number of steps between two checks of a run, from n_warmup_steps on. If a run reports no "
    "value at such a step, the pruner checks the run's next value.",
    default=1,
    min=1,
)
_MIN_TRIALS = Option(
    "n_min_trials",
    OptionType.INT,
    "The number of finished runs that must have a value at a step before the pruner checks runs "
    "at this step.",
    default=1,
    min=1,
)
_BOOTSTRAP = Option(
    "bootstrap_count",
    OptionType.INT,
    "The number of other runs that must have reached a rung before a run may pass it. Until then, "
    "every run that reaches the rung stops there.",
    default=0,
    min=0,
)


def _check_halving(options: Mapping[str, ParameterValue]) -> Iterator[tuple[str, str]]:
    if options["bootstrap_count"] and options["min_resource"] is None:
        yield "bootstrap_count", "needs min_resource: add min_resource: 1"


def _check_hyperband(options: Mapping[str, ParameterValue]) -> Iterator[tuple[str, str]]:
    low, high = options["min_resource"], options["max_resource"]
    if options["bootstrap_count"] and high is None:
        yield (
            "bootstrap_count",
            "needs max_resource: add for example max_resource: 100, the steps of a full run",
        )
    if isinstance(low, int) and isinstance(high, int) and high < low:
        yield "max_resource", f"must be at least min_resource, but {high} < {low}"


def _check_threshold(options: Mapping[str, ParameterValue]) -> Iterator[tuple[str, str]]:
    low, high = options["lower"], options["upper"]
    if low is None and high is None:
        yield "lower", "lower or upper is required: without both, no run is ever stopped"
    if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        yield "lower", f"must be at most upper, but {low:g} > {high:g}"


PRUNERS = (
    AlgorithmDescription(
        name="hyperband",
        title="Hyperband, as in Optuna",
        description=(
            "Several brackets of successive halving, each with its own first rung. A run's number "
            "determines its bracket. Use it when it is unclear how early a value is meaningful. "
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
                "The number of steps of a full run. The default is the number of steps of the "
                "finished run with the lowest number; no run is stopped before a run has finished.",
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
            "values at the same step. The pruner is simple and robust, and a good first choice."
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
            "only when that pruner would stop the run too. Use it for noisy values, and to stop "
            "runs that have converged."
        ),
        options=(
            Option(
                "patience",
                OptionType.INT,
                "A run may report this number of further values without an improvement before it "
                "stops.",
                default=REQUIRED,
                min=0,
            ),
            Option(
                "min_delta",
                OptionType.FLOAT,
                "Later values must be worse than the best value by more than this amount, in the "
                "metric's unit.",
                default=0.0,
                min=0,
            ),
            Option(
                "wrapped",
                OptionType.ALGORITHM,
                "Another pruner that must also decide to stop the run, for example {name: median}.",
            ),
        ),
        needs_metric=True,
    ),
    AlgorithmDescription(
        name="percentile",
        title="Percentile rule",
        description=(
            "Stops a run whose best value so far is not among the best `percentile` percent of "
            "the finished runs' values at the same step. The pruner is like median, but stricter "
            "or more lenient."
        ),
        options=(
            Option(
                "percentile",
                OptionType.FLOAT,
                "The percentage of runs that continue; 25 keeps the best quarter.",
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
            "At each rung, only the best 1/reduction_factor of the runs that reached it continue; "
            "no run waits for others. This saves most when many runs are bad and early values are "
            "meaningful."
        ),
        options=(
            Option(
                "min_resource",
                OptionType.INT,
                "The step of the first rung. The default is a hundredth of the steps of the "
                "finished run with the lowest number; no run is stopped before a run has finished.",
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
                "The number of rungs that are skipped at the beginning of a run.",
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
            "Stops a run whose value is below `lower`, above `upper` or NaN. Use it for runs that "
            "diverge, and for values that no good run has."
        ),
        options=(
            Option("lower", OptionType.FLOAT, "The smallest value with which a run continues."),
            Option("upper", OptionType.FLOAT, "The largest value with which a run continues."),
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
            "their values by step. Use it for runs that average over instances (folds, problems, "
            "questions), with the instance's id as the step. Do not use it for learning curves."
        ),
        options=(
            Option(
                "p_threshold",
                OptionType.FLOAT,
                "A run stops when the test finds it worse with a p-value below this threshold; a "
                "larger threshold stops more runs.",
                default=0.1,
                min=0,
                max=1,
            ),
            Option(
                "n_startup_steps",
                OptionType.INT,
                "The number of pairs of values that are needed to stop a run; at least 2 pairs "
                "are always needed.",
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
