package dev.wanllmdb;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.Status;
import io.grpc.StatusOr;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;

/** Resolves a list of host:port to all of their addresses, once. gRPC has no resolver for that. */
final class ReplicaResolver extends NameResolver {
    private static final String SCHEME = "wanllmdb-replicas";

    private final List<String> replicas;
    private final Executor executor;
    private volatile Listener2 listener;
    private volatile boolean isResolved;

    private ReplicaResolver(List<String> replicas, Executor executor) {
        this.replicas = replicas;
        this.executor = executor;
    }

    /** Returns what gRPC connects to for these replicas. */
    static String target(List<String> replicas) {
        Provider.registerOnce();
        String list = String.join(",", replicas);
        return SCHEME + ":///" + URLEncoder.encode(list, StandardCharsets.UTF_8);
    }

    @Override
    public String getServiceAuthority() {
        return replicas.get(0);
    }

    @Override
    public void start(Listener2 listener) {
        this.listener = listener;
        executor.execute(this::resolve);
    }

    /** Tries again names that did not resolve: gRPC asks for it after a pause. */
    @Override
    public void refresh() {
        if (!isResolved) {
            executor.execute(this::resolve);
        }
    }

    @Override
    public void shutdown() {}

    private void resolve() {
        List<EquivalentAddressGroup> found = new ArrayList<>();
        boolean hasFour = false;
        boolean hasSix = false;
        try {
            for (String replica : replicas) {
                for (InetAddress ip : ofOneKind(Addresses.hostOf(replica))) {
                    hasFour |= ip instanceof Inet4Address;
                    hasSix |= !(ip instanceof Inet4Address);
                    found.add(
                            new EquivalentAddressGroup(
                                    new InetSocketAddress(ip, Addresses.portOf(replica))));
                }
            }
        } catch (UnknownHostException e) {
            fail("no address for the name " + e.getMessage());
            return;
        }
        if (hasFour && hasSix) {
            fail("the names " + replicas + " resolve to IPv4 and to IPv6: name one kind only");
            return;
        }
        isResolved = true;
        listener.onResult(
                ResolutionResult.newBuilder()
                        .setAddressesOrError(StatusOr.fromValue(found))
                        .build());
    }

    private void fail(String problem) {
        listener.onError(Status.UNAVAILABLE.withDescription(problem));
    }

    /** Returns the IPv4 addresses of a name, else those of IPv6. */
    private static List<InetAddress> ofOneKind(String host) throws UnknownHostException {
        List<InetAddress> all = Arrays.asList(InetAddress.getAllByName(host));
        List<InetAddress> four = all.stream().filter(Inet4Address.class::isInstance).toList();
        return four.isEmpty() ? all : four;
    }

    /** Makes resolvers for the targets of this client. */
    private static final class Provider extends NameResolverProvider {
        private static boolean isRegistered;

        /** Registers the provider in gRPC, for a scheme that only this client uses. */
        static synchronized void registerOnce() {
            if (!isRegistered) {
                NameResolverRegistry.getDefaultRegistry().register(new Provider());
                isRegistered = true;
            }
        }

        @Override
        protected boolean isAvailable() {
            return true;
        }

        @Override
        protected int priority() {
            return 5;
        }

        @Override
        public String getDefaultScheme() {
            return SCHEME;
        }

        @Override
        public NameResolver newNameResolver(URI target, NameResolver.Args args) {
            if (!SCHEME.equals(target.getScheme())) {
                return null;
            }
            String list = URLDecoder.decode(target.getRawPath(), StandardCharsets.UTF_8);
            Executor executor = args.getOffloadExecutor();
            return new ReplicaResolver(
                    List.of(list.substring(1).split(",")),
                    executor == null ? Runnable::run : executor);
        }
    }
}
