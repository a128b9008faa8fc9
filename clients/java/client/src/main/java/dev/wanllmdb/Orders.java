package dev.wanllmdb;

import dev.wanllmdb.api.registry.v1.RunCommand;
import java.util.Optional;

/**
 * Collects what stops one run. The first order counts, but the loss of the lease replaces any
 * other. An order interrupts the thread of the run's code, so that it ends its waits.
 */
final class Orders {
    private final boolean interrupts;
    private RunStoppedException first;

    /** Keeps the values of the run from being reported. */
    private RuntimeException problem;

    private Thread code;
    private boolean hasInterrupted;

    Orders(boolean interrupts) {
        this.interrupts = interrupts;
    }

    /** Returns the order to stop; empty while the run goes on. */
    synchronized Optional<RunStoppedException> current() {
        return Optional.ofNullable(first);
    }

    /** Throws if the run's code must not go on. */
    synchronized void check() {
        if (first == null && problem == null) {
            return;
        }
        // The exception takes the place of the interrupt.
        if (hasInterrupted && Thread.currentThread() == code) {
            hasInterrupted = false;
            Thread.interrupted();
        }
        throw first == null ? problem : first.again();
    }

    synchronized void stop(Order order, String reason) {
        if (first == null || order == Order.LEASE_LOST) {
            first = new RunStoppedException(reason, order);
        }
        if (interrupts && code != null && code != Thread.currentThread()) {
            hasInterrupted = true;
            code.interrupt();
        }
    }

    /** Obeys the command in an answer to a heartbeat or a report. */
    void obey(RunCommand command) {
        switch (command) {
            case RUN_COMMAND_STOP -> stop(Order.CANCEL, "it was canceled");
            case RUN_COMMAND_ABANDON ->
                    stop(Order.LEASE_LOST, "its lease is no longer this agent's");
            default -> {
                // Other commands, also unknown ones, mean to continue.
            }
        }
    }

    /** Handles a problem after which waiting is of no use. */
    void broken(RuntimeException e) {
        if (e instanceof ServiceException failure && failure.endsRun()) {
            stop(Order.LEASE_LOST, failure.getMessage());
            return;
        }
        synchronized (this) {
            if (problem == null) {
                problem = e;
            }
        }
    }

    /** Notes that this thread begins the run's code; an earlier order interrupts it at once. */
    synchronized void begin() {
        code = Thread.currentThread();
        if (interrupts && first != null) {
            hasInterrupted = true;
            code.interrupt();
        }
    }

    /** Notes that the run's code has ended. Its thread is no longer interrupted. */
    synchronized void end() {
        code = null;
        Thread.interrupted();
    }
}
