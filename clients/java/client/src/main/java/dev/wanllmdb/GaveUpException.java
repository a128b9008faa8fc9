package dev.wanllmdb;

/** An agent gave up, because its runs fail. The cause is what the last run threw. */
public final class GaveUpException extends WanllmdbException {
    private static final long serialVersionUID = 1L;

    GaveUpException(String why, String last, Throwable cause) {
        super("the agent gives up: " + why + ", the last one with: " + last, cause);
    }
}
