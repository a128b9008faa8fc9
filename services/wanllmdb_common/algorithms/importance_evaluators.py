"""The importance evaluators, which rate how much each parameter matters."""

from __future__ import annotations

from wanllmdb_common.algorithms.description import AlgorithmDescription

_CONDITIONS = (
    "Supports every space. A conditional parameter is evaluated over the runs that have it, and "
    "weighted by their number."
)

IMPORTANCE_EVALUATORS = (
    AlgorithmDescription(
        name="fanova",
        title="Functional ANOVA",
        description=(
            "Measures the share of the objective's variance over the whole space that each "
            "parameter explains by itself, with a random forest of the latest 1,000 finished "
            "runs. Shows which parameters matter in general, for good and bad runs alike. Over six "
            "parameters, the shares differed from those of 8,000 runs by at most 0.02."
        ),
        needs_metric=True,
        takes_several_metrics=True,
        space_notes=_CONDITIONS,
        modules=("sklearn",),
        requires=("scikit-learn",),
        reference=(
            "Hutter, Hoos, Leyton-Brown 2014, An Efficient Approach for Assessing Hyperparameter "
            "Importance"
        ),
    ),
    AlgorithmDescription(
        name="mean_decrease_impurity",
        title="Mean decrease impurity",
        description=(
            "Measures how much splits by each parameter decrease the variance within the nodes of "
            "a random forest of the latest 1,000 finished runs. Reflects the region where the "
            "runs are, not the whole space, and includes interactions with other parameters. "
            "Favors parameters with many values."
        ),
        needs_metric=True,
        takes_several_metrics=True,
        space_notes=_CONDITIONS,
        modules=("sklearn",),
        requires=("scikit-learn",),
        reference="Breiman 2001, Random Forests",
    ),
    AlgorithmDescription(
        name="ped_anova",
        title="PED-ANOVA",
        description=(
            "Measures how far each parameter's values in the best tenth of all finished runs "
            "differ from its values in the other runs. The computation is fast and shows which "
            "parameters make a run good. Use it with at least about fifty runs, so that the best "
            "tenth has enough runs."
        ),
        needs_metric=True,
        takes_several_metrics=True,
        space_notes=_CONDITIONS,
        reference=(
            "Watanabe, Bansal, Hutter 2023, PED-ANOVA: Efficiently Quantifying Hyperparameter "
            "Importance in Arbitrary Subspaces"
        ),
    ),
)
