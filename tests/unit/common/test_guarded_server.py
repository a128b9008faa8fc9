"""What the server takes from inside grpc.aio is as it expects, in the installed grpcio."""

from __future__ import annotations

from typing import Any

import pytest
from grpc._cython import cygrpc  # type: ignore[attr-defined]  # has no types


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (
            cygrpc._handle_rpc,
            (
                *("method_name", "method_resolver", "interceptors"),
                *("rpc_state", "loop", "concurrency_exceeded"),
            ),
        ),
        (cygrpc._schedule_rpc_coro, ("rpc_coro", "rpc_state", "loop", "method_name")),
        (cygrpc.AioServer._request_registered_call, ("self", "method")),
        (cygrpc.AioServer._request_call, ("self",)),
    ],
)
def test_the_functions_take_these_parameters(function: Any, parameters: tuple[str, ...]) -> None:
    code = function.__code__
    assert code.co_varnames[: code.co_argcount] == parameters


def test_a_resolver_finds_the_handler_of_a_path() -> None:
    handler = object()
    resolver = cygrpc._MethodResolver([], {"/package.Service/Rpc": handler})
    details = cygrpc._HandlerCallDetails("/package.Service/Rpc", ())
    assert resolver.resolve_handler(details) is handler
