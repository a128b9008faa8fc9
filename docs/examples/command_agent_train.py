"""The script that `command_agent.sh` tunes: it reads its parameters from the command line."""

import argparse

import wanllmdb as wandb

parser = argparse.ArgumentParser()
parser.add_argument("--learning_rate", type=float, default=0.01)
parser.add_argument("--optimizer", choices=["adam", "sgd"], default="adam")
arguments = parser.parse_args()

wandb.init()
slow = 2 if arguments.optimizer == "sgd" else 1
for epoch in range(3):
    wandb.log({"loss": slow * abs(arguments.learning_rate - 0.01) + 1 / (epoch + 1)})
