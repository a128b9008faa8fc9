package dev.wanllmdb;

import dev.wanllmdb.internal.Protocol;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Chooses the replica to which the calls of a sweep go first: all clients choose the same one,
 * since two replicas that propose runs for one sweep conflict.
 */
final class Routing {
    private final List<String> replicas;
    private final Map<String, Long> awayUntil = new ConcurrentHashMap<>();

    private Routing(List<String> replicas) {
        this.replicas = replicas;
    }

    /** Returns what leaves no choice. */
    static Routing none() {
        return new Routing(List.of());
    }

    static Routing of(Endpoint endpoint) {
        List<String> different = endpoint.replicas().stream().distinct().toList();
        return endpoint.isTarget() || different.size() < 2 ? none() : new Routing(different);
    }

    /** Returns the replica of a sweep; empty for any. */
    Optional<String> replicaOf(String sweepId) {
        if (sweepId.isEmpty() || replicas.isEmpty()) {
            return Optional.empty();
        }
        Comparator<String> byWeight =
                (a, b) -> Arrays.compareUnsigned(weight(a, sweepId), weight(b, sweepId));
        String chosen = replicas.stream().max(byWeight).orElseThrow();
        Long until = awayUntil.get(chosen);
        return until != null && System.nanoTime() - until < 0
                ? Optional.empty()
                : Optional.of(chosen);
    }

    /** Records that a replica did not answer. */
    void markAway(String replica) {
        awayUntil.put(replica, System.nanoTime() + Protocol.REPLICA_PAUSE.toNanos());
    }

    private static byte[] weight(String replica, String sweepId) {
        try {
            return MessageDigest.getInstance("SHA-256")
                    .digest((replica + "\0" + sweepId).getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
