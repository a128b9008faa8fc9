"""Values, parameters and specs as text for people."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from wanllmdb import (
    AlgorithmChoice,
    AlgorithmOption,
    ApiKey,
    Beta,
    Categorical,
    Conditional,
    Constant,
    Distribution,
    Hyperband,
    IntLogUniform,
    IntUniform,
    LogNormal,
    LogUniform,
    Metric,
    Normal,
    ObjectiveValue,
    OptionType,
    Quantized,
    RetryPolicy,
    Run,
    RunState,
    Uniform,
)
from wanllmdb._shown import MOST_SHOWN, in_short, listed
from wanllmdb._types.keys import ALL_PROJECTS
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
    """A run's state in its color, as rich markup."""
    return _styled(state, RUN_STYLES)


def sweep_state(state: str) -> str:
    """A sweep's state in its color, as rich markup."""
    return _styled(state, _SWEEP_STYLES)


def _styled(state: str, styles: Mapping[str, str]) -> str:
    style = styles.get(state)
    return f"[{style}]{state}[/]" if style else state


def number(value: float | None) -> str:
    """A metric's value: six digits that count."""
    return "-" if value is None else f"{value:.6g}"


def rate(value: float) -> str:
    """How many in a while: three digits that count, and no exponents."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def value_of(value: object) -> str:
    """A parameter's value, as rich markup."""
    if isinstance(value, float):
        return number(value)
    return escape(in_short(str(value)))


def error(message: str) -> str:
    """What went wrong, as rich markup: enough to know it by."""
    return escape(in_short(message, 5 * MOST_SHOWN))


def parameters(values: Mapping[str, object]) -> str:
    """Parameters in one line, as rich markup."""
    return listed([f"{escape(name)}={value_of(value)}" for name, value in values.items()], "  ")


def time_ago(time: datetime | None) -> str:
    """How long ago something was."""
    return "-" if time is None else duration(datetime.now(UTC) - time) + " ago"


def time_left(time: datetime | None) -> str:
    """How long until then; `never` for None."""
    if time is None:
        return "never"
    left = time - datetime.now(UTC)
    return f"in {duration(left)}" if left > timedelta() else time_ago(time)


def projects(names: Sequence[str]) -> str:
    """An API key's projects, as plain text."""
    return "all projects" if ALL_PROJECTS in names else ", ".join(names)


def key_state(key: ApiKey) -> str:
    """Whether an API key is good, as rich markup."""
    if key.revoke_time is not None:
        return "[red]revoked[/]"
    return "[green]good[/]" if key.is_good else "[red]expired[/]"


def run_time(run: Run) -> str:
    """How long a run took, or has taken so far; nothing for one that waits, also to be retried."""
    if run.start_time is None or run.state is RunState.QUEUED:
        return "-"
    return duration((run.end_time or datetime.now(UTC)) - run.start_time)


def duration(length: timedelta) -> str:
    """A length of time in its two largest units."""
    exact = max(length.total_seconds(), 0.0)
    if exact < 9.95:
        return f"{exact:.1f}s"
    # Cut, not rounded: 59.9 s more would read as "60s".
    seconds = int(exact)
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m {seconds % 60:02}s"
    if seconds < 86400:
        return f"{seconds // 3600}h {seconds % 3600 // 60:02}m"
    return f"{seconds // 86400}d {seconds % 86400 // 3600}h"


def distribution(of: Distribution) -> str:
    """A parameter's distribution: "0.0001 to 0.1, log", "one of adam, sgd"."""
    match of:
        case Conditional(distribution=inner, when=when):
            parts = [f"{name} is {choice(values)}" for name, values in when.items()]
            return f"{distribution(inner)}; when {' and '.join(parts)}"
        case Constant(value=value):
            return f"always {plain(value)}"
        case Categorical(values=values, probabilities=()):
            return f"one of {listed(list(map(plain, values)))}"
        case Categorical(values=values, probabilities=probabilities):
            pairs = zip(values, probabilities, strict=True)
            return "one of " + listed([f"{plain(value)} ({share:.3g})" for value, share in pairs])
        case IntUniform(min=low, max=high, q=q):
            return f"{low} to {high}, integer{_step(q)}"
        case IntLogUniform(min=low, max=high, q=q):
            return f"{low} to {high}, integer, log{_step(q)}"
        case Uniform(min=low, max=high, q=q):
            return f"{low:g} to {high:g}{_step(q)}"
        case LogUniform(min=low, max=high, q=q):
            return f"{low:g} to {high:g}, log{_step(q)}"
        case Normal(mu=mu, sigma=sigma):
            return f"normal, mean {mu:g}, deviation {sigma:g}"
        case LogNormal(mu=mu, sigma=sigma):
            return f"log-normal, mean {mu:g} and deviation {sigma:g} of the logarithm"
        case Beta(a=a, b=b):
            return f"beta, a {a:g}, b {b:g}"
        case Quantized(distribution=inner, q=q):
            return f"{distribution(inner)}, rounded to multiples of {q:g}"


def metric(each: Metric) -> str:
    """What is optimized: "maximize accuracy (best value), until 0.99"."""
    which = {
        ObjectiveValue.BEST: " (best value)",
        ObjectiveValue.MEAN_LAST: f" (mean of the last {each.mean_over} values)",
    }.get(each.value, "")
    target = f", until {each.target:.6g}" if each.target is not None else ""
    imputed = f", failed runs as {each.impute}" if each.impute is not None else ""
    if each.impute_while_running is not None:
        imputed += f", running runs as {each.impute_while_running}"
    return f"{each.goal} {each.name}{which}{target}{imputed}"


def early_termination(rule: Hyperband | AlgorithmChoice) -> str:
    """When bad runs are stopped."""
    if isinstance(rule, AlgorithmChoice):
        return algorithm(rule)
    bands = (
        f"min_iter {rule.min_iter}" if rule.min_iter else f"max_iter {rule.max_iter}, s {rule.s}"
    )
    return f"hyperband, {bands}, eta {rule.eta:g}" + (", strict" if rule.strict else "")


def algorithm(chosen: AlgorithmChoice) -> str:
    """An algorithm with its options: "tpe (multivariate true)"."""
    options = listed([f"{name} {plain(value)}" for name, value in chosen.options.items()])
    return f"{chosen.name} ({options})" if options else chosen.name


def retries(policy: RetryPolicy) -> str:
    """How often runs are handed out again."""
    return f"{policy.lost or 0} of lost runs, {policy.failed or 0} of failed ones"


def command(words: Sequence[str]) -> str:
    """A command line as a shell takes it; macros stay readable."""
    quoted = [word if word.startswith("${") else shlex.quote(in_short(word)) for word in words]
    return listed(quoted, " ")


def allowed(option: AlgorithmOption) -> str:
    """What an option's value may be: "integer, at least 1"."""
    if option.type is OptionType.CHOICE:
        return " | ".join(option.choices)
    if option.type is OptionType.ALGORITHM:
        return "{name, options}"
    kinds = {OptionType.INT: "integer", OptionType.FLOAT: "number", OptionType.BOOL: "true | false"}
    bounds = []
    if option.min is not None:
        bounds.append(f"{'>' if option.min_is_excluded else '>='} {option.min:g}")
    if option.max is not None:
        bounds.append(f"{'<' if option.max_is_excluded else '<='} {option.max:g}")
    return ", ".join([kinds.get(option.type, str(option.type)), *bounds])


def plain(value: object) -> str:
    """A value: texts as they are, the rest as JSON; of what is long the beginning."""
    is_text = isinstance(value, str)
    return in_short(str(value) if is_text else json.dumps(value, ensure_ascii=False, default=str))


def choice(values: Sequence[object]) -> str:
    """One value, or several with "or" between."""
    return listed(list(map(plain, values)), " or ")


def _step(q: float | None) -> str:
    return "" if q is None or (q == 1 and isinstance(q, int)) else f", in steps of {q:g}"
