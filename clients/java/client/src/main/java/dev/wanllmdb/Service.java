package dev.wanllmdb;

import dev.wanllmdb.api.registry.v1.SweepRegistryServiceGrpc;
import dev.wanllmdb.api.suggestion.v1.SuggestionServiceGrpc;
import dev.wanllmdb.internal.Protocol;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** One of the two services. */
enum Service {
    REGISTRY("registry", SweepRegistryServiceGrpc.SERVICE_NAME, Variables.REGISTRY),
    SUGGESTION("suggestion service", SuggestionServiceGrpc.SERVICE_NAME, Variables.SUGGESTION);

    final String title;
    final String fullName;
    final String variable;

    Service(String title, String fullName, String variable) {
        this.title = title;
        this.fullName = fullName;
        this.variable = variable;
    }

    /** Returns the service that has the RPCs of a gRPC service. */
    static Service of(String grpcService) {
        return grpcService.startsWith("wanllmdb.api.suggestion.") ? SUGGESTION : REGISTRY;
    }

    /**
     * Returns gRPC's service config: calls are spread over the replicas that serve and, with
     * retries, repeated by the connection.
     */
    Map<String, Object> config(boolean retries) {
        // The health of replicas is asked for if the program has the package grpc-services.
        Map<String, Object> spread =
                Map.of(
                        "loadBalancingConfig", List.of(Map.of("round_robin", Map.of())),
                        "healthCheckConfig", Map.of("serviceName", fullName));
        if (!retries) {
            return spread;
        }
        Map<String, Object> shouldStop =
                Map.of(
                        "name",
                        List.of(Map.of("service", SUGGESTION.fullName, "method", "ShouldStop")),
                        "retryPolicy",
                        policy(
                                Protocol.SHOULD_STOP_ATTEMPTS,
                                Protocol.SHOULD_STOP_PAUSE,
                                Protocol.SHOULD_STOP_PAUSE,
                                1));
        Map<String, Object> anyCall =
                Map.of(
                        "name",
                        List.of(Map.of()),
                        "retryPolicy",
                        policy(
                                Protocol.TRANSPORT_ATTEMPTS,
                                Protocol.TRANSPORT_FIRST_PAUSE,
                                Protocol.TRANSPORT_LONGEST_PAUSE,
                                Protocol.TRANSPORT_FACTOR));
        return Map.of(
                "loadBalancingConfig", spread.get("loadBalancingConfig"),
                "healthCheckConfig", spread.get("healthCheckConfig"),
                "methodConfig", List.of(shouldStop, anyCall));
    }

    private static Map<String, Object> policy(
            int attempts, Duration first, Duration longest, int factor) {
        // gRPC reads a service config as JSON, in which all numbers are doubles.
        return Map.of(
                "maxAttempts", (double) attempts,
                "initialBackoff", Protocol.seconds(first) + "s",
                "maxBackoff", Protocol.seconds(longest) + "s",
                "backoffMultiplier", (double) factor,
                "retryableStatusCodes", List.of("UNAVAILABLE", "CANCELLED"));
    }
}
