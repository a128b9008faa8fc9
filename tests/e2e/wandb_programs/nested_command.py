"""A script that gets nested parameters as W&B passes them: a group in one argument."""

import argparse
import ast

import wanllmdb as wandb

parser = argparse.ArgumentParser()
parser.add_argument("--optimizer", type=ast.literal_eval, default={})
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

run = wandb.init(config={"optimizer": {"name": "sgd", "lr": 1.0, "nesterov": True}})
assert run.config.optimizer["lr"] == args.optimizer["lr"]
assert run.config["optimizer"]["schedule"]["warmup"] == args.optimizer["schedule"]["warmup"]
run.log({"score": args.optimizer["lr"] * args.optimizer["schedule"]["warmup"] + args.seed})
