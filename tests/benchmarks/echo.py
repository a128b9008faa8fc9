"""The machine's ceiling: grpc.aio servers that answer a Suggest with a fixed message.

    python -m tests.benchmarks.echo            # answers directly: one hop
    python -m tests.benchmarks.echo ADDRESS    # calls that echo first: two hops

Prints its address and runs until SIGTERM.
"""

from __future__ import annotations

import asyncio
import signal
import sys

import grpc
import grpc.aio

from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as pb_grpc
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto

ANSWER = pb.SuggestResponse(
    runs=[
        run_pb2.Run(
            sweep_id="abcdefghijkl",
            number=1234,
            state=run_pb2.RUN_STATE_RUNNING,
            parameters=parameters_to_proto({"x": 0.123456789, "n": 5, "kind": "adam"}),
            attempt=1,
            origin=run_pb2.RUN_ORIGIN_SUGGESTED,
            agent_id="agent-12",
            revision=5678,
        )
    ]
)
for _field in ("create_time", "start_time", "lease_expire_time"):
    getattr(ANSWER.runs[0], _field).GetCurrentTime()


async def serve(behind: str | None) -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = grpc.aio.server()
    stub = None
    if behind is not None:
        stub = pb_grpc.SuggestionServiceStub(grpc.aio.insecure_channel(behind))

    async def suggest(request: pb.SuggestRequest, context: object) -> pb.SuggestResponse:
        return ANSWER if stub is None else await stub.Suggest(request)

    handler = grpc.unary_unary_rpc_method_handler(
        suggest,
        request_deserializer=pb.SuggestRequest.FromString,
        response_serializer=pb.SuggestResponse.SerializeToString,
    )
    service = pb.DESCRIPTOR.services_by_name["SuggestionService"].full_name
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {"Suggest": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    await stop.wait()
    await server.stop(None)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1] if len(sys.argv) > 1 else None))
