"""Sweep files as users write them for W&B, and the expected result of each.

The files were invented for these tests in the style of public repositories, with their oddities.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class File:
    """A sweep file.

    Attributes:
        name: The oddity of the file.
        text: The content.
        warnings: A part of each expected warning, in order.
        problems: A part of each expected problem, by path; a file without problems is accepted.
    """

    name: str
    text: str
    warnings: tuple[str, ...] = ()
    problems: dict[str, str] = field(default_factory=dict)


FILES = (
    File(
        "plain",
        """
program: train.py
method: bayes
metric:
  name: val_loss
  goal: minimize
parameters:
  learning_rate:
    min: 0.0001
    max: 0.1
  optimizer:
    values: ["adam", "sgd"]
""",
    ),
    File(
        "documents header, comments and a trailing end",
        """
---
# sweep for the ablation
program: src/train.py   # from the root
method: random
parameters:
  dropout: {values: [0.1, 0.2, 0.5]}
...
""",
    ),
    File(
        "names of teams and projects",
        """
project: digits
entity: my-team
name: baseline
description: first try
program: main.py
method: grid
parameters:
  seed: {values: [1, 2, 3]}
""",
        warnings=("entity: has no effect: entities do not exist here",),
    ),
    File(
        "api version and kind",
        """
apiVersion: wandb.ai/v1
kind: sweep
program: train.py
method: random
controller:
  type: local
parameters:
  x: {min: 0.0, max: 1.0}
""",
        warnings=(
            "apiVersion: has no effect",
            "kind: has no effect",
            "controller: has no effect: the suggestion service always chooses the runs",
        ),
    ),
    File(
        "left over keys of a tool",
        """
program: train.py
RUN: 3
sweep_id: abc123
_wandb: {}
method: random
parameters:
  x: {value: 1}
""",
        warnings=("RUN: unknown key", "sweep_id: unknown key", "_wandb: unknown key"),
    ),
    File(
        "launch",
        """
job: team/project/job-train:latest
queue: a100
scheduler:
  job: wandb/sweep-jobs/job-wandb-sweep-scheduler:latest
  num_workers: 8
image_uri: registry/train:1
method: bayes
metric: {name: acc, goal: maximize}
parameters:
  lr: {min: 0.001, max: 0.1}
""",
        warnings=(
            "job: has no effect: W&B Launch does not exist here",
            "queue: has no effect",
            "scheduler: has no effect",
            "image_uri: has no effect",
        ),
    ),
    File(
        "hyperband by both",
        """
program: train.py
method: random
metric: {name: loss, goal: minimize}
early_terminate:
  type: hyperband
  min_iter: 3
  max_iter: 81
  s: 8
  eta: 3
parameters:
  lr: {min: 0.001, max: 0.1}
""",
        warnings=(
            "early_terminate.min_iter: has no effect, since max_iter and s define the brackets",
            "early_terminate.s: 8 is read as 4, since only 4 brackets fit between iteration 1 and "
            "max_iter 81",
        ),
    ),
    File(
        "hyperband without s",
        """
method: bayes
metric: {name: loss}
early_terminate: {type: hyperband, min_iter: 5, max_iter: 100, eta: 2, strict: yes}
parameters:
  lr: {min: 0.001, max: 0.1}
""",
        warnings=(
            "line 4: yes is read as a text, but W&B reads true",
            "early_terminate.max_iter: has no effect, since min_iter defines the brackets",
            "early_terminate.strict: the text 'yes' is read as true",
        ),
    ),
    File(
        "hyperband that says nothing",
        """
method: bayes
metric: {name: loss}
early_terminate: {type: hyperband}
parameters:
  lr: {min: 0.001, max: 0.1}
""",
        problems={"early_terminate.min_iter": "is required (an integer), unless max_iter"},
    ),
    File(
        "exponents",
        """
method: bayes
metric: {name: loss, goal: minimize}
parameters:
  lr: {distribution: log_uniform, min: -9.21, max: -2.3}
  width: {distribution: q_log_uniform, min: 3, max: 7, q: 1}
""",
        problems={
            "parameters.lr.min": "for e^-9.21 to e^-2.3 write 0.000100034 and 0.100259",
            "parameters.width.distribution": "for the exponents 3 to 7 write min: 20.0855 and max: "
            "1096.63, for the values 3 to 7 write min: 3 and max: 7",
        },
    ),
    File(
        "exponents or values",
        """
method: random
parameters:
  width: {distribution: log_uniform, min: 1, max: 5}
  alpha: {distribution: log_uniform, min: 0.5, max: 3.0}
  lr: {distribution: log_uniform, min: 0.00001, max: 0.1}
  batch: {distribution: log_uniform, min: 16, max: 512}
""",
        warnings=(
            "parameter 'width': log_uniform from 1 to 5 means the values 1 to 5 here, but "
            "e^1 to e^5 (2.71828 to 148.413) in W&B",
            "parameter 'alpha': log_uniform from 0.5 to 3",
        ),
    ),
    File(
        "every distribution of values",
        """
method: random
parameters:
  a: {distribution: log_uniform_values, min: 1e-5, max: 1e-1}
  b: {distribution: q_log_uniform_values, min: 16, max: 256, q: 8}
  c: {distribution: inv_log_uniform_values, min: 0.001, max: 1.0}
  d: {distribution: q_uniform, min: 0, max: 1, q: 0.05}
  e: {distribution: normal, mu: 0, sigma: 1}
  f: {distribution: q_normal, mu: 100, sigma: 20, q: 10}
  g: {distribution: log_normal, mu: 0, sigma: 1}
  h: {distribution: q_log_normal, mu: 3, sigma: 1, q: 2}
  i: {distribution: beta, a: 2, b: 5}
  j: {distribution: q_beta, a: 2, b: 5, q: 0.1}
  k: {distribution: int_uniform, min: 1, max: 9}
  l: {distribution: constant, value: 3}
  m: {distribution: categorical, values: [x, y]}
  n: {distribution: categorical_w_probabilities, values: [x, y], probabilities: [0.3, 0.7]}
""",
    ),
    File(
        "uniform between integers",
        """
method: random
parameters:
  momentum: {distribution: uniform, min: 0, max: 1}
  layers: {distribution: int_uniform, min: 1.0, max: 8}
""",
        warnings=(
            "parameter 'momentum': uniform draws floats",
            "parameters.layers.min: 1.0 is read as the integer 1",
        ),
    ),
    File(
        "no width",
        """
method: random
parameters:
  noise: {distribution: normal, mu: 0.5, sigma: 0}
""",
        warnings=("parameter 'noise': sigma is 0, so its value is always 0.5",),
    ),
    File(
        "values twice",
        """
method: random
parameters:
  batch_size: {values: [16, 32, 32, 64]}
  pool:
    values: [max, mean, max]
    probabilities: [0.25, 0.5, 0.25]
""",
        warnings=(
            "parameters.batch_size.values: 32 appears more than once; each value counts once, "
            "for more weight write probabilities",
            "parameters.pool.values: 'max' appears more than once; each value counts once, with "
            "the sum of its probabilities",
        ),
    ),
    File(
        "thirds",
        """
method: random
parameters:
  act:
    values: [relu, gelu, silu]
    probabilities: [0.33333, 0.33333, 0.33333]
""",
    ),
    File(
        "shares that are weights",
        """
method: random
parameters:
  act:
    values: [relu, gelu]
    probabilities: [3, 1]
""",
        problems={"parameters.act.probabilities": "in the same proportion: 0.75, 0.25"},
    ),
    File(
        "tags",
        """
method: !!str random
parameters:
  lr: {distribution: log_uniform_values, min: !!float 1e-5, max: !!float 1}
  layers: {values: !!seq [!!int "1", !!int 2]}
  bias: {value: !!bool "true"}
  name: {value: !!str 007}
""",
    ),
    File(
        "an object of Python",
        """
method: random
parameters:
  shape: {value: !!python/tuple [3, 3]}
""",
        problems={"config_text": "the tag !!python/tuple is not allowed: remove it; allowed"},
    ),
    File(
        "numbers in quotes",
        """
method: random
run_cap: "20"
parameters:
  lr: {min: "0.001", max: "0.1"}
""",
        problems={
            "run_cap": "must be an integer, is '20': remove the quotes",
            "parameters.lr.min": "remove the quotes",
            "parameters.lr.max": "remove the quotes",
        },
    ),
    File(
        "exponents that PyYAML reads as texts",
        """
{"method": "random", "run_cap": 20.0,
 "parameters": {"lr": {"min": "1e-5", "max": "1e-1"}, "wd": {"values": ["1e-4", 0]}}}
""",
        warnings=(
            "parameters.lr.min: the text '1e-5' is read as the number 1e-05; for a number in every "
            "YAML parser write 1.0e-5, or tag it: !!float 1e-5",
            "parameters.lr.max: the text '1e-1' is read as the number 0.1",
            "parameters.wd.values[0]: '1e-4' is a text; for a number in every YAML parser write "
            "1.0e-4",
            "run_cap: 20.0 is read as the integer 20",
        ),
    ),
    File(
        "a command with numbers",
        """
program: train.py
method: grid
command:
  - ${env}
  - python3
  - -m
  - torch.distributed.run
  - --nproc_per_node
  - 4
  - --amp
  - true
  - ${program}
  - ${args}
parameters:
  seed: {values: [0, 1]}
""",
        warnings=(
            "command[5]: the value 4 is read as the text '4': put it in quotes",
            "command[7]: the value True is read as the text 'True': put it in quotes",
        ),
    ),
    File(
        "a command in one line",
        """
program: train.py
method: grid
command: python train.py ${args}
parameters:
  seed: {values: [0, 1]}
""",
        problems={"command": 'write ["python", "train.py", "${args}"]'},
    ),
    File(
        "hydra with the environment",
        """
program: train.py
method: random
command: ["${env}", "GPU=${envvar:GPU}", python, "${program}", "${args_no_hyphens}"]
parameters:
  model.hidden_dim: {values: [64, 128]}
  optim.lr: {min: 0.001, max: 0.1}
""",
    ),
    File(
        "groups",
        """
program: train.py
method: random
parameters:
  epochs: {value: 10}
  optimizer:
    parameters:
      name: {values: [adam, sgd]}
      schedule:
        parameters:
          warmup: {min: 0, max: 500}
""",
    ),
    File(
        "a group without the word",
        """
method: random
parameters:
  optimizer:
    lr: {min: 0.001, max: 0.1}
""",
        problems={
            "parameters.optimizer.lr": "for a group of parameters write {parameters: {lr:",
            "parameters.optimizer": "needs value, values, min and max, or a distribution",
        },
    ),
    File(
        "bare values",
        """
method: grid
parameters:
  epochs: 10
  lr: [0.1, 0.01]
""",
        problems={
            "parameters.epochs": "for a fixed value write {value: ...}",
            "parameters.lr": "for a choice of values write {values: [...]}",
        },
    ),
    File(
        "a slip in keys",
        """
methd: bayes
method: bayes
metric: {name: loss, gaol: minimize}
paramters: {}
parameters:
  lr: {min: 0.001, max: 0.1}
""",
        problems={
            "methd": "did you mean method?",
            "paramters": "did you mean parameters?",
            "metric.gaol": "did you mean goal?",
        },
    ),
    File(
        "keys at the wrong place",
        """
method: random
goal: maximize
lr: {min: 0.001, max: 0.1}
parameters:
  x: {value: 1}
""",
        problems={
            "goal": "belongs to the metric",
            "lr": "write parameters: {lr: ...}",
        },
    ),
    File(
        "words in another case",
        """
method: Bayes
metric: {name: Accuracy, goal: Maximize, type: float}
parameters:
  lr: {distribution: Uniform, min: 0.001, max: 0.1}
""",
        warnings=(
            "method: 'Bayes' is read as bayes",
            "metric.type: unknown key without effect",
            "metric.goal: 'Maximize' is read as maximize",
            "parameters.lr.distribution: 'Uniform' is read as uniform",
        ),
    ),
    File(
        "imputed metrics",
        """
method: bayes
metric: {name: loss, goal: minimize, impute: worst, impute_while_running: latest, target: 0.1}
parameters:
  lr: {min: 0.001, max: 0.1}
""",
    ),
    File(
        "never imputed while it runs",
        """
method: bayes
metric: {name: loss, impute_while_running: false}
parameters:
  lr: {min: 0.001, max: 0.1}
""",
    ),
    File(
        "words of YAML 1.1",
        """
method: grid
parameters:
  bn: {values: [on, off]}
  bias: {values: ["yes", "no"]}
  flag: {values: [True, False]}
  mode: {value: 010}
  none: {value: None}
""",
        warnings=(
            "line 4: on is read as a text, but W&B reads true",
            "line 4: off is read as a text, but W&B reads false",
            "line 7: 010 is read as 10, but W&B reads the octal number 8",
        ),
    ),
    File(
        "aliases",
        """
method: grid
common: &rates [0.1, 0.01]
base: &base
  values: *rates
parameters:
  lr: *base
  decay:
    <<: *base
    values: [0.0, 0.1]
""",
        problems={"base": "belongs to the parameters"},
    ),
    File(
        "aliases between parameters",
        """
method: grid
x-rates: &rates [0.1, 0.01]
parameters:
  lr: &base
    distribution: categorical
    values: *rates
  decay:
    <<: *base
    values: [0.0, 0.1]
""",
        warnings=("x-rates: unknown key without effect",),
    ),
    File(
        "a scheduler of one's own",
        """
method: custom
scheduler: {engine: optuna, source: search.py}
metrics:
  - {name: loss, goal: minimize}
  - {name: latency, goal: minimize}
parameters:
  lr: {min: 0.001, max: 0.1}
""",
        problems={"method": "custom selects a scheduler of W&B: write bayes"},
    ),
    File(
        "everything wrong at once",
        """
method: bayesian
metric: loss
early_terminate: {type: bandit}
run_cap: 0
parameters:
  lr: {min: 0.1, max: 0.001}
  opt: {values: adam}
  h: {distribution: gaussian, mu: 0}
""",
        problems={
            "method": "did you mean bayes?",
            "metric": "must be an object, is 'loss'; write {name: ..., goal: ...}",
            "early_terminate.type": "must be hyperband, is 'bandit'",
            "run_cap": "must be at least 1",
            "parameters.lr.min": "must be less than max",
            "parameters.opt.values": "must be a list, is 'adam'",
            "parameters.h.distribution": "unknown distribution 'gaussian'",
        },
    ),
    File(
        "bayes without a metric",
        """
method: bayes
parameters:
  lr: {min: 0.001, max: 0.1}
""",
        problems={"metric": "method bayes needs a metric"},
    ),
    File(
        "a count that W&B ignores",
        """
method: random
count: 30
parameters:
  lr: {min: 0.001, max: 0.1}
""",
        warnings=("count: has no effect: run_cap limits the number of runs",),
    ),
)
