"""The GPUs of this host, and their distribution over programs, each of which gets its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping

from wanllmdb._errors import WanllmdbError

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""The variable by which CUDA and the frameworks on it see some GPUs only."""

_ANSWER_SECONDS = 30.0


class MissingGpusError(WanllmdbError):
    """The host has fewer GPUs than were asked for."""


def gpus_of_host(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them.

    Within a job of a cluster, the variable names the job's GPUs alone. Without it, these are all
    GPUs that NVIDIA's driver reports.
    """
    visible = (os.environ if environment is None else environment).get(VISIBLE)
    if visible is not None:
        return _named(visible)
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    try:
        listed = subprocess.run(
            [program, "--query-gpu=index", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        # Without its driver, the program fails: then no program can use a GPU either.
        return ()
    return tuple(listed.stdout.split())


def shares_of(
    gpus: tuple[str, ...], programs: int, gpus_each: int, *, what: str
) -> tuple[str, ...]:
    """Return the value of CUDA_VISIBLE_DEVICES for each program; no two share a GPU.

    Args:
        gpus: the GPUs of the host.
        programs: the number of programs at a time.
        gpus_each: the number of GPUs for each of them.
        what: the options that ask for this, for the error's text.

    Raises:
        MissingGpusError: the host has fewer GPUs than these programs need.
    """
    needed = programs * gpus_each
    if needed > len(gpus):
        raise MissingGpusError(_problem(gpus, gpus_each, f"{what} need {_number(needed)}"))
    return tuple(
        ",".join(gpus[index * gpus_each : (index + 1) * gpus_each]) for index in range(programs)
    )


def _problem(gpus: tuple[str, ...], gpus_each: int, need: str) -> str:
    if not gpus:
        return (
            f"{need}, but this host has none: neither {VISIBLE} names one nor does nvidia-smi "
            f"report one; start without GPUs, or on a host that has them"
        )
    most = len(gpus) // gpus_each
    advice = f"at most {most} at a time fit" if most else f"ask for at most {len(gpus)} each"
    return f"{need}, but this host has {_number(len(gpus))} ({', '.join(gpus)}): {advice}"


def _named(visible: str) -> tuple[str, ...]:
    names = [name.strip() for name in visible.split(",")]
    # CUDA ignores what follows the first name that it does not know, such as -1.
    known = names[: next((i for i, name in enumerate(names) if name in ("", "-1")), len(names))]
    return tuple(dict.fromkeys(known))


def _number(gpus: int) -> str:
    return f"{gpus} GPU{'' if gpus == 1 else 's'}"
