"""W&B's media and tables, under the module paths of W&B."""

from wanllmdb.sdk.data_types import (
    audio,
    bokeh,
    graph,
    histogram,
    html,
    image,
    molecule,
    object_3d,
    plotly,
    table,
    trace_tree,
    video,
)

__all__ = [
    "audio",
    "bokeh",
    "graph",
    "histogram",
    "html",
    "image",
    "molecule",
    "object_3d",
    "plotly",
    "table",
    "trace_tree",
    "video",
]
