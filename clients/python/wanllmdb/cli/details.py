"""Tables of a single sweep, run, template, key or algorithm, with one row per field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING

import wanllmdb
from wanllmdb._shown import in_short
from wanllmdb._shown import shown as one_line
from wanllmdb.cli import formats, tables
from wanllmdb.cli.console import escape, escape_lines

if TYPE_CHECKING:
    from rich.table import Table

# Limits for people; --json has everything.
_MOST_ROWS = 100
_LONGEST_ROW = 2_000


class _Fields:
    """A table of names and texts; a repeated name is left blank."""

    def __init__(self) -> None:
        # Imported here because a help text and JSON do not need rich.
        from rich.table import Table

        self.table = Table(box=None, show_header=False, pad_edge=False)
        self.table.add_column(style="dim", no_wrap=True)
        self.table.add_column(overflow="fold")
        self._last = ""

    def add(self, name: str, text: str, *, is_markup: bool = False) -> None:
        """Add a row, unless the text is empty."""
        if text:
            markup = text if is_markup else escape(text)
            self.table.add_row("" if name == self._last else name, markup)
            self._last = name

    def add_lines(self, name: str, text: str) -> None:
        """Add a row for a text of several lines."""
        self.add(name, escape_lines(text), is_markup=True)

    def add_all(self, name: str, values: Mapping[str, str]) -> None:
        """Add one row per value."""
        width = max((len(one_line(key)) for key in islice(values, _MOST_ROWS)), default=0)
        for key, value in islice(values.items(), _MOST_ROWS):
            self.add(name, f"{one_line(key):<{width}}  {in_short(value, _LONGEST_ROW)}")
        if len(values) > _MOST_ROWS:
            self.add(name, f"... and {len(values) - _MOST_ROWS:,} more; all of them with --json")


def sweep(shown: wanllmdb.Sweep) -> Table:
    """Return a sweep's state, counters, best run and search space."""
    spec, stats = shown.spec, shown.stats
    fields = _Fields()
    fields.add("sweep", f"[bold]{escape(shown.sweep_id)}[/]  {escape(shown.name)}", is_markup=True)
    fields.add("project", shown.project)
    fields.add_lines("description", shown.description)
    reason = str(shown.finish_reason or "").replace("_", " ")
    why = escape(shown.end_message or reason)
    fields.add(
        "state", formats.sweep_state(shown.state) + (f": {why}" if why else ""), is_markup=True
    )
    sampler = f", sampler {formats.algorithm(spec.sampler)}" if spec.sampler is not None else ""
    fields.add("method", f"{spec.method}{sampler}, seed {spec.seed}")
    for metric in spec.metrics:
        fields.add("metric", formats.metric(metric))
    if spec.early_termination is not None:
        fields.add("early stop", formats.early_termination(spec.early_termination))
    if spec.terminator is not None:
        fields.add("terminate", formats.algorithm(spec.terminator))
    cap = f" of {spec.run_cap}" if spec.run_cap is not None else ""
    fields.add("runs", f"{stats.total_runs}{cap}: {tables.counts(stats)}", is_markup=True)
    if shown.prior_runs:
        fields.add("prior runs", str(shown.prior_runs))
    if spec.max_failed_runs is not None:
        fields.add("fails after", f"{spec.max_failed_runs} failed runs")
    fields.add("retries", formats.retries(spec.retries))
    if stats.best_run is not None:
        best = stats.best_run
        fields.add(
            "best",
            f"[bold]{formats.number(best.objective)}[/] by run {best.number}",
            is_markup=True,
        )
        fields.add("best", formats.parameters(best.parameters), is_markup=True)
    if stats.mean_run_duration is not None:
        fields.add(
            "pace",
            f"{formats.rate(stats.ended_runs_per_hour)} runs an hour, "
            f"{formats.duration(stats.mean_run_duration)} each; "
            f"{stats.failure_rate:.0%} failed, {stats.prune_rate:.0%} pruned",
        )
    fields.add("created", formats.time_ago(shown.create_time))
    fields.add("program", spec.program)
    fields.add("command", formats.command(spec.command))
    if spec.args_style is not wanllmdb.ArgsStyle.FLAT:
        fields.add("args style", spec.args_style)
    distributions = {
        name: formats.distribution(each) for name, each in sorted(spec.parameters.items())
    }
    fields.add_all("parameters", distributions)
    for constraint in spec.constraints:
        fields.add("constraints", in_short(constraint, _LONGEST_ROW))
    return fields.table


def run(shown: wanllmdb.Run, metrics: tuple[str, ...]) -> Table:
    """Return a run's state, parameters and values."""
    fields = _Fields()
    fields.add("run", f"[bold]{shown.number}[/]  {escape(shown.name)}", is_markup=True)
    fields.add("sweep", shown.sweep_id)
    fields.add("state", formats.run_state(shown.state), is_markup=True)
    for name, value in zip(metrics, tables.values_so_far(shown, metrics), strict=True):
        fields.add("objective", f"{name}  {formats.number(value)}")
    fields.add("attempt", str(shown.attempt))
    fields.add("agent", shown.agent_id)
    fields.add("origin", str(shown.origin))
    fields.add("created", formats.time_ago(shown.create_time))
    fields.add("took", formats.run_time(shown))
    fields.add("external id", shown.external_run_id)
    fields.add_all("labels", shown.labels)
    for name, entries in {"parameters": shown.parameters, "config": shown.config}.items():
        fields.add_all(name, {key: formats.plain(value) for key, value in entries.items()})
    if shown.last_step is not None:
        fields.add("last step", str(shown.last_step))
    fields.add_all("last values", {name: formats.number(v) for name, v in shown.summary.items()})
    if shown.error is not None:
        fields.add_lines("error", shown.error.message)
        fields.add_lines("traceback", shown.error.traceback)
    return fields.table


def template(shown: wanllmdb.Template) -> Table:
    """Return a template's description and placeholders."""
    fields = _Fields()
    origin = "  [dim]built in[/]" if shown.built_in else ""
    fields.add("template", f"[bold]{escape(shown.name)}[/]{origin}", is_markup=True)
    fields.add_lines("description", shown.description)
    fields.add("changed", "" if shown.built_in else formats.time_ago(shown.update_time))
    width = max((len(one_line(each.name)) for each in shown.placeholders), default=0)
    for each in shown.placeholders:
        value = "required"
        if each.default is not wanllmdb.UNSET:
            value = f"default {in_short(json.dumps(each.default, ensure_ascii=False))}"
        elif each.example is not wanllmdb.UNSET:
            value += f", as {in_short(json.dumps(each.example, ensure_ascii=False))}"
        fields.add_lines("values", f"{one_line(each.name):<{width}}  {each.description} ({value})")
    return fields.table


def key(shown: wanllmdb.ApiKey) -> Table:
    """Return an API key's role, projects and expiry."""
    fields = _Fields()
    fields.add("key", f"[bold]{escape(shown.key_id)}[/]  {escape(shown.name)}", is_markup=True)
    fields.add("role", shown.role)
    fields.add("projects", formats.projects(shown.projects))
    fields.add("state", formats.key_state(shown), is_markup=True)
    fields.add("expires", formats.time_left(shown.expire_time))
    if shown.create_time is not None:
        fields.add("created", formats.time_ago(shown.create_time))
    return fields.table


def algorithm(shown: wanllmdb.Algorithm) -> Table:
    """Return an algorithm's description and requirements."""
    fields = _Fields()
    fields.add("name", f"[bold]{escape(shown.name)}[/]  {escape(shown.title)}", is_markup=True)
    fields.add("kind", str(shown.kind).replace("_", " "))
    fields.add("method", str(shown.method or ""))
    fields.add_lines("", shown.description)
    takes = [
        "needs a metric" if shown.needs_metric else "",
        "several metrics" if shown.takes_several_metrics else "",
        "conditional parameters" if shown.takes_conditions else "no conditional parameters",
        "prior runs" if shown.uses_prior_runs else "",
        "ends when every point was tried" if shown.is_exhaustive else "",
    ]
    fields.add("takes", ", ".join(filter(None, takes)))
    fields.add("spaces", shown.space_notes)
    fields.add("replay", shown.replay_notes)
    missing = "" if shown.is_installed else " (this server lacks it)"
    fields.add("requires", ", ".join(shown.requires) + missing if shown.requires else "")
    fields.add("reference", shown.reference)
    return fields.table
