package dev.wanllmdb;

import java.util.List;

/**
 * Where one of the two services is.
 *
 * @param address what the program or its environment gave, else the default
 * @param replicas the entries of the address as host:port, or the one target of gRPC
 * @param isTarget whether the address is a target of gRPC
 * @param serverName the name that the service's certificate must have; empty without TLS, and for a
 *     target of gRPC, which has the name
 */
public record Endpoint(
        String address, List<String> replicas, boolean isTarget, String serverName) {

    /**
     * Makes an endpoint.
     *
     * @param address the address as it was given
     * @param replicas the entries of the address
     * @param isTarget whether the address is a target of gRPC
     * @param serverName the name that the service's certificate must have
     */
    public Endpoint {
        replicas = List.copyOf(replicas);
    }

    /** Returns this endpoint with the name that its certificate must have. */
    Endpoint withServerName(String name) {
        return new Endpoint(address, replicas, isTarget, name);
    }

    /** Returns one replica as an endpoint. */
    Endpoint only(String replica) {
        return new Endpoint(replica, List.of(replica), false, serverName);
    }
}
