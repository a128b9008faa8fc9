"""W&B's long import paths lead to the same objects of wanllmdb."""

from __future__ import annotations

from importlib import import_module

import pytest

import wanllmdb as wandb

PATHS = {
    "apis": ("PublicApi",),
    "errors.errors": ("CommError", "Error", "UsageError"),
    "errors.term": ("termerror", "termlog", "termwarn"),
    "sdk.artifacts.artifact": ("Artifact",),
    "sdk.data_types.audio": ("Audio",),
    "sdk.data_types.histogram": ("Histogram",),
    "sdk.data_types.html": ("Html",),
    "sdk.data_types.image": ("Image",),
    "sdk.data_types.molecule": ("Molecule",),
    "sdk.data_types.object_3d": ("Object3D",),
    "sdk.data_types.plotly": ("Plotly",),
    "sdk.data_types.table": ("Table",),
    "sdk.data_types.video": ("Video",),
    "sdk.lib.runid": ("generate_id",),
}
ELSEWHERE = {"PublicApi": "Api"}


@pytest.mark.parametrize("path", PATHS)
def test_a_long_path_of_wandbs_leads_to_the_same_name(path: str) -> None:
    module = import_module(f"wanllmdb.{path}")

    for name in PATHS[path]:
        owner = wandb.util if name == "generate_id" else wandb
        assert getattr(module, name) is getattr(owner, ELSEWHERE.get(name, name))


def test_the_paths_below_sdk_are_attributes_too() -> None:
    assert wandb.sdk.data_types.video.Video is wandb.Video
    assert wandb.sdk.lib.runid.generate_id is wandb.util.generate_id
