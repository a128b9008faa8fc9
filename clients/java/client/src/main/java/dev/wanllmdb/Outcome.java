package dev.wanllmdb;

import dev.wanllmdb.api.registry.v1.FinishRunRequest;
import dev.wanllmdb.api.registry.v1.RunCanceled;
import dev.wanllmdb.api.registry.v1.RunError;
import dev.wanllmdb.api.registry.v1.RunFailed;
import dev.wanllmdb.api.registry.v1.RunPruned;
import dev.wanllmdb.api.registry.v1.RunSucceeded;
import java.nio.channels.ClosedByInterruptException;
import java.util.Optional;
import java.util.concurrent.CancellationException;

/**
 * How a run ended.
 *
 * @param kind the kind of end
 * @param message the reason of a run that was stopped, or the error of one that failed
 * @param trace the stack trace of one that failed
 */
record Outcome(Kind kind, String message, String trace) {
    enum Kind {
        SUCCEEDED,
        FAILED,
        PRUNED,
        CANCELED
    }

    static Outcome failed(String message) {
        return new Outcome(Kind.FAILED, message, "");
    }

    /**
     * Returns how a run ends: as ordered, unless its code ended before it saw the order. Empty for
     * a run of which no end is sent.
     *
     * @param ended what the code threw; null if it ended well
     * @param stopped the order; null for none
     */
    static Optional<Outcome> of(Throwable ended, RunStoppedException stopped) {
        Outcome own = ofCode(ended);
        if (stopped == null) {
            return Optional.of(own);
        }
        switch (stopped.order()) {
            case PRUNE:
                return Optional.of(new Outcome(Kind.PRUNED, stopped.reason(), ""));
            case LEASE_LOST:
                return sawStop(ended) ? Optional.empty() : Optional.of(own);
            default:
                return Optional.of(
                        own.kind == Kind.SUCCEEDED
                                ? own
                                : new Outcome(Kind.CANCELED, stopped.reason(), ""));
        }
    }

    /** Sets the outcome of an end, with texts that the registry accepts. */
    void fill(FinishRunRequest.Builder end) {
        String text = Texts.message(message);
        switch (kind) {
            case SUCCEEDED -> end.setSucceeded(RunSucceeded.getDefaultInstance());
            case FAILED ->
                    end.setFailed(
                            RunFailed.newBuilder()
                                    .setError(
                                            RunError.newBuilder()
                                                    .setMessage(text)
                                                    .setTraceback(Texts.trace(trace))));
            case PRUNED -> end.setPruned(RunPruned.newBuilder().setReason(text));
            case CANCELED -> end.setCanceled(RunCanceled.newBuilder().setReason(text));
        }
    }

    /** Returns the order that code saw, or gave itself, also as the cause of another exception. */
    static Optional<RunStoppedException> stopWithin(Throwable ended) {
        for (Throwable t = ended; t != null; t = t.getCause()) {
            if (t instanceof RunStoppedException stopped) {
                return Optional.of(stopped);
            }
        }
        return Optional.empty();
    }

    private static Outcome ofCode(Throwable ended) {
        if (ended == null) {
            return new Outcome(Kind.SUCCEEDED, "", "");
        }
        return stopWithin(ended)
                .map(stop -> new Outcome(Kind.CANCELED, stop.reason(), ""))
                .orElseGet(
                        () -> new Outcome(Kind.FAILED, ended.toString(), Texts.traceOf(ended)));
    }

    /** Returns whether code ended by the order to stop, or by the interrupt that came with it. */
    private static boolean sawStop(Throwable ended) {
        for (Throwable t = ended; t != null; t = t.getCause()) {
            if (t instanceof RunStoppedException
                    || t instanceof InterruptedException
                    || t instanceof CancellationException
                    || t instanceof ClosedByInterruptException) {
                return true;
            }
        }
        return false;
    }
}
