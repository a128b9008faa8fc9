"""A script with arguments, run by a command agent."""

import argparse

import wanllmdb as wandb


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning_rate", type=float, default=0.01)
    parser.add_argument("--batch-size", type=int, default=32, dest="batch_size")
    parser.add_argument("--model", default="small")
    parser.add_argument("--epochs", type=int, default=3)
    args = parser.parse_args()

    wandb.init(project="argparse-command", config=vars(args), tags=["argparse"])
    wandb.config.update(args, allow_val_change=True)
    cost = {"small": 1.0, "large": 2.0}[wandb.config.model]
    best = float("inf")
    for epoch in range(1, args.epochs + 1):
        val_loss = wandb.config["learning_rate"] * cost / epoch
        best = min(best, val_loss)
        wandb.log({"train": {"loss": 2 * val_loss}, "val_loss": val_loss}, step=epoch)
    wandb.run.summary["best_val_loss"] = best
    wandb.run.summary.update({"params": 10 * args.batch_size})


if __name__ == "__main__":
    main()
