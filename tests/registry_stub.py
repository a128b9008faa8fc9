"""A stub of the registry with its public RPCs and those of the suggestion service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wanllmdb.api.registry.v1 import registry_service_pb2_grpc as public
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2_grpc as internal

if TYPE_CHECKING:
    import grpc.aio

    class RegistryStub(
        public.SweepRegistryServiceAsyncStub, internal.InternalRegistryServiceAsyncStub
    ):
        """All RPCs of both services, on one channel."""

        def __init__(self, channel: grpc.aio.Channel) -> None: ...

else:
    # The type stubs distinguish blocking and async calls; at run time there is one class.
    class RegistryStub(public.SweepRegistryServiceStub, internal.InternalRegistryServiceStub):
        """All RPCs of both services, on one channel."""

        def __init__(self, channel):
            public.SweepRegistryServiceStub.__init__(self, channel)
            internal.InternalRegistryServiceStub.__init__(self, channel)
