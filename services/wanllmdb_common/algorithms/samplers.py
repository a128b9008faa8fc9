"""The samplers."""

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

# What a sampler may keep with each run; the registry refuses more.
MAX_SAMPLER_STATE_BYTES = 5 * 2**18

ALLOW_DUPLICATES = Option(
    "allow_duplicates",
    OptionType.BOOL,
    "Whether a point may be tried again while others are untried, where every parameter is "
    "discrete. For objectives with noise. Once all points were tried they are tried again in "
    "any case.",
    default=False,
)

REPEATS = Option(
    "allow_duplicates",
    OptionType.BOOL,
    "Where every parameter is discrete: true draws without a look at what was tried; false "
    "repeats no point while others are untried. Where left out, a point that has more runs than "
    "its distribution gives it by then is drawn again up to 8 times, and then taken: the "
    "distribution holds, and equally likely points come without repeats until most were tried.",
)

FAILED_RUNS = Option(
    "failed_runs",
    OptionType.CHOICE,
    "What a FAILED run tells: ignore, nothing; worst, as much as one with the worst value so "
    "far, so that its neighbourhood is avoided.",
    default="ignore",
    choices=("ignore", "worst"),
)

_STARTUP = "So many runs must have ended before it learns; those before are drawn at random."


def _startup_runs(default: int) -> Option:
    return Option("n_startup_trials", OptionType.INT, _STARTUP, default, min=1, max=1_000_000)


def _probability(name: str, text: str, default: float | None) -> Option:
    return Option(name, OptionType.FLOAT, text, default, min=0, max=1)


_GENETIC = (
    Option(
        "population_size",
        OptionType.INT,
        "Runs of a generation.",
        default=50,
        min=3,
        max=10_000,
    ),
    Option(
        "crossover",
        OptionType.CHOICE,
        "How a run gets its numbers from those of its parents; categories are always taken "
        "from one of them.",
        default="uniform",
        choices=("uniform", "blx_alpha", "sbx", "spx", "undx", "vsbx"),
    ),
    _probability("crossover_prob", "How often parents are crossed; else one is copied.", 0.9),
    _probability("swapping_prob", "How often a parameter is the second parent's.", 0.5),
    Option(
        "mutation",
        OptionType.CHOICE,
        "How a parameter mutates: resample draws it anew, polynomial moves a number.",
        default="resample",
        choices=("resample", "polynomial"),
    ),
    _probability(
        "mutation_prob",
        "How often a parameter mutates; one of them each time where left out.",
        None,
    ),
    FAILED_RUNS,
    ALLOW_DUPLICATES,
)

_DYNAMIC_NOTE = (
    "Parameters that not every run has, because of conditions, are drawn at random until all "
    "runs have them."
)

_SKEWED_NOTE = "Probabilities of categories count for the first, random runs only."


def _check_tpe(options: Mapping[str, ParameterValue]) -> Iterator[tuple[str, str]]:
    if options["group"] and options["multivariate"] is False:
        yield "group", "chooses parameters together, which multivariate: false rules out"


def _check_cmaes(options: Mapping[str, ParameterValue]) -> Iterator[tuple[str, str]]:
    for one, other in (
        ("use_separable_cma", "with_margin"),
        ("lr_adapt", "use_separable_cma"),
        ("lr_adapt", "with_margin"),
    ):
        if options[one] and options[other]:
            yield one, f"can't be had together with {other}"


def _check_brute_force_space(
    space: SearchSpace, options: Mapping[str, ParameterValue]
) -> Iterator[str]:
    endless = [p.name for p in space.parameters if cardinality(p.distribution) is None]
    if endless:
        yield (
            f"brute_force tries every point, and {', '.join(endless)} can have endlessly many "
            "values: give them a q, or choose grid, which cuts them"
        )


def cmaes_state_bytes(numbers: int, options: Mapping[str, ParameterValue]) -> int:
    """At most how many bytes the state takes that CMA-ES keeps with each run.

    Measured with 2 to 225 parameters: two matrices, as hexadecimal digits, and what grows
    with the parameters and with the population.
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
        yield f"cmaes needs at least two parameters that are numbers to search; there is {found}"
    size = cmaes_state_bytes(len(numbers), options)
    if size > MAX_SAMPLER_STATE_BYTES:
        state = f"a state of about {size:,} bytes with each run"
        bound = f"at most {MAX_SAMPLER_STATE_BYTES:,} bytes are kept"
        if cmaes_state_bytes(len(numbers), {**options, "popsize": None}) <= (
            MAX_SAMPLER_STATE_BYTES
        ):
            yield f"cmaes with popsize {options['popsize']} keeps {state}; {bound}: make it smaller"
        else:
            most = max(
                n
                for n in range(len(numbers))
                if cmaes_state_bytes(n, {**options, "popsize": None}) <= MAX_SAMPLER_STATE_BYTES
            )
            yield (
                f"cmaes keeps {state} for {len(numbers)} parameters that are numbers; {bound}, "
                f"which is enough for {most}: set its option use_separable_cma, which keeps far "
                "less, or choose tpe or nsga2"
            )


RANDOM = AlgorithmDescription(
    name="random",
    method="random",
    title="Random search",
    description=(
        "Draws each parameter from its law, independently of all runs. A good start where "
        "little is known, where runs are cheap, and as the yardstick of every other method."
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
        "Draws points that spread more evenly than random ones, independently of all runs. In "
        "place of random search wherever the space has at least two parameters; best with a "
        "run_cap that is a power of two."
    ),
    options=(
        Option(
            "qmc_type",
            OptionType.CHOICE,
            "The sequence.",
            default="sobol",
            choices=("sobol", "halton"),
        ),
        Option(
            "scramble",
            OptionType.BOOL,
            "Whether the sequence is randomized by the sweep's seed, which keeps it even. "
            "Without, every sweep over a space has the same points, and the first is a corner.",
            default=True,
        ),
        REPEATS,
    ),
    takes_several_metrics=True,
    space_notes=(
        "A point that breaks a constraint, or comes too often, is replaced by a random one. "
        "At most 21,201 parameters."
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
        "Tries every point of the space once: parameters by name, the last one fastest; "
        "continuous ones are stepped by q, else cut into a few values. For a few parameters "
        "with few values, when all of them are to be seen."
    ),
    options=(
        Option(
            "grid_points",
            OptionType.INT,
            "Into how many values a continuous parameter without q is cut.",
            default=10,
            min=2,
            max=10_000,
        ),
        Option(
            "shuffle",
            OptionType.BOOL,
            "Whether the points are tried in a random order, which follows from the seed.",
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
        "Tries every point of a space of discrete parameters once, in random order, so that "
        "what was seen when it is stopped early is a fair sample. Unlike grid it cuts nothing "
        "into steps by itself."
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
        "After ten random runs it prefers parameters that are likely among the best runs and "
        "unlikely among the others; running runs count, so that parallel agents spread out. "
        "For runs that cost more than a second."
    ),
    options=(
        _startup_runs(10),
        Option(
            "n_ei_candidates",
            OptionType.INT,
            "Points that are compared for each proposal.",
            default=24,
            min=1,
            max=1_000,
        ),
        Option(
            "multivariate",
            OptionType.BOOL,
            "Whether parameters are chosen together, so that their interplay is seen. Where "
            "left out: with one metric.",
        ),
        Option(
            "group",
            OptionType.BOOL,
            "Whether, with conditions, those parameters are chosen together that runs have "
            "together; without, conditional ones are chosen each by itself.",
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
        "Models the metric by a Gaussian process and proposes what improves it most in "
        "expectation, running runs included. The strongest choice for up to about 300 runs "
        "that cost minutes; a proposal takes half a second at 100 runs and two at 500. Of more "
        "than 1,000 finished runs it learns from the latest."
    ),
    options=(
        _startup_runs(10),
        Option(
            "deterministic_objective",
            OptionType.BOOL,
            "Whether equal parameters always give equal values.",
            default=False,
        ),
        FAILED_RUNS,
        ALLOW_DUPLICATES,
    ),
    needs_metric=True,
    takes_several_metrics=True,
    uses_prior_runs=True,
    space_notes=f"{_DYNAMIC_NOTE} {_SKEWED_NOTE} Pruned runs do not count.",
    replay_notes="On machines with other processors the last digits of a proposal may differ.",
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
        "Moves a normal distribution over the numbers of the space towards better runs, a "
        "population at a time. For hundreds of runs and more over continuous parameters; a "
        "population must end before the next one learns from it."
    ),
    options=(
        _startup_runs(1),
        Option(
            "popsize",
            OptionType.INT,
            "Runs of a population; 4 + 3 log(parameters) where left out.",
            min=4,
            max=100_000,
        ),
        Option(
            "consider_pruned_trials",
            OptionType.BOOL,
            "Whether pruned runs count by their last value.",
            default=False,
        ),
        Option(
            "use_separable_cma",
            OptionType.BOOL,
            "Whether parameters are taken to be independent: faster, for many of them.",
            default=False,
        ),
        Option(
            "with_margin",
            OptionType.BOOL,
            "Whether stepped parameters are kept from getting stuck on one value.",
            default=False,
        ),
        Option(
            "lr_adapt",
            OptionType.BOOL,
            "Whether the learning rate adapts, for objectives with noise or many optima.",
            default=False,
        ),
        FAILED_RUNS,
        ALLOW_DUPLICATES,
    ),
    check=_check_cmaes,
    needs_metric=True,
    uses_prior_runs=True,
    space_notes=(
        "Needs at least two parameters that are numbers, and takes at most 223 of them unless "
        "use_separable_cma is set; categories are drawn at random, by "
        "their probabilities. "
        f"{_DYNAMIC_NOTE} Ten finished prior runs and more are where it starts, unless "
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
        "A genetic algorithm for several metrics: each generation comes from the best runs of "
        "all earlier ones, spread along the front. For hundreds of cheap runs and more; with "
        "fewer, tpe finds more."
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
        "NSGA-II made for three metrics and more: runs survive by how well they cover evenly "
        "spread directions."
    ),
    options=(
        Option(
            "dividing_parameter",
            OptionType.INT,
            "Into how many parts each metric's axis is divided for the directions.",
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
