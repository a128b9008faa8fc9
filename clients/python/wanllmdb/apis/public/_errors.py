"""The API's exceptions, in addition to the client's own.

Each is also the built-in exception that W&B raises, so that both ways to catch it work.
"""

from __future__ import annotations

from wanllmdb._errors import InvalidArgumentError, NotFoundError
from wanllmdb._packages import MissingPackageError as MissingPackageError


class RunNotFoundError(NotFoundError, ValueError):
    """There is no such run."""


class SweepNotFoundError(NotFoundError, ValueError):
    """There is no such sweep."""


class ProjectNotFoundError(NotFoundError, ValueError):
    """There is no such project: a project exists as long as it has sweeps."""


class InvalidQueryError(InvalidArgumentError, ValueError):
    """A filter, an order, a path or another argument is invalid."""


class InvalidPathError(InvalidQueryError, NotFoundError):
    """A path is invalid; W&B raises the same error as for a missing run."""


class ReadOnlyApiError(InvalidArgumentError):
    """The API is read-only, or the platform does not keep the requested data."""
