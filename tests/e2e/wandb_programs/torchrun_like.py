"""One run on three processes, as torchrun starts them; each process logs."""

import argparse
import os
import subprocess
import sys

import wanllmdb as wandb


def train(args):
    rank, world_size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    run = wandb.init(project="torchrun-like", config=args)
    for epoch in range(5):
        # Values that each process computes from its own part of the data.
        wandb.log({"epoch": epoch, "loss": args.lr * (5 - epoch) + 50 * rank})
    run.summary["world_size"] = world_size
    wandb.finish()


def launch():
    processes = [
        subprocess.Popen(
            [sys.executable, *sys.argv],
            env={**os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "3"},
        )
        for rank in range(3)
    ]
    sys.exit(max(process.wait() for process in processes))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--batch_size", type=int, default=8)
    if "RANK" in os.environ:
        train(parser.parse_args())
    else:
        launch()
