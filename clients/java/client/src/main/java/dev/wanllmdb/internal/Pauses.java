package dev.wanllmdb.internal;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** Pauses that double, from the first one up to the longest one. */
public final class Pauses {
    private Duration next;
    private Duration longest;

    /** Begins with the first pause. */
    public Pauses(Duration first, Duration longest) {
        this.next = first;
        this.longest = longest;
    }

    /** Returns the next pause. */
    public Duration next() {
        Duration pause = Protocol.shorter(next, longest);
        next = pause.multipliedBy(2);
        return pause;
    }

    /** Sets the longest pause. */
    public void limit(Duration longest) {
        this.longest = longest;
    }

    /** Returns a duration times a random factor. */
    public static Duration jittered(Duration duration, double least, double most) {
        double factor = least + (most - least) * ThreadLocalRandom.current().nextDouble();
        return Duration.ofNanos((long) (duration.toNanos() * factor));
    }
}
