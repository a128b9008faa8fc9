"""The importance evaluators."""

from __future__ import annotations

from wanllmdb_common.algorithms.description import AlgorithmDescription

_CONDITIONS = (
    "Any. A conditional parameter is judged among the runs that have it, and counts by how many "
    "these are."
)

IMPORTANCE_EVALUATORS = (
    AlgorithmDescription(
        name="fanova",
        title="Functional ANOVA",
        description=(
            "Which share of the objective's variance over the whole space each parameter explains "
            "by itself, by a random forest of the latest 1,000 finished runs. For seeing what "
            "matters in general, good runs and bad ones alike."
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
            "How much splits by each parameter decrease the variance within the nodes of a random "
            "forest of the latest 1,000 finished runs. Counts where the runs are, not the whole "
            "space, and includes what a parameter does together with others; favours parameters "
            "with many values."
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
            "How far each parameter's values in the best tenth of all finished runs differ from "
            "those in the others. Fast; for seeing what it takes to be good. Needs some fifty "
            "runs, so that the best tenth is more than a handful."
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
