package dev.wanllmdb;

/**
 * The run must stop: {@link ActiveRun#log} throws it, and training code lets it pass.
 *
 * <p>Training code that throws one of its own, by {@link #canceled}, ends its run as canceled.
 */
public final class RunStoppedException extends WanllmdbException {
    private static final long serialVersionUID = 1L;

    /** Why, for people. */
    private final String reason;

    /** What stops the run; null if its code does. */
    private final Order order;

    RunStoppedException(String reason, Order order) {
        super("the run stops: " + reason, null);
        this.reason = reason;
        this.order = order;
    }

    /**
     * Returns an exception with which training code ends its run as canceled, for example because a
     * point of the search space makes no sense.
     *
     * @param reason why, for people
     * @return the exception to throw
     */
    public static RunStoppedException canceled(String reason) {
        return new RunStoppedException(reason, null);
    }

    /** {@return why the run stops, for people} */
    public String reason() {
        return reason;
    }

    /** Returns what stops the run; null if its code does. */
    Order order() {
        return order;
    }

    /** Returns an exception like this one, with the stack of the caller. */
    RunStoppedException again() {
        return new RunStoppedException(reason, order);
    }
}
