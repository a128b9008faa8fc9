"""W&B's media and tables, by the paths of the modules that define them."""

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
