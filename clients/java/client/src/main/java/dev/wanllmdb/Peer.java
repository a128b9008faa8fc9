package dev.wanllmdb;

import dev.wanllmdb.internal.Pauses;
import dev.wanllmdb.internal.Protocol;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;

/**
 * One of the two services as a client reaches it, with all that the protocol says of calls:
 * deadlines, request ids, repetitions, the replica of a sweep, typed errors.
 */
final class Peer implements AutoCloseable {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    final Service service;
    final Endpoint endpoint;
    final KeyRing keys;
    private final Connections connections;
    private final Routing routing;

    /**
     * Whether the service has ever answered. Calls to a service that has wait for its return;
     * otherwise a wrong address is reported within seconds.
     */
    private volatile boolean answered;

    Peer(Service service, Endpoint endpoint, KeyRing keys, Connections connections) {
        this.service = service;
        this.endpoint = endpoint;
        this.keys = keys;
        this.connections = connections;
        this.routing = service == Service.SUGGESTION ? Routing.of(endpoint) : Routing.none();
    }

    /** Returns the replica to which the calls of a sweep go first; empty for any. */
    Optional<String> replicaOf(String sweepId) {
        return routing.replicaOf(sweepId);
    }

    boolean hasAnswered() {
        return answered;
    }

    void noteAnswer() {
        answered = true;
    }

    /**
     * Sends one request, again where the protocol says so.
     *
     * @throws ServiceException if the service does not carry it out
     * @throws CancellationException if the thread is interrupted, as it stays
     */
    <Q, R> R call(Call<Q, R> call) {
        Pauses broken =
                new Pauses(Protocol.TRANSPORT_FIRST_PAUSE, Protocol.TRANSPORT_LONGEST_PAUSE);
        for (int resends = 0; ; resends++) {
            Optional<ApiKey> key = keys.current();
            try {
                R answer = send(call, key);
                noteAnswer();
                return answer;
            } catch (StatusRuntimeException e) {
                ServiceException failure = failure(call.rpc(), call.deadline(), e);
                Optional<Duration> delay =
                        failure.isOddlyBroken() && resends < Protocol.TRANSPORT_ATTEMPTS - 1
                                ? Optional.of(broken.next())
                                : resendDelay(failure, resends, key);
                pause(call.rpc(), delay.orElseThrow(() -> failure));
            }
        }
    }

    /** Returns when a failed request is sent again, if it is. */
    Optional<Duration> resendDelay(ServiceException failure, int resends, Optional<ApiKey> key) {
        if (resends >= Protocol.MAX_RESENDS) {
            return Optional.empty();
        }
        if (failure.code() == Status.Code.UNAUTHENTICATED) {
            return keys.hasOtherThan(key) ? Optional.of(Duration.ZERO) : Optional.empty();
        }
        return retryAfter(failure);
    }

    /** Returns when an overloaded service accepts a request again, with jitter. */
    static Optional<Duration> retryAfter(ServiceException failure) {
        return failure.mayPass()
                ? failure.retryAfter()
                        .map(
                                delay ->
                                        Pauses.jittered(
                                                Protocol.shorter(
                                                        delay, Protocol.LONGEST_RETRY_AFTER),
                                                Protocol.RETRY_AFTER_LEAST,
                                                Protocol.RETRY_AFTER_MOST))
                : Optional.empty();
    }

    /** Returns the exception of a failed call, with a message for people. */
    ServiceException failure(String rpc, Duration deadline, StatusRuntimeException e) {
        if (Thread.currentThread().isInterrupted()) {
            throw interrupted(rpc, e);
        }
        if (connections.isClosed()) {
            throw new IllegalStateException(rpc + ": the client was closed", e);
        }
        ServiceException failure = ServiceException.of(e);
        if (!failure.reasonName().isEmpty()) {
            noteAnswer();
        }
        return failure.withMessage(Explanations.message(this, failure, rpc, deadline));
    }

    static CancellationException interrupted(String rpc, Throwable cause) {
        CancellationException found =
                new CancellationException(rpc + ": the thread was interrupted");
        found.initCause(cause);
        return found;
    }

    /** Waits; throws, and leaves the thread interrupted, if it is interrupted. */
    static void pause(String rpc, Duration pause) {
        try {
            TimeUnit.NANOSECONDS.sleep(pause.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interrupted(rpc, e);
        }
    }

    /** Returns the connection to any replica, with the key. */
    Channel toAny(Optional<ApiKey> key) {
        return withKey(connections.toAny(), key);
    }

    /** Closes the connections. Calls under way fail. */
    @Override
    public void close() {
        connections.close();
    }

    boolean isClosed() {
        return connections.isClosed();
    }

    /** Sends a request to the replica of its sweep, else to any. */
    private <Q, R> R send(Call<Q, R> call, Optional<ApiKey> key) {
        CallOptions options =
                CallOptions.DEFAULT.withDeadlineAfter(
                        call.deadline().toNanos(), TimeUnit.NANOSECONDS);
        Optional<String> replica = routing.replicaOf(call.sweepId());
        if (replica.isPresent()) {
            try {
                Channel one = withKey(connections.toOne(replica.get()), key);
                return ClientCalls.blockingUnaryCall(one, call.method(), options, call.request());
            } catch (StatusRuntimeException e) {
                if (!triesOthers(replica.get(), e)) {
                    throw e;
                }
            }
        }
        if (call.waits() && answered) {
            options = options.withWaitForReady();
        }
        return ClientCalls.blockingUnaryCall(toAny(key), call.method(), options, call.request());
    }

    /** Returns whether a request that one replica did not answer goes to the others. */
    private boolean triesOthers(String replica, StatusRuntimeException e) {
        if (Thread.currentThread().isInterrupted() || connections.isClosed()) {
            return false;
        }
        ServiceException failure = ServiceException.of(e);
        // A replica whose writes conflicted with others is there.
        if (failure.code() == Status.Code.UNAVAILABLE && failure.reason() != Reason.WRITE_CONFLICT
                || failure.code() == Status.Code.DEADLINE_EXCEEDED) {
            routing.markAway(replica);
        }
        return failure.code() == Status.Code.UNAVAILABLE
                || failure.code() == Status.Code.CANCELLED;
    }

    private static Channel withKey(Channel channel, Optional<ApiKey> key) {
        if (key.isEmpty()) {
            return channel;
        }
        Metadata headers = new Metadata();
        headers.put(AUTHORIZATION, "Bearer " + key.get().text());
        return ClientInterceptors.intercept(
                channel, MetadataUtils.newAttachHeadersInterceptor(headers));
    }
}
