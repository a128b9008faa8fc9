"""Media, tables, charts and artifacts of W&B's API keep the data from which they are made."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wanllmdb as wandb
from wanllmdb import plot
from wanllmdb._agent.metrics import MetricFilter
from wanllmdb._wandb.media import holds_not_sent


def test_media_keep_their_arguments() -> None:
    pixels = np.zeros((2, 2))
    image = wandb.Image(pixels, "L", "a cat", masks={"m": {}})

    assert image.data_or_path is pixels
    assert image.image is pixels
    assert (image.mode, image.caption, image.masks) == ("L", "a cat", {"m": {}})
    assert wandb.Video("film.mp4", fps=4, format="mp4").fps == 4
    assert wandb.Audio([0.1], sample_rate=8000, caption="hiss").sample_rate == 8000
    assert wandb.Html("<b>x</b>", inject=False).data == "<b>x</b>"
    assert wandb.Object3D(pixels, file_type="obj").options == {"file_type": "obj"}
    assert wandb.Molecule.from_smiles("CCO", caption="ethanol").caption == "ethanol"
    assert wandb.Plotly("figure").val == "figure"
    assert wandb.Graph().add_node(name="dense").name == "dense"


def test_media_say_what_they_have() -> None:
    with pytest.raises(AttributeError, match=r"Audio has no 'duration' here.*sample_rate"):
        wandb.Audio("a.wav").duration  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    "value",
    [
        wandb.Image("a.png"),
        wandb.Table(columns=["a"], data=[[1]]),
        wandb.Histogram([1, 2]),
        wandb.Settings(mode="offline"),
        wandb.Artifact("data", "dataset"),
    ],
)
def test_copies_and_pickles_have_what_the_original_has(value: Any) -> None:
    for again in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert type(again) is type(value)
        assert vars(again).keys() == vars(value).keys()


def test_media_import_nothing() -> None:
    code = (
        "import sys, wanllmdb as w\n"
        "made = [w.Image([[0]]), w.Table(), w.Html('x'), w.plot.line(w.Table(), 'a', 'b')]\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} "
        "& {'numpy', 'PIL', 'torch', 'pandas', 'grpc', 'google'}))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []


def test_a_table_keeps_its_rows() -> None:
    table = wandb.Table(columns=["id", "loss"], data=[[1, 0.5]])
    table.add_data(2, 0.25)
    table.add_row(3, 0.125)
    table.add_column("right", [True, False, True])
    table.add_computed_columns(lambda index, row: {"twice": 2 * row["loss"], "at": index})

    assert table.columns == ["id", "loss", "right", "twice", "at"]
    assert table.data[1] == [2, 0.25, False, 0.5, 1]
    assert table.get_column("loss") == [0.5, 0.25, 0.125]
    assert table.get_column("id", convert_to="numpy").tolist() == [1, 2, 3]
    assert [(int(index), row[0]) for index, row in table.iterrows()] == [(0, 1), (1, 2), (2, 3)]
    assert table.get_index()[2].get_row()["loss"] == 0.125


def test_a_table_is_made_of_arrays_and_frames() -> None:
    class Frame:
        """The part of a data frame's interface that a table uses."""

        columns = ("a", "b")

        def itertuples(self, index: bool, name: str | None) -> Iterator[tuple[Any, ...]]:
            assert (index, name) == (False, None)
            return iter([(1, "one"), (2, "two")])

    assert wandb.Table(data=np.ones((2, 3))).columns == ["Input", "Output", "Expected"]
    assert wandb.Table(columns=["a", "b"], data=np.array([[1, 2]])).data == [[1, 2]]
    assert wandb.Table(columns=["a"], rows=[[1]]).data == [[1]]
    for table in (wandb.Table(dataframe=Frame()), wandb.Table(data=Frame())):
        assert table.columns == ["a", "b"]
        assert table.data == [[1, "one"], [2, "two"]]


def test_a_table_rejects_what_does_not_fit() -> None:
    table = wandb.Table(columns=["a", "b"], data=[[1, 2]])

    with pytest.raises(ValueError, match=r"2 columns.*1 values"):
        table.add_data(1)
    with pytest.raises(ValueError, match="1 rows, but the column has 2 values"):
        table.add_column("c", [1, 2])
    with pytest.raises(ValueError, match="no column 'c'"):
        table.get_column("c")


@pytest.mark.parametrize("values", [np.arange(100.0).reshape(10, 10), list(range(100)), [0.5] * 7])
def test_a_histogram_counts_as_numpy_does(values: Any) -> None:
    histogram = wandb.Histogram(values, num_bins=8)
    counts, edges = np.histogram(values, bins=8)

    assert histogram.histogram == counts.tolist()
    assert histogram.bins == pytest.approx(edges.tolist())


def test_a_histogram_keeps_counts_that_are_given() -> None:
    histogram = wandb.Histogram(np_histogram=([1, 2], [0.0, 0.5, 1.0]))

    assert (histogram.histogram, histogram.bins) == ([1, 2], [0.0, 0.5, 1.0])
    with pytest.raises(ValueError, match="needs the values"):
        wandb.Histogram()
    with pytest.raises(ValueError, match="one edge more"):
        wandb.Histogram(np_histogram=([1, 2], [0.0, 0.5]))


def test_charts_keep_what_they_would_show() -> None:
    table = wandb.Table(columns=["x", "y"], data=[[0, 1]])
    chart = plot.line(table, "x", "y", title="loss")

    assert chart.table is table
    assert chart.spec.fields["y"] == "y"
    assert chart.spec.string_fields == {"title": "loss"}
    matrix = wandb.plot.confusion_matrix(None, [0, 1], [0, 1], ["cat", "dog"])
    assert matrix.spec.fields["class_names"] == ["cat", "dog"]


def media(count: int) -> list[Any]:
    return [wandb.Image(f"{number}.png") for number in range(count)]


@pytest.mark.parametrize(
    "value",
    [
        wandb.Image("a.png"),
        media(200),
        [{"image": media(1)[0], "label": "cat"}],
        (media(2), []),
        wandb.Table(),
        wandb.Histogram([1.0]),
        wandb.plot.scatter(wandb.Table(), "x", "y"),
        wandb.plot.visualize("spec", wandb.Table()),
    ],
)
def test_media_beside_numbers_are_left_out_with_one_line(value: Any) -> None:
    lines: list[str] = []
    keeps = MetricFilter(lines.append)

    for step in range(20):
        kept = keeps.numbers(
            {"loss": 0.5, f"shown/{step}": value, "val": {"loss": 0.25, f"shown{step}": value}}
        )
        assert kept == {"loss": 0.5, "val.loss": 0.25}

    assert len(lines) == 1
    assert "'shown/0' is left out, and so are all images, tables and charts" in lines[0]


class Hostile:
    """Raises an error on every inspection."""

    @property  # type: ignore[misc]  # no class of the library's may do this
    def __class__(self) -> Any:
        raise RuntimeError("hostile")


def test_looking_for_media_ends_and_raises_nothing() -> None:
    endless: list[Any] = []
    endless.append(endless)
    deep = [[[0.0] * 200] * 200] * 200

    for value in (endless, deep, [Hostile()], [{"a": Hostile()}, Hostile()]):
        assert not holds_not_sent(value)
    assert holds_not_sent([Hostile(), wandb.Image("a.png"), Hostile()])


def test_texts_and_lists_are_warned_about_ten_times_at_most() -> None:
    lines: list[str] = []
    keeps = MetricFilter(lines.append)

    for step in range(300):
        kept = keeps.numbers({"loss": 0.5, f"text{step}": "words", f"list{step}": [1, 2]})
        assert kept == {"loss": 0.5}

    assert len(lines) == 11
    assert lines[-1] == "log leaves out more than 10 names; further names are not listed"


def test_media_are_named_beside_ten_other_names() -> None:
    lines: list[str] = []
    keeps = MetricFilter(lines.append)

    keeps.numbers({f"text{number}": "words" for number in range(50)})
    keeps.numbers({"image": wandb.Image("a.png"), "loss": 0.5})

    assert "so are all images" in lines[-1]


def test_an_artifact_lists_its_files(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.txt").write_text("abc")
    (tmp_path / "inner" / "b.txt").write_text("de")
    artifact = wandb.Artifact("data", type="dataset", metadata={"rows": 3})
    artifact.add_dir(tmp_path)
    artifact.add_file(tmp_path / "a.txt", name="again.txt")
    artifact.add_reference("s3://bucket/key.parquet")
    artifact.add(wandb.Table(), "table")
    with artifact.new_file("note.txt", mode="w") as file:
        file.write("kept nowhere")

    assert set(artifact.manifest) == {
        *("a.txt", "inner/b.txt", "again.txt", "key.parquet", "table.table.json", "note.txt")
    }
    assert artifact.size == 8
    assert artifact.wait() is artifact
    assert (artifact.name, artifact.type, artifact.version) == ("data", "dataset", None)
    with pytest.raises(ValueError, match="is not a file"):
        artifact.add_file(tmp_path / "none.txt")


def test_a_logged_file_becomes_an_artifact(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_text("abc")

    artifact = wandb.log_artifact(tmp_path / "weights.pt", type="model", aliases=["best"])

    assert (artifact.name, artifact.type, artifact.aliases) == ("weights.pt", "model", ["best"])
    assert wandb.log_artifact(artifact).wait() is artifact
    assert wandb.use_artifact(artifact) is artifact
