"""Hyperparameter sweeps: `import wanllmdb as wandb`, and a training script runs a sweep.

    sweep_id = wandb.sweep(config, project="my-project")

    def train():
        with wandb.init() as run:
            for epoch in range(10):
                wandb.log({"val_accuracy": fit(lr=wandb.config.learning_rate)})

    wandb.agent(sweep_id, function=train, count=10)

`Client` and `AsyncClient` have one method per RPC of the two services.
"""

from wanllmdb._version import __version__ as __version__


# `__init__.pyi` states the public names. Each is loaded at its first use, so that importing
# wanllmdb costs a training script next to nothing.
def __getattr__(name):
    from wanllmdb._names import load

    return load(name, globals())


def __dir__():
    from wanllmdb._names import PUBLIC

    return PUBLIC
