package dev.wanllmdb;

import dev.wanllmdb.internal.Protocol;
import java.time.Duration;

/**
 * How many failed runs an agent accepts. 0 turns a limit off.
 *
 * @param maxQuick how many runs in a row may fail within the time {@code quick}
 * @param quick the time
 * @param maxInitial how many runs may fail before the first one that does not
 */
public record Failures(int maxQuick, Duration quick, int maxInitial) {
    /** Any number of failed runs. */
    public static final Failures UNLIMITED = new Failures(0, Duration.ZERO, 0);

    /** Returns the limits of the environment, else the defaults. */
    static Failures of(Variables variables) {
        double maxQuick =
                variables
                        .number(Variables.MAX_QUICK_FAILURES)
                        .orElse(Protocol.MAX_QUICK_FAILURES);
        Duration quick =
                variables.seconds(Variables.QUICK_SECONDS).orElse(Protocol.QUICK_WINDOW);
        double maxInitial =
                variables
                        .number(Variables.MAX_INITIAL_FAILURES)
                        .orElse(Protocol.MAX_INITIAL_FAILURES);
        return variables.flagged(Variables.NEVER_GIVE_UP)
                ? UNLIMITED
                : new Failures((int) maxQuick, quick, (int) maxInitial);
    }
}
