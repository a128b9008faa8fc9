"""Generates the dashboards' JSON from their pages; with `--check` only compares.

Usage: python -m deploy.monitoring.grafana.generate [--check]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.builders import common, dashboard, prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
)
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DataSourceRef

from deploy.monitoring.grafana import services_page, trials_page
from deploy.monitoring.grafana.panels import Page, Panel

FOLDER = Path(__file__).parent / "dashboards"
PAGES = (trials_page.PAGE, services_page.PAGE)
# The viewer chooses the Prometheus at the top of the page.
_SOURCE = DataSourceRef(type_val="prometheus", uid="${prometheus}")
# Grafana's grid has 24 columns.
_WIDTH, _HEIGHT = 12, 8


def dashboard_of(page: Page) -> str:
    """Return a dashboard's JSON."""
    built = (
        dashboard.Dashboard(page.title)
        .uid(page.uid)
        .description(page.description)
        .tags(["wanllmdb"])
        .time("now-6h", "now")
        .refresh("30s")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("prometheus").type("prometheus"))
    )
    for row in page.rows:
        built.with_row(dashboard.Row(row.title))
        for panel in row.panels:
            built.with_panel(_graph(panel))
    return json.dumps(built.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def _graph(panel: Panel) -> timeseries.Panel:
    legend = (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
    )
    graph = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.description)
        .datasource(_SOURCE)
        .unit(panel.unit)
        .min(0)
        .height(_HEIGHT)
        .span(_WIDTH)
        .legend(legend)
    )
    if panel.stacked:
        graph.stacking(common.StackingConfig().mode(StackingMode.NORMAL)).fill_opacity(20)
    for letter, query in zip("ABCDEFGH", panel.queries, strict=False):
        target = prometheus.Dataquery().expr(query.expr).legend_format(query.legend).range()
        graph.with_target(target.ref_id(letter))
    return graph


def main() -> int:
    """Write the files, or with `--check` return 1 if one of them is not current."""
    only_compare = sys.argv[1:] == ["--check"]
    wanted = {FOLDER / f"{page.uid}.json": dashboard_of(page) for page in PAGES}
    stale = [file for file, text in wanted.items() if not _holds(file, text)]
    stale += [file for file in FOLDER.glob("*.json") if file not in wanted]
    if only_compare:
        for file in stale:
            print(f"{file.name} is not current: run python -m deploy.monitoring.grafana.generate")
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for file in stale:
        if file in wanted:
            file.write_text(wanted[file])
        else:
            file.unlink()
    return 0


def _holds(file: Path, text: str) -> bool:
    return file.exists() and file.read_text() == text


if __name__ == "__main__":
    sys.exit(main())
