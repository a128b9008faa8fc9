"""Plots of a sweep with Plotly, and W&B's charts, which keep their data; `log` drops them.

`history`, `importance`, `parallel`, `slice`, `contour`, `pareto` and `timeline` return a figure of
Plotly's, which the extra `plot` installs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wanllmdb._plots.sweep_plots import (
    contour,
    history,
    importance,
    parallel,
    pareto,
    slice,  # noqa: A004 - Optuna's name of this plot
    timeline,
)
from wanllmdb._wandb.media import NotSent
from wanllmdb._wandb.table import Table

__all__ = [
    "CustomChart",
    "CustomChartSpec",
    "Visualize",
    "bar",
    "confusion_matrix",
    "contour",
    "histogram",
    "history",
    "importance",
    "line",
    "line_series",
    "parallel",
    "pareto",
    "plot_table",
    "pr_curve",
    "roc_curve",
    "scatter",
    "slice",
    "timeline",
    "visualize",
]


@dataclass
class CustomChartSpec:
    """The content of a chart."""

    spec_name: str
    fields: dict[str, Any]
    string_fields: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    split_table: bool = False


@dataclass(eq=False)
class CustomChart(NotSent):
    """A chart. `table` is None if the values are in `spec.fields`."""

    table: Table | None
    spec: CustomChartSpec

    def set_key(self, key: str) -> None:
        """Names the chart."""
        self.spec.key = key

    def __repr__(self) -> str:
        return f"<chart {self.spec.spec_name}, kept and not sent>"


@dataclass(eq=False)
class Visualize(NotSent):
    """A table with the name of the Vega spec that shows it."""

    table: Table
    spec: str
    key: str = ""

    def set_key(self, key: str) -> None:
        """Names the chart."""
        self.key = key


def plot_table(
    vega_spec_name: str,
    data_table: Table,
    fields: Mapping[str, Any],
    string_fields: Mapping[str, Any] | None = None,
    split_table: bool = False,
) -> CustomChart:
    """Return a chart of a table, drawn by a Vega spec."""
    spec = CustomChartSpec(
        vega_spec_name, dict(fields), dict(string_fields or {}), split_table=split_table
    )
    return CustomChart(data_table, spec)


def visualize(id: str, value: Table) -> Visualize:  # noqa: A002 - W&B's name of it
    """Return a table with the name of the Vega spec that shows it."""
    return Visualize(value, id)


def line(
    table: Table,
    x: str,
    y: str,
    stroke: str | None = None,
    title: str = "",
    split_table: bool = False,
) -> CustomChart:
    """Return a line chart of two columns of a table."""
    fields = {"x": x, "y": y, "stroke": stroke}
    return plot_table("line", table, fields, {"title": title}, split_table)


def scatter(
    table: Table, x: str, y: str, title: str = "", split_table: bool = False
) -> CustomChart:
    """Return a scatter plot of two columns of a table."""
    return plot_table("scatter", table, {"x": x, "y": y}, {"title": title}, split_table)


def bar(
    table: Table, label: str, value: str, title: str = "", split_table: bool = False
) -> CustomChart:
    """Return a bar chart of a table's column."""
    return plot_table("bar", table, {"label": label, "value": value}, {"title": title}, split_table)


def histogram(table: Table, value: str, title: str = "", split_table: bool = False) -> CustomChart:
    """Return a histogram of a table's column."""
    return plot_table("histogram", table, {"value": value}, {"title": title}, split_table)


def line_series(
    xs: Iterable[Any],
    ys: Iterable[Iterable[Any]],
    keys: Iterable[str] | None = None,
    title: str = "",
    xname: str = "x",
    split_table: bool = False,
) -> CustomChart:
    """Return a chart of several lines, over one common x axis or one axis each."""
    return _of_values("lineseries", title, split_table, xs=xs, ys=ys, keys=keys, xname=xname)


def confusion_matrix(
    probs: Sequence[Sequence[float]] | None = None,
    y_true: Sequence[Any] | None = None,
    preds: Sequence[Any] | None = None,
    class_names: Sequence[str] | None = None,
    title: str = "Confusion Matrix Curve",
    split_table: bool = False,
) -> CustomChart:
    """A confusion matrix: how often each class was predicted for each class."""
    return _of_values(
        "confusion_matrix",
        title,
        split_table,
        probs=probs,
        y_true=y_true,
        preds=preds,
        class_names=class_names,
    )


def pr_curve(
    y_true: Iterable[Any] | None = None,
    y_probas: Iterable[Any] | None = None,
    labels: list[str] | None = None,
    classes_to_plot: list[Any] | None = None,
    interp_size: int = 21,
    title: str = "Precision-Recall Curve",
    split_table: bool = False,
) -> CustomChart:
    """A precision-recall curve."""
    return _of_values(
        "pr_curve",
        title,
        split_table,
        y_true=y_true,
        y_probas=y_probas,
        labels=labels,
        classes_to_plot=classes_to_plot,
        interp_size=interp_size,
    )


def roc_curve(
    y_true: Sequence[Any],
    y_probas: Sequence[Sequence[float]] | None = None,
    labels: list[str] | None = None,
    classes_to_plot: list[Any] | None = None,
    title: str = "ROC Curve",
    split_table: bool = False,
) -> CustomChart:
    """An ROC curve: true positives over false positives."""
    return _of_values(
        "roc_curve",
        title,
        split_table,
        y_true=y_true,
        y_probas=y_probas,
        labels=labels,
        classes_to_plot=classes_to_plot,
    )


def _of_values(name: str, title: str, split_table: bool, **fields: Any) -> CustomChart:
    spec = CustomChartSpec(name, fields, {"title": title}, split_table=split_table)
    return CustomChart(None, spec)
