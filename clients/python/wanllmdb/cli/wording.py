"""Specs in words: laws of parameters, rules, algorithms."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from wanllmdb import (
    AlgorithmChoice,
    AlgorithmOption,
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
    Uniform,
)
from wanllmdb._shown import in_short, listed


def law(distribution: Distribution) -> str:
    """A parameter's law: "0.0001 to 0.1, log", "one of adam, sgd"."""
    match distribution:
        case Conditional(distribution=inner, when=when):
            parts = [f"{name} is {choice(values)}" for name, values in when.items()]
            return f"{law(inner)}; when {' and '.join(parts)}"
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
            return f"{law(inner)}, rounded to multiples of {q:g}"


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
