"""The terminators, which finish a sweep when continuing is not worthwhile."""

from __future__ import annotations

from wanllmdb_common.algorithms.description import AlgorithmDescription, Option, OptionType

TERMINATORS = (
    AlgorithmDescription(
        name="no_improvement",
        title="No improvement for a while",
        description=(
            "Finishes the sweep once a number of consecutive finished runs are no better than the "
            "best run before them. It works with any sampler and costs nothing."
        ),
        options=(
            Option(
                "runs",
                OptionType.INT,
                "The sweep ends after this number of finished runs without an improvement.",
                default=30,
                min=1,
            ),
            Option(
                "min_runs",
                OptionType.INT,
                "Number of finished runs before the sweep may end.",
                default=20,
                min=1,
            ),
            Option(
                "min_delta",
                OptionType.FLOAT,
                "A run must be better by more than this amount to count as an improvement, in the "
                "metric's unit.",
                default=0.0,
                min=0,
            ),
        ),
        needs_metric=True,
    ),
    AlgorithmDescription(
        name="regret_bound",
        title="Regret bound",
        description=(
            "Models the metric with a Gaussian process and finishes the sweep once, with high "
            "probability, no point of the space is better than the best run by more than a small "
            "amount. Use it for up to some hundreds of expensive runs."
        ),
        options=(
            Option(
                "min_runs",
                OptionType.INT,
                "Number of finished runs before the sweep may end (Optuna: min_n_trials).",
                default=20,
                min=1,
            ),
            Option(
                "max_regret",
                OptionType.FLOAT,
                "The regret bound below which the sweep ends, in the metric's unit. The default "
                "is threshold_ratio times the median of the bound over the initial runs.",
                min=0,
                min_is_excluded=True,
            ),
            Option(
                "top_trials_ratio",
                OptionType.FLOAT,
                "The share of the best finished runs that the model uses.",
                default=0.5,
                min=0,
                max=1,
                min_is_excluded=True,
            ),
            Option(
                "warm_up_trials",
                OptionType.INT,
                "The number of first runs that precede the initial runs. It has an effect only "
                "without max_regret.",
                default=10,
                min=0,
            ),
            Option(
                "n_initial_trials",
                OptionType.INT,
                "The number of initial runs. It has an effect only without max_regret.",
                default=20,
                min=1,
                max=200,
            ),
            Option(
                "threshold_ratio",
                OptionType.FLOAT,
                "The share of the initial bound below which the sweep ends. It has an effect only "
                "without max_regret.",
                default=0.01,
                min=0,
                min_is_excluded=True,
            ),
        ),
        needs_metric=True,
        space_notes="The model omits a conditional parameter that some finished run lacks.",
        replay_notes="The last digits of a bound may differ between machines with different "
        "processors.",
        modules=("torch", "scipy"),
        requires=("wanllmdb[gp]",),
        reference="Makarova et al. 2022, Automatic Termination for Hyperparameter Optimization",
    ),
)
