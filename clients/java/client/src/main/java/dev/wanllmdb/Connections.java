package dev.wanllmdb;

import dev.wanllmdb.internal.Protocol;
import io.grpc.Channel;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** The connections to one service: to all of its replicas, and to single ones. */
final class Connections implements AutoCloseable {
    /** Servers accept requests of 4 MiB; gRPC would keep no more than 1 MiB to repeat them. */
    private static final long MAX_REPEATED_BYTES = 5 << 20;

    private final Service service;
    private final Endpoint endpoint;
    private final Settings settings;
    private final List<ClientInterceptor> interceptors;
    private final ScheduledExecutorService timer;
    private final ManagedChannel all;
    private final Channel intercepted;
    private final Map<String, ManagedChannel> replicas = new ConcurrentHashMap<>();
    private volatile boolean isClosed;

    Connections(
            Service service,
            Endpoint endpoint,
            Settings settings,
            List<ClientInterceptor> interceptors,
            ScheduledExecutorService timer) {
        this.service = service;
        this.endpoint = endpoint;
        this.settings = settings;
        this.interceptors = interceptors;
        this.timer = timer;
        this.all = connect(endpoint, true);
        this.intercepted = ClientInterceptors.intercept(all, interceptors);
    }

    /** Returns the connection to any replica. */
    Channel toAny() {
        return intercepted;
    }

    /** Returns the connection to one replica, which is made at the first call. */
    Channel toOne(String replica) {
        ManagedChannel one =
                replicas.computeIfAbsent(replica, each -> connect(endpoint.only(each), false));
        if (isClosed) {
            one.shutdownNow();
        }
        return ClientInterceptors.intercept(one, interceptors);
    }

    boolean isClosed() {
        return isClosed;
    }

    /** Closes the connections. Calls under way fail. */
    @Override
    public void close() {
        isClosed = true;
        all.shutdownNow();
        replicas.values().forEach(ManagedChannel::shutdownNow);
    }

    private ManagedChannel connect(Endpoint to, boolean retries) {
        NettyChannelBuilder builder =
                NettyChannelBuilder.forTarget(target(to))
                        .defaultServiceConfig(service.config(retries))
                        .disableServiceConfigLookUp()
                        .perRpcBufferLimit(MAX_REPEATED_BYTES)
                        .maxInboundMessageSize(Protocol.MAX_RECEIVE_BYTES)
                        // The limit counts some bytes more for each entry.
                        .maxInboundMetadataSize(2 * Protocol.MAX_METADATA_BYTES)
                        .keepAliveTime(Protocol.KEEPALIVE.toMillis(), TimeUnit.MILLISECONDS)
                        .keepAliveTimeout(
                                Protocol.KEEPALIVE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                        .keepAliveWithoutCalls(true)
                        .withOption(
                                ChannelOption.CONNECT_TIMEOUT_MILLIS,
                                (int) Protocol.CONNECT_TIMEOUT.toMillis());
        if (settings.tls().isPresent()) {
            builder.sslContext(TlsFiles.context(settings.tls().get()));
            if (!to.serverName().isEmpty()) {
                builder.overrideAuthority(to.serverName());
            }
        } else {
            builder.usePlaintext();
        }
        if (to.isTarget() && to.address().startsWith("unix:")) {
            DomainSockets.use(builder, to.address());
        }
        if (Addresses.isLoopback(to)) {
            // A proxy for outside addresses can't reach services on this machine.
            builder.proxyDetector(address -> null);
        }
        ManagedChannel channel;
        try {
            channel = builder.build();
        } catch (IllegalArgumentException e) {
            throw new InvalidException(
                    service.variable,
                    "is \"" + to.address() + "\", to which gRPC for Java can't connect: "
                            + e.getMessage());
        }
        Reconnector.watch(channel, timer);
        return channel;
    }

    private static String target(Endpoint to) {
        if (!to.isTarget()) {
            // A target is a URI, whose path has no brackets.
            return to.replicas().size() == 1
                    ? "dns:///" + to.replicas().get(0).replace("[", "%5B").replace("]", "%5D")
                    : ReplicaResolver.target(to.replicas());
        }
        String address = to.address();
        if (address.startsWith("ipv4:") || address.startsWith("ipv6:")) {
            return ReplicaResolver.target(List.of(address.substring(5).split(",")));
        }
        return address;
    }
}
