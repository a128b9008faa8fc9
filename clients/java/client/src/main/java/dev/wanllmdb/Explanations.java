package dev.wanllmdb;

import dev.wanllmdb.internal.Protocol;
import io.grpc.StatusRuntimeException;
import java.time.Duration;

/** Says what people read about a failed call. */
final class Explanations {
    private Explanations() {}

    static String message(Peer peer, ServiceException failure, String rpc, Duration deadline) {
        String where = "the " + peer.service.title + " at " + peer.endpoint.address();
        switch (failure.reason()) {
            case NONE:
                return ofTransport(peer, failure, rpc, deadline, where);
            case KEY_MISSING:
                return where + " asks for an API key: set " + Variables.API_KEY + ", or "
                        + Variables.API_KEY_FILE + " to a file that holds it";
            case KEY_INVALID, KEY_EXPIRED, KEY_REVOKED:
                return failure.getMessage() + " (it is from " + peer.keys.source() + ")";
            default:
                return failure.getMessage();
        }
    }

    private static String ofTransport(
            Peer peer, ServiceException failure, String rpc, Duration deadline, String where) {
        switch (failure.code()) {
            case UNAVAILABLE:
                return String.format(
                        "no %s answers at %s: start one with `wanllmdb up`, or set %s to its"
                                + " address (%s)",
                        peer.service.title, peer.endpoint.address(), peer.service.variable,
                        withCause(failure));
            case CANCELLED:
                return where + " ended " + rpc
                        + " without an answer; it may be stopping or overloaded";
            case DEADLINE_EXCEEDED:
                return where + " did not answer " + rpc + " within "
                        + Protocol.seconds(deadline) + " s";
            case UNIMPLEMENTED:
                return where + " does not know " + rpc + ": it is older than this client, or"
                        + " another program listens there";
            default:
                return where + " could not carry out " + rpc + ": " + failure.getMessage();
        }
    }

    /** Returns the message with the cause: gRPC says "io exception" of all of them. */
    private static String withCause(ServiceException failure) {
        if (failure.getCause() instanceof StatusRuntimeException e
                && e.getStatus().getCause() != null) {
            return failure.getMessage() + ": " + e.getStatus().getCause().getMessage();
        }
        return failure.getMessage();
    }
}
