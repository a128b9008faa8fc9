"""The state that a row of text names."""

from __future__ import annotations

from wanllmdb_registry.domain.model import RunState


def state_of(text: object) -> RunState:
    """The state; FINISHED where none is named.

    Raises:
        ValueError: there is no such state.
    """
    if text is None or text == "":
        return RunState.FINISHED
    state = RunState.__members__.get(text.upper()) if isinstance(text, str) else None
    if state is None:
        raise ValueError(f"state {text!r:.60} is none of {', '.join(RunState)}")
    return state
