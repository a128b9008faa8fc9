package dev.wanllmdb;

import dev.wanllmdb.internal.Pauses;
import dev.wanllmdb.internal.Protocol;
import io.grpc.CallOptions;
import io.grpc.Context;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;

/**
 * Reads the answers to one request. It sends the request again where the protocol says so, until an
 * answer has come; a stream that continues, also later.
 */
final class StreamReader<Q, R> implements Iterator<R>, AutoCloseable {
    /** A request that continues where its stream broke. */
    interface Continued<Q, R> {
        /** Returns the request that begins after an answer. */
        Q after(Q request, R answer);
    }

    private final Peer peer;
    private final MethodDescriptor<Q, R> method;
    private final Continued<Q, R> continued;
    private final Context.CancellableContext context = Context.current().withCancellation();
    private Q request;
    private Iterator<R> answers;
    private Optional<ApiKey> key = Optional.empty();
    private int resends;
    private boolean hasBegun;
    private boolean hasAnswer;
    private boolean isOver;
    private Pauses pauses = fresh();

    /** Makes a stream that continues; or one that does not, for null. */
    StreamReader(
            Peer peer, MethodDescriptor<Q, R> method, Q request, Continued<Q, R> continued) {
        this.peer = peer;
        this.method = method;
        this.request = request;
        this.continued = continued;
    }

    @Override
    public boolean hasNext() {
        while (!isOver) {
            try {
                if (answers == null) {
                    open();
                }
                isOver = !answers.hasNext();
            } catch (StatusRuntimeException e) {
                answers = null;
                reopen(e);
                continue;
            }
            return !isOver;
        }
        return false;
    }

    @Override
    public R next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the stream has ended");
        }
        R answer = answers.next();
        peer.noteAnswer();
        hasBegun = true;
        hasAnswer = true;
        pauses = fresh();
        if (continued != null) {
            request = continued.after(request, answer);
        }
        return answer;
    }

    @Override
    public void close() {
        context.cancel(null);
    }

    private void open() {
        hasAnswer = false;
        key = peer.keys.current();
        CallOptions options =
                peer.hasAnswered() ? CallOptions.DEFAULT.withWaitForReady() : CallOptions.DEFAULT;
        Context before = context.attach();
        try {
            answers =
                    ClientCalls.blockingServerStreamingCall(
                            peer.toAny(key), method, options, request);
        } finally {
            context.detach(before);
        }
    }

    /** Waits until the stream is opened again; ends it, or throws, if it is not. */
    private void reopen(StatusRuntimeException e) {
        if (context.isCancelled()) {
            isOver = true;
            return;
        }
        String rpc = method.getBareMethodName();
        ServiceException failure = peer.failure(rpc, Protocol.CALL_DEADLINE, e);
        if (continued != null && hasBegun && failure.code() == Status.Code.NOT_FOUND) {
            isOver = true;
            return;
        }
        isOver = true;
        Duration delay = delay(failure).orElseThrow(() -> failure);
        Peer.pause(rpc, delay);
        isOver = false;
    }

    private Optional<Duration> delay(ServiceException failure) {
        boolean isAway =
                failure.code() == Status.Code.UNAVAILABLE
                        || failure.code() == Status.Code.CANCELLED;
        if (continued != null && isAway && peer.hasAnswered()) {
            return Optional.of(
                    Pauses.jittered(
                            pauses.next(), Protocol.STREAM_LEAST, Protocol.STREAM_MOST));
        }
        if (continued != null && failure.code() == Status.Code.RESOURCE_EXHAUSTED) {
            return Peer.retryAfter(failure);
        }
        return hasAnswer ? Optional.empty() : peer.resendDelay(failure, resends++, key);
    }

    private static Pauses fresh() {
        return new Pauses(Protocol.STREAM_FIRST_PAUSE, Protocol.STREAM_LONGEST_PAUSE);
    }
}
