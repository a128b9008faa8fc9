package dev.wanllmdb;

import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;

/** Has connections go through sockets of the file system, which Netty offers on Linux. */
final class DomainSockets {
    private DomainSockets() {}

    static void use(NettyChannelBuilder builder, String address) {
        if (!Epoll.isAvailable()) {
            throw new InvalidException(
                    "the address " + address, "needs Linux: name host:port instead");
        }
        builder.channelType(EpollDomainSocketChannel.class).eventLoopGroup(Shared.GROUP);
    }

    /** One thread for all clients, which does not keep the process alive. */
    private static final class Shared {
        static final EventLoopGroup GROUP =
                new MultiThreadIoEventLoopGroup(
                        1,
                        new DefaultThreadFactory("wanllmdb-unix", true),
                        EpollIoHandler.newFactory());
    }
}
