package dev.wanllmdb;

import dev.wanllmdb.internal.Protocol;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.LongSupplier;

/** Counts failed runs against the limits. */
final class FailureCounter {
    private final Failures limits;

    /** Returns the time in nanoseconds. */
    private final LongSupplier clock;

    private final Deque<Long> latest = new ArrayDeque<>();
    private int initial;
    private boolean hasPassed;

    FailureCounter(Failures limits, LongSupplier clock) {
        this.limits = limits;
        this.clock = clock;
    }

    /** Counts a run that did not fail. */
    void passed() {
        hasPassed = true;
        latest.clear();
    }

    /** Counts a failed run; returns why the agent must give up, if it must. */
    Optional<String> failed() {
        if (limits.maxQuick() > 0) {
            long now = clock.getAsLong();
            latest.addLast(now);
            while (latest.size() > limits.maxQuick()) {
                latest.removeFirst();
            }
            Duration apart = Duration.ofNanos(now - latest.getFirst());
            if (latest.size() == limits.maxQuick() && apart.compareTo(limits.quick()) <= 0) {
                return Optional.of(
                        String.format(
                                "%d runs in a row failed within %s s",
                                limits.maxQuick(), Protocol.seconds(limits.quick())));
            }
        }
        if (!hasPassed) {
            initial++;
            if (initial == limits.maxInitial()) {
                return Optional.of("the first " + initial + " runs all failed");
            }
        }
        return Optional.empty();
    }
}
