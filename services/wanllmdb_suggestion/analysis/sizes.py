"""What is too large to be computed or answered, in words."""

from __future__ import annotations

from google.protobuf.message import Message

from wanllmdb_common.errors import FieldViolation, invalid_request
from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_common.search_space.plot_axes import Axis
from wanllmdb_suggestion.study.statistics.importance import (
    MAX_FOREST_COLUMNS,
    Evaluator,
    forest_columns,
)

# Of a contour: ten times those of the finest one over two numbers.
MAX_PLACES = 400_000


def check_size(answer: Message, most: int) -> None:
    """Raises INVALID_REQUEST where the answer takes more bytes than can be sent."""
    size = answer.ByteSize()
    if size > most:
        raise invalid_request(
            FieldViolation(
                "max_points",
                f"the answer would take {size:,} bytes, at most {most:,} can be sent: ask for "
                "fewer points, or for fewer parameters, such as those without long categories",
            )
        )


def check_forest(space: SearchSpace, evaluator: Evaluator) -> None:
    """Raises INVALID_REQUEST where the evaluator's forest would be too wide."""
    if evaluator is Evaluator.PED_ANOVA:
        return
    columns = forest_columns(space)
    if columns > MAX_FOREST_COLUMNS:
        raise invalid_request(
            FieldViolation(
                "evaluator",
                f"needs a column for each number and each category of the space, {columns:,}; "
                f"at most {MAX_FOREST_COLUMNS:,} are taken: ask for PED_ANOVA",
            )
        )


def check_places(x: Axis, y: Axis, resolution: int) -> None:
    """Raises INVALID_REQUEST where a contour over these axes would have too many places."""
    columns, rows = (len(axis.categories) or resolution for axis in (x, y))
    if columns * rows > MAX_PLACES:
        raise invalid_request(
            FieldViolation(
                "x_parameter",
                f"a contour of {columns:,} by {rows:,} places is too large, at most "
                f"{MAX_PLACES:,} are answered: take parameters with fewer categories, or a "
                "lower resolution",
            )
        )
