"""What the dashboards show: their rows, and the queries of each panel."""

from __future__ import annotations

from dataclasses import dataclass

# How often something happened a second, whatever the range of the dashboard.
RATE = "[$__rate_interval]"


@dataclass(frozen=True, slots=True)
class Query:
    """A query of Prometheus, and the legend of its series."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A graph.

    Attributes:
        title: What it shows.
        description: How it is read.
        unit: The unit of its values, by Grafana's name.
        queries: Its queries.
        stacked: Whether the series add up to a whole.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a common title."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A dashboard.

    Attributes:
        uid: Its id, also the name of its file.
        title: Its title.
        description: The question that it answers.
        rows: Its rows.
    """

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]


def rate(metric: str, by: str = "", labels: str = "") -> str:
    """Return the query of a counter's rate, summed over all but the labels `by`."""
    total = f"sum by ({by})" if by else "sum"
    return (
        f"{total} (rate({metric}{{{labels}}}{RATE}))"
        if labels
        else (f"{total} (rate({metric}{RATE}))")
    )


def quantile(share: float, metric: str, by: str = "", labels: str = "") -> str:
    """Return the query of a histogram's quantile, for each value of the labels `by`."""
    groups = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, {rate(f'{metric}_bucket', groups, labels)})"


def mean(metric: str, by: str = "") -> str:
    """Return the query of the mean of a histogram's values."""
    return f"{rate(f'{metric}_sum', by)} / {rate(f'{metric}_count', by)}"


def quantiles(metric: str, by: str = "", labels: str = "") -> tuple[Query, ...]:
    """Return the queries of the median and of the slowest in twenty."""
    name = f"{{{{{by}}}}} " if by else ""
    return (
        Query(quantile(0.5, metric, by, labels), f"{name}median"),
        Query(quantile(0.95, metric, by, labels), f"{name}95%"),
    )
