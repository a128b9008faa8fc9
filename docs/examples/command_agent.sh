#!/usr/bin/env bash
# A command agent: it starts a script once a run and passes the parameters as options.
set -euo pipefail
cd "$(dirname "$0")"

sweep=$(wanllmdb sweep create --quiet - <<'YAML'
program: command_agent_train.py
method: grid
metric: {name: loss, goal: minimize}
parameters:
  learning_rate: {values: [0.001, 0.01, 0.1]}
  optimizer: {values: [adam, sgd]}
YAML
)
wanllmdb agent "$sweep" --parallel 2
wanllmdb best "$sweep"
