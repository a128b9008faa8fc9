"""Tables, which keep their rows for the program that made them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from wanllmdb._wandb.media import Media

_COLUMNS = ("Input", "Output", "Expected")

Column = str | int


class RowIndex(int):
    """A row's number, with a reference to the table."""

    table: Table

    def get_row(self) -> dict[Column, Any]:
        """The row's values by column."""
        return dict(zip(self.table.columns, self.table.data[self], strict=True))


class Table(Media):
    """Rows of values by column. The rows stay in this program.

    Args:
        columns: the column names; defaults to those of a data frame, else to W&B's three.
        data: rows, an array of two dimensions, or a data frame.
        rows: the same as `data`.
        dataframe: a data frame of pandas.
        dtype: accepted for scripts written for W&B.
        optional: accepted for scripts written for W&B.
        allow_mixed_types: accepted for scripts written for W&B.
        log_mode: accepted for scripts written for W&B.
    """

    MAX_ROWS: ClassVar[int] = 10_000
    MAX_ARTIFACT_ROWS: ClassVar[int] = 200_000

    def __init__(
        self,
        columns: Sequence[Column] | None = None,
        data: Any = None,
        rows: Sequence[Sequence[Any]] | None = None,
        dataframe: Any = None,
        dtype: Any = None,
        optional: bool | Sequence[bool] = True,
        allow_mixed_types: bool = False,
        log_mode: str | None = "IMMUTABLE",
    ) -> None:
        super().__init__()
        self.dtype, self.optional = dtype, optional
        self.allow_mixed_types, self.log_mode = allow_mixed_types, log_mode
        given: Any = rows
        if dataframe is not None:
            given = dataframe
        elif data is not None:
            given = data
        self.columns: list[Column]
        if _is_frame(given):
            self.columns = list(given.columns) if columns is None else list(columns)
            given = given.itertuples(index=False, name=None)
        else:
            self.columns = list(_COLUMNS if columns is None else columns)
        self.data: list[list[Any]] = []
        for row in () if given is None else given:
            self.add_data(*row)

    def add_data(self, *data: Any) -> None:
        """Add a row.

        Raises:
            ValueError: the number of values differs from the number of columns.
        """
        if len(data) != len(self.columns):
            raise ValueError(
                f"the table has {len(self.columns)} columns, {self.columns}, and the row has "
                f"{len(data)} values"
            )
        self.data.append(list(data))

    def add_row(self, *row: Any) -> None:
        """The same as `add_data`, under an older name."""
        self.add_data(*row)

    def add_column(self, name: str, data: Any, optional: bool = False) -> None:
        """Add a column with a value for each row.

        Raises:
            ValueError: the table already has that column, or has another number of rows.
        """
        del optional
        values = list(data)
        if name in self.columns:
            raise ValueError(f"the table already has a column {name!r}")
        if self.columns and len(values) != len(self.data):
            raise ValueError(
                f"the table has {len(self.data)} rows, but the column has {len(values)} values"
            )
        if not self.columns:
            self.data = [[] for _ in values]
        self.columns.append(name)
        for row, value in zip(self.data, values, strict=True):
            row.append(value)

    def add_computed_columns(
        self, fn: Callable[[int, dict[Column, Any]], Mapping[str, Any]]
    ) -> None:
        """Add the columns that `fn` computes from each row's number and values."""
        made = [fn(index, index.get_row()) for index in self.get_index()]
        for name in made[0] if made else ():
            self.add_column(name, [columns[name] for columns in made])

    def get_column(self, name: Column, convert_to: str | None = None) -> Any:
        """A column's values as a list, or as an array if `convert_to` is "numpy".

        Raises:
            ValueError: there is no such column.
        """
        if name not in self.columns:
            raise ValueError(f"the table has no column {name!r}; its columns are {self.columns}")
        place = self.columns.index(name)
        values = [row[place] for row in self.data]
        if convert_to != "numpy":
            return values
        import numpy as np

        return np.array(values)

    def get_dataframe(self) -> Any:
        """The rows as a data frame of pandas."""
        # The client does not need pandas; a program that asks for a data frame has it.
        from importlib import import_module

        return import_module("pandas").DataFrame.from_records(self.data, columns=self.columns)

    def get_index(self) -> list[RowIndex]:
        """The rows' numbers."""
        return [self.index_ref(index) for index in range(len(self.data))]

    def index_ref(self, index: int) -> RowIndex:
        """A row's number, with a reference to this table."""
        reference = RowIndex(index)
        reference.table = self
        return reference

    def iterrows(self) -> Iterator[tuple[RowIndex, list[Any]]]:
        """The rows with their numbers."""
        return zip(self.get_index(), self.data, strict=True)

    def cast(self, col_name: Column, dtype: Any, optional: bool = False) -> Any:
        """Return `dtype` without converting any value."""
        del col_name, optional
        return dtype

    def set_pk(self, col_name: Column) -> None:
        """Accepted for scripts written for W&B."""

    def set_fk(self, col_name: Column, table: Table, table_col: str) -> None:
        """Accepted for scripts written for W&B."""

    def has_been_logged(self) -> bool:
        """False: no table is sent."""
        return False


class EvalTable(Table):
    """A table whose columns are inputs, outputs and scores of a model."""

    def __init__(
        self,
        columns: Sequence[Column] | None = None,
        data: Any = None,
        rows: Sequence[Sequence[Any]] | None = None,
        dataframe: Any = None,
        dtype: Any = None,
        optional: bool | Sequence[bool] = True,
        allow_mixed_types: bool = False,
        log_mode: str = "IMMUTABLE",
        *,
        input_columns: Sequence[str] | None = None,
        output_columns: Sequence[str] | None = None,
        score_columns: Sequence[str] | None = None,
        backend: Any = None,
        unsupported_media_mode: str = "stub",
    ) -> None:
        self.input_columns, self.output_columns = input_columns, output_columns
        self.score_columns, self.backend = score_columns, backend
        self.unsupported_media_mode = unsupported_media_mode
        super().__init__(
            columns, data, rows, dataframe, dtype, optional, allow_mixed_types, log_mode
        )


class JoinedTable(Media):
    """Two tables and the columns by which they are joined."""

    def __init__(self, table1: Any, table2: Any, join_key: Any) -> None:
        super().__init__()
        self.table1, self.table2, self.join_key = table1, table2, join_key


class PartitionedTable(Media):
    """A folder of tables."""

    def __init__(self, parts_path: str) -> None:
        super().__init__()
        self.parts_path = parts_path


def _is_frame(value: Any) -> bool:
    return hasattr(value, "columns") and hasattr(value, "itertuples")
