"""Plots made of characters, as rich markup."""

from wanllmdb.cli.plots.bars import bars
from wanllmdb.cli.plots.canvas import Series
from wanllmdb.cli.plots.curves import mark, steps
from wanllmdb.cli.plots.history import history
from wanllmdb.cli.plots.lanes import lanes
from wanllmdb.cli.plots.scatter import scatter
from wanllmdb.cli.plots.surface import surface

__all__ = ["Series", "bars", "history", "lanes", "mark", "scatter", "steps", "surface"]
