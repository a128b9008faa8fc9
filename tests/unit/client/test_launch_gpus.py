"""GPUs of a host, each for one program at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from wanllmdb.cli.gpus import VISIBLE, MissingGpusError, gpus_of_host, shares_of


@pytest.mark.parametrize(
    ("visible", "gpus"),
    [
        ("0,1", ("0", "1")),
        (" 2 , 5 ", ("2", "5")),
        ("GPU-1a2b,MIG-3c", ("GPU-1a2b", "MIG-3c")),
        ("", ()),
        ("-1", ()),
        ("0,-1,1", ("0",)),
        ("1,1", ("1",)),
    ],
)
def test_a_job_of_a_cluster_sees_its_own_gpus(visible: str, gpus: tuple[str, ...]) -> None:
    assert gpus_of_host({VISIBLE: visible}) == gpus


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program `nvidia-smi`, which the test writes."""
    monkeypatch.delenv(VISIBLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "nvidia-smi"


def test_the_driver_reports_the_gpus_of_a_host(driver: Path) -> None:
    assert gpus_of_host() == ()
    driver.write_text("#!/bin/sh\necho 0\necho 1\n")
    driver.chmod(0o755)
    assert gpus_of_host() == ("0", "1")


def test_a_driver_that_fails_has_no_gpus(driver: Path) -> None:
    driver.write_text("#!/bin/sh\necho 'Failed to initialize NVML'\nexit 9\n")
    driver.chmod(0o755)
    assert gpus_of_host() == ()


def test_no_two_programs_share_a_gpu() -> None:
    gpus = ("0", "1", "2", "3", "4")
    assert shares_of(gpus, 2, 2, what="these") == ("0,1", "2,3")
    assert shares_of(gpus, 5, 1, what="these") == gpus


@pytest.mark.parametrize(
    ("gpus", "programs", "each", "advice"),
    [
        (("0", "1"), 3, 1, "these need 3 GPUs, but this host has 2 GPUs (0, 1): at most 2 at a"),
        (("0",), 1, 2, "these need 2 GPUs, but this host has 1 GPU (0): ask for at most 1 each"),
        ((), 1, 1, "these need 1 GPU, but this host has none: neither CUDA_VISIBLE_DEVICES names"),
    ],
)
def test_missing_gpus_are_explained(
    gpus: tuple[str, ...], programs: int, each: int, advice: str
) -> None:
    with pytest.raises(MissingGpusError) as raised:
        shares_of(gpus, programs, each, what="these")
    assert str(raised.value).startswith(advice)
