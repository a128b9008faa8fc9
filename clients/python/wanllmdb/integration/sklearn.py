"""`SweepSearchCV`, a search of scikit-learn with a sweep, and W&B's plots of models.

The plots draw charts and report no number that a sweep could optimize: they are accepted, but
nothing is drawn and a note is printed.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from wanllmdb.integration._run import note_left_out

__all__ = [
    "plot_calibration_curve",
    "plot_class_proportions",
    "plot_classifier",
    "plot_clusterer",
    "plot_confusion_matrix",
    "plot_elbow_curve",
    "plot_feature_importances",
    "plot_learning_curve",
    "plot_outlier_candidates",
    "plot_precision_recall",
    "plot_regressor",
    "plot_residuals",
    "plot_roc",
    "plot_silhouette",
    "plot_summary_metrics",
]


def _left_out(name: str) -> Callable[..., None]:
    def plot(*args: Any, **kwargs: Any) -> None:
        """Print a note, once per process, that nothing is drawn."""
        del args, kwargs
        note_left_out(f"what wandb.sklearn.{name} would draw")

    plot.__name__ = plot.__qualname__ = name
    return plot


plot_calibration_curve = _left_out("plot_calibration_curve")
plot_class_proportions = _left_out("plot_class_proportions")
plot_classifier = _left_out("plot_classifier")
plot_clusterer = _left_out("plot_clusterer")
plot_confusion_matrix = _left_out("plot_confusion_matrix")
plot_elbow_curve = _left_out("plot_elbow_curve")
plot_feature_importances = _left_out("plot_feature_importances")
plot_learning_curve = _left_out("plot_learning_curve")
plot_outlier_candidates = _left_out("plot_outlier_candidates")
plot_precision_recall = _left_out("plot_precision_recall")
plot_regressor = _left_out("plot_regressor")
plot_residuals = _left_out("plot_residuals")
plot_roc = _left_out("plot_roc")
plot_silhouette = _left_out("plot_silhouette")
plot_summary_metrics = _left_out("plot_summary_metrics")


if TYPE_CHECKING:
    from wanllmdb.integration._sweep_search import SweepSearchCV as SweepSearchCV


def __getattr__(name: str) -> Any:
    # Loaded at its first use: the plots work without scikit-learn.
    if name == "SweepSearchCV":
        return getattr(import_module("wanllmdb.integration._sweep_search"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
