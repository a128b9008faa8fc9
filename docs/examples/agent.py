"""Works on the runs of the sweep that its argument names."""

import math
import sys

import wanllmdb as wandb


def train() -> None:
    with wandb.init() as run:
        run.log({"loss": abs(math.log10(run.config["lr"]) + 2.5)})


if len(sys.argv) != 2:
    sys.exit("give the id of a sweep")
wandb.agent(sys.argv[1], function=train)
