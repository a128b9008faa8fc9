"""The terminators: when a sweep finishes by itself because going on is not worth it."""

from __future__ import annotations

from wanllmdb_common.algorithms.description import AlgorithmDescription, Option, OptionType

TERMINATORS = (
    AlgorithmDescription(
        name="no_improvement",
        title="No improvement for a while",
        description=(
            "Finishes the sweep once so many finished runs in a row, by number, are no better "
            "than the best one before them. Takes any sampler and costs nothing."
        ),
        options=(
            Option(
                "runs",
                OptionType.INT,
                "How many finished runs without an improvement end the sweep.",
                default=30,
                min=1,
            ),
            Option(
                "min_runs",
                OptionType.INT,
                "The sweep does not end before so many runs have finished.",
                default=20,
                min=1,
            ),
            Option(
                "min_delta",
                OptionType.FLOAT,
                "What is better by no more than this is no improvement; in the metric's unit.",
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
            "Models the metric by a Gaussian process and finishes the sweep once, with high "
            "probability, nothing in the space is better than the best run by more than a "
            "little. For costly runs, up to some hundreds of them."
        ),
        options=(
            Option(
                "min_runs",
                OptionType.INT,
                "The sweep does not end before so many runs have finished (Optuna: min_n_trials).",
                default=20,
                min=1,
            ),
            Option(
                "max_regret",
                OptionType.FLOAT,
                "The little: the bound below which the sweep ends, in the metric's unit. Where it "
                "is left out, it is threshold_ratio times the bound's median in the beginning.",
                min=0,
                min_is_excluded=True,
            ),
            Option(
                "top_trials_ratio",
                OptionType.FLOAT,
                "The share of the finished runs, the best ones, that the model is made of.",
                default=0.5,
                min=0,
                max=1,
                min_is_excluded=True,
            ),
            Option(
                "warm_up_trials",
                OptionType.INT,
                "Without max_regret: how many of the first runs the beginning leaves out.",
                default=10,
                min=0,
            ),
            Option(
                "n_initial_trials",
                OptionType.INT,
                "Without max_regret: how many runs after those are the beginning.",
                default=20,
                min=1,
                max=200,
            ),
            Option(
                "threshold_ratio",
                OptionType.FLOAT,
                "Without max_regret: the share of the beginning's bound that is little.",
                default=0.01,
                min=0,
                min_is_excluded=True,
            ),
        ),
        needs_metric=True,
        space_notes="A parameter that some finished run lacks, by a condition, is left out.",
        replay_notes="On machines with other processors the last digits of a bound may differ.",
        modules=("torch", "scipy"),
        requires=("wanllmdb[gp]",),
        reference="Makarova et al. 2022, Automatic Termination for Hyperparameter Optimization",
    ),
)
