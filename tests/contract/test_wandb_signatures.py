"""Every call that a name of W&B's client accepts is accepted here, by position and by keyword.

W&B's client is in an environment of its own, `.venv-wandb`. The test prints the table of
differences (`pytest -s`). Each difference has a reason here, and each reason a difference.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

import wanllmdb
from tests.contract.wandb_signatures import Shape, shape, unbound
from wanllmdb._agent.summary import Summary
from wanllmdb._wandb.names import NAMES, RUN_NAMES, Does
from wanllmdb.apis.public import _unsupported

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-wandb" / "bin" / "python"

# Names of ours for the first part of a W&B path, where the names differ.
OTHERWISE: Mapping[str, Any] = {"Run": wanllmdb.ActiveRun, "Summary": Summary}

_ON_THE_WIRE = "how W&B stores and sends media, which stay in the program here"
_CONSTANT = "a list of what W&B's server shows"
_MADE_HERE = "the client alone makes one"
_INTERNAL = "W&B's own machinery"
_PAGING = "how W&B asks its server for the pages of a list"
_KEYWORDS_ARE_KEYS = "keywords are keys, as in a dictionary's own `update`, and so is `d`"
_PYDANTIC = "pydantic's methods, and what W&B makes of its settings; here they are kept alone"

REASONS: Mapping[str, str] = {
    # Reasons by the path of the W&B name; `*` matches any text.
    **{
        f"*.{name}": _ON_THE_WIRE
        for name in (
            *("all_boxes", "all_captions", "all_masks", "bind_to_run", "captions", "durations"),
            *("encode", "file_is_set", "from_json", "get_media_subdir", "get_type", "guess_mode"),
            *("init_from_json", "inject_head", "is_bound", "path_is_reference", "resolve_ref"),
            *("sample_rates", "seq_to_json", "to_data_array", "to_json", "type_mapping"),
            *("type_name", "with_suffix"),
        )
    },
    "data_types.BoundingBoxes2D.validate": _ON_THE_WIRE,
    "data_types.ImageMask.validate": _ON_THE_WIRE,
    "data_types.Node.*": _ON_THE_WIRE,
    "data_types.PartitionedTable.iterrows": "reads a folder that an artifact would bring",
    "*Graph.pprint": "prints to the terminal what W&B made of a model",
    "*.SUPPORTED_*": _CONSTANT,
    "Settings.*": _PYDANTIC,
    "Api.*": "artifacts, reports, users and queues, which there are none of",
    "Config.setdefaults": "its argument has another name",
    "Run": _MADE_HERE,
    "Config": _MADE_HERE,
    "Summary": _MADE_HERE,
    "Config.get": "a mapping's own `get`, which takes what W&B's `*args` stands for",
    "Config.update": _KEYWORDS_ARE_KEYS,
    "Summary.update": _KEYWORDS_ARE_KEYS,
    "Config.merge_locked": _INTERNAL,
    "Config.update_locked": _INTERNAL,
    **dict.fromkeys(
        ("apis.public.Project", "apis.public.Projects", "apis.public.Sweeps"), _MADE_HERE
    ),
    **{
        f"apis.public.*.{name}": _PAGING
        for name in ("QUERY", "convert_objects", "cursor", "last_response", "update_variables")
    },
    "apis.public.*.snake_to_camel": _PAGING,
    "apis.public.Projects.length": _PAGING,
    "errors.WandbCoreNotAvailableError": "there is no such process",
    "util.*": "W&B's helpers of its own; `util` says which there are",
    "annotations": "an import of Python's",
    # Names that the package rejects, with the reason that it gives the program.
    **{
        name: each.what
        for name, each in NAMES.items()
        if each.does is Does.REFUSED and not hasattr(wanllmdb, name)
    },
    **{
        f"Run.{name}": each.what
        for name, each in RUN_NAMES.items()
        if each.does is Does.REFUSED and not hasattr(wanllmdb.ActiveRun, name)
    },
}

REFUSED_BY_API: Mapping[str, str] = {
    f"apis.public.{owner}.{name}": why
    for owner, refused in (
        ("Api", _unsupported.OF_API),
        ("Project", _unsupported.OF_PROJECT),
        ("Run", _unsupported.OF_RUN),
        ("Sweep", _unsupported.OF_SWEEP),
    )
    for name, why in refused.items()
}
"""What the classes of `wandb.Api` refuse, of any version of W&B, for the reason they give."""


@dataclass(frozen=True)
class Difference:
    """One W&B name whose counterpart here differs."""

    path: str
    what: str


def theirs() -> dict[str, Shape | None]:
    """Return W&B's public names and signatures."""
    if not PYTHON.exists():
        pytest.skip("W&B's client is not installed: run 'make wandb'")
    script = Path(__file__).with_name("wandb_signatures.py")
    done = subprocess.run(
        [PYTHON, script, "wandb"],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
        # Without this, W&B's client reports its own errors over the network.
        env={**os.environ, "WANDB_ERROR_REPORTING": "false"},
    )
    found = json.loads(done.stdout)
    return {
        path: None if each is None else [(name, kind, optional) for name, kind, optional in each]
        for path, each in found.items()
    }


def ours(path: str) -> tuple[bool, Shape | None]:
    """Return whether the package has that name, and its signature."""
    first, *rest = path.split(".")
    try:
        value: Any = OTHERWISE[first] if first in OTHERWISE else getattr(wanllmdb, first)
        for name in rest:
            owner, value = value, getattr(value, name)
    except AttributeError:
        return _is_annotated(path), None
    except ImportError:
        # A module of callbacks for a framework that is not installed.
        return True, None
    if not callable(value):
        return True, None
    is_method = len(rest) > 0 and isinstance(owner, type)
    return True, unbound(value) if is_method or isinstance(value, type) else shape(value)


def _is_annotated(path: str) -> bool:
    """Return whether the name is an attribute that only instances have."""
    owner, _, name = path.rpartition(".")
    kind = OTHERWISE.get(owner, getattr(wanllmdb, owner, None)) if owner else None
    return isinstance(kind, type) and any(
        name in getattr(base, "__annotations__", {}) for base in kind.__mro__
    )


def refusals(their: Shape, our: Shape) -> Iterator[str]:
    """Return the parameters of a call that fits `their` signature but not `our` signature."""
    kinds = {kind for _, kind, _ in our}
    placed = [each for each in our if each[1].startswith("POSITIONAL")]
    keywords = {name for name, kind, _ in our if kind in ("POSITIONAL_OR_KEYWORD", "KEYWORD_ONLY")}
    named = {name for name, _, _ in their}
    for index, (name, kind, optional) in enumerate(their):
        if kind.startswith("VAR"):
            if kind not in kinds:
                yield f"takes no {'**' if kind == 'VAR_KEYWORD' else '*'}{name}"
            continue
        if kind != "KEYWORD_ONLY":
            if index >= len(placed):
                if "VAR_POSITIONAL" not in kinds:
                    yield f"takes no {name!r} by position"
            elif placed[index][0] != name and kind != "POSITIONAL_ONLY":
                yield f"has {placed[index][0]!r} where W&B has {name!r}"
        if kind != "POSITIONAL_ONLY" and name not in keywords and "VAR_KEYWORD" not in kinds:
            yield f"takes no {name!r} by keyword"
        if optional and any(mine == name and not may for mine, _, may in our):
            yield f"needs {name!r}"
    for name, _, optional in our:
        if name not in named and not optional:
            yield f"needs {name!r}, which W&B does not have"


def differences() -> list[Difference]:
    """Return all differences, in the order of their paths."""
    found = []
    for path, their in sorted(theirs().items()):
        is_here, our = ours(path)
        if not is_here:
            # If a class is missing here, its methods are missing too.
            owner = path.rpartition(".")[0]
            if not owner or ours(owner)[0]:
                found.append(Difference(path, "is not here"))
        elif their is not None and our is None:
            found.append(Difference(path, "can't be called"))
        elif their is not None and our is not None and (lines := [*refusals(their, our)]):
            found.append(Difference(path, "; ".join(lines)))
    return found


def reason_for(path: str) -> str | None:
    """Return the first pattern of a reason that matches."""
    fitting = (pattern for pattern in REASONS if fnmatchcase(path, pattern))
    return path if path in REFUSED_BY_API else next(fitting, None)


@pytest.mark.parametrize(
    ("our", "expected"),
    [
        (lambda a, b=1: None, []),
        (lambda a, b=1, c=2: None, []),
        (lambda *args, **kwargs: None, []),
        (
            lambda a: None,
            ["takes no 'b' by position", "takes no 'b' by keyword"],
        ),
        (lambda a, **kwargs: None, ["takes no 'b' by position"]),
        (lambda a, *, b=1: None, ["takes no 'b' by position"]),
        (lambda a, b: None, ["needs 'b'"]),
        (lambda a, c=1, b=2: None, ["has 'c' where W&B has 'b'"]),
        (lambda a, b=1, *, c: None, ["needs 'c', which W&B does not have"]),
    ],
)
def test_a_call_that_only_wandb_accepts_is_seen(
    our: Callable[..., None], expected: list[str]
) -> None:
    their = shape(lambda a, b=1: None)
    mine = shape(our)
    assert their is not None
    assert mine is not None

    assert list(refusals(their, mine)) == expected


def test_what_differs_from_wandb_has_a_reason() -> None:
    found = differences()
    used = {reason_for(each.path) for each in found}
    why = {**REFUSED_BY_API, **REASONS}

    print()
    for each in found:
        print(f"{each.path:40} {each.what:60} {why.get(reason_for(each.path) or '', 'NO REASON')}")

    assert [each for each in found if reason_for(each.path) is None] == []
    assert sorted(REASONS.keys() - used) == [], "a reason without a difference"
