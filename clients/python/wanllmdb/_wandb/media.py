"""Media, which keep their source data; `log` drops them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Self

_MOST_LOOKED_AT = 100


class NotSent:
    """The base of images, tables, charts and other objects that `log` drops."""


def holds_not_sent(value: Any) -> bool:
    """Whether the value is or contains a NotSent, in lists and dictionaries at any depth.

    Checks at most a hundred values, because every `log` calls this function.
    """
    waiting = [value]
    for _ in range(_MOST_LOOKED_AT):
        if not waiting:
            break
        each = waiting.pop()
        try:
            if isinstance(each, NotSent):
                return True
            if isinstance(each, dict):
                each = each.values()
            elif not isinstance(each, list | tuple | set | frozenset):
                continue
            waiting.extend(islice(each, _MOST_LOOKED_AT))
        except Exception:
            # Inspecting an object of an arbitrary class may raise anything.
            continue
    return False


class WBValue(NotSent):
    """The base of everything that W&B logs except numbers."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            kind = type(self).__name__
            if name.startswith("__"):
                raise AttributeError(f"{kind!r} object has no attribute {name!r}")
            kept = ", ".join(key for key in vars(self) if key[0] != "_") or "nothing"
            raise AttributeError(
                f"{kind} has no {name!r} here: the object keeps its arguments and is not sent; it "
                f"has {kept}"
            )

    def __repr__(self) -> str:
        # The source data may be an array of any size.
        return f"<{type(self).__name__}, kept and not sent>"


class Media(WBValue):
    """An image, a sound or another file, with a caption."""

    caption: str | None

    def __init__(self, caption: str | None = None) -> None:
        self.caption = caption


class BatchableMedia(Media):
    """Media that W&B shows side by side."""


@dataclass(eq=False, repr=False)
class Image(BatchableMedia):
    """An image from a file, PIL, NumPy, torch or matplotlib."""

    data_or_path: Any
    mode: str | None = None
    caption: str | None = None
    grouping: int | None = None
    classes: Any = None
    boxes: Mapping[str, Any] | None = None
    masks: Mapping[str, Any] | None = None
    file_type: str | None = None

    MAX_ITEMS: ClassVar[int] = 108
    MAX_DIMENSION: ClassVar[int] = 65500

    @property
    def image(self) -> Any:
        """The image's source."""
        return self.data_or_path


@dataclass(eq=False, repr=False)
class Audio(BatchableMedia):
    """A sound from a file or samples."""

    data_or_path: Any
    sample_rate: int | None = None
    caption: str | None = None


@dataclass(eq=False, repr=False)
class Video(BatchableMedia):
    """A video from a file or frames."""

    data_or_path: Any
    caption: str | None = None
    fps: int | None = None
    format: str | None = None

    EXTS: ClassVar[tuple[str, ...]] = ("gif", "mp4", "webm", "ogg")


@dataclass(eq=False, repr=False)
class Html(BatchableMedia):
    """An HTML page from a file or its text."""

    data: Any
    inject: bool = True
    data_is_not_path: bool = False


class _OfAnyKind(BatchableMedia):
    """Media whose further options depend on the kind of its source."""

    def __init__(self, data_or_path: Any, caption: str | None = None, **kwargs: Any) -> None:
        super().__init__(caption)
        self.data_or_path = data_or_path
        self.options = kwargs


class Object3D(_OfAnyKind):
    """A point cloud or a mesh, possibly from a file."""

    @classmethod
    def from_file(cls, data_or_path: Any, file_type: str | None = None) -> Self:
        """An object from a file."""
        return cls(data_or_path, file_type=file_type)

    @classmethod
    def from_numpy(cls, data: Any) -> Self:
        """An object from an array of points."""
        return cls(data)

    @classmethod
    def from_point_cloud(
        cls,
        points: Sequence[Any],
        boxes: Sequence[Any],
        vectors: Sequence[Any] | None = None,
        point_cloud_type: str = "lidar/beta",
    ) -> Self:
        """An object from points and boxes."""
        return cls(
            {"type": point_cloud_type, "points": points, "boxes": boxes, "vectors": vectors or []}
        )


def box3d(
    *,
    center: Any,
    size: Any,
    orientation: Any,
    color: Any,
    label: str | None = None,
    score: float | None = None,
) -> dict[str, Any]:
    """A box in a point cloud."""
    box = {"center": center, "size": size, "orientation": orientation, "color": color}
    named = {"label": label, "score": score}
    return box | {key: value for key, value in named.items() if value is not None}


class Molecule(_OfAnyKind):
    """A molecule from a file, an object of RDKit or a SMILES text."""

    @classmethod
    def from_rdkit(
        cls,
        data_or_path: Any,
        caption: str | None = None,
        convert_to_3d_and_optimize: bool = True,
        mmff_optimize_molecule_max_iterations: int = 200,
    ) -> Self:
        """A molecule from an object or a file of RDKit."""
        return cls(
            data_or_path,
            caption,
            convert_to_3d_and_optimize=convert_to_3d_and_optimize,
            mmff_optimize_molecule_max_iterations=mmff_optimize_molecule_max_iterations,
        )

    @classmethod
    def from_smiles(
        cls,
        data: str,
        caption: str | None = None,
        sanitize: bool = True,
        convert_to_3d_and_optimize: bool = True,
        mmff_optimize_molecule_max_iterations: int = 200,
    ) -> Self:
        """A molecule from a SMILES text."""
        return cls(
            data,
            caption,
            sanitize=sanitize,
            convert_to_3d_and_optimize=convert_to_3d_and_optimize,
            mmff_optimize_molecule_max_iterations=mmff_optimize_molecule_max_iterations,
        )


@dataclass(eq=False, repr=False)
class Plotly(Media):
    """A figure of Plotly or Matplotlib."""

    val: Any

    @classmethod
    def make_plot_media(cls, val: Any) -> Self:
        """The media of a figure."""
        return cls(val)


@dataclass(eq=False, repr=False)
class Bokeh(Media):
    """A document of Bokeh."""

    data_or_path: Any


@dataclass(eq=False, repr=False)
class Classes(Media):
    """Names of classes by id, for masks and boxes."""

    class_set: Sequence[Mapping[str, Any]]


@dataclass(eq=False, repr=False)
class ImageMask(Media):
    """A mask over an image."""

    val: Mapping[str, Any]
    key: str


@dataclass(eq=False, repr=False)
class BoundingBoxes2D(Media):
    """Boxes on an image."""

    val: Mapping[str, Any]
    key: str


@dataclass(eq=False, repr=False)
class Node(WBValue):
    """A layer in a graph of layers."""

    id: Any = None
    name: Any = None
    class_name: Any = None
    size: Any = None
    parameters: Any = None
    output_shape: Any = None
    is_output: Any = None
    num_parameters: Any = None
    node: Any = None


@dataclass(eq=False, repr=False)
class Graph(Media):
    """The layers of a model and the edges between them."""

    format: str = "keras"
    nodes: list[Any] = field(default_factory=list, init=False)
    edges: list[tuple[Any, Any]] = field(default_factory=list, init=False)
    model: Any = field(default=None, init=False)

    def add_node(self, node: Any = None, **node_kwargs: Any) -> Any:
        """Add a layer and return it."""
        added = Node(**node_kwargs) if node is None else node
        self.nodes.append(added)
        return added

    def add_edge(self, from_node: Any, to_node: Any) -> tuple[Any, Any]:
        """Add an edge from one layer to another."""
        self.edges.append((from_node, to_node))
        return self.edges[-1]

    @classmethod
    def from_keras(cls, model: Any) -> Self:
        """The layers of a Keras model."""
        graph = cls("keras")
        graph.model = model
        graph.nodes.extend(getattr(model, "layers", ()))
        return graph


@dataclass(eq=False, repr=False)
class WBTraceTree(Media):
    """A trace of calls to a language model."""

    root_span: Any
    model_dict: Mapping[str, Any] | None = None


@dataclass(eq=False, repr=False)
class Histogram(WBValue):
    """Counts of values by bin, computed when they are read.

    Args:
        sequence: the values, of any shape.
        np_histogram: the counts and the edges of the bins, as numpy.histogram returns them.
        num_bins: the number of bins, at most 512.

    Raises:
        ValueError: there are neither values nor counts, the counts do not match the edges, or there
            are too many bins.
    """

    sequence: Any = None
    np_histogram: Sequence[Any] | None = None
    num_bins: int = 64

    MAX_LENGTH: ClassVar[int] = 512

    def __post_init__(self) -> None:
        if self.np_histogram is None:
            if self.sequence is None:
                raise ValueError("Histogram needs the values, or np_histogram=(counts, edges)")
            if self.num_bins > self.MAX_LENGTH:
                raise ValueError(f"Histogram takes at most {self.MAX_LENGTH} bins")
            return
        if len(self.np_histogram) != 2:
            raise ValueError("Histogram: np_histogram must be (counts, edges)")
        counts, edges = self.np_histogram
        if len(counts) > self.MAX_LENGTH or len(edges) != len(counts) + 1:
            raise ValueError(
                f"Histogram: np_histogram must have at most {self.MAX_LENGTH} counts, and one "
                f"edge more than counts"
            )

    @property
    def histogram(self) -> list[Any]:
        """The number of values in each bin."""
        return list(self._counted[0])

    @property
    def bins(self) -> list[Any]:
        """The edges of the bins: one more than there are bins."""
        return list(self._counted[1])

    @cached_property
    def _counted(self) -> tuple[list[Any], list[Any]]:
        if self.np_histogram is not None:
            counts, edges = self.np_histogram
            return list(counts), list(edges)
        values = sorted(_flat(self.sequence))
        low, high = (values[0], values[-1]) if values else (0.0, 1.0)
        if low == high:
            low, high = low - 0.5, high + 0.5
        width = (high - low) / self.num_bins
        counted = [0] * self.num_bins
        for value in values:
            counted[min(int((value - low) / width), self.num_bins - 1)] += 1
        return counted, [low + width * edge for edge in range(self.num_bins)] + [high]


def _flat(values: Any) -> list[float]:
    if hasattr(values, "tolist"):
        values = values.tolist()
    if not hasattr(values, "__iter__"):
        return [float(values)]
    return [number for value in values for number in _flat(value)]
