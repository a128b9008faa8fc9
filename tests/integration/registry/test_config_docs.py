"""The config reference in docs/: the registry accepts its examples, and it is complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.sweeps import Registry
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb_registry.domain.config.validation.spec import MACROS
from wanllmdb_registry.domain.config.vocabulary import DISTRIBUTIONS, TOP_LEVEL_KEYS

PAGE = (Path(__file__).parents[3] / "docs/config.md").read_text()
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


async def parse(registry: Registry, text: str) -> pb.ParseSweepConfigResponse:
    request = pb.ParseSweepConfigRequest(config_text=pb.ConfigText(text=text))
    return await registry.ParseSweepConfig(request)


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
async def test_an_example_is_accepted_and_survives_its_export(
    registry: Registry, text: str
) -> None:
    parsed = await parse(registry, text)
    request = pb.CreateSweepRequest(config_text=pb.ConfigText(text=text))
    created = (await registry.CreateSweep(request)).sweep
    exported = await registry.ExportSweep(pb.ExportSweepRequest(sweep_id=created.sweep_id))
    again = (await parse(registry, exported.text)).spec
    assert again == created.spec
    if not parsed.spec.HasField("seed"):
        again.ClearField("seed")
    assert again == parsed.spec
    # The store also keeps the spec as a config.
    got = await registry.GetSweep(pb.GetSweepRequest(sweep_id=created.sweep_id))
    assert got.sweep.spec == created.spec


def row(word: str) -> str:
    """Return the table row that describes a word."""
    (found,) = re.findall(rf"^\| `{re.escape(word)}` \|.*$", PAGE, re.MULTILINE)
    return str(found)


def test_every_key_distribution_and_macro_has_a_row() -> None:
    tops = [key for key in TOP_LEVEL_KEYS if key != "name"]
    for word in (*tops, *(f"${{{macro}}}" for macro in MACROS), "${envvar:NAME}"):
        assert row(word)
    for name, keys in DISTRIBUTIONS.items():
        cells = row(name).split("|")
        assert re.findall(r"`(\w+)`", cells[2]) == list(keys), name


async def test_the_first_example_says_everything(registry: Registry) -> None:
    spec = (await parse(registry, EXAMPLES[0])).spec
    unset = {field.name for field in sweep_pb2.SweepSpec.DESCRIPTOR.fields} - {
        field.name for field, _ in spec.ListFields()
    }
    assert not unset


async def test_every_distribution_is_in_an_example(registry: Registry) -> None:
    (text,) = (text for text in EXAMPLES if "q_beta" in text)
    inferred = {"constant", "categorical", "categorical_w_probabilities"}
    named = set(re.findall(r"distribution: (\w+)", text))
    assert named | inferred == set(DISTRIBUTIONS)
    warnings = (await parse(registry, text)).warnings
    assert [w.split("'")[1] for w in warnings] == ["momentum"]
