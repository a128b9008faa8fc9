"""The samplers: their names, options and constraints on the search space."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wanllmdb_common.algorithms.description import AlgorithmDescription, Option, OptionType
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Constant,
    ParameterValue,
    SearchSpace,
)
from wanllmdb_common.search_space.quantiles import cardinality

# The largest state that a sampler may store with each run; the registry rejects more.
MAX_SAMPLER_STATE_BYTES = 5 * 2**18

ALLOW_DUPLICATES = Option(
    "allow_duplicates",
    OptionType.BOOL,
    "Whether a point of a space of discrete parameters may be tried again while other points are "
    "untried. Set it for noisy objectives. Once all points were tried, points are tried again in "
    "any case.",
    default=False,
)

REPEATS = Option(
    "allow_duplicates",
    OptionType.BOOL,
    "Whether points repeat in a space of discrete parameters: true ignores the points that were "
    "tried; false repeats no point while other points are untried. By default, a point that "
    "already has more runs than its distribution gives it is drawn again up to 8 times and then "
    "accepted. So the distribution holds, and equally likely points rarely repeat until most of "
    "them were tried.",
)

FAILED_RUNS = Option(
    "failed_runs",
    OptionType.CHOICE,
    "How a FAILED run counts. With ignore, the run does not count. With worst, the run counts "
    "like one with the worst value so far, so that the sampler avoids its neighborhood.",
    default="ignore",
    choices=("ignore", "worst"),
)

_STARTUP = (
    "The number of runs that must have ended before the sampler uses its model; until then, runs "
    "are random."
)


def _startup_runs(default: int) -> Option:
    return Option("n_startup_trials", OptionType.INT, _STARTUP, default, min=1, max=1_000_000)


def _probability(name: str, text: str, default: float | None) -> Option:
    return Option(name, OptionType.FLOAT, text, default, min=0, max=1)


_GENETIC = (
    Option(
        "population_size",
        OptionType.INT,
        "The number of runs in a generation.",
        default=50,
        min=3,
        max=10_000,
    ),
    Option(
        "crossover",
        OptionType.CHOICE,
        "How a run combines the numbers of its parents; a category always comes from one of the "
        "parents.",
        default="uniform",
        choices=("uniform", "blx_alpha", "sbx", "spx", "undx", "vsbx"),
    ),
    _probability(
        "crossover_prob",
        "The probability that a run combines two parents; otherwise the run copies one parent.",
        0.9,
    ),
    _probability(
        "swapping_prob", "The probability that a parameter comes from the second parent.", 0.5
    ),
    Option(
        "mutation",
        OptionType.CHOICE,
        "How a parameter mutates: resample draws a new value; polynomial shifts a number.",
        default="resample",
        choices=("resample", "polynomial"),
    ),
    _probability(
        "mutation_prob",
        "The probability that a parameter mutates; by default, one parameter per run mutates on "
        "average.",
        None,
    ),
    FAILED_RUNS,
    ALLOW_DUPLICATES,
)

_DYNAMIC_NOTE = (
    "Conditional parameters, which not every run has, are drawn at random until all runs have them."
)

_SKEWED_NOTE = "Probabilities of categories apply to the first, random runs only."


def _check_tpe(options: Mapping[str, ParameterValue]) -> Iterator[tuple[str, str]]:
    if options["group"] and options["multivariate"] is False:
        yield "group", "samples parameters jointly, which multivariate: false rules out"


def _check_cmaes(options: Mapping[str, ParameterValue]) -> Iterator[tuple[str, str]]:
    for one, other in (
        ("use_separable_cma", "with_margin"),
        ("lr_adapt", "use_separable_cma"),
        ("lr_adapt", "with_margin"),
    ):
        if options[one] and options[other]:
            yield one, f"can't be combined with {other}"


def _check_brute_force_space(
    space: SearchSpace, options: Mapping[str, ParameterValue]
) -> Iterator[str]:
    endless = [p.name for p in space.parameters if cardinality(p.distribution) is None]
    if endless:
        yield (
            f"brute_force tries every point, but {', '.join(endless)} can have infinitely many "
            "values: set a step q, or use grid, which divides continuous ranges"
        )


def cmaes_state_bytes(numbers: int, options: Mapping[str, ParameterValue]) -> int:
    """Return an upper bound of the bytes of the state that CMA-ES stores with each run.

    Measured with 2 to 225 parameters: the state holds two matrices as hexadecimal digits, and
    parts that grow with the number of parameters and with the population.
    """
    popsize = options.get("popsize")
    size = 4_096 + 17 * (popsize if isinstance(popsize, int) else 0)
    if options.get("use_separable_cma"):
        return size + 420 * numbers
    return size + 121 * numbers**2 // 5 + (540 if options.get("with_margin") else 420) * numbers


def _check_cmaes_space(space: SearchSpace, options: Mapping[str, ParameterValue]) -> Iterator[str]:
    numbers = [
        p.name
        for p in space.parameters
        if not isinstance(p.distribution, Categorical | Constant)
        and cardinality(p.distribution) != 1
    ]
    if len(numbers) < 2:
        found = f"one, {numbers[0]}" if numbers else "none"
        yield f"cmaes needs at least two numeric parameters to search; there is {found}"
    size = cmaes_state_bytes(len(numbers), options)
    if size > MAX_SAMPLER_STATE_BYTES:
        state = f"a state of about {size:,} bytes with each run"
        bound = f"at most {MAX_SAMPLER_STATE_BYTES:,} bytes are kept"
        if cmaes_state_bytes(len(numbers), {**options, "popsize": None}) <= (
            MAX_SAMPLER_STATE_BYTES
        ):
            yield f"cmaes with popsize {options['popsize']} keeps {state}; {bound}: reduce popsize"
        else:
            most = max(
                n
                for n in range(len(numbers))
                if cmaes_state_bytes(n, {**options, "popsize": None}) <= MAX_SAMPLER_STATE_BYTES
            )
            yield (
                f"cmaes keeps {state} for {len(numbers)} numeric parameters; {bound}, which is "
                f"enough for {most}: set the option use_separable_cma, which keeps far less, or "
                "use tpe or nsga2"
            )


RANDOM = AlgorithmDescription(
    name="random",
    method="random",
    title="Random search",
    description=(
        "Draws each parameter from its distribution, independently of all runs. Random search is "
        "a good start when little is known or runs are cheap, and the baseline for every other "
        "method."
    ),
    options=(REPEATS,),
    takes_several_metrics=True,
    reference="Bergstra and Bengio 2012, Random Search for Hyper-Parameter Optimization",
)

QMC = AlgorithmDescription(
    name="qmc",
    method="random",
    title="Quasi-Monte Carlo (Sobol, Halton)",
    description=(
        "Draws points that spread more evenly than random ones, independently of all runs. Use it "
        "instead of random search when the space has at least two parameters. It works best with "
        "a run_cap that is a power of two."
    ),
    options=(
        Option(
            "qmc_type",
            OptionType.CHOICE,
            "The low-discrepancy sequence from which points are taken.",
            default="sobol",
            choices=("sobol", "halton"),
        ),
        Option(
            "scramble",
            OptionType.BOOL,
            "Whether the sweep's seed randomizes the sequence; the points stay evenly spread. "
            "Without scrambling, every sweep over a space has the same points, and the first "
            "point is a corner.",
            default=True,
        ),
        REPEATS,
    ),
    takes_several_metrics=True,
    space_notes=(
        "A point that violates a constraint, or repeats too often, is replaced by a random point. "
        "The space may have at most 21,201 parameters."
    ),
    modules=("scipy",),
    requires=("wanllmdb[suggestion]",),
    reference="Bergstra and Bengio 2012; Owen 1998, Scrambling Sobol' and Niederreiter-Xing Points",
)

GRID = AlgorithmDescription(
    name="grid",
    method="grid",
    title="Grid search",
    description=(
        "Tries every point of the space once. Parameters are ordered by name, and the last one "
        "varies fastest. A continuous parameter is stepped by q, or divided into a few values. "
        "Use it for a few parameters with few values, when every combination matters."
    ),
    options=(
        Option(
            "grid_points",
            OptionType.INT,
            "The number of values into which a continuous parameter without q is divided.",
            default=10,
            min=2,
            max=10_000,
        ),
        Option(
            "shuffle",
            OptionType.BOOL,
            "Whether the points are tried in a random order, which the sweep's seed determines.",
            default=False,
        ),
    ),
    takes_several_metrics=True,
    is_exhaustive=True,
)

BRUTE_FORCE = AlgorithmDescription(
    name="brute_force",
    method="grid",
    title="Brute force",
    description=(
        "Tries every point of a space of discrete parameters once, in random order, so that a "
        "sweep that is stopped early has seen a fair sample. Unlike grid, brute_force does not "
        "divide continuous ranges."
    ),
    takes_several_metrics=True,
    is_exhaustive=True,
    space_notes="Every parameter must have finitely many values.",
    check_space=_check_brute_force_space,
)

TPE = AlgorithmDescription(
    name="tpe",
    method="bayes",
    title="Tree-structured Parzen estimator (TPE)",
    description=(
        "After ten random runs, prefers values that are likely among the best runs and unlikely "
        "among the others. Running runs count, so that parallel agents spread out. Of more than "
        "2,048 ended runs, the next best 1,024 and a sample stand for the others, so that a "
        "proposal takes no longer among 100,000 runs. With several metrics, the best runs are a "
        "tenth of the ended ones, at most 205: those that the fewest others dominate."
    ),
    options=(
        _startup_runs(10),
        Option(
            "n_ei_candidates",
            OptionType.INT,
            "The number of candidate points that are compared for each proposal.",
            default=24,
            min=1,
            max=1_000,
        ),
        Option(
            "multivariate",
            OptionType.BOOL,
            "Whether parameters are sampled jointly, so that the model sees their interactions. "
            "By default, they are sampled jointly only in sweeps with one metric.",
        ),
        Option(
            "group",
            OptionType.BOOL,
            "Whether parameters that occur together in runs are sampled jointly in spaces with "
            "conditions. Otherwise, each conditional parameter is sampled by itself.",
            default=False,
        ),
        Option(
            "constant_liar",
            OptionType.BOOL,
            "Whether running runs count among the bad ones, so that parallel agents spread out.",
            default=True,
        ),
        FAILED_RUNS,
        ALLOW_DUPLICATES,
    ),
    check=_check_tpe,
    needs_metric=True,
    takes_several_metrics=True,
    uses_prior_runs=True,
    space_notes=_SKEWED_NOTE,
    reference="Bergstra et al. 2011, Algorithms for Hyper-Parameter Optimization",
)

GP = AlgorithmDescription(
    name="gp",
    method="bayes",
    title="Gaussian process",
    description=(
        "Models the metric with a Gaussian process and proposes the point with the largest "
        "expected improvement, taking running runs into account. It is the strongest choice for "
        "up to about 300 runs that take minutes each. A proposal takes half a second at 100 runs "
        "and two seconds at 500. The model uses the latest 1,000 finished runs."
    ),
    options=(
        _startup_runs(10),
        Option(
            "deterministic_objective",
            OptionType.BOOL,
            "Whether equal parameters always yield equal metric values.",
            default=False,
        ),
        FAILED_RUNS,
        ALLOW_DUPLICATES,
    ),
    needs_metric=True,
    takes_several_metrics=True,
    uses_prior_runs=True,
    space_notes=f"{_DYNAMIC_NOTE} {_SKEWED_NOTE} Pruned runs do not count.",
    replay_notes="The last digits of a proposal may differ between machines with different "
    "processors.",
    modules=("torch", "scipy"),
    requires=("wanllmdb[gp]",),
    reference=(
        "Ament et al. 2023, Unexpected Improvements to Expected Improvement for Bayesian "
        "Optimization"
    ),
)

CMAES = AlgorithmDescription(
    name="cmaes",
    method="bayes",
    title="CMA-ES",
    description=(
        "Moves a normal distribution over the numeric parameters towards better runs, one "
        "population at a time. Use it for hundreds of runs or more over continuous parameters. A "
        "population must end before the next one can learn from it."
    ),
    options=(
        _startup_runs(1),
        Option(
            "popsize",
            OptionType.INT,
            "The number of runs in a population. The default is 4 + 3 log(parameters).",
            min=4,
            max=100_000,
        ),
        Option(
            "consider_pruned_trials",
            OptionType.BOOL,
            "Whether pruned runs count, each with its last value.",
            default=False,
        ),
        Option(
            "use_separable_cma",
            OptionType.BOOL,
            "Whether the parameters are treated as independent, which is faster for many "
            "parameters.",
            default=False,
        ),
        Option(
            "with_margin",
            OptionType.BOOL,
            "Whether the sampler keeps stepped parameters from getting stuck at one value.",
            default=False,
        ),
        Option(
            "lr_adapt",
            OptionType.BOOL,
            "Whether the learning rate adapts. Set it for noisy objectives or objectives with "
            "many optima.",
            default=False,
        ),
        FAILED_RUNS,
        ALLOW_DUPLICATES,
    ),
    check=_check_cmaes,
    needs_metric=True,
    uses_prior_runs=True,
    space_notes=(
        "Needs at least two numeric parameters, and supports at most 223 unless "
        "use_separable_cma is set. Categories are drawn at random, by their probabilities. "
        f"{_DYNAMIC_NOTE} Ten or more finished prior runs set the starting point, unless "
        "use_separable_cma is set."
    ),
    check_space=_check_cmaes_space,
    modules=("cmaes",),
    requires=("wanllmdb[suggestion]",),
    reference="Hansen 2016, The CMA Evolution Strategy: A Tutorial",
)

NSGA2 = AlgorithmDescription(
    name="nsga2",
    method="bayes",
    title="NSGA-II",
    description=(
        "A genetic algorithm for several metrics: each generation descends from the best runs "
        "of all earlier generations, spread along the Pareto front. Use it for hundreds of cheap "
        "runs or more; with fewer runs, tpe finds better points."
    ),
    options=_GENETIC,
    needs_metric=True,
    takes_several_metrics=True,
    uses_prior_runs=True,
    space_notes=f"{_DYNAMIC_NOTE} {_SKEWED_NOTE} Prior runs are part of the first generation.",
    reference="Deb et al. 2002, A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II",
)

NSGA3 = AlgorithmDescription(
    name="nsga3",
    method="bayes",
    title="NSGA-III",
    description=(
        "A variant of NSGA-II for three or more metrics. The runs that cover evenly spread "
        "directions best become parents."
    ),
    options=(
        Option(
            "dividing_parameter",
            OptionType.INT,
            "The number of parts into which each metric's axis is divided to obtain the "
            "directions.",
            default=3,
            min=1,
            max=6,
        ),
        *_GENETIC,
    ),
    needs_metric=True,
    takes_several_metrics=True,
    uses_prior_runs=True,
    space_notes=f"{_DYNAMIC_NOTE} {_SKEWED_NOTE} Prior runs are part of the first generation.",
    reference=(
        "Deb and Jain 2014, An Evolutionary Many-Objective Optimization Algorithm Using "
        "Reference-Point-Based Nondominated Sorting Approach"
    ),
)

SAMPLERS = (RANDOM, QMC, GRID, BRUTE_FORCE, TPE, GP, CMAES, NSGA2, NSGA3)
