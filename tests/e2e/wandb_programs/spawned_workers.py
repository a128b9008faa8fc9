"""A training function that spawns workers, of which the first one logs."""

import multiprocessing

import wanllmdb as wandb

sweep_config = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.001, "max": 0.1}, "momentum": {"values": [0.0, 0.9]}},
}


def worker(rank, lr):
    if rank == 0:
        wandb.init()
        for epoch in range(3):
            wandb.log({"loss": lr * (3 - epoch), "momentum": wandb.config.momentum})
        wandb.finish()


def train():
    run = wandb.init()
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=worker, args=(rank, run.config.lr)) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert all(process.exitcode == 0 for process in processes)


if __name__ == "__main__":
    sweep_id = wandb.sweep(sweep_config, project="spawned-workers")
    wandb.agent(sweep_id, function=train, count=2)
