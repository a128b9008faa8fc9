"""A run's config: the sweep's parameters, by attribute and by item."""

from __future__ import annotations

import copy
import json

import pytest

import wanllmdb as wandb
from wanllmdb._agent.config import Config


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def config(warnings: list[str]) -> Config:
    return Config(
        {"lr": 0.1, "opt.name": "sgd", "opt.momentum": 0.9, "layers": [{"width": 3}]},
        warnings.append,
    )


def test_parameters_are_attributes_and_items(config: Config) -> None:
    assert config.lr == config["lr"] == 0.1
    assert config.get("lr") == 0.1
    assert config.get("nothing", 5) == 5
    assert "lr" in config
    assert list(config.keys()) == ["layers", "lr", "opt"]


def test_groups_are_nested(config: Config) -> None:
    assert config.opt.name == config["opt"]["name"] == "sgd"
    assert dict(config)["opt"] == {"name": "sgd", "momentum": 0.9}


def test_it_can_be_unpacked_and_dumped(config: Config) -> None:
    assert json.loads(json.dumps(dict(config))) == {
        "lr": 0.1,
        "opt": {"name": "sgd", "momentum": 0.9},
        "layers": [{"width": 3}],
    }
    assert dict(**config)["lr"] == 0.1


def test_a_name_that_is_not_there_is_told_with_those_that_are(config: Config) -> None:
    with pytest.raises(
        AttributeError, match="config has no 'learning_rate'; it has layers, lr, opt"
    ):
        _ = config.learning_rate
    with pytest.raises(AttributeError, match="config has no 'lr'; it has momentum, name"):
        _ = config.opt.lr
    with pytest.raises(KeyError):
        config["learning_rate"]


def test_the_sweeps_parameters_stay(config: Config, warnings: list[str]) -> None:
    config.lr = 0.5
    config.update({"lr": 0.7})
    config["opt"] = None

    assert config.lr == 0.1
    assert config.opt.name == "sgd"
    assert warnings[0] == "config.lr stays 0.1: the sweep chose it"


def test_a_program_may_add_keys_of_its_own(config: Config, warnings: list[str]) -> None:
    config.epochs = 3
    config.update({"data": {"size": 10}})
    config.set_defaults({"epochs": 5, "lr": 9, "seed": 1})

    assert (config.epochs, config.data.size, config.seed, config.lr) == (3, 10, 1, 0.1)
    assert warnings == []


def test_outside_a_run_there_is_no_config() -> None:
    with pytest.raises(wandb.NoRunError, match=r"config needs a run.*wanllmdb.agent"):
        _ = wandb.config.lr
    assert repr(wandb.config) == "<config of no run>"


def test_outside_a_run_nothing_can_be_logged_begun_or_finished() -> None:
    with pytest.raises(wandb.NoRunError, match="log needs a run"):
        wandb.log({"loss": 1})
    with pytest.raises(wandb.NoRunError, match=r"init: there is no run here.*wanllmdb.agent"):
        wandb.init()
    with pytest.raises(wandb.NoRunError, match="finish needs a run"):
        wandb.finish()


def test_tools_that_look_at_modules_do_no_harm() -> None:
    assert copy.copy(wandb.config) is not None
