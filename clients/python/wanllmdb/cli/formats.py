"""Values, parameters and specs as text for people."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import wanllmdb
from wanllmdb._shown import MOST_SHOWN, in_short, listed
from wanllmdb.cli.console import escape

RUN_STYLES = {
    "queued": "dim",
    "running": "cyan",
    "finished": "green",
    "pruned": "yellow",
    "failed": "red",
    "lost": "red",
    "canceled": "dim",
}
_SWEEP_STYLES = {
    "pending": "dim",
    "running": "cyan",
    "paused": "yellow",
    "finished": "green",
    "failed": "red",
    "canceled": "dim",
}


def run_state(state: str) -> str:
    """Return a run's state in its color, as rich markup."""
    return _styled(state, RUN_STYLES)


def sweep_state(state: str) -> str:
    """Return a sweep's state in its color, as rich markup."""
    return _styled(state, _SWEEP_STYLES)


def _styled(state: str, styles: Mapping[str, str]) -> str:
    style = styles.get(state)
    return f"[{style}]{state}[/]" if style else state


def number(value: float | None) -> str:
    """Return a metric's value with six significant digits."""
    return "-" if value is None else f"{value:.6g}"


def rate(value: float) -> str:
    """Return a rate with three significant digits and no exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def value_of(value: object) -> str:
    """Return a parameter's value as rich markup."""
    if isinstance(value, float):
        return number(value)
    return escape(in_short(str(value)))


def error(message: str) -> str:
    """Return the beginning of an error message as rich markup."""
    return escape(in_short(message, 5 * MOST_SHOWN))


def parameters(values: Mapping[str, object]) -> str:
    """Return parameters in one line, as rich markup."""
    return listed([f"{escape(name)}={value_of(value)}" for name, value in values.items()], "  ")


def time_ago(time: datetime | None) -> str:
    """Return the time since then, or "-" for None."""
    return "-" if time is None else duration(datetime.now(UTC) - time) + " ago"


def time_left(time: datetime | None) -> str:
    """Return the time until then, or "never" for None."""
    if time is None:
        return "never"
    left = time - datetime.now(UTC)
    return f"in {duration(left)}" if left > timedelta() else time_ago(time)


def projects(names: Sequence[str]) -> str:
    """Return an API key's projects as plain text."""
    # Imported here because it loads protobuf, which a help text does not need.
    from wanllmdb._types.keys import ALL_PROJECTS

    return "all projects" if ALL_PROJECTS in names else ", ".join(names)


def key_state(key: wanllmdb.ApiKey) -> str:
    """Return whether an API key is valid, as rich markup."""
    if key.revoke_time is not None:
        return "[red]revoked[/]"
    return "[green]good[/]" if key.is_good else "[red]expired[/]"


def run_time(run: wanllmdb.Run) -> str:
    """Return the duration of a run so far; "-" for a queued run."""
    if run.start_time is None or run.state is wanllmdb.RunState.QUEUED:
        return "-"
    return duration((run.end_time or datetime.now(UTC)) - run.start_time)


def duration(length: timedelta) -> str:
    """Return a duration in its two largest units."""
    exact = max(length.total_seconds(), 0.0)
    if exact < 9.95:
        return f"{exact:.1f}s"
    # Truncated, not rounded: 59.9 s must not become "60s".
    seconds = int(exact)
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m {seconds % 60:02}s"
    if seconds < 86400:
        return f"{seconds // 3600}h {seconds % 3600 // 60:02}m"
    return f"{seconds // 86400}d {seconds % 86400 // 3600}h"


def distribution(of: wanllmdb.Distribution) -> str:
    """Return a distribution in words: "0.0001 to 0.1, log", "one of adam, sgd"."""
    match of:
        case wanllmdb.Conditional(distribution=inner, when=when):
            parts = [f"{name} is {choice(values)}" for name, values in when.items()]
            return f"{distribution(inner)}; when {' and '.join(parts)}"
        case wanllmdb.Constant(value=value):
            return f"always {plain(value)}"
        case wanllmdb.Categorical(values=values, probabilities=()):
            return f"one of {listed(list(map(plain, values)))}"
        case wanllmdb.Categorical(values=values, probabilities=probabilities):
            pairs = zip(values, probabilities, strict=True)
            return "one of " + listed([f"{plain(value)} ({share:.3g})" for value, share in pairs])
        case wanllmdb.IntUniform(min=low, max=high, q=q):
            return f"{low} to {high}, integer{_step(q)}"
        case wanllmdb.IntLogUniform(min=low, max=high, q=q):
            return f"{low} to {high}, integer, log{_step(q)}"
        case wanllmdb.Uniform(min=low, max=high, q=q):
            return f"{low:g} to {high:g}{_step(q)}"
        case wanllmdb.LogUniform(min=low, max=high, q=q):
            return f"{low:g} to {high:g}, log{_step(q)}"
        case wanllmdb.Normal(mu=mu, sigma=sigma):
            return f"normal, mean {mu:g}, deviation {sigma:g}"
        case wanllmdb.LogNormal(mu=mu, sigma=sigma):
            return f"log-normal, mean {mu:g} and deviation {sigma:g} of the logarithm"
        case wanllmdb.Beta(a=a, b=b):
            return f"beta, a {a:g}, b {b:g}"
        case wanllmdb.Quantized(distribution=inner, q=q):
            return f"{distribution(inner)}, rounded to multiples of {q:g}"


def metric(each: wanllmdb.Metric) -> str:
    """Return the optimization goal: "maximize accuracy (best value), until 0.99"."""
    which = {
        wanllmdb.ObjectiveValue.BEST: " (best value)",
        wanllmdb.ObjectiveValue.MEAN_LAST: f" (mean of the last {each.mean_over} values)",
    }.get(each.value, "")
    target = f", until {each.target:.6g}" if each.target is not None else ""
    imputed = f", failed runs as {each.impute}" if each.impute is not None else ""
    if each.impute_while_running is not None:
        imputed += f", running runs as {each.impute_while_running}"
    return f"{each.goal} {each.name}{which}{target}{imputed}"


def early_termination(rule: wanllmdb.Hyperband | wanllmdb.AlgorithmChoice) -> str:
    """Return a rule of early termination in words."""
    if isinstance(rule, wanllmdb.AlgorithmChoice):
        return algorithm(rule)
    brackets = (
        f"min_iter {rule.min_iter}" if rule.min_iter else f"max_iter {rule.max_iter}, s {rule.s}"
    )
    return f"hyperband, {brackets}, eta {rule.eta:g}" + (", strict" if rule.strict else "")


def algorithm(chosen: wanllmdb.AlgorithmChoice) -> str:
    """Return an algorithm with its options: "tpe (multivariate true)"."""
    options = listed([f"{name} {plain(value)}" for name, value in chosen.options.items()])
    return f"{chosen.name} ({options})" if options else chosen.name


def retries(policy: wanllmdb.RetryPolicy) -> str:
    """Return a retry policy in words."""
    return f"{policy.lost or 0} of lost runs, {policy.failed or 0} of failed ones"


def command(words: Sequence[str]) -> str:
    """Return a command line in shell syntax; macros stay readable."""
    quoted = [word if word.startswith("${") else shlex.quote(in_short(word)) for word in words]
    return listed(quoted, " ")


def allowed(option: wanllmdb.AlgorithmOption) -> str:
    """Return the allowed values of an option: "integer, >= 1"."""
    if option.type is wanllmdb.OptionType.CHOICE:
        return " | ".join(option.choices)
    if option.type is wanllmdb.OptionType.ALGORITHM:
        return "{name, options}"
    kinds = {
        wanllmdb.OptionType.INT: "integer",
        wanllmdb.OptionType.FLOAT: "number",
        wanllmdb.OptionType.BOOL: "true | false",
    }
    bounds = []
    if option.min is not None:
        bounds.append(f"{'>' if option.min_is_excluded else '>='} {option.min:g}")
    if option.max is not None:
        bounds.append(f"{'<' if option.max_is_excluded else '<='} {option.max:g}")
    return ", ".join([kinds.get(option.type, str(option.type)), *bounds])


def plain(value: object) -> str:
    """Return a value, cut if long: a text as it is, anything else as JSON."""
    is_text = isinstance(value, str)
    return in_short(str(value) if is_text else json.dumps(value, ensure_ascii=False, default=str))


def choice(values: Sequence[object]) -> str:
    """Return values joined with "or"."""
    return listed(list(map(plain, values)), " or ")


def _step(q: float | None) -> str:
    return "" if q is None or (q == 1 and isinstance(q, int)) else f", in steps of {q:g}"
