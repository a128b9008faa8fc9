package dev.wanllmdb;

import dev.wanllmdb.internal.Pauses;
import dev.wanllmdb.internal.Protocol;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Repeats a call while the services are unavailable.
 *
 * @param patience how long
 * @param pause waits, and returns false if waiting is no longer wanted
 */
record Waiter(Duration patience, Predicate<Duration> pause) {
    /** Returns what waits until the thread is interrupted. */
    static Waiter untilInterrupted(Duration patience) {
        return new Waiter(
                patience,
                duration -> {
                    try {
                        TimeUnit.NANOSECONDS.sleep(duration.toNanos());
                        return true;
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        return false;
                    }
                });
    }

    /**
     * Calls until that succeeds, fails with an error after which waiting is of no use, or the
     * patience is over. The call must be safe to repeat: its request has a request id.
     */
    <T> T retry(Supplier<T> call) {
        long began = System.nanoTime();
        Pauses pauses = new Pauses(Protocol.OUTAGE_FIRST_PAUSE, Protocol.OUTAGE_LONGEST_PAUSE);
        for (boolean isWaiting = false; ; isWaiting = true) {
            try {
                T answer = call.get();
                if (isWaiting) {
                    Log.info("the services are back after %s s", elapsed(began).toSeconds());
                }
                return answer;
            } catch (ServiceException e) {
                if (!e.mayPass() || elapsed(began).compareTo(patience) > 0) {
                    throw e;
                }
                if (!isWaiting) {
                    Log.warning(
                            "waiting for the services, at most %s s: %s",
                            patience.toSeconds(), e.getMessage());
                }
                if (!pause.test(pauses.next())) {
                    throw e;
                }
            }
        }
    }

    private static Duration elapsed(long began) {
        return Duration.ofNanos(System.nanoTime() - began);
    }
}
