"""A run's config: parameters by attribute and by item, and the program's changes."""

from __future__ import annotations

import argparse
import collections
import contextlib
import copy
import dataclasses
import json
import math
import pickle
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml

import wanllmdb as wandb
from wanllmdb import InvalidArgumentError
from wanllmdb._agent.config import Config, given_config
from wanllmdb._agent.config_entries import MOST_BYTES, MOST_ENTRIES, flat_entries, nested
from wanllmdb._agent.console import PrintOnce
from wanllmdb._agent.summary import Summary
from wanllmdb._calls import run_calls

PARAMETERS = {
    "lr": 0.1,
    "opt/name": "sgd",
    "opt/schedule/warmup": 5,
    "layers": [{"width": 3}],
    "head": {"kind": "mlp"},
}


@pytest.fixture
def config() -> Config:
    return Config(PARAMETERS)


def test_parameters_are_attributes_and_items(config: Config) -> None:
    assert config.lr == config["lr"] == 0.1
    assert config.get("lr") == 0.1
    assert config.get("nothing", 5) == 5
    assert "lr" in config
    assert set(config.keys()) == {"lr", "opt", "layers", "head"}


def test_groups_are_nested(config: Config) -> None:
    assert config.opt.name == config["opt"]["name"] == "sgd"
    assert config.opt.schedule.warmup == 5
    assert dict(config)["opt"] == {"name": "sgd", "schedule": {"warmup": 5}}


def test_it_can_be_unpacked_dumped_and_copied(config: Config) -> None:
    plain = {
        "lr": 0.1,
        "opt": {"name": "sgd", "schedule": {"warmup": 5}},
        "layers": [{"width": 3}],
        "head": {"kind": "mlp"},
    }
    assert json.loads(json.dumps(dict(config))) == plain
    assert dict(**config)["lr"] == 0.1
    assert config.as_dict() == plain
    assert type(config.as_dict()["opt"]) is dict


def test_a_missing_name_is_reported_with_the_existing_ones(config: Config) -> None:
    with pytest.raises(AttributeError, match="config has no 'learning_rate'; it has lr, opt"):
        _ = config.learning_rate
    with pytest.raises(AttributeError, match="config has no 'lr'; it has name, schedule"):
        _ = config.opt.lr
    with pytest.raises(KeyError):
        config["learning_rate"]


def test_nothing_was_changed_yet(config: Config) -> None:
    assert config.changes() == {}


def test_everything_may_be_changed_and_what_was_is_known(config: Config) -> None:
    config.lr = 0.5
    config["opt"]["name"] = "adam"
    config.opt.schedule.warmup = 5
    config.opt.momentum = 0.9
    config.update({"epochs": 3}, allow_val_change=True)
    config.head["kind"] = "linear"

    assert (config.lr, config.opt.name, config.epochs) == (0.5, "adam", 3)
    assert config.changes() == {
        "lr": 0.5,
        "opt/name": "adam",
        "opt/momentum": 0.9,
        "epochs": 3,
        # A parameter whose value is an object is one value.
        "head": {"kind": "linear"},
    }


@pytest.mark.parametrize(("before", "after"), [(1, 1.0), (1, True), (0.0, False), ("1", 1)])
def test_another_type_is_a_change(before: Any, after: Any) -> None:
    config = Config({"a": before})
    config.a = after

    assert config.changes() == {"a": after}


def test_the_results_of_argparse_are_taken(config: Config) -> None:
    arguments = argparse.Namespace(lr=0.1, epochs=7)
    config.update(arguments)
    config.setdefaults(argparse.Namespace(epochs=8, seed=1))

    assert (config.epochs, config.seed) == (7, 1)
    assert config.changes() == {"epochs": 7, "seed": 1}


@pytest.mark.parametrize("given", ["my-project", 5, [1]])
def test_defaults_are_a_dictionary(config: Config, given: Any) -> None:
    with pytest.raises(wandb.InvalidArgumentError, match=r"config must be a dictionary.*, but is"):
        config.setdefaults(given)


def test_defaults_fill_what_is_missing_also_in_groups(config: Config) -> None:
    config.setdefaults({"lr": 9, "opt": {"name": "adam", "momentum": 0.9}, "seed": 1})

    assert (config.lr, config.opt.name, config.opt.momentum, config.seed) == (0.1, "sgd", 0.9, 1)
    assert config.changes() == {"opt/momentum": 0.9, "seed": 1}


def test_what_json_does_not_know_is_recorded_as_text() -> None:
    config = Config({})
    config.update(
        path=Path("data"),
        nan=math.nan,
        huge=2**70,
        array=np.array([1, 2]),
        scalar=np.float64(0.5),
        names={"b"},
        empty={},
    )

    assert config.changes() == {
        "path": "data",
        "nan": "nan",
        "huge": str(2**70),
        "array": [1, 2],
        "scalar": 0.5,
        "names": ["b"],
        "empty": {},
    }


@pytest.mark.parametrize(
    ("names", "tree"),
    [
        ({"lr": 0.1}, {"lr": 0.1}),
        ({"opt/lr": 0.1, "opt/name": "sgd"}, {"opt": {"lr": 0.1, "name": "sgd"}}),
        ({"a/b/c": 1}, {"a": {"b": {"c": 1}}}),
        # A dot is part of a name.
        ({"opt.lr": 0.1}, {"opt.lr": 0.1}),
    ],
)
def test_names_with_slashes_are_groups(names: dict[str, Any], tree: dict[str, Any]) -> None:
    assert nested(names) == tree
    assert dict(flat_entries(tree, (), unexpected)) == names


def unexpected(name: str, why: str) -> None:
    pytest.fail(f"{name} is left out: {why}")


def test_outside_a_run_there_is_no_config_and_no_summary() -> None:
    with pytest.raises(wandb.NoRunError, match=r"config needs a run.*wanllmdb.agent"):
        _ = wandb.config.lr
    with pytest.raises(wandb.NoRunError, match="summary needs a run"):
        wandb.summary["loss"] = 1
    assert repr(wandb.config) == "<config of no run>"
    assert wandb.run is None


def test_outside_a_run_nothing_can_be_logged_and_finishing_does_nothing() -> None:
    with pytest.raises(wandb.NoRunError, match=r"log needs a run.*call init\(\) first"):
        wandb.log({"loss": 1})
    wandb.finish()


def test_update_leaves_what_the_sweep_chose_and_reports_it_once() -> None:
    said: list[str] = []
    config = Config({"lr": 0.1, "opt/name": "sgd"}, PrintOnce(said.append))

    for _ in range(2):
        config.update({"lr": 9, "opt": {"name": "adam"}, "epochs": 3}, True)
    config.update(argparse.Namespace(lr=0.1, epochs=4))

    assert config == {"lr": 0.1, "opt": {"name": "sgd"}, "epochs": 4}
    assert [line.split(",")[0] for line in said] == [
        "config.update leaves lr at 0.1",
        "config.update leaves opt at {'name': 'sgd'}",
    ]


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda config: pickle.loads(pickle.dumps(config)),
    "dict": dict,
    "unpacked": lambda config: dict(**config),
    "vars": vars,
    "as_dict": lambda config: config.as_dict(),
    "json": lambda config: json.loads(json.dumps(config.as_dict())),
}


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_of_the_config_is_equal_and_independent(config: Config, how: str) -> None:
    made = COPIES[how](config)

    assert made == config
    made["lr"] = 9
    assert (config.lr, config.changes()) == (0.1, {})


@pytest.mark.parametrize("how", ["deepcopy", "pickle", "vars", "as_dict", "json"])
def test_a_deep_copy_of_the_config_shares_no_group(config: Config, how: str) -> None:
    made = COPIES[how](config)

    made["opt"]["name"] = "adam"
    made["layers"][0]["width"] = 7
    assert config.changes() == {}


def test_the_values_are_where_wandbs_config_has_them_too() -> None:
    config = Config({"lr": 0.1, "opt/name": "sgd"})
    values = {"lr": 0.1, "opt": {"name": "sgd"}}

    # Programs copy configs, write them to files, and remove keys.
    assert vars(config) == values == vars(config)["_items"] == config._as_dict()
    assert vars(config).get("_items") == values
    assert type(vars(config)["_items"]["opt"]) is dict
    assert vars(config).get("none", 3) == 3
    with pytest.raises(KeyError, match="none"):
        vars(config)["none"]
    del config._items["lr"]
    assert list(config) == ["opt"]


def test_values_of_no_run_are_none_by_wandbs_name_for_them() -> None:
    assert vars(wandb.config)["_items"] == {}


@pytest.mark.parametrize("dump", [yaml.dump, yaml.safe_dump])
def test_nested_groups_are_written_as_yaml_has_dictionaries(dump: Callable[[Any], str]) -> None:
    config = Config({"lr": 0.1, "opt/name": "sgd", "opt/more/beta": 0.9})

    written = dump(dict(config))

    assert yaml.safe_load(written) == config.as_dict()


def test_a_summary_is_read_by_wandbs_inner_name() -> None:
    assert Summary(None, {"loss": 1.0})._as_dict() == {"loss": 1.0}


@pytest.mark.parametrize("how", ["copy", "deepcopy", "pickle"])
def test_a_copy_of_the_summary_reports_nothing(how: str) -> None:
    reported: list[Any] = []
    summary = Summary(reported.append, {"loss": 1.0})
    made = COPIES[how](summary)

    made["loss"] = 2.0
    assert (dict(made), dict(summary), reported) == ({"loss": 2.0}, {"loss": 1.0}, [])


@pytest.mark.parametrize("name", ["config", "summary"])
def test_what_belongs_to_no_run_can_be_copied_and_pickled_all_the_same(name: str) -> None:
    for made in (
        copy.deepcopy(getattr(wandb, name)),
        pickle.loads(pickle.dumps(getattr(wandb, name))),
    ):
        assert repr(made) == f"<{name} of no run>"
    assert vars(getattr(wandb, name)) == {}


def test_an_argument_that_wandb_has_not_either_is_rejected() -> None:
    with pytest.raises(TypeError, match="unexpected argument 'confg'; did you mean 'config'"):
        wandb.init(confg={})


def test_tools_that_look_at_modules_do_no_harm() -> None:
    assert copy.copy(wandb.config) is not None


class HostileError(Exception):
    """The error that hostile values raise."""


class Hostile:
    def __getattr__(self, name: str) -> Any:
        raise HostileError(name)

    def __str__(self) -> str:
        raise HostileError

    __repr__ = __str__


class HostileDict(dict[str, Any]):
    def items(self) -> Any:
        raise HostileError


def circle() -> dict[str, Any]:
    found: dict[str, Any] = {"a": 1}
    found["self"] = found
    return found


def deep(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(levels):
        found = {"d": found}
    return found


def doubled(levels: int) -> dict[str, Any]:
    """Return few dictionaries, nested so that they have more entries than memory could hold."""
    found: dict[str, Any] = {"x": 1}
    for _ in range(levels):
        found = {"a": found, "b": found}
    return found


def circular_list() -> list[Any]:
    found: list[Any] = [1]
    found.append(found)
    return found


@pytest.mark.parametrize(
    "value",
    [
        circle(),
        [circle()],
        circular_list(),
        deep(5_000),
        doubled(40),
        [doubled(40)],
        Hostile(),
        [Hostile()],
        {"a": Hostile()},
        HostileDict(a=1),
        [HostileDict(a=1)],
        10**5_000,
        np.zeros(10_000_000, np.int8),
        math.nan,
        b"\xff",
        "\ud800\0",
        {"\ud800\0": "\ud800"},
        object,
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_is_set_the_rest_is_recorded_and_can_be_sent(config: Config, value: Any) -> None:
    config.epochs = 3
    with contextlib.suppress(HostileError):
        config.odd = value
    with contextlib.suppress(HostileError):
        config.setdefaults({"odd": value, "opt": {"more": [value]}})
    left_out: list[str] = []

    changes = config.changes(lambda name, _: left_out.append(name))

    assert changes["epochs"] == 3
    request = run_calls.finish_run("s", 0, 1, wandb.Succeeded(), [], changes, None).request
    assert b"\0" not in json.dumps(changes, ensure_ascii=False).encode()
    assert request.ByteSize() < 2 * MOST_BYTES


def test_a_lone_surrogate_in_a_key_is_recorded_by_its_name(config: Config) -> None:
    config["a\ud800"] = {"b\udfff": 1}

    assert config.changes() == {"a\\ud800/b\\udfff": 1}


def test_what_is_beyond_the_registrys_bounds_is_left_out_and_named(config: Config) -> None:
    left_out: list[str] = []
    config["x" * 201] = 1
    config[""] = 2
    config.large = "x" * MOST_BYTES
    config.small = "x"
    for index in range(MOST_ENTRIES):
        config[f"k{index}"] = index

    changes = config.changes(lambda name, _: left_out.append(name))

    assert len(changes) == MOST_ENTRIES
    assert changes["small"] == "x"
    assert left_out == ["x" * 201, "", "large", f"k{MOST_ENTRIES - 1}"]


class _LikeADictionary:
    """An object like the config objects of libraries that derive from no dictionary class."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def keys(self) -> Any:
        return self._values.keys()

    def __getitem__(self, key: str) -> Any:
        return self._values[key]


class _Named(NamedTuple):
    lr: float
    seed: int


class _Slots:
    __slots__ = ("lr", "never_set", "seed")

    def __init__(self) -> None:
        self.lr, self.seed = 9.0, 7


@dataclasses.dataclass(slots=True)
class _SlottedData:
    lr: float = 9.0
    seed: int = 7


class _Constants:
    """Class attributes that are not in the config."""

    lr = 9.0
    seed = 7


@pytest.mark.parametrize(
    "given",
    [
        _LikeADictionary({"lr": 9.0, "seed": 7}),
        _Named(9.0, 7),
        _Slots(),
        _SlottedData(),
        _Constants,
        collections.ChainMap[str, float]({"lr": 9.0}, {"seed": 7}),
        types.MappingProxyType({"lr": 9.0, "seed": 7}),
    ],
    ids=lambda given: getattr(given, "__name__", type(given).__name__),
)
def test_what_holds_names_and_values_is_a_config(given: Any) -> None:
    config = Config({"lr": 0.5})
    config.setdefaults(given)
    assert dict(config) == {"lr": 0.5, "seed": 7}
    config = Config({"lr": 0.5})
    config.update(given, allow_val_change=True)
    assert dict(config) == {"lr": 0.5, "seed": 7}
    assert given_config(given) == {"lr": 9.0, "seed": 7}


@pytest.mark.parametrize("given", [None, 5, "lr=3", [1, 2], object()])
def test_what_is_no_config_is_rejected_in_words(given: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"config\.update: .* must be a dictionary"):
        Config({}).update(given)
