"""Whether bayes finds as good runs as Optuna's own TPE: a rank test over seeds, functions, agents.

Ours is the model of a sweep as the suggestion service holds it, with the default sampler of
`method: bayes`. Optuna's is `TPESampler(seed)` in memory. Its defaults are those of ours: all
parameters together (`multivariate`), and pending runs counted as bad ones (`constant_liar`). Both
see the same pending runs.

A row is not worse unless a one-sided Mann-Whitney test finds ours worse at 5%, after the correction
for the number of rows (Benjamini and Hochberg). All rows together are not worse unless Fisher's
combination of their probabilities is below 5%. `ours wins` is the probability that a sweep of ours
ends better than one of Optuna's, a draw counted half: 0.5 if they are equally good.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import optuna
from optuna.trial import FrozenTrial
from scipy.stats import combine_pvalues, false_discovery_control, mannwhitneyu
from threadpoolctl import threadpool_limits

from tests.benchmarks.figures import Figure
from tests.benchmarks.functions import KINDS, Function
from tests.benchmarks.load import table
from tests.benchmarks.simulation import (
    Prior,
    best_of_study,
    best_of_sweep,
    random_runs,
    trials_of,
)
from tests.benchmarks.tunings import TUNINGS

SEEDS = 20
AGENTS = (1, 8, 32)
LEVEL = 0.05
LOWEST_PRIORITY = 19


@dataclass(frozen=True, slots=True)
class Setting:
    """A part of the table.

    Attributes:
        functions: What is minimized.
        agents: How many runs are pending at a time.
        trials: How many runs a sweep makes.
        priors: How many runs of random search precede it.
        share_of_seeds: How many seeds it gets; the parts in which Optuna is slow get fewer.
    """

    functions: tuple[Function, ...]
    agents: tuple[int, ...]
    trials: int
    priors: int = 0
    share_of_seeds: float = 1.0


SETTINGS = (
    Setting(KINDS, AGENTS, trials=60),
    # Beyond some thousand runs, a part of the worse ones stands for all in ours.
    Setting(KINDS[1:3], (8,), trials=40, priors=20_000, share_of_seeds=0.5),
    # Last, because each trial takes 0.05 s.
    Setting(TUNINGS, AGENTS, trials=40),
)


@dataclass(frozen=True, slots=True)
class Contest:
    """The best values of both sides, by seed."""

    name: str
    agents: int
    priors: int
    ours: list[float]
    theirs: list[float]

    @property
    def worse(self) -> float:
        """The probability of so good or worse results of ours if both are equally good."""
        return float(mannwhitneyu(self.ours, self.theirs, alternative="greater").pvalue)

    @property
    def wins(self) -> float:
        """How often a sweep of ours is better than one of Optuna's, a draw counted half."""
        pairs = len(self.ours) * len(self.theirs)
        return 1 - float(mannwhitneyu(self.ours, self.theirs).statistic) / pairs


def run(seeds: int = SEEDS) -> list[Figure]:
    """Print the table and return how often Optuna's is the better one."""
    os.setpriority(os.PRIO_PROCESS, 0, LOWEST_PRIORITY)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    contests: list[Contest] = []
    with warnings.catch_warnings(), threadpool_limits(1):
        # scikit-learn warns of solvers that stop early, which is part of the tuning.
        warnings.simplefilter("ignore")
        for setting in SETTINGS:
            contests += _contests(setting, max(2, round(seeds * setting.share_of_seeds)))
    print_verdicts(contests)
    return [
        Figure(
            f"{each.name}, {each.priors:,} prior runs: Optuna wins",
            "of all pairs",
            (1 - each.wins,),
            clients=each.agents,
        )
        for each in contests
    ]


def _contests(setting: Setting, seeds: int) -> Iterator[Contest]:
    for function in setting.functions:
        priors = [random_runs(function, setting.priors, seed=seed) for seed in range(seeds)]
        trials = [trials_of(function, each) for each in priors]
        for agents in setting.agents:
            began = time.perf_counter()
            contest = _contest(function, agents, setting, priors, trials)
            print(
                f"{function.name}, agents: {agents}, {setting.priors:,} prior runs: ours wins "
                f"{contest.wins:.2f}, p {contest.worse:.2f}, {seeds} seeds, "
                f"{time.perf_counter() - began:.0f} s",
                file=sys.stderr,
                flush=True,
            )
            yield contest


def _contest(
    function: Function,
    agents: int,
    setting: Setting,
    priors: Sequence[Sequence[Prior]],
    trials: Sequence[Sequence[FrozenTrial]],
) -> Contest:
    ours = [
        best_of_sweep(
            "tpe", function, seed=seed, trials=setting.trials, agents=agents, priors=known
        )
        for seed, known in enumerate(priors)
    ]
    theirs = [
        best_of_study(
            optuna.samplers.TPESampler(seed=seed),
            function,
            seed=seed,
            trials=setting.trials,
            agents=agents,
            priors=known,
        )
        for seed, known in enumerate(trials)
    ]
    return Contest(function.name, agents, setting.priors, ours, theirs)


def print_verdicts(contests: Sequence[Contest]) -> None:
    """Print a row for each contest, and the verdict on all of them."""
    corrected = false_discovery_control([each.worse for each in contests])
    table(
        "The best value of a sweep with bayes, and of Optuna's TPE in memory: medians over seeds",
        [
            *("function", "prior runs", "agents", "seeds", "ours", "Optuna's", "ours wins"),
            *("p, ours worse", "corrected", "verdict"),
        ],
        [
            [
                each.name,
                f"{each.priors:,}",
                f"{each.agents}",
                f"{len(each.ours)}",
                f"{median(each.ours):.4f}",
                f"{median(each.theirs):.4f}",
                f"{each.wins:.2f}",
                f"{each.worse:.3f}",
                f"{p:.3f}",
                "not worse" if p >= LEVEL else "WORSE",
            ]
            for each, p in zip(contests, corrected, strict=True)
        ],
        always=True,
    )
    together = combine_pvalues([each.worse for each in contests], method="fisher").pvalue
    verdict = "not worse" if together >= LEVEL else "WORSE"
    wins = sum(each.wins for each in contests) / len(contests)
    print(f"All rows together: ours wins {wins:.2f}, p {together:.3f}: {verdict}", flush=True)
