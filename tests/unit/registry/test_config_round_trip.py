"""A spec survives export and import, in either form and with every type."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings

from tests.unit.registry.specs import specs
from wanllmdb_common.search_space.distributions import Categorical, Constant, same_value
from wanllmdb_registry.domain.config.export import config_of
from wanllmdb_registry.domain.config.parsing.config import check_spec, parse_config, parse_stored
from wanllmdb_registry.domain.config.text import read_text, write_json, write_yaml
from wanllmdb_registry.domain.config.validation.spec import problems_of
from wanllmdb_registry.domain.model import SweepSpec


def with_types(value: Any) -> Any:
    """Return the fields of a spec with the types of all numbers, which == does not compare."""
    if hasattr(value, "__slots__") and not isinstance(value, str):
        return type(value), [with_types(getattr(value, name)) for name in value.__slots__]
    if isinstance(value, tuple | list):
        return type(value), [with_types(item) for item in value]
    if isinstance(value, dict):
        return {key: with_types(item) for key, item in value.items()}
    return type(value), value


@settings(max_examples=60)
@given(specs())
def test_a_spec_survives_export_and_import_with_every_type(spec: SweepSpec) -> None:
    assert not problems_of(spec)
    assert check_spec(spec).spec == spec
    config = config_of(spec)
    stored = parse_stored(json.loads(json.dumps(config)))
    for write in (write_yaml, write_json):
        again = parse_config(read_text(write(config))).spec
        assert again == stored == spec
        assert with_types(again) == with_types(stored) == with_types(spec)
        for before, after in zip(spec.space.parameters, again.space.parameters, strict=True):
            match before.distribution, after.distribution:
                case Constant(value=old), Constant(value=new):
                    assert same_value(old, new)
                case Categorical(values=olds), Categorical(values=news):
                    assert all(map(same_value, olds, news))
