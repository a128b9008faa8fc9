"""How much a search through a space may do: counted in work, so that its end is replayable."""

from __future__ import annotations

from wanllmdb_common.patience import still_wanted


class Effort:
    """A number of units, each about a microsecond's work, that a search spends as it goes.

    How many a step takes follows from the space alone, never from a clock: a search that
    gives up does so at the same point in every process.

    Attributes:
        left: Units; negative when the last step took more than there were.
        looks: How many points were looked at.
    """

    def __init__(self, units: int) -> None:
        self.left = units
        self.looks = 0

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left."""
        return self.left <= 0

    def spend(self, units: int, looks: int = 0) -> None:
        """Takes the units of a step that was done.

        Raises:
            UnwantedError, TookTooLongError: see `still_wanted`.
        """
        self.left -= units
        self.looks += looks
        still_wanted()
