package dev.wanllmdb;

import dev.wanllmdb.internal.Protocol;
import java.time.Duration;
import java.util.Optional;

/** How urgently an agent ends, which all of its loops share. The urgency only increases. */
final class Shutdown {
    enum Urgency {
        NONE,
        /** Lets the runs in progress end, and takes no further run. */
        DRAIN,
        /** Stops the runs in progress, and gives them back. */
        GIVE_BACK,
        /** Ends the agent at once. */
        LEAVE
    }

    private final Runnable giveBack;
    private Urgency urgency = Urgency.NONE;
    private int interrupts;
    private String signal;

    /** Calls this once when runs are to be given back. */
    Shutdown(Runnable giveBack) {
        this.giveBack = giveBack;
    }

    /** Raises the urgency at least to this one. */
    void demand(Urgency asked) {
        boolean givesBack;
        synchronized (this) {
            givesBack =
                    urgency.compareTo(Urgency.GIVE_BACK) < 0
                            && asked.compareTo(Urgency.GIVE_BACK) >= 0;
            if (urgency.compareTo(asked) < 0) {
                urgency = asked;
                notifyAll();
            }
        }
        if (givesBack) {
            giveBack.run();
        }
    }

    synchronized boolean is(Urgency asked) {
        return urgency.compareTo(asked) >= 0;
    }

    /** Waits; returns whether the urgency was reached before the end of the wait. */
    synchronized boolean await(Urgency asked, Duration longest) {
        long until = System.nanoTime() + longest.toNanos();
        while (!is(asked)) {
            long left = until - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            try {
                wait(left / 1_000_000, (int) (left % 1_000_000));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return true;
            }
        }
        return true;
    }

    /** Does what a signal asks for: INT or TERM. */
    void obey(String received) {
        Urgency asked;
        synchronized (this) {
            if (signal == null) {
                signal = received;
            }
            if (!received.equals("INT")) {
                asked = Urgency.GIVE_BACK;
            } else {
                interrupts++;
                int left = Protocol.INTERRUPTS_TO_GIVE_BACK - interrupts;
                asked = left > 0 ? Urgency.DRAIN : left == 0 ? Urgency.GIVE_BACK : Urgency.LEAVE;
            }
        }
        demand(asked);
    }

    /** Returns the first signal that came. */
    synchronized Optional<String> signal() {
        return Optional.ofNullable(signal);
    }
}
