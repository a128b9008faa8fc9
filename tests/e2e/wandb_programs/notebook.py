"""The cells of a notebook, one after the other."""

import numpy as np

import wanllmdb as wandb

# %% Log in, and look at what there is
wandb.login()
wandb.require("core")

# %% An experiment without a sweep
run = wandb.init(project="notebook", name="baseline", config={"lr": 0.1}, notes="first try")
for step in range(3):
    wandb.log({"loss": 1 / (step + 1), "lr": wandb.config.lr})
wandb.finish()

# %% The sweep
sweep_config = {
    "name": "from-a-notebook",
    "method": "bayes",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "learning_rate": {"min": 0.0001, "max": 0.1},
        "layers": {"values": [1, 2, 3]},
    },
}


# %% The training
def train(config=None):
    with wandb.init(config=config) as run:
        config = wandb.config
        wandb.watch(object(), log="all", log_freq=10)
        table = wandb.Table(columns=["step", "prediction"])
        for step in range(4):
            loss = config.layers * config.learning_rate + 1 / (step + 1)
            table.add_data(step, loss)
            wandb.log(
                {
                    "loss": loss,
                    "gradients": wandb.Histogram(np.random.default_rng(0).normal(size=100)),
                    "sample": wandb.Image(np.zeros((8, 8, 3)), caption="a sample"),
                }
            )
        wandb.log({"predictions": table, "html": wandb.Html("<b>done</b>")}, commit=False)
        wandb.log({"curve": wandb.plot.line(table, "step", "prediction", title="Loss")})
        run.alert(title="Done", text="The run has ended")


# %% Run it
sweep_id = wandb.sweep(sweep_config, project="notebook")
wandb.agent(sweep_id, train, count=3)
wandb.finish()
