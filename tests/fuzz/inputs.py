"""The bytes and metadata that are sent to an RPC."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.message import Message
from hypothesis import strategies as st

from tests.fuzz.messages import changed_messages, wild_messages
from tests.fuzz.proper_requests import proper_requests
from tests.fuzz.rpcs import Rpc
from tests.fuzz.world import World

_METADATA = st.lists(
    st.tuples(
        st.sampled_from(["x-request-id", "authorization", "x-other", "user-agent"]),
        st.one_of(
            st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
            st.sampled_from(["Bearer ", "Bearer wsk_a_b", "Bearer wsk_" + "a" * 3_000, "Basic x"]),
        ),
    ),
    max_size=2,
)


@dataclass(frozen=True)
class Input:
    """One call.

    Attributes:
        message: The request; bytes if it is not a message.
        metadata: The metadata of the call.
        cut: The number of bytes that are removed from the end of the request.
    """

    message: Message | bytes
    metadata: tuple[tuple[str, str], ...] = ()
    cut: int = 0

    def data(self, world: World) -> bytes:
        """The request's bytes."""
        if isinstance(self.message, bytes):
            return self.message
        data = world.with_real_names(self.message).SerializeToString()
        return data[: len(data) - self.cut]


@st.composite
def inputs(draw: st.DrawFn, rpc: Rpc) -> Input:
    """Return a strategy for inputs: mostly changed and arbitrary messages, sometimes bytes."""
    metadata = tuple(draw(_METADATA)) if draw(st.integers(0, 9)) == 0 else ()
    proper = proper_requests(rpc)
    match draw(st.integers(0, 9)):
        case 0:
            return Input(draw(st.binary(max_size=60)), metadata)
        case 1 | 2 | 3 | 4 | 5 if proper:
            return Input(draw(changed_messages(draw(st.sampled_from(proper)))), metadata)
        case 6:
            return Input(draw(wild_messages(rpc.request)), metadata, draw(st.integers(1, 9)))
        case _:
            return Input(draw(wild_messages(rpc.request)), metadata)
