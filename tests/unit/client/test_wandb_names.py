"""W&B's names: each one does what its declaration states or is rejected with a reason."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import wanllmdb
from wanllmdb import WanllmdbError, errors
from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._wandb.names import NAMES, RUN_NAMES, Does

ROOT = Path(__file__).parents[3]

# Names by which a program would read data: they exist, and calling them raises an error.
READERS = {"use_artifact", "use_model", "restore"}


def is_there(name: str) -> bool:
    """Return whether the package has the name, also for a framework that is not installed."""
    try:
        getattr(wanllmdb, name)
    except AttributeError:
        return False
    except ImportError:
        return True
    return True


def test_every_declared_name_is_there_unless_it_is_rejected() -> None:
    expected = {name for name, each in NAMES.items() if each.does is not Does.REFUSED} | READERS

    assert {name for name in expected if not is_there(name)} == set()


def test_a_run_has_every_declared_name_unless_it_is_rejected() -> None:
    expected = {n for n, each in RUN_NAMES.items() if each.does is not Does.REFUSED} | READERS

    annotated = {
        name for base in ActiveRun.__mro__ for name in vars(base).get("__annotations__", ())
    }
    assert expected - {*dir(ActiveRun), *annotated} == set()


def test_the_page_has_the_names_as_they_are_declared() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate_names.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["controller", "gym", "tensorboard", "wandb_lib"])
def test_a_name_that_the_platform_lacks_is_rejected_with_what_there_is(name: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(wanllmdb, name)

    assert NAMES[name].what in str(caught.value)


def test_an_unknown_name_is_rejected_with_the_nearest_one() -> None:
    with pytest.raises(AttributeError, match="did you mean 'Image'"):
        getattr(wanllmdb, "Imagee")  # noqa: B009 - a type checker knows that it is not there
    with pytest.raises(AttributeError, match=r"docs/coming-from\.md"):
        getattr(wanllmdb, "qqqqqq")  # noqa: B009


def test_a_helper_that_util_lacks_is_rejected_with_the_nearest_one() -> None:
    with pytest.raises(AttributeError, match="did you mean 'generate_id'"):
        getattr(wanllmdb.util, "generate_ids")  # noqa: B009


@pytest.mark.parametrize(
    ("read", "argument"),
    [
        (wanllmdb.use_artifact, "data:latest"),
        (wanllmdb.use_model, "model:v3"),
        (wanllmdb.restore, "weights.pt"),
        (wanllmdb.Artifact("data", "dataset").get, "table"),
        (wanllmdb.Artifact("data", "dataset").download, "folder"),
    ],
)
def test_calls_that_would_return_data_say_where_to_read_it(read: Any, argument: str) -> None:
    with pytest.raises(errors.UnsupportedError, match="read the data from a path"):
        read(argument)


def test_the_bases_of_wandbs_errors_catch_ours() -> None:
    assert errors.Error is wanllmdb.Error is WanllmdbError
    assert issubclass(wanllmdb.NotFoundError, errors.CommError)
    assert issubclass(wanllmdb.UnavailableError, wanllmdb.CommError)
    assert issubclass(wanllmdb.UnauthenticatedError, errors.AuthenticationError)
    assert issubclass(wanllmdb.PermissionDeniedError, errors.AuthenticationError)
    assert issubclass(wanllmdb.InvalidArgumentError, wanllmdb.UsageError)
    assert issubclass(wanllmdb.NoRunError, errors.UsageError)
    ours = [each for each in vars(wanllmdb._errors).values() if isinstance(each, type)]
    for each in ours:
        if issubclass(each, WanllmdbError) and each not in (
            WanllmdbError,
            wanllmdb.AgentGaveUpError,
        ):
            assert issubclass(each, (errors.CommError, errors.UsageError)), each


def test_a_program_raises_wandbs_errors_as_it_does_there() -> None:
    cause = ValueError("no route")
    error = errors.CommError("it did not answer", cause)

    assert str(error) == error.message == "it did not answer"
    assert error.exc is cause
    assert wanllmdb.UsageError("no project", {"project": ""}).context == {"project": ""}


def test_login_succeeds_and_names_our_key_once(capsys: pytest.CaptureFixture[str]) -> None:
    code = "import wanllmdb as w; print(w.login(key='secret'), w.login(), w.run)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["True", "True", "None"]
    assert done.stderr.count("WANLLMDB_API_KEY") == 1
    assert "secret" not in done.stderr


@pytest.mark.parametrize(("mode", "expected"), [("disabled", False), ("", True), ("online", True)])
def test_login_does_not_succeed_where_the_mode_needs_none(
    mode: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", mode)

    assert wanllmdb.login() is expected


def test_settings_take_anything_and_can_be_read() -> None:
    settings = wanllmdb.Settings(mode="offline", start_method="thread", _disable_stats=True)

    assert settings.mode == "offline"
    assert settings._disable_stats is True
    assert settings.run_name is None
    settings.run_name = "first"
    assert settings.run_name == "first"
    assert wanllmdb.setup(settings).settings is settings
    assert "secret" not in repr(wanllmdb.Settings(api_key="secret"))


def test_lines_for_people_are_printed_as_often_as_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wanllmdb.termlog("two\nlines")
    wanllmdb.termwarn("careful \x1b[2J", repeat=False)
    wanllmdb.termwarn("careful \x1b[2J", repeat=False)
    wanllmdb.termerror("broken", prefix=False)

    assert capsys.readouterr().err.splitlines() == [
        "wanllmdb: two",
        "wanllmdb: lines",
        r"wanllmdb: WARNING careful \x1b[2J",
        "ERROR broken",
    ]


def test_ids_are_made_of_what_wandbs_are() -> None:
    made = {wanllmdb.util.generate_id() for _ in range(100)}

    assert len(made) == 100
    assert all(len(each) == 8 and each.isalnum() and each == each.lower() for each in made)
    assert len(wanllmdb.util.generate_id(32)) == 32


def test_sizes_are_read_as_they_are_written() -> None:
    assert wanllmdb.util.to_human_size(1_500_000) == "1.5MB"
    assert wanllmdb.util.from_human_size("1.5MB") == 1_500_000


def test_calls_without_a_run_do_nothing_and_warn_once() -> None:
    code = (
        "import wanllmdb as w\n"
        "for _ in range(3):\n"
        "    w.watch(object()); w.unwatch(); w.save('*.h5'); w.alert('a', 'b', level='INFO')\n"
        "    w.mark_preempting(); w.log_model('x'); w.link_model('x', 'y')\n"
        "    w.teardown(); w.join(1)\n"
        "w.require('service'); w.setup(); w.ensure_configured(); print(w.patched)\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    lines = done.stderr.splitlines()
    assert len(lines) == len(set(lines)) == 6, done.stderr
    assert "wanllmdb: watch does nothing: gradients and parameters are not recorded" in lines
