"""A list that fetches its items as they are read."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import islice
from typing import Generic, TypeVar, overload

from wanllmdb.apis.public._errors import InvalidQueryError

T = TypeVar("T")

MOST_A_PAGE = 1_000
_DEFAULT_PAGE = 50


def page_size(per_page: int) -> int:
    """The page size to request from the registry.

    W&B's default page size becomes the registry's largest pages, which are the fastest.

    Raises:
        InvalidQueryError: the value is not a positive integer.
    """
    if isinstance(per_page, bool) or not isinstance(per_page, int) or per_page < 1:
        raise InvalidQueryError(f"per_page must be at least 1, but is {per_page!r:.100}")
    return MOST_A_PAGE if per_page == _DEFAULT_PAGE else min(per_page, MOST_A_PAGE)


class LazyList(ABC, Generic[T]):
    """Objects of the registry, fetched in pages as a program reaches them.

    Iterating twice yields the same objects, which are fetched once. Safe to use from many
    threads.
    """

    def __init__(self) -> None:
        self._loaded: list[T] = []
        self._source: Iterator[T] | None = None
        self._is_complete = False
        self._position = _Position(self)
        self._lock = threading.RLock()

    @abstractmethod
    def _open(self) -> Iterator[T]:
        """All objects, in order."""

    def _count(self) -> int:
        """The number of objects."""
        self._load(None)
        return len(self._loaded)

    @property
    def objects(self) -> list[T]:
        """The objects fetched so far."""
        return self._loaded

    @property
    def more(self) -> bool:
        """Whether there may be further objects to fetch."""
        return not self._is_complete

    def __iter__(self) -> Iterator[T]:
        return _Position(self)

    def __next__(self) -> T:
        return next(self._position)

    next = __next__

    def _at(self, index: int) -> T:
        """One object.

        Raises:
            StopIteration: the list ends before it.
        """
        with self._lock:
            if not self._load(index + 1):
                raise StopIteration
            return self._loaded[index]

    def __len__(self) -> int:
        with self._lock:
            return len(self._loaded) if self._is_complete else self._count()

    def __bool__(self) -> bool:
        return self._load(1)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            ends = (index.start, index.stop)
            is_bounded = index.stop is not None and all(end is None or end >= 0 for end in ends)
            self._load(index.stop if is_bounded and (index.step or 1) > 0 else None)
        else:
            self._load(index + 1 if index >= 0 else None)
        return self._loaded[index]

    def _load(self, count: int | None) -> bool:
        """Fetch until `count` objects are loaded (None for all); return whether they exist."""
        with self._lock:
            if self._is_complete or (count is not None and len(self._loaded) >= count):
                return count is None or len(self._loaded) >= count
            if self._source is None:
                self._source = self._open()
            missing = None if count is None else count - len(self._loaded)
            try:
                self._loaded.extend(islice(self._source, missing))
            except BaseException:
                # An iterator that raised has ended. The next use starts again with the first
                # page instead of taking the error for the end of the list.
                self._source = None
                self._loaded = []
                raise
            self._is_complete = count is None or len(self._loaded) < count
            return count is None or not self._is_complete


class _Position(Iterator[T]):
    """An iterator over a list. A generator would end at a failure; this one can be retried."""

    def __init__(self, owner: LazyList[T]) -> None:
        self._owner = owner
        self._index = 0

    def __next__(self) -> T:
        item = self._owner._at(self._index)
        self._index += 1
        return item
